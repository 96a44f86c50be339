// Private keys that sealed envelopes are encrypted to, and their public halves as they are published (request-envelope.md, Sealed).

import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import type { PublicJwk, SealAlgorithm } from '@countersign/shared'
import { invalidOption, readSealKey, thumbprintInput } from '@countersign/shared'
import { sha256 } from '../hash.ts'
import { readPrivateKey } from '../private-key.ts'
import type { ServerKeyOptions } from '../server-keys.ts'

/** A key of this server that opens sealed envelopes. */
export interface UnsealingKey {
  readonly kid: string
  readonly alg: SealAlgorithm
  readonly key: KeyObject
  /** The public JWK as published. */
  readonly jwk: Readonly<Record<string, unknown>>
}

const PARAMETER = 'keys'

/**
 * Reads one key of the option `keys` that is for encryption.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`.
 */
export function readUnsealingKey({ key: given, alg: chosen, kid: named }: ServerKeyOptions): UnsealingKey {
  const key = readPrivateKey(given, `${PARAMETER}.key`)
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' })
  const alg = chosen ?? (given as { readonly alg?: string }).alg
  const { kid: own, alg: ownAlg, use, key_ops: operations } = given as JsonWebKey & { key_ops?: readonly unknown[] }
  const isForIt =
    (use === undefined || use === 'enc') &&
    (ownAlg === undefined || ownAlg === alg) &&
    (operations === undefined || operations.includes('deriveKey') || operations.includes('deriveBits'))
  const material = { kty, crv, x, ...(y !== undefined && { y }) }
  const kid = named ?? own ?? sha256(thumbprintInput(material as PublicJwk))
  if (typeof kid !== 'string' || kid === '') throw invalidOption(`${PARAMETER}.kid`, 'a string')
  const jwk = { ...material, kid, alg, use: 'enc' }
  const published = readSealKey(jwk)
  if (!isForIt || published === undefined)
    throw invalidOption(`${PARAMETER}.key`, `a private key for ${alg}, on P-256 or X25519`)
  return { kid, alg: published.alg, key, jwk }
}
