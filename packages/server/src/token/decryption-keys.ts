// Private keys that access tokens are encrypted to (RFC 9068 section 4, step 2): which, and with which algorithms.

import type { JsonWebKey, KeyObject, webcrypto } from 'node:crypto'
import { checkOptionNames, invalidOption, limits } from '@countersign/shared'
import { oneOf, plainObject } from '../option-readers.ts'
import { readPrivateKey } from '../private-key.ts'

/** How a content encryption key is agreed upon or wrapped. No RSA1_5, which cannot be opened without an oracle; no shared secrets. */
export type KeyManagementAlgorithm =
  | 'RSA-OAEP'
  | 'RSA-OAEP-256'
  | 'RSA-OAEP-384'
  | 'RSA-OAEP-512'
  | 'ECDH-ES'
  | 'ECDH-ES+A128KW'
  | 'ECDH-ES+A192KW'
  | 'ECDH-ES+A256KW'

/** A private key for decryption, and the one algorithm it is used with (RFC 8725 section 3.1). */
export interface DecryptionKeyOptions {
  /** A private key: a `KeyObject` of Node, a `CryptoKey`, or a private JWK. */
  readonly key: KeyObject | webcrypto.CryptoKey | JsonWebKey
  readonly alg: KeyManagementAlgorithm
  /** The identifier that tokens name it by. Default: the `kid` of the JWK, or none. */
  readonly kid?: string
}

/** A private key for decryption, checked. */
export interface DecryptionKey {
  readonly key: KeyObject
  readonly alg: KeyManagementAlgorithm
  readonly kid: string | undefined
}

const ALGORITHMS: readonly KeyManagementAlgorithm[] = [
  'RSA-OAEP',
  'RSA-OAEP-256',
  'RSA-OAEP-384',
  'RSA-OAEP-512',
  'ECDH-ES',
  'ECDH-ES+A128KW',
  'ECDH-ES+A192KW',
  'ECDH-ES+A256KW',
]

/** What decrypting with a key is called among the operations it allows: in a JWK (RFC 7517 section 4.3) as in WebCrypto. */
const OPERATIONS = { RSA: ['decrypt', 'unwrapKey'], ECDH: ['deriveKey', 'deriveBits'] }
const CURVES: ReadonlySet<unknown> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const PARAMETER = 'issuer.decryptionKeys'
/** Most keys of one algorithm: for a token that names none, each costs a private-key operation. */
const MAX_KEYS = 4

/**
 * Reads the option `issuer.decryptionKeys`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`.
 */
export function readDecryptionKeys(value: unknown): readonly DecryptionKey[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length === 0) throw invalidOption(PARAMETER, 'a list of { key, alg, kid }')
  const keys = value.map(readDecryptionKey)
  for (const { alg } of keys) {
    if (keys.filter((key) => key.alg === alg).length > MAX_KEYS)
      throw invalidOption(PARAMETER, `at most ${MAX_KEYS} keys of one algorithm`)
  }
  return keys
}

function readDecryptionKey(value: unknown): DecryptionKey {
  const entry: Partial<DecryptionKeyOptions> = plainObject(value, PARAMETER, '{ key, alg, kid }')
  checkOptionNames(entry, ['key', 'alg', 'kid'], PARAMETER)
  const alg = oneOf(entry.alg, `${PARAMETER}.alg`, ALGORITHMS)
  if (alg === undefined) throw invalidOption(`${PARAMETER}.alg`, `one of ${ALGORITHMS.join(', ')}`)
  const key = readPrivateKey(entry.key, `${PARAMETER}.key`)
  if (!fits(key, alg) || !isMeantFor(entry.key as GivenKey, alg))
    throw invalidOption(`${PARAMETER}.key`, `a private key for ${alg}`)
  const kid = entry.kid ?? (entry.key as GivenKey).kid
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) throw invalidOption(`${PARAMETER}.kid`, 'a string')
  return { key, alg, kid }
}

function fits({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject, alg: string): boolean {
  if (alg.startsWith('RSA')) return type === 'rsa' && (details?.modulusLength ?? 0) >= limits.MIN_RSA_MODULUS_BITS
  return type === 'x25519' || (type === 'ec' && CURVES.has(details?.namedCurve))
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

/** Whether a key may be used with the algorithm by all that it says of itself: a key that signs does not decrypt as well. */
function isMeantFor({ alg: own, use, key_ops, usages, algorithm }: GivenKey, alg: string): boolean {
  const isRsa = alg.startsWith('RSA')
  if ((own !== undefined && own !== alg) || (use !== undefined && use !== 'enc')) return false
  const allowed = key_ops ?? usages
  const operations = isRsa ? OPERATIONS.RSA : OPERATIONS.ECDH
  if (allowed !== undefined && !(Array.isArray(allowed) && operations.some((each) => allowed.includes(each))))
    return false
  if (algorithm === undefined) return true
  // RSA-OAEP alone is that with SHA-1 (RFC 7518 section 4.3).
  return isRsa
    ? algorithm.name === 'RSA-OAEP' && algorithm.hash?.name === `SHA-${alg.slice('RSA-OAEP-'.length) || 1}`
    : algorithm.name === 'ECDH' || algorithm.name === 'X25519'
}
