// The current access token of a client: one at a time, requested by one flight however many calls wait for it, renewed ahead of its
// expiry, and forgotten when the server says so. A flight that failed is not remembered.

import { CountersignError } from '@countersign/shared'
import type { IssuedToken } from './token-source.ts'

/** The access token of a client. */
export interface TokenManager {
  /** The current token; the first call, or the first after its expiry, has to wait for one. */
  current(): string | Promise<string>
  /**
   * A token other than the one a server has refused.
   *
   * @returns `undefined` when the issuer can only give the same one again.
   */
  renewed(refused: string): Promise<string | undefined>
}

interface HeldToken {
  readonly value: string
  /** Milliseconds since the epoch. */
  readonly obtainedAt: number
  /** Milliseconds since the epoch. */
  readonly renewAt: number
  readonly expiresAt: number
}

/** A token is renewed in the background during the last tenth of its life, but at most the last 30 seconds. */
const RENEWAL_SHARE = 0.1
const MAX_RENEWAL_MILLISECONDS = 30_000

/** Least time between two renewals that did not help, in milliseconds: one that failed, or whose token was refused at once. */
const RENEWAL_PAUSE = 5_000

const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/

/** @param request - Obtains a token. */
export function createTokenManager(request: () => Promise<IssuedToken | string>): TokenManager {
  let held: HeldToken | undefined
  let flight: Promise<string> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let renewals = 0

  return {
    current() {
      const now = Date.now()
      if (held === undefined || now >= held.expiresAt) return fly()
      // The call at hand has a token that is still good; if the renewal fails, the next one asks again.
      if (now >= held.renewAt && now - failedAt >= RENEWAL_PAUSE) fly().catch(() => undefined)
      return held.value
    },
    async renewed(refused) {
      // A late refusal of a token that was replaced meanwhile asks for nothing new.
      if (held !== undefined && held.value !== refused) return held.value
      // A server that refuses what was renewed just now refuses something else than its age.
      if (renewals > 0 && held !== undefined && Date.now() - held.obtainedAt < RENEWAL_PAUSE) return undefined
      const token = await fly()
      renewals++
      return token === refused ? undefined : token
    },
  }

  function fly(): Promise<string> {
    flight ??= obtain().finally(() => {
      flight = undefined
    })
    return flight
  }

  async function obtain(): Promise<string> {
    const requestedAt = Date.now()
    try {
      const issued = await request()
      held = holdable(typeof issued === 'object' ? issued : { accessToken: issued }, requestedAt)
      return held.value
    } catch (error) {
      failedAt = Date.now()
      throw error
    }
  }
}

function holdable(issued: IssuedToken | null, requestedAt: number): HeldToken {
  const { accessToken, expiresInSeconds } = issued ?? {}
  if (typeof accessToken !== 'string' || !TOKEN68.test(accessToken)) {
    throw new CountersignError('ERR_TOKEN_REQUEST_FAILED', 'The access token cannot stand in an Authorization field', {
      parameter: 'access_token',
      reason: 'token68',
    })
  }
  if (expiresInSeconds !== undefined && !(Number.isFinite(expiresInSeconds) && expiresInSeconds >= 0)) {
    throw new CountersignError('ERR_TOKEN_REQUEST_FAILED', 'The lifetime of the access token is no number of seconds', {
      parameter: 'expires_in',
      reason: 'lifetime',
    })
  }
  const lifetime = expiresInSeconds === undefined ? Number.POSITIVE_INFINITY : expiresInSeconds * 1000
  const expiresAt = requestedAt + lifetime
  return {
    value: accessToken,
    obtainedAt: requestedAt,
    expiresAt,
    renewAt: expiresAt - Math.min(lifetime * RENEWAL_SHARE, MAX_RENEWAL_MILLISECONDS),
  }
}
