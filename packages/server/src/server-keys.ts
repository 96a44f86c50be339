// The server's own keys (RFC 9728 section 2, `jwks_uri`): what it signs with, and what others encrypt to. One key, one use.

import type { JsonWebKey, KeyObject, webcrypto } from 'node:crypto'
import { createPublicKey, sign, verify } from 'node:crypto'
import type { AlgorithmEntry } from '@countersign/shared'
import {
  algorithmOf,
  checkOptionNames,
  encodeBase64url,
  encodeJsonSegment,
  invalidOption,
  readPublicJwk,
  sealAlgorithms,
  thumbprintInput,
  webCryptoParameters,
} from '@countersign/shared'
import type { UnsealingKey } from './content/seal-keys.ts'
import { readUnsealingKey } from './content/seal-keys.ts'
import { sha256 } from './hash.ts'
import { plainObject } from './option-readers.ts'
import { readPrivateKey } from './private-key.ts'
import { signText } from './signature.ts'

/** A key of this server. */
export interface ServerKeyOptions {
  /** A private key: a `KeyObject` of Node, a `CryptoKey`, or a private JWK. */
  readonly key: KeyObject | webcrypto.CryptoKey | JsonWebKey
  /**
   * The one algorithm it is used with: an asymmetric JWS algorithm, or `ECDH-ES` or `ECDH-ES+A256KW` to open sealed envelopes. Default: `alg`
   * of the JWK, or the one algorithm for signatures that its curve has.
   */
  readonly alg?: string
  /** Its identifier. Default: `kid` of the JWK, or the thumbprint of the key. */
  readonly kid?: string
}

/** A key of this server that signs. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: AlgorithmEntry
  /** The public JWK as published. */
  readonly jwk: Readonly<Record<string, string>>
  /** Signs a text of ASCII characters, as JWS asks for the algorithm. */
  sign(text: string): string
}

/** What is not said goes without saying for these curves only. */
const ALGORITHM_OF_CURVE: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
}
const PARAMETER = 'keys'

/** The keys of this server, by what they are for. */
export interface ServerKeys {
  /** The one that signs first. The others are published for what was signed before, or will be. */
  readonly signing: readonly SigningKey[]
  /** All of them open what is sealed to them. */
  readonly unsealing: readonly UnsealingKey[]
}

/**
 * Reads the option `keys`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`.
 */
export function readServerKeys(value: unknown): ServerKeys {
  if (value === undefined) return { signing: [], unsealing: [] }
  if (!Array.isArray(value)) throw invalidOption(PARAMETER, 'a list of { key, alg, kid }, the one that signs first')
  const entries = value.map(readEntry)
  const unsealing = entries.filter(isForSeals).map(readUnsealingKey)
  const signing = entries.filter((entry) => !isForSeals(entry)).map(readServerKey)
  const kids = new Set([...signing, ...unsealing].map(({ kid }) => kid))
  if (kids.size !== entries.length) throw invalidOption(`${PARAMETER}.kid`, 'distinct')
  return { signing, unsealing }
}

function readEntry(value: unknown): ServerKeyOptions {
  const entry = plainObject(value, PARAMETER, '{ key, alg, kid }')
  checkOptionNames(entry, ['key', 'alg', 'kid'], PARAMETER)
  return entry as unknown as ServerKeyOptions
}

function isForSeals({ key, alg }: ServerKeyOptions): boolean {
  return sealAlgorithms.some((each) => each === (alg ?? (key as GivenKey | undefined)?.alg))
}

/** Signs a JWT. */
export function signJwt(key: SigningKey, typ: string, claims: Readonly<Record<string, unknown>>): string {
  const header = encodeJsonSegment({ typ, alg: key.algorithm.alg, kid: key.kid })
  const signingInput = `${header}.${encodeJsonSegment(claims)}`
  return `${signingInput}.${key.sign(signingInput)}`
}

function readServerKey(entry: ServerKeyOptions): SigningKey {
  const privateKey = readPrivateKey(entry.key, `${PARAMETER}.key`)
  const given = entry.key as GivenKey
  const exported = exportPublic(privateKey)
  const algorithm = algorithmOf(entry.alg ?? given.alg ?? ALGORITHM_OF_CURVE[exported.crv ?? ''])
  if (algorithm === undefined) throw invalidOption(`${PARAMETER}.alg`, 'an asymmetric JWS algorithm, such as "ES256"')
  const publicJwk = fitting(exported, algorithm, given)
  if (!isOneKey(privateKey, algorithm))
    throw invalidOption(`${PARAMETER}.key`, 'a private key that its public half belongs to')
  const kid = entry.kid ?? given.kid ?? sha256(thumbprintInput(publicJwk))
  if (typeof kid !== 'string' || kid === '') throw invalidOption(`${PARAMETER}.kid`, 'a string')
  return {
    kid,
    algorithm,
    jwk: { ...publicJwk, kid, alg: algorithm.alg, use: 'sig' },
    sign: (text) => encodeBase64url(signText(algorithm, privateKey, text)),
  }
}

/** What a JWK or a `CryptoKey` says of itself; a `KeyObject` says nothing. */
interface GivenKey {
  readonly kid?: unknown
  readonly alg?: unknown
  readonly use?: unknown
  readonly key_ops?: unknown
  readonly usages?: unknown
  readonly algorithm?: { readonly name: string; readonly hash?: { readonly name: string } }
}

/** Not every private key has a JWK: DSA has none, nor has every curve. */
function exportPublic(privateKey: KeyObject): JsonWebKey {
  try {
    return createPublicKey(privateKey).export({ format: 'jwk' })
  } catch {
    throw invalidOption(`${PARAMETER}.key`, 'a private key that a JWK can describe')
  }
}

/** The public JWK, of a key that may be used with the algorithm by all that it says of itself (RFC 8725 section 3.1). */
function fitting(jwk: JsonWebKey, algorithm: AlgorithmEntry, given: GivenKey) {
  const { alg, use } = given
  try {
    if (!maySign(given, algorithm)) throw new TypeError('The key is for something else')
    return readPublicJwk({ ...jwk, ...(alg !== undefined && { alg }), ...(use !== undefined && { use }) }, algorithm)
  } catch {
    throw invalidOption(`${PARAMETER}.key`, `a private key for ${algorithm.alg}`)
  }
}

function maySign({ key_ops, usages, algorithm: own }: GivenKey, algorithm: AlgorithmEntry): boolean {
  const operations = key_ops ?? usages ?? ['sign']
  if (!Array.isArray(operations) || !operations.includes('sign')) return false
  const { name } = webCryptoParameters(algorithm).signParameters
  return own === undefined || (own.name === name && (own.hash === undefined || own.hash.name === algorithm.hash))
}

/** A JWK may hold the halves of two keys, and what the one has signed nobody could verify. */
function isOneKey(privateKey: KeyObject, { hash }: AlgorithmEntry): boolean {
  const digest = hash === undefined ? null : 'sha256'
  const data = Buffer.from(PARAMETER)
  try {
    return verify(digest, data, createPublicKey(privateKey), sign(digest, data, privateKey))
  } catch {
    return false
  }
}
