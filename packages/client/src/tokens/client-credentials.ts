// The client credentials grant (RFC 6749 section 4.4) with private_key_jwt (RFC 7523), for a token bound to the client's DPoP key.

import { CountersignError, isCountersignError } from '@countersign/shared'
import type { AuthorizationServer, TokenEndpointResponse } from 'oauth4webapi'
import * as oauth from 'oauth4webapi'
import { tokenEndpointWantsNonce } from '../challenge.ts'
import { discard } from '../discard.ts'
import type { ClientKey } from './client-key.ts'
import { importClientKey } from './client-key.ts'
import { discoverAuthorizationServer } from './discovery.ts'
import { requestOptions } from './request-options.ts'
import type { TokenContext, TokenSource } from './token-source.ts'

/** Options of {@link clientCredentials}. */
export interface ClientCredentialsOptions {
  /** The client identifier that the authorization server knows. */
  readonly clientId: string
  /** The private key whose public half is registered there. Imported non-extractable; a JWK's own copy should then be forgotten. */
  readonly key: ClientKey
  /** The issuer identifier of the authorization server. Default: found out from the resource's metadata (RFC 9728). */
  readonly issuer?: string
  /** Scopes to ask for, separated by spaces. Default: what the authorization server grants by itself. */
  readonly scope?: string
}

/**
 * Obtains access tokens by the client credentials grant, authenticated by `private_key_jwt`, for the client's resource (RFC 8707).
 *
 * The client assertion is made anew for every attempt, its audience is the issuer, and it lives a minute.
 *
 * @throws {CountersignError} At once: `ERR_OPTION_INVALID`. When called: `ERR_OPTION_INVALID` and `ERR_KEY_EXTRACTABLE` for the key,
 *   `ERR_DISCOVERY_FAILED`, `ERR_TOKEN_REQUEST_FAILED` (`reason` is the OAuth error), `ERR_TOKEN_NOT_BOUND`.
 * @example
 * createClient({ resource: 'https://api.example.com', token: clientCredentials({ clientId: 'partner-7', key }) })
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  const { clientId, key, issuer, scope } = options
  if (typeof clientId !== 'string' || clientId === '') {
    throw new CountersignError('ERR_OPTION_INVALID', '"clientId" must be a string', { parameter: 'clientId' })
  }
  const lasting = remembered((context: TokenContext) => prepare(key, issuer, context))

  return async function requestToken(context) {
    const { server, tokenEndpoint, authentication } = await lasting(context)
    checkAlgorithm(server, context)
    const parameters = { resource: context.resourceIdentifier, ...(scope !== undefined && { scope }) }
    const client = { client_id: clientId }
    const options = requestOptions(tokenEndpoint, context.provingFetch, context.signal)
    const request = () => oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options)
    try {
      const response = await onceMoreForNonce(request)
      return issuedToken(await oauth.processClientCredentialsResponse(server, client, response))
    } catch (cause) {
      throw isCountersignError(cause) ? cause : tokenRequestFailed(cause)
    }
  }
}

async function prepare(key: ClientKey, issuer: string | undefined, context: TokenContext) {
  const [discovered, clientKey] = await Promise.all([
    discoverAuthorizationServer(issuer, context),
    importClientKey(key),
  ])
  const authentication = oauth.PrivateKeyJwt(clientKey, {
    // draft-ietf-oauth-rfc7523bis: an explicit type, so that no other JWT by this key passes as an assertion.
    [oauth.modifyAssertion](header) {
      header['typ'] = 'client-authentication+jwt'
    },
  })
  return { ...discovered, authentication }
}

/** Repeats a token request once when the authorization server asks for a nonce (RFC 9449 section 8), with everything made anew. */
async function onceMoreForNonce(request: () => Promise<Response>): Promise<Response> {
  const first = await request()
  const challenged = first.headers.has('dpop-nonce') && (await tokenEndpointWantsNonce(first))
  if (!challenged) return first
  discard(first)
  return request()
}

function checkAlgorithm(server: AuthorizationServer, { algorithm }: TokenContext): void {
  const supported = server.dpop_signing_alg_values_supported
  if (supported === undefined || supported.includes(algorithm)) return
  throw new CountersignError('ERR_TOKEN_REQUEST_FAILED', `The authorization server does not take ${algorithm} proofs`, {
    reason: 'alg',
    expected: supported,
    actual: algorithm,
  })
}

function issuedToken({ access_token: accessToken, token_type: type, expires_in: seconds }: TokenEndpointResponse) {
  // RFC 9449 section 5: a token of another type is not bound to the key, and is thrown away.
  if (type !== 'dpop') {
    throw new CountersignError(
      'ERR_TOKEN_NOT_BOUND',
      'The authorization server issued a token that is not bound to the key',
      {
        parameter: 'token_type',
        expected: 'DPoP',
        actual: type,
      },
    )
  }
  return { accessToken, ...(seconds !== undefined && { expiresInSeconds: seconds }) }
}

function tokenRequestFailed(cause: unknown): CountersignError {
  if (!(cause instanceof oauth.ResponseBodyError)) {
    return new CountersignError('ERR_TOKEN_REQUEST_FAILED', 'The token request failed', { reason: 'transport', cause })
  }
  const { error: reason, error_description: description, status } = cause
  const said = description === undefined ? reason : `${reason} (${description})`
  const message = `The authorization server refused the token request: ${said}`
  return new CountersignError('ERR_TOKEN_REQUEST_FAILED', message, { reason, actual: status, cause })
}

/** Remembers a success; a failure is tried again by the next call. */
function remembered<Argument, Result>(
  make: (argument: Argument) => Promise<Result>,
): (argument: Argument) => Promise<Result> {
  let result: Promise<Result> | undefined
  return (argument) => {
    result ??= make(argument).catch((error: unknown) => {
      result = undefined
      throw error
    })
    return result
  }
}
