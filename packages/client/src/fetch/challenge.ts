// What a refusal asks for. A resource server writes it into a challenge (RFC 9449 section 9), an authorization server into a JSON body
// (section 8); some write it elsewhere, so both places are read for either.

import type { Challenge } from '@countersign/shared'
import { isCountersignError, parseChallenges } from '@countersign/shared'
import { readBounded, saysItIsShort } from './read-bounded.ts'

/** What a malformed challenge is still searched for: a nonce that came with it is then tried, once. */
const NONCE_CHALLENGE = /\bdpop\b.*\berror\s*=\s*"?use_dpop_nonce\b/is
/** Longest body, in bytes, that is read to see whether it asks for a nonce. */
const MAX_BODY = 8_192

/** What is read of a response: of one of `fetch`, or of what another transport shows of one. */
export interface ShownResponse {
  readonly status: number
  readonly headers: Pick<Headers, 'get' | 'has'>
  clone(): Pick<Response, 'body'>
}

/** The challenges of a response; none if there are none, or they cannot be read. */
export function challengesOf(response: Pick<ShownResponse, 'headers'>): Challenge[] {
  try {
    return parseChallenges(response.headers.get('www-authenticate') ?? '')
  } catch (error) {
    if (!isCountersignError(error, 'ERR_CHALLENGE_INVALID')) throw error
    return []
  }
}

/** The OAuth error of a refusal: that of a DPoP challenge if there is one, else that of a Bearer challenge. */
export function challengedError(response: Pick<ShownResponse, 'headers'>): string | undefined {
  const challenges = challengesOf(response)
  const error = errorOf(challenges, 'dpop') ?? errorOf(challenges, 'bearer')
  if (challenges.length > 0 || !NONCE_CHALLENGE.test(response.headers.get('www-authenticate') ?? '')) return error
  return 'use_dpop_nonce'
}

/**
 * Tells whether a refusal with 400 or 401 asks for a nonce: in a challenge, or in its JSON body, of which a copy is read.
 *
 * @param error - What {@link challengedError} has found.
 * @param mayRead - Whether it is worth reading the body, if it says that it is short.
 */
export async function wantsNonce(
  response: ShownResponse,
  error: string | undefined,
  mayRead: boolean,
): Promise<boolean> {
  if (error !== undefined) return error === 'use_dpop_nonce'
  return (
    mayRead && saysItIsShort(response.headers, MAX_BODY) && (await readJson(response))?.['error'] === 'use_dpop_nonce'
  )
}

/** The JSON object in a copy of a body, if there is one in it, and it is short. */
export async function readJson(
  response: Pick<ShownResponse, 'headers' | 'clone'>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (!/\bjson\b/i.test(response.headers.get('content-type') ?? '')) return undefined
  try {
    const { body } = response.clone()
    const bytes = body && (await readBounded(body, MAX_BODY, () => new Error('The body is too long')))
    const value: unknown = JSON.parse((await bytes?.text()) ?? '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // not JSON, whatever it says
  }
}

function errorOf(challenges: readonly Challenge[], scheme: string): string | undefined {
  return challenges
    .filter((challenge) => challenge.scheme.toLowerCase() === scheme)
    .map(({ parameters }) => parameters['error'])
    .find((error) => error !== undefined)
}
