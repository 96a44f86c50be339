// The client credentials grant (RFC 6749 section 4.4) with private_key_jwt (RFC 7523), for a token bound to the client's DPoP key.

import { CountersignError, checkOptionNames, invalidOption, isCountersignError, secureUrl } from '@countersign/shared'
import type { AuthorizationServer, TokenEndpointResponse } from 'oauth4webapi'
import * as oauth from 'oauth4webapi'
import { wantsNonce } from '../fetch/challenge.ts'
import { discard } from '../fetch/discard.ts'
import { once } from '../once.ts'
import type { ClientKey } from './client-key.ts'
import { importClientKey } from './client-key.ts'
import type { DiscoveredServer } from './discovery.ts'
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
  checkOptions(options)
  const { clientId, issuer, scope } = options
  const authentication = once(authenticationBy(options.key))
  // What was found out belongs to one client: another one may have another resource, and so another authorization server.
  const discoveries = new WeakMap<object, () => DiscoveredServer | Promise<DiscoveredServer>>()

  return async function requestToken(context) {
    let discovered = discoveries.get(context.provingFetch)
    if (discovered === undefined) {
      discovered = once(() => discoverAuthorizationServer(issuer, context))
      discoveries.set(context.provingFetch, discovered)
    }
    const [{ server, tokenEndpoint }, clientAuthentication] = await Promise.all([discovered(), authentication()])
    checkAlgorithm(server, context)
    const parameters = { resource: context.resourceIdentifier, ...(scope !== undefined && { scope }) }
    const client = { client_id: clientId }
    const options = requestOptions(tokenEndpoint, context.provingFetch, context.signal)
    const request = () => oauth.clientCredentialsGrantRequest(server, client, clientAuthentication, parameters, options)
    try {
      const response = withoutChallenge(await onceMoreForNonce(request))
      return issuedToken(await oauth.processClientCredentialsResponse(server, client, response))
    } catch (cause) {
      if (isCountersignError(cause)) throw cause
      throw isCountersignError(context.signal.reason) ? context.signal.reason : tokenRequestFailed(cause)
    }
  }
}

/** The private key is imported once, so that it cannot be exported; the form it came in is then let go of. */
function authenticationBy(given: ClientKey): () => Promise<oauth.ClientAuth> {
  let key: ClientKey | undefined = given
  return async () => {
    const imported = await importClientKey(key as ClientKey)
    key = undefined
    return oauth.PrivateKeyJwt(imported, {
      // draft-ietf-oauth-rfc7523bis: an explicit type, so that no other JWT by this key passes as an assertion.
      [oauth.modifyAssertion](header) {
        header['typ'] = 'client-authentication+jwt'
      },
    })
  }
}

const OPTION_NAMES: readonly (keyof ClientCredentialsOptions)[] = ['clientId', 'key', 'issuer', 'scope']

function checkOptions(options: ClientCredentialsOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  const { clientId, key, issuer, scope } = options
  if (typeof clientId !== 'string' || clientId === '') throw invalidOption('clientId', 'a string')
  if (typeof key !== 'object' || key === null) throw invalidOption('key', 'a CryptoKey, { key, kid }, or a private JWK')
  if (scope !== undefined && typeof scope !== 'string')
    throw invalidOption('scope', 'scopes separated by spaces, in one string')
  if (issuer !== undefined) secureUrl(issuer, 'issuer')
}

/** Repeats a token request once when the authorization server asks for a nonce (RFC 9449 section 8), with everything made anew. */
async function onceMoreForNonce(request: () => Promise<Response>): Promise<Response> {
  const first = await request()
  const challenged = first.headers.has('dpop-nonce') && (await wantsNonce(first, true))
  if (!challenged) return first
  discard(first)
  return request()
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

function issuedToken({ access_token: accessToken, token_type: type, expires_in: seconds }: TokenEndpointResponse) {
  // RFC 9449 section 5: a token of another type is not bound to the key, and is thrown away.
  if (type !== 'dpop') throw notBound(type)
  return { accessToken, ...(seconds !== undefined && { expiresInSeconds: seconds }) }
}

function notBound(actual: string | undefined): CountersignError {
  return new CountersignError(
    'ERR_TOKEN_NOT_BOUND',
    'The authorization server issued a token that is not bound to the key',
    {
      parameter: 'token_type',
      expected: 'DPoP',
      actual,
    },
  )
}

function tokenRequestFailed(cause: unknown): CountersignError {
  if (cause instanceof oauth.ResponseBodyError) {
    const { error: reason, error_description: description, status } = cause
    const said = description === undefined ? reason : `${reason} (${printable(description)})`
    const message = `The authorization server refused the token request: ${said}`
    return new CountersignError('ERR_TOKEN_REQUEST_FAILED', message, { reason, actual: status, cause })
  }
  if (cause instanceof oauth.UnsupportedOperationError && /token_type/.test(cause.message)) return notBound(undefined)
  return new CountersignError('ERR_TOKEN_REQUEST_FAILED', 'The token request failed', {
    reason: 'transport',
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
