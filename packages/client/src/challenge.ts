// What a refusal asks for. A server writes it into a challenge (RFC 9449 section 9), an authorization server into the body
// (section 8); some write it elsewhere, so both places are read for either.

import type { Challenge } from '@countersign/shared'
import { isCountersignError, parseChallenges } from '@countersign/shared'

/** The challenges of a response; none when the field is absent or malformed, since nothing can then be asked for. */
export function challengesOf(response: Response): Challenge[] {
  const field = response.headers.get('www-authenticate')
  if (field === null) return []
  try {
    return parseChallenges(field)
  } catch (error) {
    if (isCountersignError(error, 'ERR_CHALLENGE_INVALID')) return []
    throw error
  }
}

/** The OAuth error of a refusal, from a DPoP or Bearer challenge. */
export function challengedError(response: Response): string | undefined {
  const schemes = ['dpop', 'bearer']
  return challengesOf(response)
    .filter(({ scheme }) => schemes.includes(scheme.toLowerCase()))
    .map(({ parameters }) => parameters['error'])
    .find((error) => error !== undefined)
}

/** Tells whether a token endpoint asks for a nonce: in its JSON body, or in a challenge. Reads a copy of the body. */
export async function tokenEndpointWantsNonce(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false
  if (challengedError(response) === 'use_dpop_nonce') return true
  try {
    const body: unknown = await response.clone().json()
    return typeof body === 'object' && body !== null && 'error' in body && body.error === 'use_dpop_nonce'
  } catch {
    return false // not JSON: whatever it says, it does not ask for a nonce
  }
}
