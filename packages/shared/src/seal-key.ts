// The keys one may seal an envelope to, and their algorithms (spec/request-envelope.md, "Sealed"). A key comes from the
// server's key set or from a configuration; an ephemeral one comes with the message.

import { isBase64url } from './base64url.ts'
import { isObject } from './is-object.ts'

/** How the key that encrypts a sealed envelope is agreed upon (RFC 7518, section 4.6). */
export type SealAlgorithm = 'ECDH-ES' | 'ECDH-ES+A256KW'

/** Every {@link SealAlgorithm}. */
export const sealAlgorithms: readonly SealAlgorithm[] = ['ECDH-ES', 'ECDH-ES+A256KW']

/** The public members of a key for key agreement, and no others. */
export interface SealJwk {
  readonly kty: string
  readonly crv: string
  readonly x: string
  /** For P-256 only. */
  readonly y?: string
}

/** A key of a server that one may seal to. */
export interface SealKey {
  readonly kid: string
  readonly alg: SealAlgorithm
  readonly jwk: SealJwk
}

/** Length of a coordinate on P-256, and of an X25519 key, in characters of base64url: 32 bytes. */
const COORDINATE_LENGTH = 43

/**
 * Reads a key to seal to out of a JWK of a server's key set: `use` `enc`, a `kid`, an `alg` of {@link sealAlgorithms}, on
 * P-256 or X25519, without private members. Other members are ignored.
 *
 * Does not check that a point lies on its curve: the import into a crypto library does.
 *
 * @returns `undefined` for every other value; a key set has keys for other purposes too.
 */
export function readSealKey(value: unknown): SealKey | undefined {
  if (!isObject(value)) return undefined
  const { kid, use, alg: name } = value
  const alg = sealAlgorithmOf(name)
  const jwk = readAgreementKey(value)
  if (alg === undefined || use !== 'enc' || typeof kid !== 'string' || kid === '' || jwk === undefined) return undefined
  return { kid, alg, jwk }
}

/** The algorithm of this exact name. */
export function sealAlgorithmOf(name: unknown): SealAlgorithm | undefined {
  return sealAlgorithms.find((each) => each === name)
}

/** Reads the public members of a key for key agreement; `undefined` for another kind of key, and for a private one. */
export function readAgreementKey(value: unknown): SealJwk | undefined {
  if (!isObject(value) || value['d'] !== undefined) return undefined
  const { kty, crv, x, y } = value
  if (kty === 'EC' && crv === 'P-256' && isCoordinate(x) && isCoordinate(y)) return { kty, crv, x, y }
  if (kty === 'OKP' && crv === 'X25519' && isCoordinate(x)) return { kty, crv, x }
  return undefined
}

function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && value.length === COORDINATE_LENGTH && isBase64url(value)
}
