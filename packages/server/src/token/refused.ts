// Why an access token is refused.

import type { CountersignError, ErrorDetails, RefusalCode } from '@countersign/shared'
import { refusal } from '@countersign/shared'

/** The refusal of an access token for one of its parts. */
export function refused(
  code: RefusalCode & `ERR_TOKEN_${string}`,
  parameter: string,
  details: Omit<ErrorDetails, 'parameter'> = {},
): CountersignError {
  return refusal(code, `The access token is refused for its ${parameter}`, { parameter, ...details })
}
