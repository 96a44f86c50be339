// oauth4webapi, as its documentation has it: validateJwtAccessToken, of a Request, with the key set kept.

import * as oauth from 'oauth4webapi'
import type { VerifierContender } from './verifier.ts'
import type { Issuer } from './world.ts'
import { ISSUER, now, RESOURCE } from './world.ts'

/** Creates the verifier. */
export function createWithOauth4webapi({ jwks, key }: Issuer): VerifierContender {
  const server = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }
  const cache = { jwks: structuredClone(jwks), uat: now() } as oauth.JWKSCacheInput
  const options = { [oauth.jwksCache]: cache, requireDPoP: true, signingAlgorithms: [key.alg, 'ES256'] }
  return {
    name: 'oauth4webapi',
    remembersProofs: false,
    verify({ accessToken, proof, method, target }) {
      const headers = { authorization: `DPoP ${accessToken}`, dpop: proof }
      const request = new Request(RESOURCE + target, { method, headers })
      return oauth.validateJwtAccessToken(server, request, RESOURCE, options)
    },
  }
}
