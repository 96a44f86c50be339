// The confirmation claim, RFC 7800, RFC 9449 section 6.1 and RFC 8705 section 3.1: what a token is bound to.

import type { CountersignError, JsonObject } from '@countersign/shared'
import { isBase64url, isJsonObject, refusal } from '@countersign/shared'
import { invalid } from './claims.ts'

const THUMBPRINT_LENGTH = 43

/** What a token is bound to. */
export interface Binding {
  /** Thumbprint of a key. */
  readonly jkt: string | undefined
  /** Thumbprint of a certificate. */
  readonly x5tS256: string | undefined
  /** A key itself (RFC 7800 section 3.2), which only key proofs of RFC 9635 are made with. */
  readonly confirmationKey: Readonly<JsonObject> | undefined
}

/**
 * Reads what a token is bound to. Nothing at all for a token without `cnf`: a bearer token.
 *
 * Unknown members beside a known one are tolerated (RFC 7800 section 3.1).
 *
 * @throws {CountersignError} `ERR_TOKEN_CLAIM_INVALID`, `ERR_TOKEN_BINDING_UNSUPPORTED`.
 */
export function boundTo(claims: JsonObject): Binding {
  const confirmation = claims['cnf']
  if (confirmation === undefined) return { jkt: undefined, x5tS256: undefined, confirmationKey: undefined }
  if (!isJsonObject(confirmation)) throw invalid('cnf', 'an object')
  const { jkt, 'x5t#S256': x5tS256, jwk } = confirmation
  const confirmationKey = isJsonObject(jwk) ? jwk : undefined
  if (jkt === undefined && x5tS256 === undefined && confirmationKey === undefined)
    throw unsupportedBinding(Object.keys(confirmation))
  if (jkt !== undefined && !isThumbprint(jkt)) throw invalid('cnf.jkt', 'a SHA-256 thumbprint')
  if (x5tS256 !== undefined && !isThumbprint(x5tS256)) throw invalid('cnf.x5t#S256', 'a SHA-256 thumbprint')
  return { jkt, x5tS256, confirmationKey }
}

/** The error for a token that is bound in a way that cannot be checked: to accept it would be to ignore the binding. */
export function unsupportedBinding(members: readonly string[]): CountersignError {
  const message = 'The confirmation of the access token cannot be checked'
  return refusal('ERR_TOKEN_BINDING_UNSUPPORTED', message, {
    parameter: 'cnf',
    expected: ['jkt'],
    actual: members,
  })
}

function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && value.length === THUMBPRINT_LENGTH && isBase64url(value)
}
