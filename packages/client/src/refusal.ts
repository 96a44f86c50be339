// What a response that refuses a call says, as an error: for whoever wants one. `fetch` itself throws none for a status.

import type { ErrorCode, ProblemDetails } from '@countersign/shared'
import { CountersignError } from '@countersign/shared'
import { challengedError, challengesOf, readJson } from './fetch/challenge.ts'
import type { NonceOutcome } from './fetch/nonce-outcome.ts'
import { nonceOutcomeOf } from './fetch/nonce-outcome.ts'

const CODE = /^ERR_[A-Z0-9_]{1,64}$/

const NONCE_MESSAGES: Readonly<Record<NonceOutcome, string>> = {
  missing: 'The server asks for a nonce, and gives none',
  hidden:
    'The server asks for a nonce, but this page may not see the field DPoP-Nonce: the server must name it in Access-Control-Expose-Headers',
  repeated: 'The server asks for a nonce, and gives the one again that it did not take',
  endless: 'The server asks for another nonce, whichever it was sent',
}

/**
 * Says what a response that refuses a call means, as an error that can be thrown, logged or compared by its `code`.
 *
 * The code is that of the server, if it is one that names them (`@countersign/server`); else `ERR_NONCE_NOT_ACCEPTED`, with a `reason`
 * (`missing`, `hidden`, `repeated`, `endless`), or `ERR_CALL_REFUSED`, whose `reason` is the OAuth error. What stands in the response was
 * written by the server: do not show it as your own. A copy of a short body is read; the response can be read afterwards.
 *
 * @returns `undefined` for a response that refuses nothing: with a status other than 400, 401, 403, 429 and 503.
 * @example
 * const error = await refusalOf(response)
 * if (error?.code === 'ERR_SCOPE_INSUFFICIENT') askForMore(error.challenges)
 */
export async function refusalOf(response: Response): Promise<CountersignError | undefined> {
  const { status } = response
  if (![400, 401, 403, 429, 503].includes(status)) return undefined
  const challenges = challengesOf(response)
  const problem: Partial<ProblemDetails> | undefined = response.bodyUsed ? undefined : await readJson(response)
  const details = {
    actual: status,
    challenges,
    problem,
    retryable: status === 429 || status === 503,
    ...(typeof problem?.parameter === 'string' && { parameter: problem.parameter }),
  }
  const outcome = nonceOutcomeOf(response)
  if (outcome !== undefined)
    return new CountersignError('ERR_NONCE_NOT_ACCEPTED', NONCE_MESSAGES[outcome], { ...details, reason: outcome })
  const { code, title, reason } = problem ?? {}
  if (typeof code === 'string' && CODE.test(code)) {
    const message = typeof title === 'string' ? title : 'The server refused the call'
    return new CountersignError(code as ErrorCode, message, {
      ...details,
      ...(typeof reason === 'string' && { reason }),
    })
  }
  const error = challengedError(response)
  return new CountersignError('ERR_CALL_REFUSED', `The server refused the call: ${error ?? status}`, {
    ...details,
    reason: error,
  })
}
