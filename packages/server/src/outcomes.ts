// One outcome a request, on a diagnostics channel: for metrics and alerts. Nobody listening, it costs a look.

import { channel } from 'node:diagnostics_channel'
import { RefusalError } from './answers.ts'
import type { AuthenticationScheme } from './credentials.ts'
import type { Exchange } from './exchange.ts'

/** What came of a request. Published on the channel `countersign:verify`. */
export interface VerificationOutcome {
  /** `accepted`, the code of the refusal, or `error` for a fault of the server. */
  readonly outcome: string
  /** The status of the answer to a refused request; 500 for a fault of the server. */
  readonly status?: number
  /** How the token was presented; absent when that could not be made out. */
  readonly scheme?: AuthenticationScheme
  /** Issuer and client of the access token. Absent unless the token itself was found good: nobody can make up values for a metric. */
  readonly issuer?: string
  readonly clientId?: string
  readonly durationMilliseconds: number
}

/** The name of the channel. */
export const VERIFICATION_CHANNEL = 'countersign:verify'

const outcomes = channel(VERIFICATION_CHANNEL)

/** The time at which a report begins; `undefined` when nobody listens. */
export function startOfReport(): number | undefined {
  return outcomes.hasSubscribers ? performance.now() : undefined
}

/** Publishes what came of a request. */
export function reportOutcome(startedAt: number | undefined, exchange: Exchange, error: unknown): void {
  if (startedAt === undefined) return
  const scheme = exchange.credentials?.scheme
  const { status, outcome } = statusOf(error)
  const token = exchange.verified
  outcomes.publish({
    outcome,
    ...(status !== undefined && { status }),
    ...(scheme !== undefined && { scheme }),
    ...(token !== undefined && { issuer: token.issuer, clientId: token.clientId }),
    durationMilliseconds: performance.now() - startedAt,
  } satisfies VerificationOutcome)
}

function statusOf(error: unknown): { outcome: string; status?: number } {
  if (error === undefined) return { outcome: 'accepted' }
  // Not every error of Countersign is a refusal: a predicate or a store may throw one of those that no request can cause.
  if (!(error instanceof RefusalError)) return { outcome: 'error', status: 500 }
  return { outcome: error.code, status: error.statusCode }
}
