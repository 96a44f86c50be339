// From an error to an answer: status, challenge and problem body, all from the one table of codes in @countersign/shared.

import type { Challenge, ErrorCode, ErrorEntry, ProblemDetails } from '@countersign/shared'
import {
  CountersignError,
  errorDocumentation,
  errorTable,
  formatChallenges,
  isCountersignError,
  PROBLEM_MEDIA_TYPE,
  withoutStack,
} from '@countersign/shared'
import type { AcceptedEnvelope } from './content/accepted-envelope.ts'
import type { AuthenticationScheme } from './credentials.ts'
import { diagnosticsOf } from './diagnostics.ts'
import type { VerifierConfig } from './options.ts'
import type { CompiledPolicy } from './policy.ts'

/** A request was refused, with the answer to give. Thrown by `verify`; an adapter writes status, headers and problem as they are. */
export class RefusalError extends CountersignError {
  readonly statusCode: number
  /** Field names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, of media type `application/problem+json`. */
  override readonly problem: ProblemDetails
  /** A text of the caller's: not for whoever prints the error. */
  readonly #envelope: AcceptedEnvelope | undefined

  constructor(
    error: CountersignError,
    answer: {
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly problem: ProblemDetails
      readonly envelope?: AcceptedEnvelope | undefined
    },
  ) {
    // What a caller has written may hold a token: an error handler that logs this logs none.
    super(error.code, error.message, { cause: error.cause, ...diagnosticsOf(error) })
    this.statusCode = answer.status
    this.headers = answer.headers
    this.problem = answer.problem
    this.#envelope = answer.envelope
  }

  /** The envelope of a request that only the policy has refused, for `signAnswer` of the verifier. */
  get envelope(): AcceptedEnvelope | undefined {
    return this.#envelope
  }
}

/** How a request presented its token, and what its route demands. */
export interface RefusalContext {
  readonly scheme: AuthenticationScheme
  readonly policy: CompiledPolicy
  readonly envelope?: AcceptedEnvelope | undefined
}

/** What an answer says whatever the request was. */
interface Wording {
  readonly status: NonNullable<ErrorEntry['status']>
  readonly title: string
  readonly type: string
  /** `undefined` where the client may come again with the same request. */
  readonly challenge: string | undefined
}

/** Seconds after which a client may try again when a dependency failed. */
const RETRY_AFTER_SECONDS = 5

/** Makes the answers to refused requests. */
export interface Answers {
  /** The refusal for an error, or `undefined` when it is none that a request can cause: then it is a fault of the server (500). */
  refusalOf(error: unknown, context: RefusalContext): RefusalError | undefined
}

/**
 * @param nonce - The nonce to hand out with every refusal; `undefined` when nonces are off.
 * @param resourceMetadata - The URL of the RFC 9728 document.
 */
export function createAnswers(
  config: VerifierConfig,
  nonce: (() => string) | undefined,
  resourceMetadata: string,
): Answers {
  const algs = config.proofAlgorithms.join(' ')
  /** By policy, scheme and code, which are all that a wording depends on: there are few, and strangers cannot make more. */
  const wordings = new WeakMap<CompiledPolicy, Record<AuthenticationScheme, Map<ErrorCode, Wording>>>()

  return {
    refusalOf(error, context) {
      if (!isCountersignError(error)) return undefined
      const wording = wordingOf(error.code, context)
      if (wording === undefined) return undefined
      const { status } = wording
      const answer = {
        ...{ status, headers: headersOf(wording), problem: problemOf(error, wording) },
        envelope: context.envelope,
      }
      return withoutStack(() => new RefusalError(error, answer))
    },
  }

  function wordingOf(code: ErrorCode, context: RefusalContext): Wording | undefined {
    let kept = wordings.get(context.policy)
    if (kept === undefined) {
      kept = { dpop: new Map(), bearer: new Map(), gnap: new Map() }
      wordings.set(context.policy, kept)
    }
    let wording = kept[context.scheme].get(code)
    if (wording !== undefined) return wording
    const entry: ErrorEntry = errorTable[code]
    const { status, title } = entry
    if (status === undefined) return undefined
    const canComeAgain = status === 503 || status === 429
    const challenge = canComeAgain ? undefined : formatChallenges(challengesOf(code, entry, context))
    wording = { status, title, type: errorDocumentation(code), challenge }
    kept[context.scheme].set(code, wording)
    return wording
  }

  function headersOf({ challenge }: Wording): Record<string, string> {
    const headers: Record<string, string> = { 'content-type': PROBLEM_MEDIA_TYPE, 'cache-control': 'no-store' }
    if (nonce !== undefined) headers['dpop-nonce'] = nonce()
    if (challenge === undefined) headers['retry-after'] = String(RETRY_AFTER_SECONDS)
    else headers['www-authenticate'] = challenge
    return headers
  }

  /**
   * One challenge per accepted scheme. What went wrong stands in that of the scheme that was used (RFC 9449 section 7.2),
   * which comes first: the order means nothing (RFC 9110 section 11.6.1), but the first is the easiest to find.
   */
  function challengesOf(code: ErrorCode, entry: ErrorEntry, { scheme, policy }: RefusalContext): Challenge[] {
    // A challenge of GNAP names an endpoint that is not known here (RFC 9635 section 9.1).
    const schemes = policy.schemes.filter((each) => each !== 'gnap')
    const used = scheme !== 'gnap' && schemes.includes(scheme) ? scheme : 'dpop'
    const failure = errorParameters(code, entry, policy)
    // Of a request that can be read in two ways, nobody knows which scheme was meant.
    const concerns = (kind: string) => kind === used || entry.status === 400
    return schemes
      .toSorted((a, b) => Number(b === used) - Number(a === used))
      .map((kind) => ({
        scheme: kind === 'dpop' ? 'DPoP' : 'Bearer',
        parameters: {
          ...(concerns(kind) && failure),
          ...(kind === 'dpop' && { algs }),
          resource_metadata: resourceMetadata,
        },
      }))
  }

  function problemOf(error: CountersignError, { type, title, status }: Wording): ProblemDetails {
    const problem = { type, title, status, code: error.code, serverTime: Math.floor(config.clock()) }
    if (config.diagnostics !== 'full') return problem
    return { ...problem, ...diagnosticsOf(error) }
  }
}

function errorParameters(code: ErrorCode, entry: ErrorEntry, policy: CompiledPolicy): Record<string, string> {
  if (entry.error === undefined) return {}
  const parameters: Record<string, string> = { error: entry.error, error_description: entry.title }
  if (code === 'ERR_SCOPE_INSUFFICIENT') parameters['scope'] = scopesOf(policy)
  if (entry.error === 'insufficient_user_authentication') {
    // RFC 9470 section 3: everything that a new authentication must satisfy, so that one is enough.
    if (policy.acr.length > 0) parameters['acr_values'] = policy.acr.join(' ')
    if (policy.maxAgeSeconds !== undefined) parameters['max_age'] = String(policy.maxAgeSeconds)
  }
  return parameters
}

/** The scopes that would do: all of `scope`, and the alternatives of `anyScope`. */
function scopesOf({ scope, anyScope }: CompiledPolicy): string {
  return [...new Set([...scope, ...anyScope])].join(' ')
}
