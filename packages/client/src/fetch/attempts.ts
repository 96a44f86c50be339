// The attempts of one call: what a response asks for, and what the next attempt is made with. At most one for a nonce, one for a clock,
// and one for a token that the server no longer takes; never for anything else.

import type { HeldToken, TokenManager } from '../tokens/token-manager.ts'
import { abortable } from './abort.ts'
import type { ShownResponse } from './challenge.ts'
import { challengedError, wantsNonce } from './challenge.ts'
import type { NonceOutcome } from './nonce-outcome.ts'
import type { Server } from './servers.ts'

/** What a call may still do. */
export interface AttemptLimits {
  /** Whether its body can be sent a second time. */
  readonly replayable: boolean
  /** Whether a token may be renewed for it; several calls of one chain of redirects share this. */
  readonly once: { renewal: boolean }
  readonly signal: AbortSignal | undefined
  /** Whether the time is learnt from a refusal, which anybody on the way can have written. */
  readonly learnsTime: boolean
}

/** What a response is. */
export type Judgement =
  /** The answer to the call; with the reason, if it is a demand for a nonce that cannot be met. */
  | { readonly kind: 'answer'; readonly nonceOutcome?: NonceOutcome }
  /** A refusal that another attempt may meet. */
  | { readonly kind: 'again' }
  /** A demand for a nonce that another attempt would meet, if the body could be sent again. */
  | { readonly kind: 'not-replayable' }

/** The attempts of one call. */
export interface Attempts {
  /** The token of the next attempt. */
  readonly token: HeldToken
  /** The nonce of the next attempt. */
  readonly nonce: string | undefined
  /**
   * @param given - The nonce that the response brought.
   * @throws The signal's reason when it aborts while a token is renewed.
   */
  judge(response: ShownResponse & { readonly type?: string }, given: string | undefined): Promise<Judgement>
}

const ANSWER = { kind: 'answer' } as const
const AGAIN = { kind: 'again' } as const

/** Begins with what is known. */
export function createAttempts(
  server: Server,
  tokens: Pick<TokenManager, 'renewed'>,
  first: HeldToken,
  { replayable, once, signal, learnsTime }: AttemptLimits,
): Attempts {
  let token = first
  let nonce = server.latest
  const may = { askAgain: true, setClock: learnsTime }

  return {
    get token() {
      return token
    },
    get nonce() {
      return nonce
    },
    async judge(response, given) {
      if (response.status !== 400 && response.status !== 401) return ANSWER
      const isNews = given !== undefined && given !== nonce && may.askAgain
      const error = challengedError(response)
      if (await wantsNonce(response, error, isNews)) {
        if (!isNews) return { kind: 'answer', nonceOutcome: outcomeOf(response, given) }
        if (!replayable) return { kind: 'not-replayable' }
        may.askAgain = false
        nonce = given
        return AGAIN
      }
      if (response.status !== 401 || !replayable || !(await canBeMet(response, error))) return ANSWER
      nonce = server.latest
      return AGAIN
    },
  }

  /** Sees to what the refusal is about. */
  async function canBeMet(response: ShownResponse, error: string | undefined): Promise<boolean> {
    if (error === 'invalid_token' && once.renewal) {
      once.renewal = false
      const renewed = await renewedOrNothing()
      token = renewed ?? token
      return renewed !== undefined
    }
    if (error !== 'invalid_dpop_proof' || !may.setClock || !server.learnTime(response)) return false
    may.setClock = false
    return true
  }

  /** If the issuer has no other token to give at the moment, the refusal is the answer to the call. */
  async function renewedOrNothing(): Promise<HeldToken | undefined> {
    try {
      return await abortable(tokens.renewed(token), signal)
    } catch (error) {
      if (signal?.aborted === true) throw error
      return undefined
    }
  }

  /** Why a demand for a nonce cannot be met. */
  function outcomeOf({ type }: { readonly type?: string }, given: string | undefined): NonceOutcome {
    if (given === undefined) return type === 'cors' ? 'hidden' : 'missing'
    return given === nonce ? 'repeated' : 'endless'
  }
}
