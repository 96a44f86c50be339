// The current access token of a client: one at a time, requested by one flight however many calls wait for it, renewed ahead of its
// expiry, and forgotten when the server says so. A flight that failed is not remembered.

import { CountersignError } from '@countersign/shared'
import { singleFlight } from '../flight.ts'
import type { IssuedToken } from './token-source.ts'

/** The access token of a client. */
export interface TokenManager {
  /** The current token; the first call, or the first after its expiry, has to wait for one. */
  current(): HeldToken | Promise<HeldToken>
  /**
   * A token other than the one a server has refused.
   *
   * @returns `undefined` when the issuer can only give the same one again.
   */
  renewed(refused: HeldToken): Promise<HeldToken | undefined>
  /** Forgets the token, and what was under way. */
  forget(): void
}

/** An access token, as it is presented. */
export interface HeldToken {
  readonly accessToken: string
  /** Whether it is bound to no key, and sent without a proof. */
  readonly isBearer: boolean
  /** Milliseconds since the epoch. */
  readonly obtainedAt: number
  readonly renewAt: number
  readonly expiresAt: number
}

/** A token is renewed in the background during the last tenth of its life, but at most the last 30 seconds; */
const RENEWAL_SHARE = 0.1
const MAX_RENEWAL_MILLISECONDS = 30_000
/** and up to half as much earlier, by chance: many clients that start together shall not renew together. */
const JITTER_SHARE = 0.5
/** Least time between two renewals that did not help, in milliseconds: one that failed, or whose token was refused at once. */
const RENEWAL_PAUSE = 5_000

const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * @param request - Obtains a token, to replace another one if there was one.
 * @param allowBearer - Whether a token may be one that is bound to no key.
 */
export function createTokenManager(
  request: (replaces: string | undefined) => Promise<IssuedToken | string>,
  allowBearer = false,
): TokenManager {
  let held: HeldToken | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let renewals = 0
  // What was forgotten meanwhile is not held again.
  const { join: fly, forget } = singleFlight(obtain, (token) => {
    held = token
  })

  return {
    current() {
      const now = Date.now()
      if (held === undefined || now >= held.expiresAt) return fly()
      // The call at hand has a token that is still good; if the renewal fails, the next one asks again.
      if (now >= held.renewAt && now - failedAt >= RENEWAL_PAUSE) fly().catch(() => undefined)
      return held
    },
    async renewed(refused) {
      // A late refusal of a token that was replaced meanwhile asks for nothing new.
      if (held !== undefined && held.accessToken !== refused.accessToken) return held
      // A server that refuses what was renewed just now refuses something else than its age.
      if (renewals > 0 && held !== undefined && Date.now() - held.obtainedAt < RENEWAL_PAUSE) return undefined
      const token = await fly()
      renewals++
      return token.accessToken === refused.accessToken ? undefined : token
    },
    forget() {
      held = undefined
      forget()
    },
  }

  async function obtain(): Promise<HeldToken> {
    const requestedAt = Date.now()
    try {
      const issued = await request(held?.accessToken)
      return holdable(typeof issued === 'object' ? issued : { accessToken: issued }, requestedAt, allowBearer)
    } catch (error) {
      failedAt = Date.now()
      throw error
    }
  }
}

function holdable(issued: IssuedToken | null, obtainedAt: number, allowBearer: boolean): HeldToken {
  const { accessToken, expiresInSeconds: seconds, tokenType = 'DPoP' } = issued ?? {}
  if (typeof accessToken !== 'string' || !TOKEN68.test(accessToken))
    throw unusable('The access token cannot stand in an Authorization field', 'access_token', 'token68')
  if (seconds !== undefined && !(Number.isFinite(seconds) && seconds >= 0))
    throw unusable('The lifetime of the access token is no number of seconds', 'expires_in', 'lifetime')
  const isBearer = tokenType !== 'DPoP'
  // RFC 9449 section 5: what is not bound to the key, where that was asked for, is thrown away.
  if (isBearer && !allowBearer) {
    throw new CountersignError(
      'ERR_TOKEN_NOT_BOUND',
      'The authorization server issued a token that is bound to no key',
      {
        parameter: 'token_type',
        expected: 'DPoP',
        actual: tokenType,
      },
    )
  }
  const lifetime = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000
  const expiresAt = obtainedAt + lifetime
  const ahead = Math.min(lifetime * RENEWAL_SHARE, MAX_RENEWAL_MILLISECONDS) * (1 + Math.random() * JITTER_SHARE)
  return { accessToken, isBearer, obtainedAt, expiresAt, renewAt: expiresAt - ahead }
}

function unusable(message: string, parameter: string, reason: string): CountersignError {
  return new CountersignError('ERR_TOKEN_REQUEST_FAILED', message, { parameter, reason })
}
