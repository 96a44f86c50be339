// The errors of request envelopes, for the files that decode them.

import type { ErrorCode } from './error-table.ts'
import type { ErrorDetails } from './errors.ts'
import { CountersignError, isCountersignError } from './errors.ts'

/** The error for an envelope that is refused. */
export function refused(
  code: ErrorCode,
  parameter: string,
  details: Omit<ErrorDetails, 'parameter'> = {},
): CountersignError {
  return new CountersignError(code, `The request envelope is refused for its ${parameter}`, { parameter, ...details })
}

/** Runs a decoder of another file, of which every error means that the envelope is malformed. */
export function asMalformed<Result>(decode: () => Result): Result {
  try {
    return decode()
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw refused('ERR_ENVELOPE_MALFORMED', cause.parameter ?? 'envelope', { reason: cause.reason, cause })
  }
}
