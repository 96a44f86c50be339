// What one writes by hand with jose: the token against the issuer's keys, the proof against the key in it, and the claims of both.

import type { JSONWebKeySet } from 'jose'
import { calculateJwkThumbprint, createLocalJWKSet, EmbeddedJWK, jwtVerify } from 'jose'
import type { VerifierContender } from './verifier.ts'
import type { Issuer } from './world.ts'
import { ISSUER, RESOURCE } from './world.ts'

/** Verifies the token alone, as a bearer token. */
export function createBearerCheck({ jwks, key }: Issuer): (token: string) => Promise<{ cnf?: { jkt?: string } }> {
  const keys = createLocalJWKSet(jwks as JSONWebKeySet)
  const options = { issuer: ISSUER, audience: RESOURCE, typ: 'at+jwt', algorithms: [key.alg] }
  return async (token) => (await jwtVerify<{ cnf?: { jkt?: string } }>(token, keys, options)).payload
}

/** Creates the verifier. */
export function createWithJose(issuer: Issuer): VerifierContender {
  const verifyToken = createBearerCheck(issuer)
  const options = { typ: 'dpop+jwt', algorithms: ['ES256'], maxTokenAge: '60s', requiredClaims: ['jti'] }
  return {
    name: 'jose by hand',
    remembersProofs: false,
    async verify({ accessToken, proof, method, target }) {
      const { cnf } = await verifyToken(accessToken)
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, options)
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(accessToken))
      if (payload['htm'] !== method || payload['htu'] !== RESOURCE + target) throw new Error('The request is another')
      if (payload['ath'] !== Buffer.from(digest).toString('base64url')) throw new Error('The token is another')
      if (protectedHeader.jwk === undefined || (await calculateJwkThumbprint(protectedHeader.jwk)) !== cnf?.jkt) {
        throw new Error('The key is another')
      }
    },
  }
}
