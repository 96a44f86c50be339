// Asking an issuer about an access token, RFC 7662. The request is oauth4webapi's, which knows how a client authenticates; the answer
// is read as strictly as everything else that is read here. Whatever goes wrong on the way is a fault of ours or of the issuer (503),
// never of the caller.

import type { JsonObject } from '@countersign/shared'
import { CountersignError, isCountersignError, isJsonObject, limits, parseJsonBytes } from '@countersign/shared'
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
/** Seconds without a question after one that failed: an issuer that is down is not asked by every request. */
const FAILURE_COOL_DOWN = 1

/** Creates the introspector of an issuer. */
export function createIntrospector(
  issuer: IssuerConfig,
  config: IntrospectionConfig,
  keys: IssuerKeys,
  clock: () => number,
  signal: AbortSignal,
): Introspector {
  const flights = new Map<string, Promise<JsonObject>>()
  let endpoint = config.endpoint
  let failedAt = Number.NEGATIVE_INFINITY

  return {
    config,
    async introspect(accessToken, ath) {
      const answer = await (flights.get(ath) ?? ask(accessToken, ath))
      // A string that says "true" is not true (RFC 7662 section 2.2).
      if (answer['active'] === true) return answer
      throw refused('ERR_TOKEN_INACTIVE', 'active', { expected: true, actual: answer['active'] })
    },
  }

  async function ask(accessToken: string, ath: string): Promise<JsonObject> {
    if (flights.size >= MAX_FLIGHTS) throw unavailable('too many questions are under way')
    if (clock() - failedAt < FAILURE_COOL_DOWN) throw unavailable('the last question failed just now')
    const flight = request(accessToken)
    flights.set(ath, flight)
    try {
      return await flight
    } catch (cause) {
      failedAt = clock()
      // The issuer may have moved its endpoint: look it up again next time.
      endpoint = config.endpoint
      throw isCountersignError(cause, 'ERR_INTROSPECTION_UNAVAILABLE')
        ? cause
        : unavailable('the question failed', cause)
    } finally {
      flights.delete(ath)
    }
  }

  async function request(accessToken: string): Promise<JsonObject> {
    const url = endpoint ?? (await discoverEndpoint(issuer.issuer, 'introspection_endpoint', signal))
    endpoint = url
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

  function unavailable(why: string, cause?: unknown): CountersignError {
    const message = `${issuer.issuer} cannot be asked about the token: ${why}`
    return new CountersignError('ERR_INTROSPECTION_UNAVAILABLE', message, { cause })
  }
}
