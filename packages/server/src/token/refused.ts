// Why an access token is refused.

import type { ErrorCode, ErrorDetails } from '@countersign/shared'
import { CountersignError } from '@countersign/shared'

/** The refusal of an access token for one of its parts. */
export function refused(
  code: ErrorCode & `ERR_TOKEN_${string}`,
  parameter: string,
  details: Omit<ErrorDetails, 'parameter'> = {},
): CountersignError {
  return new CountersignError(code, `The access token is refused for its ${parameter}`, { parameter, ...details })
}
