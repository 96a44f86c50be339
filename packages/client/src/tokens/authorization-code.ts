// The authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636), bound to the client's key from the beginning (RFC 9449 section
// 10), with pushed parameters where they are offered (RFC 9126), and the issuer of the response checked (RFC 9207).

import { CountersignError, invalidOption, isCountersignError } from '@countersign/shared'
import * as oauth from 'oauth4webapi'
import type { AuthorizationServerOptions } from './client-options.ts'
import { readClient } from './client-options.ts'
import { endpointOf } from './discovery.ts'
import type { PendingStore } from './pending-store.ts'
import { createPendingStore } from './pending-store.ts'
import type { SessionOptions } from './session.ts'
import { createSession, SESSION_OPTION_NAMES, storedTokens } from './session.ts'
import { createTokenEndpoint } from './token-endpoint.ts'
import type { ConnectedClient, TokenContext, TokenSource } from './token-source.ts'

/** Options of {@link authorizationCode}. Without key and secret, the client is a public one. */
export interface AuthorizationCodeOptions extends AuthorizationServerOptions, SessionOptions {
  /** Where the authorization server sends the user back to. */
  readonly redirectUri: string
  /** Where logins are kept while the user is there. Default: the session storage of a page, elsewhere memory. */
  readonly pending?: PendingStore
}

/** A token source that a user has to open. */
export interface AuthorizationCode extends TokenSource {
  /**
   * Begins a login.
   *
   * @param parameters - Further parameters of the request, such as `login_hint`, `prompt`, `acr_values` or `max_age`.
   * @returns Where to send the user.
   */
  begin(parameters?: Readonly<Record<string, string>>): Promise<URL>
  /**
   * Completes a login: obtains the tokens, and keeps them.
   *
   * @param callback - The URL that the user came back to, with its query. It must have been begun here, and is good once.
   * @returns The claims of the ID token, if there was one. They say who logged in; the API does not see them.
   * @throws {CountersignError} `ERR_AUTHORIZATION_FAILED`; `reason` is the OAuth error, or `state`, `key`, `response`. And as
   *   {@link clientCredentials}.
   */
  complete(callback: string | URL): Promise<{ readonly idTokenClaims: oauth.IDToken | undefined }>
  /** Forgets the tokens, here and in the store. Does not revoke them. */
  forget(): Promise<void>
}

interface Login {
  readonly codeVerifier: string
  readonly nonce?: string
  readonly jkt: string
  readonly issuer: string
}

const OPTION_NAMES = ['redirectUri', 'pending', ...SESSION_OPTION_NAMES]

/**
 * Obtains access tokens for a user, who logs in at the authorization server; then by the refresh token that it issues, if it does.
 *
 * One source is for one client and one user at a time. A page needs a `keyStore`: its tokens are bound to the key it had when it was left.
 *
 * @throws {CountersignError} At once: `ERR_OPTION_INVALID`. When a token is needed: `ERR_AUTHORIZATION_REQUIRED` before the login and after
 *   the session has ended; else as {@link refreshToken}.
 * @example
 * const login = authorizationCode({ clientId: 'web-app', redirectUri: 'https://app.example.com/callback', scope: 'accounts:read' })
 * const api = createClient({ resource: 'https://api.example.com', token: login, keyStore })
 * location.assign(await login.begin())
 * // and on the page that the user comes back to
 * await login.complete(location.href)
 */
export function authorizationCode(options: AuthorizationCodeOptions): AuthorizationCode {
  const registered = readClient(options, OPTION_NAMES, true)
  const { redirectUri, pending = createPendingStore() } = options
  if (typeof redirectUri !== 'string' || !URL.canParse(redirectUri)) throw invalidOption('redirectUri', 'a URL')
  if (typeof pending?.set !== 'function' || typeof pending.take !== 'function')
    throw invalidOption('pending', '{ set, take }')
  const { clientId, scope } = registered
  const client: oauth.Client = { client_id: clientId }
  const endpoint = createTokenEndpoint(registered)
  const session = createSession(registered, endpoint, options)
  let connected: ConnectedClient | undefined

  return Object.assign((context: TokenContext) => session.token(context), {
    connect(client: ConnectedClient) {
      if (connected !== undefined) throw invalidOption('token', 'a source of its own for each client')
      connected = client
    },
    begin: async (parameters: Readonly<Record<string, string>> = {}) => begin(await contextOf(), parameters),
    complete: async (callback: string | URL) => complete(await contextOf(), new URL(callback)),
    async forget() {
      await session.set(undefined)
      connected?.forget()
    },
  })

  function contextOf(): Promise<TokenContext> {
    if (connected === undefined) throw invalidOption('token', 'given to createClient before a login is begun')
    return connected.context()
  }

  async function begin(context: TokenContext, further: Readonly<Record<string, string>>): Promise<URL> {
    const server = await endpoint.discover(context)
    const codeVerifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const nonce = isOpenId(scope) ? oauth.generateRandomNonce() : undefined
    const parameters = {
      ...further,
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      dpop_jkt: context.thumbprint,
      resource: context.resourceIdentifier,
      ...(scope !== undefined && { scope }),
      ...(nonce !== undefined && { nonce }),
    }
    const login = {
      codeVerifier,
      jkt: context.thumbprint,
      issuer: server.issuer,
      ...(nonce !== undefined && { nonce }),
    }
    await pending.set(state, JSON.stringify(login satisfies Login))
    const url = endpointOf(server, 'authorization_endpoint')
    for (const [name, value] of Object.entries(await pushed(server, context, parameters)))
      url.searchParams.set(name, value)
    return url
  }

  /** What goes into the URL: all parameters, or a reference to them. */
  async function pushed(
    server: oauth.AuthorizationServer,
    context: TokenContext,
    parameters: Record<string, string>,
  ): Promise<Record<string, string>> {
    if (server.pushed_authorization_request_endpoint === undefined) return parameters
    const name = 'pushed_authorization_request_endpoint'
    return endpoint.orFailed(context, async () => {
      const response = await endpoint.send(context, name, ({ server, client, authentication, options }) =>
        oauth.pushedAuthorizationRequest(server, client, authentication, parameters, options),
      )
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, response)
      return { client_id: clientId, request_uri }
    })
  }

  async function complete(context: TokenContext, callback: URL): Promise<{ idTokenClaims: oauth.IDToken | undefined }> {
    const state = callback.searchParams.get('state') ?? ''
    const kept = await pending.take(state)
    if (kept === undefined) throw failed('state', 'The login was not begun here, or was completed before')
    const login = JSON.parse(kept) as Login
    const server = await endpoint.discover(context)
    if (login.issuer !== server.issuer) throw failed('state', 'The login was begun at another authorization server')
    if (login.jkt !== context.thumbprint)
      throw failed('key', 'The login was begun with another key: a page needs a keyStore')
    const response = await endpoint.orFailed(context, async () => {
      const answer = callbackParameters(server, callback, state)
      const sent = await endpoint.send(context, 'token_endpoint', ({ server, client, authentication, options }) => {
        const additionalParameters = { resource: context.resourceIdentifier }
        return oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          answer,
          redirectUri,
          login.codeVerifier,
          {
            ...options,
            additionalParameters,
          },
        )
      })
      return oauth.processAuthorizationCodeResponse(server, client, sent, {
        expectedNonce: login.nonce ?? oauth.expectNoNonce,
      })
    })
    await session.set(storedTokens(response, context))
    connected?.forget()
    return { idTokenClaims: oauth.getValidatedIdTokenClaims(response) }
  }

  /** The parameters of the callback, its issuer and state checked. */
  function callbackParameters(server: oauth.AuthorizationServer, callback: URL, state: string): URLSearchParams {
    try {
      return oauth.validateAuthResponse(server, client, callback, state)
    } catch (cause) {
      if (cause instanceof oauth.AuthorizationResponseError)
        throw failed(cause.error, `The authorization server answered ${cause.error}`, cause)
      throw isCountersignError(cause)
        ? cause
        : failed('response', 'The response of the authorization server is not to be trusted', cause)
    }
  }
}

function isOpenId(scope: string | undefined): boolean {
  return scope?.split(' ').includes('openid') ?? false
}

function failed(reason: string, message: string, cause?: unknown): CountersignError {
  return new CountersignError('ERR_AUTHORIZATION_FAILED', message, { reason, cause })
}
