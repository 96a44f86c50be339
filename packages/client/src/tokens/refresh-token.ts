// The refresh token grant (RFC 6749 section 6), for sessions that were begun elsewhere.

import { invalidOption } from '@countersign/shared'
import type { AuthorizationServerOptions } from './client-options.ts'
import { readClient } from './client-options.ts'
import type { SessionOptions } from './session.ts'
import { createSession, SESSION_OPTION_NAMES } from './session.ts'
import { createTokenEndpoint } from './token-endpoint.ts'
import type { TokenSource } from './token-source.ts'

/** Options of {@link refreshToken}. Without key and secret, the client is a public one. */
export interface RefreshTokenOptions extends AuthorizationServerOptions, SessionOptions {
  /** The refresh token to begin with. Default: the one in the store. */
  readonly refreshToken?: string
}

/**
 * Obtains access tokens by a refresh token. Where the authorization server rotates it, the new one is kept in the store before its access
 * token is used.
 *
 * A public client's refresh token is bound to the key it was issued to (RFC 9449 section 5): the client needs that key (`signer`, `keyStore`).
 *
 * @throws {CountersignError} At once: `ERR_OPTION_INVALID`. When called: as {@link clientCredentials}, `ERR_AUTHORIZATION_REQUIRED` when the
 *   session has ended, and what the store and the lock throw.
 */
export function refreshToken(options: RefreshTokenOptions): TokenSource {
  const client = readClient(options, ['refreshToken', ...SESSION_OPTION_NAMES], true)
  const { refreshToken: initial, store } = options
  if (initial === undefined ? store === undefined : typeof initial !== 'string' || initial === '')
    throw invalidOption('refreshToken', 'a string, or a "store" that has one')
  const session = createSession(client, createTokenEndpoint(client), options, initial)
  return (context) => session.token(context)
}
