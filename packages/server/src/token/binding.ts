// The confirmation claim, RFC 7800 and RFC 9449 section 6.1: which key a token is bound to.

import type { JsonObject } from '@countersign/shared'
import { CountersignError, isBase64url, isJsonObject } from '@countersign/shared'
import { invalid } from './claims.ts'

const THUMBPRINT_LENGTH = 43

/**
 * The thumbprint of the key that a token is bound to.
 *
 * Unknown members beside `jkt` are tolerated (RFC 7800 section 3.1), a certificate binding is not: it would have to be enforced.
 *
 * @returns `undefined` for a token that has no `cnf` at all: a bearer token.
 * @throws {CountersignError} `ERR_TOKEN_CLAIM_INVALID`, `ERR_TOKEN_BINDING_UNSUPPORTED`.
 */
export function boundKeyOf(claims: JsonObject): string | undefined {
  const confirmation = claims['cnf']
  if (confirmation === undefined) return undefined
  if (!isJsonObject(confirmation)) throw invalid('cnf', 'an object')
  const { jkt } = confirmation
  if (confirmation['x5t#S256'] !== undefined || jkt === undefined) {
    throw new CountersignError(
      'ERR_TOKEN_BINDING_UNSUPPORTED',
      'The confirmation of the access token cannot be checked',
      {
        parameter: 'cnf',
        expected: ['jkt'],
        actual: Object.keys(confirmation),
      },
    )
  }
  if (typeof jkt !== 'string' || jkt.length !== THUMBPRINT_LENGTH || !isBase64url(jkt)) {
    throw invalid('cnf.jkt', 'a SHA-256 thumbprint')
  }
  return jkt
}
