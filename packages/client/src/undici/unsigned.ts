// Requests that go on as they are: those that the client does not sign, and the ones it makes itself on the way to a token.

import type { DPoPProofClaims } from '@countersign/shared'
import { decodeDPoPProofClaims, isCountersignError, normalizeHtu, splitDPoPProof } from '@countersign/shared'
import type { AllowedOrigins } from '../fetch/origins.ts'
import type { HeaderFields } from './header-fields.ts'
import { fieldOf, withoutFields } from './header-fields.ts'

/** RFC 9728 section 3, RFC 8414 section 3, OpenID Connect Discovery section 4. */
const METADATA =
  /^\/\.well-known\/(?:oauth-protected-resource|oauth-authorization-server|openid-configuration)(?:\/|$)|\/\.well-known\/openid-configuration$/
const WITH_TOKEN = /^(?:dpop|bearer)(?: |$)/i
/** More handlers than this do not stand in a row. */
const MAX_HANDLERS = 50

/**
 * Tells whether a request to an allowed origin is one that leads to a token, and so has none: for metadata, which is public, or with a
 * proof that was made for it and no token, as RFC 9449 section 5 has it. A client whose own requests come through here, as they do through
 * a global dispatcher, would otherwise wait for itself.
 */
export function leadsToToken(fields: HeaderFields, method: string, url: URL): boolean {
  if ((method === 'GET' || method === 'HEAD') && METADATA.test(url.pathname)) return true
  if (WITH_TOKEN.test(fieldOf(fields, 'authorization') ?? '')) return false
  const claims = claimsFor(fields, method, url)
  return claims !== undefined && claims.ath === undefined
}

/**
 * The fields of a request to another origin, without what was meant for an earlier one: an `Authorization` with the scheme DPoP, and a
 * `DPoP` field. Where the proof was made for this very request, whoever made it meant it to be sent, with its token.
 *
 * @returns `undefined` when there is nothing to remove.
 */
export function withoutLeftovers(fields: HeaderFields, method: string, url: URL | undefined): HeaderFields | undefined {
  const isToken = ([name, value]: HeaderFields[number]) =>
    name.toLowerCase() === 'authorization' && [value].flat().some((each) => /^dpop(?: |$)/i.test(String(each).trim()))
  const kept = withoutFields(fields, ['dpop']).filter((field) => !isToken(field))
  if (kept.length === fields.length) return undefined
  return url !== undefined && claimsFor(fields, method, url) !== undefined ? undefined : kept
}

/** Whether a redirect has led here from an origin that is not allowed: such a chain is not signed again, since its URLs are not ours. */
export function cameFromElsewhere(handler: object, origins: AllowedOrigins): boolean {
  let each: unknown = handler
  for (let depth = 0; depth < MAX_HANDLERS && typeof each === 'object' && each !== null; depth++) {
    const { history, handler: outer } = each as { history?: unknown; handler?: unknown }
    if (Array.isArray(history) && history.some((url) => url instanceof URL && !origins.has(url))) return true
    each = outer
  }
  return false
}

/** The claims of a proof that was made for this request. Its signature is not verified. */
function claimsFor(fields: HeaderFields, method: string, url: URL): DPoPProofClaims | undefined {
  const proof = fieldOf(fields, 'dpop')
  if (proof === undefined) return undefined
  try {
    const claims = decodeDPoPProofClaims(splitDPoPProof(proof).payload)
    return claims.htm === method && normalizeHtu(claims.htu) === normalizeHtu(url.href) ? claims : undefined
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return undefined
  }
}
