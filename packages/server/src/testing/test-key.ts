// Keys of tests: made anew, in memory, never to be used for anything else.

import type { JsonWebKey, KeyObject } from 'node:crypto'
import { generateKeyPairSync } from 'node:crypto'
import type { AlgorithmEntry, JwsAlgorithm, PublicJwk } from '@countersign/shared'
import {
  algorithmOf,
  encodeBase64url,
  encodeJsonSegment,
  invalidOption,
  readPublicJwk,
  thumbprintInput,
} from '@countersign/shared'
import { sha256 } from '../hash.ts'
import { signText } from '../signature.ts'

/** A key pair of a test. */
export interface TestKey {
  readonly algorithm: AlgorithmEntry
  readonly privateKey: KeyObject
  readonly jwk: PublicJwk
  /** The private JWK, for a test of what must never be sent. */
  readonly privateJwk: JsonWebKey
  readonly jkt: string
}

/**
 * Makes a key pair.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` for an algorithm that is none, or that this version of Node has no keys for.
 */
export function createTestKey(alg: JwsAlgorithm = 'ES256'): TestKey {
  const algorithm = algorithmOf(alg)
  if (algorithm === undefined) throw invalidOption('algorithm', 'an asymmetric JWS algorithm, such as "ES256"')
  const privateKey = generate(algorithm)
  const privateJwk = privateKey.export({ format: 'jwk' })
  const { d: _, p: __, q: ___, dp: ____, dq: _____, qi: ______, ...publicPart } = privateJwk
  const jwk = readPublicJwk(publicPart, algorithm)
  return { algorithm, privateKey, jwk, privateJwk, jkt: sha256(thumbprintInput(jwk)) }
}

/** Signs a JWT. A header or a payload that is given as a text stands as it is. */
export function signTestJwt(
  key: TestKey,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>> | string,
): string {
  return signTestJws(key, header, typeof claims === 'string' ? encodeBase64url(claims) : encodeJsonSegment(claims))
}

/** Signs a JWS whose payload is encoded already. */
export function signTestJws(key: TestKey, header: Readonly<Record<string, unknown>>, payload: string): string {
  const signingInput = `${encodeJsonSegment(header)}.${payload}`
  return `${signingInput}.${encodeBase64url(signText(key.algorithm, key.privateKey, signingInput))}`
}

function generate({ alg, kty, crv }: AlgorithmEntry): KeyObject {
  switch (kty) {
    case 'EC':
      return generateKeyPairSync('ec', { namedCurve: crv as string }).privateKey
    case 'RSA':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    case 'OKP':
      return generateKeyPairSync('ed25519').privateKey
    case 'AKP':
      throw invalidOption('algorithm', `another algorithm than ${alg}, which test keys are not made for`)
  }
}
