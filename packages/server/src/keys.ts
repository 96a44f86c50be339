// Public keys as Node's KeyObjects, imported once and used many times.

import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import type { PublicJwk } from '@countersign/shared'

/**
 * Imports a public key. OpenSSL refuses a point that is not on its curve.
 *
 * @returns `undefined` when the crypto library refuses the key.
 */
export function importPublicKey(jwk: PublicJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch {
    return undefined
  }
}
