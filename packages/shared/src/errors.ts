// The one error class of all packages. It carries data for machines (`code`, `parameter`, `reason`) and one sentence for people;
// it never carries a key, a token or a proof.

import type { ErrorCode } from './error-table.ts'

const brand = Symbol.for('countersign.error')

/** What is known about a failure besides its code. */
export interface ErrorDetails {
  /** The option, header parameter, claim or field that is at fault. */
  readonly parameter?: string | undefined
  /** A stable word for which rule was broken, where one code has several. */
  readonly reason?: string | undefined
  /** What would have been right. Never secret. */
  readonly expected?: unknown
  /** What was found instead. Never secret: no token, proof, key or signature. */
  readonly actual?: unknown
  /** The underlying failure. */
  readonly cause?: unknown
}

/**
 * A failure that Countersign names: compare `code`, never the message.
 *
 * @see docs/errors.md for the meaning, the causes and the fix of each code.
 */
export class CountersignError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'CountersignError'
  readonly code: Code
  readonly parameter: string | undefined
  readonly reason: string | undefined
  readonly expected: unknown
  readonly actual: unknown

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.parameter = details.parameter
    this.reason = details.reason
    this.expected = details.expected
    this.actual = details.actual
    Object.defineProperty(this, brand, { value: true })
  }

  /** Code, message and data, without `cause` and stack: safe to log. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, parameter, reason, expected, actual } = this
    return { name, code, message, parameter, reason, expected, actual }
  }
}

/**
 * Tells whether a value is an error of Countersign, and of this code if one is named.
 * Holds for errors of another installed copy of the package too, where `instanceof` does not.
 */
export function isCountersignError<Code extends ErrorCode = ErrorCode>(
  value: unknown,
  code?: Code,
): value is CountersignError<Code> {
  if (!(value instanceof Error) || !(brand in value)) return false
  return code === undefined || (value as unknown as CountersignError).code === code
}
