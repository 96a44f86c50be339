// What the wire library costs beside the one thing that cannot be avoided: the verification of an ES256 signature.
// Run: node --conditions=@countersign/source bench/wire.ts

import { hash, randomUUID, sign } from 'node:crypto'
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
import { createBareVerify } from './contenders/bare-signature.ts'
import { createKey } from './contenders/world.ts'
import { efforts } from './lib/case.ts'
import { machineLine } from './lib/machine.ts'
import { measure } from './lib/measure.ts'
import { ratio } from './lib/statistics.ts'

const signer = createKey()
const jwk = readPublicJwk(signer.jwk)
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
const raw = sign('sha256', Buffer.from(signingInput), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' })
const proof = `${signingInput}.${encodeBase64url(raw)}`

const segments = () => splitDPoPProof(proof)
const everything = () => {
  const jws = segments()
  const { header } = decodeDPoPProofHeader(jws.header)
  const { htu } = decodeDPoPProofClaims(jws.payload)
  decodeDPoPProofSignature(jws.signature)
  normalizeHtu(htu)
  return hash('sha256', thumbprintInput(header.jwk), 'base64url')
}

const parts: Readonly<Record<string, () => unknown>> = {
  'all of a cold proof: decode, htu, thumbprint': everything,
  'header: base64url, JSON, JWK rules': () => decodeDPoPProofHeader(segments().header),
  'claims: base64url, JSON, types': () => decodeDPoPProofClaims(segments().payload),
  'htu, plain': () => normalizeHtu(uri),
  'htu, port, encodings and dots': () => normalizeHtu('https://API.example.com:8443/a/../%7Eb/%2f'),
  thumbprint: () => hash('sha256', thumbprintInput(jwk), 'base64url'),
  challenge: () => parseChallenges('Bearer, DPoP error="use_dpop_nonce", algs="ES256 PS256"'),
}

/** Many at once: a clock is too coarse for one. */
const BATCH = 100
const rows = await measure(
  [
    createBareVerify(signer),
    ...Object.entries(parts).map(([name, part]) => ({
      name,
      run() {
        for (let index = 0; index < BATCH; index++) part()
      },
    })),
  ],
  efforts.quick,
)
const verification = rows[0]?.samples.time ?? []

console.log(machineLine())
console.log('As shares of one ES256 verification:')
for (const { name, samples } of rows.slice(1)) {
  const { median, spread } = ratio(samples.time?.map((time) => time / BATCH) ?? [], verification)
  console.log(`${name.padEnd(52)} ${median.toFixed(4)} ± ${spread.toFixed(4)}`)
}
