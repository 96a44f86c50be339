// The token source of a credential. What it takes to request tokens is loaded with the first one, since most clients are given a source.

import { once } from '../once.ts'
import type { TokenSource } from '../tokens/token-source.ts'
import type { Credential } from './credential.ts'

/** The client credentials grant, with what a credential says. */
export function credentialToken({ client_id: clientId, issuer, scope, jwk: key }: Credential): TokenSource {
  const source = once(async () => {
    const { clientCredentials } = await import('../tokens/client-credentials.ts')
    return clientCredentials({ clientId, issuer, key, ...(scope !== undefined && { scope }) })
  })
  return async (context) => (await source())(context)
}
