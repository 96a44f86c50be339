// The client credentials grant (RFC 6749 section 4.4), for a token bound to the client's DPoP key.

import type { AuthorizationServerOptions } from './client-options.ts'
import { readClient } from './client-options.ts'
import { createTokenEndpoint, issuedToken } from './token-endpoint.ts'
import type { TokenSource } from './token-source.ts'

/** Options of {@link clientCredentials}. */
export interface ClientCredentialsOptions extends AuthorizationServerOptions {}

/**
 * Obtains access tokens by the client credentials grant, for the client's resource (RFC 8707).
 *
 * A client assertion is made anew for every attempt, its audience is the issuer, and it lives a minute.
 *
 * @throws {CountersignError} At once: `ERR_OPTION_INVALID`. When called: `ERR_OPTION_INVALID` and `ERR_KEY_EXTRACTABLE` for the key,
 *   `ERR_DISCOVERY_FAILED`, `ERR_TOKEN_REQUEST_FAILED` (`reason` is the OAuth error), `ERR_TOKEN_NOT_BOUND`.
 * @example
 * createClient({ resource: 'https://api.example.com', token: clientCredentials({ clientId: 'partner-7', key }) })
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  const client = readClient(options)
  const endpoint = createTokenEndpoint(client)
  return async function requestToken(context) {
    const parameters = {
      resource: context.resourceIdentifier,
      ...(client.scope !== undefined && { scope: client.scope }),
    }
    return issuedToken(await endpoint.request(context, 'client_credentials', parameters))
  }
}
