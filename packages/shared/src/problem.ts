// Problem details, RFC 9457: the body of every refusal.

import type { ErrorCode } from './error-table.ts'

/** Media type of a problem body. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** The body of a refusal. It says what a client's developer needs and nothing that helps an attacker. */
export interface ProblemDetails {
  /** A reference to the heading of the code in `docs/errors.md`. */
  readonly type: string
  /** The fixed sentence of the code. */
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  /** The server's clock, in seconds since the epoch: lets a client see that its own is wrong. */
  readonly serverTime: number
  /** Which header parameter, claim or field is at fault; only with full diagnostics. */
  readonly parameter?: string
  /** Which rule was broken, where the code has several; only with full diagnostics. */
  readonly reason?: string
  /** What would have been right; only with full diagnostics. */
  readonly expected?: unknown
  /** What was found instead; only with full diagnostics. */
  readonly actual?: unknown
}

/** Reference to the documentation of a code. */
export function errorDocumentation(code: ErrorCode): string {
  return `docs/errors.md#${code.toLowerCase()}`
}
