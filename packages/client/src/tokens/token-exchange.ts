// Token exchange (RFC 8693): another token in exchange for one for this resource.

import { invalidOption } from '@countersign/shared'
import type { AuthorizationServerOptions } from './client-options.ts'
import { readClient } from './client-options.ts'
import { createTokenEndpoint, issuedToken } from './token-endpoint.ts'
import type { TokenContext, TokenSource } from './token-source.ts'

/** Options of {@link tokenExchange}. Without key and secret, the client is a public one. */
export interface TokenExchangeOptions extends AuthorizationServerOptions {
  /** Returns the token of whom the new one is for. Called whenever a token is needed. */
  readonly subjectToken: (context: TokenContext) => string | Promise<string>
  /** Its type. Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subjectTokenType?: string
  /** Returns the token of whoever acts for that party. Default: none. */
  readonly actorToken?: (context: TokenContext) => string | Promise<string>
  /** Its type. Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly actorTokenType?: string
  /** Logical name of the service that the token is for, beside `resource`. */
  readonly audience?: string
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const NAMES = ['subjectToken', 'subjectTokenType', 'actorToken', 'actorTokenType', 'audience'] as const

/**
 * Obtains access tokens in exchange for others, bound to the client's key.
 *
 * @throws {CountersignError} As {@link clientCredentials}, and what `subjectToken` and `actorToken` throw.
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  const client = readClient(options, NAMES, true)
  const { subjectToken, subjectTokenType = ACCESS_TOKEN, actorToken, actorTokenType = ACCESS_TOKEN, audience } = options
  if (typeof subjectToken !== 'function') throw invalidOption('subjectToken', 'a function that returns a token')
  if (actorToken !== undefined && typeof actorToken !== 'function')
    throw invalidOption('actorToken', 'a function that returns a token')
  for (const name of ['subjectTokenType', 'actorTokenType', 'audience'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'string') throw invalidOption(name, 'a string')
  }
  const endpoint = createTokenEndpoint(client)
  return async function requestToken(context) {
    const parameters = {
      subject_token: await subjectToken(context),
      subject_token_type: subjectTokenType,
      ...(actorToken !== undefined && { actor_token: await actorToken(context), actor_token_type: actorTokenType }),
      requested_token_type: ACCESS_TOKEN,
      resource: context.resourceIdentifier,
      ...(audience !== undefined && { audience }),
      ...(client.scope !== undefined && { scope: client.scope }),
    }
    return issuedToken(await endpoint.request(context, 'urn:ietf:params:oauth:grant-type:token-exchange', parameters))
  }
}
