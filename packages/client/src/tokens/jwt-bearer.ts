// The JWT bearer grant (RFC 7523 section 2.1): an assertion of another party in exchange for an access token.

import { invalidOption } from '@countersign/shared'
import type { AuthorizationServerOptions } from './client-options.ts'
import { readClient } from './client-options.ts'
import { createTokenEndpoint, issuedToken } from './token-endpoint.ts'
import type { TokenContext, TokenSource } from './token-source.ts'

/** Options of {@link jwtBearer}. Without key and secret, the client is a public one. */
export interface JwtBearerOptions extends AuthorizationServerOptions {
  /** Returns the assertion, a JWT. Called whenever a token is needed. */
  readonly assertion: (context: TokenContext) => string | Promise<string>
}

/**
 * Obtains access tokens for assertions, bound to the client's key.
 *
 * @throws {CountersignError} As {@link clientCredentials}, and what `assertion` throws.
 */
export function jwtBearer(options: JwtBearerOptions): TokenSource {
  const client = readClient(options, ['assertion'], true)
  const { assertion } = options
  if (typeof assertion !== 'function') throw invalidOption('assertion', 'a function that returns a JWT')
  const endpoint = createTokenEndpoint(client)
  return async function requestToken(context) {
    const parameters = {
      assertion: await assertion(context),
      resource: context.resourceIdentifier,
      ...(client.scope !== undefined && { scope: client.scope }),
    }
    return issuedToken(await endpoint.request(context, 'urn:ietf:params:oauth:grant-type:jwt-bearer', parameters))
  }
}
