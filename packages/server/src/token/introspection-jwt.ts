// Signed answers to an introspection, RFC 9701: what they say stands in a claim of its own, so that no such answer passes for a token.

import type { JsonObject } from '@countersign/shared'
import { algorithmOf, isJsonObject } from '@countersign/shared'
import type { IssuerKeys } from '../issuers/issuer-keys.ts'
import type { IssuerConfig } from '../issuers/issuer-options.ts'
import { decodeToken } from './decode-token.ts'
import type { IntrospectionConfig } from './introspection-options.ts'
import { findSigner } from './token-signature-check.ts'
import { TokenState } from './token-state.ts'

/** How old an answer may be, and how far ahead the issuer's clock, in seconds. */
const MAX_AGE = 60

/**
 * Verifies a signed answer.
 *
 * @returns What it says of the token.
 * @throws {Error} When anything about it is not as it must be.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9701.html#section-5 RFC 9701, section 5}
 */
export async function readSignedAnswer(
  body: Uint8Array,
  { issuer, algorithms }: IssuerConfig,
  { clientId }: IntrospectionConfig,
  keys: IssuerKeys,
  now: number,
): Promise<JsonObject> {
  const text = Buffer.from(body).toString('latin1')
  const state = new TokenState(text, 'jwt')
  decodeToken(state, text)
  const { header, claims } = state
  const { typ, alg, crit } = header
  if (typeof typ !== 'string' || !/^(?:application\/)?token-introspection\+jwt$/i.test(typ)) throw wrong('typ')
  if (crit !== undefined) throw wrong('crit')
  const algorithm = algorithmOf(alg)
  if (algorithm === undefined || !algorithms.has(algorithm.alg)) throw wrong('alg')
  const { iss, aud, iat, token_introspection: answer } = claims
  if (iss !== issuer) throw wrong('iss')
  if (aud !== clientId && !(Array.isArray(aud) && aud.length === 1 && aud[0] === clientId)) throw wrong('aud')
  if (typeof iat !== 'number' || Math.abs(now - iat) > MAX_AGE) throw wrong('iat')
  if (!isJsonObject(answer)) throw wrong('token_introspection')
  state.algorithm = algorithm
  if ((await findSigner(state, keys)) === undefined) throw wrong('signature')
  return answer
}

function wrong(part: string): Error {
  return new Error(`The signed answer to the introspection is refused for its ${part}`)
}
