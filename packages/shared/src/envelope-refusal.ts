// The errors of request envelopes and of their answers, for the files that decode them.

import type { RefusalCode } from './error-table.ts'
import type { ErrorDetails } from './errors.ts'
import { CountersignError, isCountersignError, refusal } from './errors.ts'

/** What is known of a refusal besides the parameter. */
export type RefusalDetails = Omit<ErrorDetails, 'parameter'>

/** The error for an envelope that is refused. */
export function refused(code: RefusalCode, parameter: string, details: RefusalDetails = {}): CountersignError {
  return refusal(code, `The request envelope is refused for its ${parameter}`, { parameter, ...details })
}

/** The error for an answer that is refused. */
export function answerRefused(parameter: string, details: RefusalDetails): CountersignError {
  const message = `The signed answer is refused for its ${parameter}`
  return new CountersignError('ERR_ENVELOPE_ANSWER_INVALID', message, { parameter, ...details })
}

/** Runs a decoder of another file, of which every error means that the envelope is malformed. */
export function asMalformed<Result>(decode: () => Result): Result {
  return decodeOr(decode, (cause) =>
    refused('ERR_ENVELOPE_MALFORMED', cause.parameter ?? 'envelope', { reason: cause.reason, cause }),
  )
}

/** Runs a decoder of another file, and puts an error of the caller's in the place of each of its own. */
export function decodeOr<Result>(decode: () => Result, refuse: (cause: CountersignError) => CountersignError): Result {
  try {
    return decode()
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw refuse(cause)
  }
}
