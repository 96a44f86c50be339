// What a refusal asks for. A resource server writes it into a challenge (RFC 9449 section 9), an authorization server into a JSON body
// (section 8); some write it elsewhere, so both places are read for either.

import type { Challenge } from '@countersign/shared'
import { isCountersignError, parseChallenges } from '@countersign/shared'

/** What a malformed challenge is still searched for: a nonce that came with it is then tried, once. */
const NONCE_CHALLENGE = /\bdpop\b.*\berror\s*=\s*"?use_dpop_nonce\b/is
/** Longest body, in bytes, that is read to see whether it asks for a nonce. */
const MAX_BODY = 8_192

/** The OAuth error of a refusal: that of a DPoP challenge if there is one, else that of a Bearer challenge. */
export function challengedError(response: Response): string | undefined {
  const field = response.headers.get('www-authenticate')
  if (field === null) return undefined
  let challenges: Challenge[]
  try {
    challenges = parseChallenges(field)
  } catch (error) {
    if (!isCountersignError(error, 'ERR_CHALLENGE_INVALID')) throw error
    return NONCE_CHALLENGE.test(field) ? 'use_dpop_nonce' : undefined
  }
  return errorOf(challenges, 'dpop') ?? errorOf(challenges, 'bearer')
}

/**
 * Tells whether a refusal asks for a nonce: in a challenge, or in its JSON body, of which a copy is read.
 *
 * @param mayRead - Whether the body may be read. Default: if it says that it is short.
 */
export async function wantsNonce(response: Response, mayRead = isShort(response)): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false
  const error = challengedError(response)
  if (error !== undefined) return error === 'use_dpop_nonce'
  if (!mayRead || !/\bjson\b/i.test(response.headers.get('content-type') ?? '')) return false
  try {
    const body: unknown = await response.clone().json()
    return typeof body === 'object' && body !== null && 'error' in body && body.error === 'use_dpop_nonce'
  } catch {
    return false // not JSON: whatever it says, it does not ask for a nonce
  }
}

function isShort({ headers }: Response): boolean {
  return Number(headers.get('content-length') ?? Number.NaN) <= MAX_BODY && !headers.has('content-encoding')
}

function errorOf(challenges: readonly Challenge[], scheme: string): string | undefined {
  return challenges
    .filter((challenge) => challenge.scheme.toLowerCase() === scheme)
    .map(({ parameters }) => parameters['error'])
    .find((error) => error !== undefined)
}
