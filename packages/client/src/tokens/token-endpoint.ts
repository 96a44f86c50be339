// A request to a token endpoint: the authorization server found, the client authenticated, the answer judged. What goes out is made anew
// for every attempt; there is one more for a nonce, and one for a clock.

import { CountersignError, isCountersignError } from '@countersign/shared'
import type { AuthorizationServer, Client, ClientAuth, TokenEndpointResponse } from 'oauth4webapi'
import * as oauth from 'oauth4webapi'
import { challengedError, readJson } from '../fetch/challenge.ts'
import { discard } from '../fetch/discard.ts'
import { once } from '../once.ts'
import { createBoundedFetch } from './bounded-fetch.ts'
import type { RegisteredClient } from './client-options.ts'
import { discoverAuthorizationServer, endpointOf } from './discovery.ts'
import { requestOptions } from './request-options.ts'
import type { IssuedToken, TokenContext } from './token-source.ts'

/** What a request is made with. */
export interface EndpointRequest {
  readonly server: AuthorizationServer
  readonly client: Client
  readonly authentication: ClientAuth
  readonly options: ReturnType<typeof requestOptions>
}

/** An authorization server, as a grant uses it. */
export interface TokenEndpoint {
  /** The metadata of the authorization server. */
  discover(context: TokenContext): AuthorizationServer | Promise<AuthorizationServer>
  /**
   * Asks for a token.
   *
   * @throws {CountersignError} `ERR_DISCOVERY_FAILED`, `ERR_TOKEN_REQUEST_FAILED` (`reason` is the OAuth error), `ERR_TOKEN_NOT_BOUND`.
   */
  request(context: TokenContext, grantType: string, parameters: Record<string, string>): Promise<TokenEndpointResponse>
  /** Sends a request to an endpoint, and repeats it once for a nonce, and once for a clock. */
  send(
    context: TokenContext,
    name: 'token_endpoint' | 'pushed_authorization_request_endpoint',
    request: (parts: EndpointRequest) => Promise<Response>,
  ): Promise<Response>
  /** Runs what talks to the authorization server, and says in our words what went wrong. */
  orFailed<Result>(context: TokenContext, run: () => Promise<Result>): Promise<Result>
}

/** Creates the endpoint of a client. */
export function createTokenEndpoint(registered: RegisteredClient): TokenEndpoint {
  const { clientId, method, issuer } = registered
  const usesTls = method.includes('tls')
  // What was found out belongs to one client: another one may have another resource, and so another authorization server.
  const discoveries = new WeakMap<object, () => AuthorizationServer | Promise<AuthorizationServer>>()

  return {
    discover,
    send,
    orFailed,
    request(context, grantType, parameters) {
      return orFailed(context, async () => {
        const response = await send(context, 'token_endpoint', ({ server, client, authentication, options }) =>
          oauth.genericTokenEndpointRequest(server, client, authentication, grantType, parameters, options),
        )
        const server = await discover(context)
        return oauth.processGenericTokenEndpointResponse(server, { client_id: clientId }, withoutChallenge(response))
      })
    },
  }

  async function discover(context: TokenContext): Promise<AuthorizationServer> {
    let discovered = discoveries.get(context.provingFetch)
    if (discovered === undefined) {
      discovered = once(() => discoverAuthorizationServer(issuer, context))
      discoveries.set(context.provingFetch, discovered)
    }
    const server = await discovered()
    checkAlgorithm(server, context)
    return server
  }

  async function send(
    context: TokenContext,
    name: 'token_endpoint' | 'pushed_authorization_request_endpoint',
    request: (parts: EndpointRequest) => Promise<Response>,
  ): Promise<Response> {
    const [server, authentication] = await Promise.all([discover(context), registered.authentication()])
    const url = endpointOf(server, name, usesTls)
    const clock = context.clockOf(url)
    const transport = registered.fetch === undefined ? context.provingFetch : context.proving(registered.fetch)
    const options = requestOptions(url, createBoundedFetch(transport), context.signal)
    const attempt = () => {
      const clockSkew = clock.now() - Math.floor(Date.now() / 1000)
      const client = { client_id: clientId, use_mtls_endpoint_aliases: usesTls, [oauth.clockSkew]: clockSkew }
      return request({ server, client, authentication, options })
    }
    const may = { askAgain: true, setClock: true }
    for (;;) {
      const response = await attempt()
      const error = await errorOf(response)
      if (may.askAgain && error === 'use_dpop_nonce' && response.headers.has('dpop-nonce')) may.askAgain = false
      else if (may.setClock && isAboutTime(error) && clock.learnTime(response)) may.setClock = false
      else return response
      discard(response)
    }
  }

  async function orFailed<Result>({ signal }: TokenContext, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (cause) {
      if (isCountersignError(cause)) throw cause
      throw isCountersignError(signal.reason) ? signal.reason : tokenRequestFailed(cause)
    }
  }
}

/** What an answer of a token endpoint is to the client. */
export function issuedToken({ access_token, token_type, expires_in }: TokenEndpointResponse): IssuedToken {
  return {
    accessToken: access_token,
    expiresInSeconds: expires_in,
    tokenType: token_type === 'dpop' ? 'DPoP' : 'Bearer',
  }
}

/** The error of a refusal: in its body (RFC 6749 section 5.2), or in a challenge beside it. */
async function errorOf(response: Response): Promise<unknown> {
  if (response.status !== 400 && response.status !== 401) return undefined
  return (await readJson(response))?.['error'] ?? challengedError(response)
}

/** A proof, or a client assertion, whose time an authorization server does not take. */
function isAboutTime(error: unknown): boolean {
  return error === 'invalid_dpop_proof' || error === 'invalid_client'
}

/** A refusal says in its body what is wrong (RFC 6749 section 5.2); oauth4webapi would look at the challenge beside it only. */
function withoutChallenge(response: Response): Response {
  const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '')
  if (!isJson || !response.headers.has('www-authenticate')) return response
  const headers = new Headers(response.headers)
  headers.delete('www-authenticate')
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

function checkAlgorithm(server: AuthorizationServer, { algorithm }: TokenContext): void {
  const supported = server.dpop_signing_alg_values_supported
  // EdDSA and Ed25519 are two names of one algorithm (RFC 9864).
  const names = algorithm === 'EdDSA' || algorithm === 'Ed25519' ? ['EdDSA', 'Ed25519'] : [algorithm]
  if (supported === undefined || names.some((name) => supported.includes(name))) return
  throw new CountersignError('ERR_TOKEN_REQUEST_FAILED', `The authorization server does not take ${algorithm} proofs`, {
    reason: 'alg',
    expected: supported,
    actual: algorithm,
  })
}

function tokenRequestFailed(cause: unknown): CountersignError {
  if (cause instanceof oauth.ResponseBodyError) {
    const { error: reason, error_description: description, status } = cause
    const said = description === undefined ? reason : `${reason} (${printable(description)})`
    const message = `The authorization server refused the token request: ${said}`
    const retryable = reason === 'temporarily_unavailable' || reason === 'server_error' || status >= 500
    return new CountersignError('ERR_TOKEN_REQUEST_FAILED', message, { reason, actual: status, retryable, cause })
  }
  if (cause instanceof oauth.UnsupportedOperationError && /token_type/.test(cause.message)) {
    const expected = 'DPoP'
    const message = 'The authorization server issued a token of a type that is not known'
    return new CountersignError('ERR_TOKEN_NOT_BOUND', message, { parameter: 'token_type', expected })
  }
  return new CountersignError('ERR_TOKEN_REQUEST_FAILED', 'The token request failed', {
    reason: 'transport',
    retryable: true,
    cause: withoutDetails(cause),
  })
}

/** oauth4webapi attaches the answer it did not like, in which there may be a token: only what it says of it is kept. */
function withoutDetails(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause
  const { name, message, code } = cause as Error & { code?: unknown }
  return Object.assign(new Error(message), { name, ...(code !== undefined && { code }) })
}

/** Text of another server, fit for a message: printable ASCII, and not much of it. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200)
}
