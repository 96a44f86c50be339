// The token source of a credential. What it takes to request tokens is loaded with the first one, since most clients are given a source.

import { once } from '../once.ts'
import type { TokenSource } from '../tokens/token-source.ts'
import type { Credential } from './credential.ts'

/** The client credentials grant, with what a credential says. The private key is let go of once it is imported. */
export function credentialToken(credential: Credential): TokenSource {
  const { client_id: clientId, issuer, scope } = credential
  let key: Credential['jwk'] | undefined = credential.jwk
  const source = once(async () => {
    const { clientCredentials } = await import('../tokens/client-credentials.ts')
    const made = clientCredentials({
      clientId,
      issuer,
      ...(key !== undefined && { key }),
      ...(scope !== undefined && { scope }),
    })
    key = undefined
    return made
  })
  return async (context) => (await source())(context)
}
