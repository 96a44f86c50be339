// JWSs and signatures that others made, through the functions that verify tokens and proofs here, with WebCrypto as the second
// opinion. Each must come out as its source says, or as `vectors/third-party/expectations.json` says: a departure that no longer
// happens fails too.

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AlgorithmEntry, JwsAlgorithm, PublicJwk } from '@countersign/shared'
import {
  algorithmOf,
  CountersignError,
  decodeBase64urlToBinary,
  decodeJsonSegment,
  decodeSignatureSegment,
  jwsAlgorithms,
  readPublicJwk,
  splitCompactJws,
  webCryptoParameters,
} from '@countersign/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Departure, Jwk, WycheproofVector } from '../../../vectors/third-party/third-party.ts'
import {
  expectations,
  expectedOutcome,
  publicHalfOf,
  readWycheproof,
  rfc,
  wycheproofFolder,
} from '../../../vectors/third-party/third-party.ts'
import { createIssuerKeys } from '../src/issuers/issuer-keys.ts'
import { importPublicKey } from '../src/keys.ts'
import { verifySignature } from '../src/signature.ts'

describe('RFC', () => {
  test.each(rfc.jws.map((vector) => [vector.id, vector] as const))('%s', async (id, { jws, key, result }) => {
    const jwk = publicHalfOf(key)
    const outcome = await outcomeOf(() => verifyJws(jws, jwk))
    const agreed = result === 'invalid' && outcome !== 'valid' ? result : outcome
    expect(agreed).toBe(expectedOutcome(id, result))
    if (outcome !== 'valid') return
    const [header, payload = '', signature = ''] = jws.split('.')
    expect(await verifyJws(`${header}.${altered(payload)}.${signature}`, jwk)).toBe('signature')
    expect(await verifyJws(`${header}.${payload}.${altered(signature)}`, jwk)).toBe('signature')
  })

  test.each(rfc.proofs.map((vector) => [vector.id, vector] as const))('%s', async (_, { proof, key }) => {
    const [header, payload = '', signature] = proof.split('.')
    expect(await verifyJws(proof, publicHalfOf(key))).toBe('valid')
    expect(await verifyJws(`${header}.${altered(payload)}.${signature}`, publicHalfOf(key))).toBe('signature')
  })

  test.each(rfc.signatures.map((vector) => [vector.id, vector] as const))('%s', async (_, vector) => {
    const signature = new Uint8Array(Buffer.from(vector.signature, 'base64'))
    const jwk = publicHalfOf(vector.key)
    expect(await verifyText(vector.alg, jwk, vector.signed, signature)).toBe('valid')
    expect(await verifyText(vector.alg, jwk, `${vector.signed}\n`, signature)).toBe('signature')
  })
})

/** The files of Wycheproof that hold bare signatures. */
const signatureFiles: Readonly<Record<string, JwsAlgorithm>> = {
  ecdsa_secp256r1_sha256_p1363: 'ES256',
  ecdsa_secp384r1_sha384_p1363: 'ES384',
  ecdsa_secp521r1_sha512_p1363: 'ES512',
  ed25519: 'Ed25519',
  rsa_signature_2048_sha256: 'RS256',
  rsa_signature_3072_sha256: 'RS256',
  rsa_signature_4096_sha256: 'RS256',
  rsa_signature_8192_sha256: 'RS256',
  rsa_pss_2048_sha256_mgf1_32: 'PS256',
  rsa_pss_3072_sha256_mgf1_32: 'PS256',
  rsa_pss_4096_sha256_mgf1_32: 'PS256',
  rsa_pss_2048_sha384_mgf1_48: 'PS384',
  rsa_pss_4096_sha384_mgf1_48: 'PS384',
  rsa_pss_4096_sha512_mgf1_64: 'PS512',
  mldsa_44_verify: 'ML-DSA-44',
  mldsa_65_verify: 'ML-DSA-65',
  mldsa_87_verify: 'ML-DSA-87',
}

/** The HMAC vectors of `json_web_signature` once more: refused for their `alg`, they would not test how a JWS is decoded. */
const MACS = 'json_web_signature, the MACs'

test('every file of Wycheproof that expectations.json names is run', () => {
  const run = ['json_web_signature', MACS, 'json_web_key', ...Object.keys(signatureFiles)]
  expect(Object.keys(expectations.wycheproof.files).sort()).toEqual(run.sort())
})

// Wycheproof is not part of this repository: its tests exist only where its folder is named.
if (wycheproofFolder !== undefined) {
  describe('Wycheproof', () => {
    test('json_web_signature', async () => {
      await runFile('json_web_signature', ({ jws, group }) =>
        verifyJws(jws as string, group['public'] ?? group['private']),
      )
    })

    test(MACS, async () => {
      const isMac = ({ group }: WycheproofVector) => (group['private'] as Jwk)['kty'] === 'oct'
      const run = async ({ jws, group }: WycheproofVector) => verifyMac(jws as string, group['private'] as Jwk)
      await runVectors(MACS, readWycheproof('json_web_signature').filter(isMac), run)
    })

    test.each(Object.entries(signatureFiles))('%s', { timeout: 120_000 }, async (name, alg) => {
      await runFile(name, ({ msg, sig, group }) =>
        verifyText(alg, jwkOf(group, alg), latin1(msg), new Uint8Array(Buffer.from(sig as string, 'hex'))),
      )
    })

    describe('key sets', () => {
      let published: unknown
      const server = createServer((_, response) => response.end(JSON.stringify(published)))
      beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
      afterAll(() => void server.close())

      test('json_web_key', async () => {
        const jwksUri = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
        const issuer = { issuer: 'https://as.example', jwksUri, algorithms: new Set(jwsAlgorithms) }
        await runFile('json_web_key', async ({ jws, group }) => {
          published = group['public'] ?? group['private']
          const { header } = splitCompactJws(jws as string)
          const { kid, alg } = decodeJsonSegment(header, 'header')
          const algorithm = algorithmOf(alg)
          if (algorithm === undefined) return 'alg'
          const keys = createIssuerKeys(issuer, () => 0, new AbortController().signal)
          const [key] = await keys.find(kid as string, algorithm)
          return verifyJws(jws as string, key?.jwk)
        })
      })
    })
  })
}

function runFile(name: string, run: (vector: WycheproofVector) => Promise<string>): Promise<void> {
  return runVectors(name, readWycheproof(name), run)
}

/** Runs vectors: those that come out otherwise than Wycheproof says must be the expected departures, no fewer and no more. */
async function runVectors(
  name: string,
  vectors: readonly WycheproofVector[],
  run: (vector: WycheproofVector) => Promise<string>,
): Promise<void> {
  const { count, departures } = expectations.wycheproof.files[name] ?? { count: 0, departures: [] }
  expect(vectors).toHaveLength(count)
  const departed: Record<number, string> = {}
  for (const vector of vectors) {
    const outcome = await outcomeOf(() => run(vector))
    const agrees = vector.result === 'invalid' ? outcome !== 'valid' : outcome === vector.result
    if (!agrees) departed[vector.tcId] = outcome
  }
  expect(departed).toEqual(byVector(departures))
}

function byVector(departures: readonly Departure<number>[]): Record<number, string> {
  return Object.fromEntries(departures.flatMap(({ vectors, outcome }) => vectors.map((tcId) => [tcId, outcome])))
}

/** What comes of a call: its result, or the code and the reason of the refusal. Every other error is a failure of its own. */
async function outcomeOf(run: () => Promise<string>): Promise<string> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    return error.reason === undefined ? error.code : `${error.code} ${error.reason}`
  }
}

/** `valid`, or the step at which a JWS is refused. The steps are those of an access token, without its claims. */
async function verifyJws(jws: string, jwk: unknown): Promise<string> {
  const { header: headerSegment, payload, signature, signingInput } = splitCompactJws(jws)
  const header = decodeJsonSegment(headerSegment, 'header')
  if (header['crit'] !== undefined) return 'crit'
  const algorithm = algorithmOf(header['alg'])
  if (algorithm === undefined) return 'alg'
  decodeBase64urlToBinary(payload)
  return verifyText(algorithm.alg, jwk, signingInput, decodeSignatureSegment(signature))
}

/** `valid`, or why a JWS with a MAC is refused. It is decoded as every JWS is; only the MAC is compared here. */
function verifyMac(jws: string, jwk: Jwk): string {
  const { header: headerSegment, payload, signature, signingInput } = splitCompactJws(jws)
  const { alg } = decodeJsonSegment(headerSegment, 'header')
  if (alg !== jwk['alg'] || alg !== 'HS256') return 'alg'
  decodeBase64urlToBinary(payload)
  const hmac = createHmac('sha256', Buffer.from(jwk['k'] as string, 'base64url'))
  return hmac.update(signingInput).digest().equals(decodeSignatureSegment(signature)) ? 'valid' : 'signature'
}

/** `valid`, `key` for a key that cannot be imported, or `signature`. */
async function verifyText(
  alg: string,
  jwk: unknown,
  text: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const algorithm = algorithmOf(alg)
  if (algorithm === undefined) return 'alg'
  const publicJwk = readPublicJwk(jwk, algorithm)
  const key = importPublicKey(publicJwk)
  if (key === undefined) return 'key'
  await nextTurn()
  // The first verification of a turn runs at once, the second in the pool.
  const [alone, pooled] = await Promise.all([
    verifySignature(algorithm, key, text, signature),
    verifySignature(algorithm, key, text, signature),
  ])
  expect(pooled).toBe(alone)
  expect(await verifyByWebCrypto(algorithm, publicJwk, text, signature)).toBe(alone)
  return alone ? 'valid' : 'signature'
}

async function verifyByWebCrypto(
  algorithm: AlgorithmEntry,
  jwk: PublicJwk,
  text: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { keyParameters, signParameters } = webCryptoParameters(algorithm)
  const parameters = keyParameters as unknown as EcKeyImportParams
  const key = await crypto.subtle.importKey('jwk', { ...jwk }, parameters, false, ['verify'])
  return crypto.subtle.verify(signParameters, key, signature, Buffer.from(text, 'latin1'))
}

/** The key of a group of bare signatures as a JWK. Not every group prints one. */
function jwkOf({ publicKeyJwk, keyJwk, publicKey }: Jwk, alg: JwsAlgorithm): unknown {
  if (publicKeyJwk !== undefined || keyJwk !== undefined) return publicKeyJwk ?? keyJwk
  if (typeof publicKey === 'string')
    return { kty: 'AKP', alg, pub: Buffer.from(publicKey, 'hex').toString('base64url') }
  const point = Buffer.from((publicKey as { uncompressed: string }).uncompressed, 'hex').subarray(1)
  const [x, y] = [point.subarray(0, point.length / 2), point.subarray(point.length / 2)]
  return { kty: 'EC', crv: algorithmOf(alg)?.crv, x: x.toString('base64url'), y: y.toString('base64url') }
}

function latin1(hex: unknown): string {
  return Buffer.from(hex as string, 'hex').toString('latin1')
}

/** Other octets of the same length, in canonical base64url. */
function altered(segment: string): string {
  return `${segment.startsWith('e') ? 'f' : 'e'}${segment.slice(1)}`
}
