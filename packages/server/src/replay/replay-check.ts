// The last check of a proof: that it was not used before. It alone stores something, and only once everything else holds.

import { CountersignError, isCountersignError } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Exchange } from '../exchange.ts'
import type { ProofKind, ProofState } from '../proofs/proof-kind.ts'
import type { ReplayStore } from './replay-store.ts'

/** Longest time a replay store may take: a request must not hang with it. */
const STORE_TIMEOUT_MILLISECONDS = 2_000

/** What is needed to tell a proof from its copies. */
export interface ReplayServices {
  readonly store: ReplayStore
  readonly noncesAreOn: boolean
  readonly clock: () => number
  /** How far the clock of a replica may be behind. */
  readonly toleranceSeconds: number
}

/** Creates the check that a proof is new. */
export function createReplayCheck(
  { codes, timeParameter }: ProofKind,
  { store, noncesAreOn, clock, toleranceSeconds }: ReplayServices,
): Check {
  return {
    id: 'proof.replay',
    title: 'The proof was not used before',
    source: 'RFC 9449, section 11.1',
    needs: ['proof.signature', 'proof.claims', noncesAreOn ? 'proof.nonce' : 'proof.iat', 'token.binding'],
    run(exchange) {
      const { acceptableUntil, graceSeconds } = exchange.proof as ProofState
      // Remembered for as long as the proof could be accepted, by us or by a replica whose clock is behind. A proof that was fresh when it
      // arrived, but waited longer than that for the issuer's keys, could no longer be told from its copies.
      const rememberUntil = Math.floor(acceptableUntil + graceSeconds) + toleranceSeconds + 1
      if (clock() >= rememberUntil) throw tooOld()
      return claim(keyOf(exchange), rememberUntil)
    },
    async peek(exchange) {
      if (store.has === undefined) return 'The replay store cannot be asked without using the proof up'
      if (await asked(() => store.has?.(keyOf(exchange)))) throw replayed()
      return undefined
    },
  }

  function claim(key: string, expiresAt: number): void | Promise<void> {
    let answer: unknown
    try {
      answer = store.claim(key, expiresAt)
    } catch (cause) {
      throw storeFailed(cause)
    }
    // A store in memory answers at once, and costs no turn of the event loop.
    if (answer === true) return
    if (answer === false) throw replayed()
    return asked(() => answer).then((isNew) => {
      if (!isNew) throw replayed()
    })
  }

  function tooOld(): CountersignError {
    const [code, parameter] = noncesAreOn
      ? (['ERR_DPOP_NONCE_EXPIRED', 'nonce'] as const)
      : ([codes.expired, timeParameter] as const)
    return new CountersignError(code, 'The proof became too old while it was verified', { parameter })
  }

  function replayed(): CountersignError {
    return new CountersignError(codes.replayed, 'The proof was used before', { parameter: 'jti' })
  }
}

function keyOf({ proof }: Exchange): string {
  const { jkt, jti } = proof as ProofState
  return `${jkt}.${jti}`
}

/** A store that fails, or that answers anything but a boolean, cannot vouch for a proof: 503, never an acceptance. */
async function asked(ask: () => unknown): Promise<boolean> {
  let answer: unknown
  try {
    answer = await withTimeout(Promise.resolve(ask()), STORE_TIMEOUT_MILLISECONDS)
  } catch (cause) {
    throw storeFailed(cause)
  }
  if (typeof answer === 'boolean') return answer
  throw new CountersignError('ERR_REPLAY_STORE_UNAVAILABLE', 'The replay store did not answer with a boolean')
}

function storeFailed(cause: unknown): CountersignError {
  if (isCountersignError(cause, 'ERR_REPLAY_STORE_FULL') || isCountersignError(cause, 'ERR_REPLAY_QUOTA_EXCEEDED')) {
    return cause
  }
  return new CountersignError('ERR_REPLAY_STORE_UNAVAILABLE', 'The replay store failed', { cause })
}

async function withTimeout(promise: Promise<unknown>, milliseconds: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${milliseconds} ms`)), milliseconds)
    timer.unref()
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
