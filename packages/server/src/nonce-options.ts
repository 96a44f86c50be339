// How nonces are made.

import { checkOptionNames, decodeBase64url, invalidOption, isBase64url } from '@countersign/shared'
import { integer } from './option-readers.ts'

/** How nonces are made. */
export interface NonceOptions {
  /**
   * Secrets that nonces are authenticated with, each at least 16 bytes; strings are base64url. All replicas share them. Nonces are made
   * with the first and accepted with any: to rotate without refusals, append the new secret on every replica, then move it to the front
   * on every replica, then drop the old one once its nonces have expired.
   * Default: one random secret of this process, which other replicas do not accept.
   */
  readonly secrets?: readonly (string | Uint8Array)[]
  /** How long a nonce is accepted, in seconds, 1 to 300. Default 120. */
  readonly ttlSeconds?: number
}

/** The options of nonces, resolved. */
export interface NonceConfig {
  readonly secrets: readonly Uint8Array[]
  readonly ttlSeconds: number
}

/** The smallest nonce secret: 128 bits (FAPI 2.0 section 5.4.1 asks that of credentials). */
const MIN_SECRET_BYTES = 16

/**
 * Reads the option `nonce`.
 *
 * @returns `undefined` when nonces are off.
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`.
 */
export function readNonce(value: unknown): NonceConfig | undefined {
  if (value === 'off') return undefined
  const options = (value === undefined || value === 'required' ? {} : value) as NonceOptions | null
  if (typeof options !== 'object' || options === null)
    throw invalidOption('nonce', '"required", "off" or { secrets, ttlSeconds }')
  checkOptionNames(options, ['secrets', 'ttlSeconds'], 'nonce')
  return {
    secrets: secretsOf(options.secrets),
    ttlSeconds: integer(options.ttlSeconds, 'nonce.ttlSeconds', 1, 300) ?? 120,
  }
}

function secretsOf(value: unknown): readonly Uint8Array[] {
  if (value === undefined) return [crypto.getRandomValues(new Uint8Array(32))]
  if (!Array.isArray(value) || value.length === 0)
    throw invalidOption('nonce.secrets', 'a list of secrets, newest first')
  return value.map((secret: unknown) => {
    const bytes = typeof secret === 'string' && isBase64url(secret) ? decodeBase64url(secret) : secret
    if (!(bytes instanceof Uint8Array) || bytes.length < MIN_SECRET_BYTES) {
      throw invalidOption('nonce.secrets', `base64url or bytes, each at least ${MIN_SECRET_BYTES} bytes`)
    }
    return Uint8Array.from(bytes)
  })
}
