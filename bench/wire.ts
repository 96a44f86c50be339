// What the wire library costs beside the one thing that cannot be avoided: the verification of an ES256 signature.
// Run: node --conditions=@countersign/source bench/wire.ts

import { createPublicKey, generateKeyPairSync, hash, randomUUID, sign, verify } from 'node:crypto'
import {
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeDPoPProofSignature,
  encodeBase64url,
  encodeDPoPProofClaims,
  encodeDPoPProofHeader,
  normalizeHtu,
  parseChallenges,
  readPublicJwk,
  splitDPoPProof,
  thumbprintInput,
} from '@countersign/shared'
import { machine, measure } from './measure.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = readPublicJwk(publicKey.export({ format: 'jwk' }))
const uri = 'https://api.example.com/accounts/12345/transactions'
const claims = {
  jti: randomUUID(),
  htm: 'GET',
  htu: uri,
  iat: 1_750_000_000,
  ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  nonce: 'aE7hgAqFr_c9ne4673R-6aWebYxdp7JK',
}
const signingInput = `${encodeDPoPProofHeader('ES256', jwk)}.${encodeDPoPProofClaims(claims)}`
const der = sign('sha256', Buffer.from(signingInput), privateKey)
const raw = sign('sha256', Buffer.from(signingInput), { key: privateKey, dsaEncoding: 'ieee-p1363' })
const proof = `${signingInput}.${encodeBase64url(raw)}`
const key = createPublicKey({ key: jwk as never, format: 'jwk' })
const data = Buffer.from(signingInput)

const segments = () => splitDPoPProof(proof)
const everything = () => {
  const jws = segments()
  const { header } = decodeDPoPProofHeader(jws.header)
  const { htu } = decodeDPoPProofClaims(jws.payload)
  decodeDPoPProofSignature(jws.signature)
  normalizeHtu(htu)
  return hash('sha256', thumbprintInput(header.jwk), 'base64url')
}

const results = measure([
  { name: 'one ES256 verification', run: () => verify('sha256', data, key, der) },
  { name: 'all of a cold proof: decode, htu, thumbprint', run: everything },
  { name: 'header: base64url, JSON, JWK rules', run: () => decodeDPoPProofHeader(segments().header) },
  { name: 'claims: base64url, JSON, types', run: () => decodeDPoPProofClaims(segments().payload) },
  { name: 'htu, plain', run: () => normalizeHtu(uri) },
  { name: 'htu, port, encodings and dots', run: () => normalizeHtu('https://API.example.com:8443/a/../%7Eb/%2f') },
  { name: 'thumbprint', run: () => hash('sha256', thumbprintInput(jwk), 'base64url') },
  { name: 'challenge', run: () => parseChallenges('Bearer, DPoP error="use_dpop_nonce", algs="ES256 PS256"') },
])

console.log(machine())
for (const { name, ratio, spread, microseconds } of results) {
  console.log(
    `${name.padEnd(52)} ${ratio.toFixed(4)} ± ${spread.toFixed(4)}   (${microseconds.toFixed(2)} µs in this run)`,
  )
}
