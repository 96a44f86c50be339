// The one error class of all packages. It carries data for machines (`code`, `parameter`, `reason`) and one sentence for people;
// it never carries a key, a token or a proof.

import type { Challenge } from './challenge.ts'
import type { ErrorCode, RefusalCode } from './error-table.ts'
import type { ProblemDetails } from './problem.ts'

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
  /** Whether the same call may succeed later, with nothing changed. Default: no. */
  readonly retryable?: boolean | undefined
  /** The challenges of the response that the failure is about (RFC 9110 section 11.6.1). */
  readonly challenges?: readonly Challenge[] | undefined
  /** The problem in that response (RFC 9457). */
  readonly problem?: Partial<ProblemDetails> | undefined
}

/**
 * A failure that Countersign names: compare `code`, never the message.
 *
 * @see docs/errors.md for the meaning, the causes and the fix of each code.
 */
export class CountersignError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'CountersignError'
  // Declared only: the constructor makes them, and need not find them there.
  declare readonly code: Code
  declare readonly parameter: string | undefined
  declare readonly reason: string | undefined
  declare readonly expected: unknown
  declare readonly actual: unknown
  /** Whether the same call may succeed later, with nothing changed. */
  declare readonly retryable: boolean
  /** What the server demands, if the failure is about a response of one that says so. */
  declare readonly challenges: readonly Challenge[] | undefined
  /** What the server says is wrong, likewise. */
  declare readonly problem: Partial<ProblemDetails> | undefined

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.parameter = details.parameter
    this.reason = details.reason
    this.expected = details.expected
    this.actual = details.actual
    this.retryable = details.retryable ?? false
    this.challenges = details.challenges
    this.problem = details.problem
  }

  static {
    Object.defineProperty(CountersignError.prototype, brand, { value: true })
  }

  /** Code, message and data, without `cause` and stack: safe to log. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, parameter, reason, expected, actual, retryable, challenges, problem } = this
    return { name, code, message, parameter, reason, expected, actual, retryable, challenges, problem }
  }
}

/**
 * Makes the error for something that a stranger has sent. It has no stack: where it arose says nothing that its code does not, and to
 * capture one costs more than all else that a refusal does, which strangers could make a server pay (bench/cases/server-junk.ts).
 */
export function refusal<Code extends RefusalCode>(
  code: Code,
  message: string,
  details?: ErrorDetails,
): CountersignError<Code> {
  return withoutStack(() => new CountersignError(code, message, details))
}

/** Runs something that makes an error, which has no stack then. Nothing of an application's may run in it. */
export function withoutStack<Result>(make: () => Result): Result {
  const limit: unknown = Reflect.get(Error, 'stackTraceLimit')
  // Where it cannot be set, as with frozen intrinsics, errors have their stacks.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit)
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
