// Decoding an access token. It goes through the same strict decoders as a proof, so it has exactly one spelling too.

import {
  decodeJsonSegment,
  decodeSignatureSegment,
  isCountersignError,
  refusal,
  splitCompactJws,
} from '@countersign/shared'
import type { TokenState } from './token-state.ts'

/**
 * Decodes a signed JWT into the state of a token.
 *
 * @throws {CountersignError} `ERR_TOKEN_MALFORMED`.
 */
export function decodeToken(state: TokenState, jwt: string): void {
  try {
    const jws = splitCompactJws(jwt)
    state.header = decodeJsonSegment(jws.header, 'header')
    state.claims = decodeJsonSegment(jws.payload, 'payload')
    state.signingInput = jws.signingInput
    state.signature = decodeSignatureSegment(jws.signature)
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    const { parameter, reason } = cause
    throw refusal('ERR_TOKEN_MALFORMED', 'The access token is not a JWT', { parameter, reason, cause })
  }
}
