// Public keys as JWKs (RFC 7517, 7518 section 6, 8037; AKP for ML-DSA). A JWK that arrives is read once into an allow-list of members;
// anything private in it refuses it, and a key that could be spelt in two ways is refused too, since its thumbprint would differ.

import type { AlgorithmEntry } from './algorithms.ts'
import { algorithmOf } from './algorithms.ts'
import { decodeBase64url, isBase64url } from './base64url.ts'
import type { CountersignError } from './errors.ts'
import { refusal } from './errors.ts'
import { MAX_RSA_EXPONENT_BYTES, MAX_RSA_MODULUS_BITS, MIN_RSA_MODULUS_BITS } from './limits.ts'

/** The public members of an elliptic curve key. */
export interface EcPublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256' | 'P-384' | 'P-521'
  readonly x: string
  readonly y: string
}

/** The public members of an RSA key. */
export interface RsaPublicJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
}

/** The public members of an octet key pair (RFC 8037). */
export interface OkpPublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
}

/** The public members of an algorithm key pair: the key type of ML-DSA. */
export interface AkpPublicJwk {
  readonly kty: 'AKP'
  readonly alg: 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87'
  readonly pub: string
}

/** A public key with the members that identify it and no others. */
export type PublicJwk = EcPublicJwk | RsaPublicJwk | OkpPublicJwk | AkpPublicJwk

/** Members that hold, or may hold, private or symmetric key material (RFC 7518 sections 6.2.2, 6.3.2 and 6.4; ML-DSA). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** Length of an EC coordinate in base64url characters, by curve. */
const COORDINATE_LENGTH = { 'P-256': 43, 'P-384': 64, 'P-521': 88 } as const
const ED25519_LENGTH = 43
/** Length of an ML-DSA public key in base64url characters, by algorithm: of 1312, 1952 and 2592 bytes. */
const ML_DSA_LENGTH = { 'ML-DSA-44': 1750, 'ML-DSA-65': 2603, 'ML-DSA-87': 3456 } as const

/**
 * Reads the public key out of an untrusted JWK.
 *
 * Does not check that an EC point lies on its curve: the import into a crypto library does. Unknown members are ignored
 * (RFC 7517 section 4); `use`, `key_ops` and `alg` must permit verification where they are present.
 *
 * @param algorithm - The algorithm the key is to be used with; it must fit the key's type, curve and own `alg`.
 * @returns Only the members that identify the key.
 * @throws {CountersignError} `ERR_JWK_INVALID`; `parameter` names the member, `reason` is one of `type`, `private`, `kty`, `crv`,
 *   `encoding`, `length`, `use`, `key_ops`, `alg`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517.html#section-4 RFC 7517, section 4}
 */
export function readPublicJwk(value: unknown, algorithm?: AlgorithmEntry): PublicJwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('jwk', 'type')
  const jwk = value as Readonly<Record<string, unknown>>
  for (const member of PRIVATE_MEMBERS) if (jwk[member] !== undefined) throw invalid(member, 'private')
  checkIntendedUse(jwk, algorithm)
  switch (jwk['kty']) {
    case 'EC':
      return readEc(jwk)
    case 'RSA':
      return readRsa(jwk)
    case 'OKP':
      return readOkp(jwk)
    case 'AKP':
      return readAkp(jwk)
    default:
      throw invalid('kty', 'kty')
  }
}

/** The members that identify a key, by its type, beside `kty` (RFC 7638 section 3.2). */
const IDENTIFYING_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  RSA: ['n', 'e'],
  OKP: ['crv', 'x'],
  AKP: ['alg', 'pub'],
}

/**
 * Picks the public members of one's own key, whatever else its JWK holds: private members are left behind.
 *
 * Does not check what the members hold beyond their being texts: a verifier does, by {@link readPublicJwk}.
 *
 * @returns `undefined` when the JWK is none of a key for the algorithm.
 */
export function publicMembersOf(
  jwk: Readonly<Record<string, unknown>>,
  algorithm: AlgorithmEntry,
): PublicJwk | undefined {
  if (!hasTypeOf(jwk, algorithm)) return undefined
  const members = ['kty', ...(IDENTIFYING_MEMBERS[algorithm.kty] as readonly string[])]
  if (members.some((member) => typeof jwk[member] !== 'string')) return undefined
  return Object.fromEntries(members.map((member) => [member, jwk[member]])) as unknown as PublicJwk
}

/**
 * Tells whether a JWK may be used with an algorithm: its type and curve are the algorithm's, and its own `alg`, if it has one, is the
 * same (a key serves one algorithm only, RFC 8725 section 3.1; `EdDSA` and `Ed25519` are two names of one, RFC 9864).
 */
export function jwkFits(jwk: Readonly<Record<string, unknown>>, algorithm: AlgorithmEntry): boolean {
  if (!hasTypeOf(jwk, algorithm)) return false
  const { alg } = jwk
  if (alg === undefined || alg === algorithm.alg) return true
  return algorithm.kty === 'OKP' && algorithmOf(alg)?.crv === algorithm.crv
}

function checkIntendedUse(jwk: Readonly<Record<string, unknown>>, algorithm: AlgorithmEntry | undefined): void {
  const { use, key_ops: operations, alg } = jwk
  if (use !== undefined && use !== 'sig') throw invalid('use', 'use')
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw invalid('key_ops', 'key_ops')
  }
  if (algorithm !== undefined && !jwkFits(jwk, algorithm)) throw invalid('alg', 'alg')
  if (alg === undefined) return
  const own = algorithmOf(alg)
  if (own === undefined || !hasTypeOf(jwk, own)) throw invalid('alg', 'alg')
}

function hasTypeOf(jwk: Readonly<Record<string, unknown>>, { alg, kty, crv }: AlgorithmEntry): boolean {
  if (jwk['kty'] !== kty) return false
  if (kty === 'AKP') return jwk['alg'] === alg
  return crv === undefined || jwk['crv'] === crv
}

function readEc({ crv, x, y }: Readonly<Record<string, unknown>>): EcPublicJwk {
  if (crv !== 'P-256' && crv !== 'P-384' && crv !== 'P-521') throw invalid('crv', 'crv')
  const length = COORDINATE_LENGTH[crv]
  return { kty: 'EC', crv, x: readOctets('x', x, length), y: readOctets('y', y, length) }
}

function readOkp({ crv, x }: Readonly<Record<string, unknown>>): OkpPublicJwk {
  if (crv !== 'Ed25519') throw invalid('crv', 'crv')
  return { kty: 'OKP', crv, x: readOctets('x', x, ED25519_LENGTH) }
}

function readAkp({ alg, pub }: Readonly<Record<string, unknown>>): AkpPublicJwk {
  if (alg !== 'ML-DSA-44' && alg !== 'ML-DSA-65' && alg !== 'ML-DSA-87') throw invalid('alg', 'alg')
  return { kty: 'AKP', alg, pub: readOctets('pub', pub, ML_DSA_LENGTH[alg]) }
}

function readRsa({ n, e }: Readonly<Record<string, unknown>>): RsaPublicJwk {
  const modulus = readUint('n', n)
  const bits = modulus.length * 8 - Math.clz32(modulus[0] as number) + 24
  if (bits < MIN_RSA_MODULUS_BITS || bits > MAX_RSA_MODULUS_BITS) throw invalid('n', 'length')
  const exponent = readUint('e', e)
  const odd = ((exponent[exponent.length - 1] as number) & 1) === 1
  if (exponent.length > MAX_RSA_EXPONENT_BYTES || !odd || (exponent.length === 1 && exponent[0] === 1)) {
    throw invalid('e', 'length')
  }
  return { kty: 'RSA', n: n as string, e: e as string }
}

/** A Base64urlUInt (RFC 7518 section 2): at least one octet, no leading zero octet. */
function readUint(member: string, value: unknown): Uint8Array {
  const longest = (MAX_RSA_MODULUS_BITS / 8) * 2
  if (typeof value !== 'string' || value === '') throw invalid(member, 'type')
  if (value.length > longest) throw invalid(member, 'length')
  if (!isBase64url(value)) throw invalid(member, 'encoding')
  const bytes = decodeBase64url(value)
  if (bytes[0] === 0) throw invalid(member, 'encoding')
  return bytes
}

function readOctets(member: string, value: unknown, length: number): string {
  if (typeof value !== 'string') throw invalid(member, 'type')
  if (value.length !== length) throw invalid(member, 'length')
  if (!isBase64url(value)) throw invalid(member, 'encoding')
  return value
}

function invalid(parameter: string, reason: string): CountersignError {
  return refusal('ERR_JWK_INVALID', `The JWK is refused for its "${parameter}"`, { parameter, reason })
}
