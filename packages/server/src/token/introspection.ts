// Asking an issuer about an access token, RFC 7662. The request is oauth4webapi's, which knows how a client authenticates; the answer
// is read as strictly as everything else that is read here. Whatever goes wrong on the way is a fault of ours or of the issuer (503),
// never of the caller.

import type { JsonObject } from '@countersign/shared'
import { CountersignError, isCountersignError, isJsonObject, limits, parseJsonBytes } from '@countersign/shared'
import { LRUCache } from 'lru-cache'
import { readBounded, withTimeLimit } from '../issuers/fetch-json.ts'
import type { IssuerKeys } from '../issuers/issuer-keys.ts'
import { discoverEndpoint } from '../issuers/issuer-metadata.ts'
import type { IssuerConfig } from '../issuers/issuer-options.ts'
import { readSignedAnswer } from './introspection-jwt.ts'
import type { IntrospectionConfig } from './introspection-options.ts'
import { refused } from './refused.ts'

/** Asks one issuer about access tokens. */
export interface Introspector {
  readonly config: IntrospectionConfig
  /**
   * What the issuer says of a token. It was not compared with anything yet, but that it is active.
   *
   * @param ath - SHA-256 of the token: however many requests come with it at a time, the issuer is asked once.
   * @throws {CountersignError} `ERR_TOKEN_INACTIVE`, `ERR_INTROSPECTION_UNAVAILABLE`.
   */
  introspect(accessToken: string, ath: string): Promise<JsonObject>
}

/** Most questions under way at a time; whoever comes on top is told to come back. */
const MAX_FLIGHTS = 256
/**
 * Seconds, and most tokens, for which it is remembered that a token is not active: a caller that keeps sending one costs one question
 * in that time. Short, since a token that was issued just now may not be known everywhere yet.
 */
const INACTIVE_AGE = 5
const MAX_INACTIVE = 1_000
/** Seconds without a question after one that failed: an issuer that is down is not asked by every request. */
const FAILURE_COOL_DOWN = 1
/**
 * By these an endpoint refuses what it was asked, and not whoever asks: it may be the token, which a stranger has made up. They cool
 * nothing down, or that stranger would decide when others are served.
 */
const REFUSED_QUESTION: ReadonlySet<number> = new Set([400, 413, 414, 422, 431])

/** Creates the introspector of an issuer. */
export function createIntrospector(
  issuer: IssuerConfig,
  config: IntrospectionConfig,
  keys: IssuerKeys,
  clock: () => number,
  signal: AbortSignal,
): Introspector {
  const flights = new Map<string, Promise<JsonObject>>()
  const inactive = new LRUCache<string, number>({ max: MAX_INACTIVE })
  const inactiveAge = Math.min(INACTIVE_AGE, config.maxAgeSeconds)
  let endpoint: Promise<URL> | undefined
  let failedAt = Number.NEGATIVE_INFINITY

  return {
    config,
    async introspect(accessToken, ath) {
      if (isRecent(inactive.get(ath), inactiveAge)) throw notActive('inactive')
      const answer = await (flights.get(ath) ?? ask(accessToken, ath))
      // A string that says "true" is not true (RFC 7662 section 2.2).
      if (answer['active'] === true) return answer
      inactive.set(ath, clock())
      throw notActive(answer['active'])
    },
  }

  /** Asks once, however many wait: all of them get the same answer, or the same refusal. */
  function ask(accessToken: string, ath: string): Promise<JsonObject> {
    if (flights.size >= MAX_FLIGHTS) throw unavailable('too many questions are under way')
    if (isRecent(failedAt, FAILURE_COOL_DOWN)) throw unavailable('the last question failed just now')
    const flight = request(accessToken)
      .catch(fail)
      .finally(() => flights.delete(ath))
    flights.set(ath, flight)
    return flight
  }

  function fail(cause: unknown): never {
    if (isCountersignError(cause, 'ERR_INTROSPECTION_UNAVAILABLE')) throw cause
    failedAt = clock()
    // The issuer may have moved its endpoint: look it up again next time.
    endpoint = undefined
    throw unavailable('the question failed', cause)
  }

  /** Where to ask. Looked up once, however many tokens come before it is known. */
  function findEndpoint(): Promise<URL> {
    endpoint ??=
      config.endpoint === undefined
        ? discoverEndpoint(issuer.issuer, 'introspection_endpoint', signal)
        : Promise.resolve(config.endpoint)
    return endpoint
  }

  async function request(accessToken: string): Promise<JsonObject> {
    const url = await findEndpoint()
    const oauth = await import('oauth4webapi')
    const response = await oauth.introspectionRequest(
      { issuer: issuer.issuer, introspection_endpoint: url.href },
      { client_id: config.clientId },
      config.clientAuthentication,
      accessToken,
      {
        additionalParameters: { token_type_hint: 'access_token' },
        requestJwtResponse: config.answers === 'jwt',
        signal: withTimeLimit(signal),
        [oauth.customFetch]: (input: string, init: object) => config.fetch(input, init as RequestInit),
        // `secureUrl` has let http through for loopback hosts only.
        [oauth.allowInsecureRequests]: url.protocol === 'http:',
      },
    )
    if (response.status !== 200) {
      await response.body?.cancel()
      if (REFUSED_QUESTION.has(response.status)) throw unavailable(`it answered ${response.status}`)
      throw new Error(`${url.href} answered ${response.status}`)
    }
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
    const expected = config.answers === 'jwt' ? 'application/token-introspection+jwt' : 'application/json'
    if (type !== expected) throw new Error(`${url.href} did not answer with ${expected}`)
    const body = await readBounded(response, url)
    if (config.answers === 'jwt') return readSignedAnswer(body, issuer, config, keys, clock())
    const answer = parseJsonBytes(body, limits.MAX_DOCUMENT_LENGTH)
    if (!isJsonObject(answer)) throw new Error(`${url.href} did not answer with a JSON object`)
    return answer
  }

  /** A clock that was set back makes nothing recent. */
  function isRecent(time: number | undefined, seconds: number): boolean {
    const age = clock() - (time ?? Number.NEGATIVE_INFINITY)
    return age >= 0 && age < seconds
  }

  function unavailable(why: string, cause?: unknown): CountersignError {
    const message = `${issuer.issuer} cannot be asked about the token: ${why}`
    return new CountersignError('ERR_INTROSPECTION_UNAVAILABLE', message, { cause })
  }
}

function notActive(actual: unknown): CountersignError {
  return refused('ERR_TOKEN_INACTIVE', 'active', { expected: true, actual })
}
