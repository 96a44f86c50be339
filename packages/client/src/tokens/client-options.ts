// What every grant says of the client: who it is, how it authenticates itself, and at which authorization server.

import { checkOptionNames, invalidOption, secureUrl } from '@countersign/shared'
import type { ClientAuth } from 'oauth4webapi'
import * as oauth from 'oauth4webapi'
import { once } from '../once.ts'
import type { ClientKey } from './client-key.ts'
import { importClientKey } from './client-key.ts'

/** How a client authenticates itself at an authorization server (RFC 7591 section 2, RFC 8705). */
export type AuthenticationMethod =
  | 'private_key_jwt'
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'none'

/** A client at an authorization server. */
export interface AuthorizationServerOptions {
  /** The client identifier that the authorization server knows. */
  readonly clientId: string
  /**
   * The private key whose public half is registered there, for `private_key_jwt`. Imported non-extractable; a JWK's own copy should
   * then be forgotten.
   */
  readonly key?: ClientKey
  /** The client secret, for `client_secret_basic` and `client_secret_post`. */
  readonly clientSecret?: string
  /** Default: `private_key_jwt` with a key, `client_secret_basic` with a secret. `tls_client_auth` needs `fetch`. */
  readonly authenticationMethod?: AuthenticationMethod
  /** The issuer identifier of the authorization server. Default: found out from the resource's metadata (RFC 9728). */
  readonly issuer?: string
  /** Scopes to ask for, separated by spaces. Default: what the authorization server grants by itself. */
  readonly scope?: string
  /** The fetch for the endpoints of the authorization server that the client authenticates at. Default: that of the client. */
  readonly fetch?: typeof globalThis.fetch
}

/** A client at an authorization server, checked. */
export interface RegisteredClient {
  readonly clientId: string
  readonly method: AuthenticationMethod
  readonly authentication: () => ClientAuth | Promise<ClientAuth>
  readonly issuer: string | undefined
  readonly scope: string | undefined
  readonly fetch: typeof globalThis.fetch | undefined
}

const NAMES: readonly (keyof AuthorizationServerOptions)[] = [
  'clientId',
  'key',
  'clientSecret',
  'authenticationMethod',
  'issuer',
  'scope',
  'fetch',
]
const METHODS: readonly AuthenticationMethod[] = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
]

/**
 * Reads the options of a grant.
 *
 * @param own - Names of the options that this grant has besides.
 * @param mayBePublic - Whether a client may do without authentication.
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`.
 */
export function readClient(
  options: AuthorizationServerOptions,
  own: readonly string[] = [],
  mayBePublic = false,
): RegisteredClient {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, [...NAMES, ...own])
  const { clientId, issuer, scope, fetch } = options
  if (typeof clientId !== 'string' || clientId === '') throw invalidOption('clientId', 'a string')
  if (scope !== undefined && typeof scope !== 'string')
    throw invalidOption('scope', 'scopes separated by spaces, in one string')
  if (issuer !== undefined) secureUrl(issuer, 'issuer')
  if (fetch !== undefined && typeof fetch !== 'function') throw invalidOption('fetch', 'a function')
  const method = methodOf(options, mayBePublic)
  return { clientId, method, authentication: once(authenticationBy(options, method)), issuer, scope, fetch }
}

function methodOf(options: AuthorizationServerOptions, mayBePublic: boolean): AuthenticationMethod {
  const { key, clientSecret, authenticationMethod: given, fetch } = options
  const found = key !== undefined ? 'private_key_jwt' : clientSecret !== undefined ? 'client_secret_basic' : undefined
  const method = given ?? found ?? (mayBePublic ? 'none' : undefined)
  if (method === undefined)
    throw invalidOption('key', 'a CryptoKey, { key, kid }, or a private JWK; or "clientSecret" one')
  if (!METHODS.includes(method) || (method === 'none' && !mayBePublic))
    throw invalidOption('authenticationMethod', `one of ${METHODS.join(', ')}`)
  const needsKey = method === 'private_key_jwt'
  const needsSecret = method.startsWith('client_secret')
  if (needsKey ? typeof key !== 'object' || key === null : key !== undefined)
    throw invalidOption('key', needsKey ? 'a CryptoKey, { key, kid }, or a private JWK' : `absent with ${method}`)
  if (needsSecret ? typeof clientSecret !== 'string' || clientSecret === '' : clientSecret !== undefined)
    throw invalidOption('clientSecret', needsSecret ? 'a string' : `absent with ${method}`)
  if (method.includes('tls') && fetch === undefined)
    throw invalidOption('fetch', 'a fetch that presents the TLS client certificate')
  return method
}

/** The private key is imported once, so that it cannot be exported; the form it came in is then let go of. */
function authenticationBy(
  { key: given, clientSecret = '' }: AuthorizationServerOptions,
  method: AuthenticationMethod,
): () => Promise<ClientAuth> {
  let key = given
  return async () => {
    if (method === 'client_secret_basic') return oauth.ClientSecretBasic(clientSecret)
    if (method === 'client_secret_post') return oauth.ClientSecretPost(clientSecret)
    // `client_id` in the body, by which a client is known that shows a certificate, or nothing.
    if (method !== 'private_key_jwt') return oauth.None()
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
