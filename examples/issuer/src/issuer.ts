// The configuration of oidc-provider.

import { randomBytes } from 'node:crypto'
import type { Configuration, JWK } from 'oidc-provider'
import Provider, { errors } from 'oidc-provider'
import type { Settings } from './settings.ts'

const SCOPES = ['accounts:read', 'payments:write', 'files:write']

/** Creates the authorization server for an issuer identifier. */
export async function createIssuer(issuer: string, settings: Settings): Promise<Provider> {
  const claimsOf = new Map(settings.clients.map(({ clientId, claims }) => [clientId, claims]))
  const configuration: Configuration = {
    clients: settings.clients.map(({ clientId, jwks, scope }) => ({
      client_id: clientId,
      jwks: jwks as { keys: JWK[] },
      scope,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'ES256',
      dpop_bound_access_tokens: true,
    })),
    scopes: SCOPES,
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { dPoPSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519', 'PS256'] },
    jwks: { keys: [await signingKey()] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    ttl: { ClientCredentials: settings.tokenTtlSeconds },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_context, resource) {
          if (!settings.resources.has(resource)) throw new errors.InvalidTarget()
          return {
            audience: resource,
            scope: SCOPES.join(' '),
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }
        },
      },
    },
    extraTokenClaims: (_context, token) => ({ ...claimsOf.get(token.clientId ?? '') }),
  }
  return new Provider(issuer, configuration)
}

async function signingKey(): Promise<JWK> {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  // `key_ops` would be published as it is, and "sign" is not what the published half is for.
  const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey('jwk', privateKey)
  return { ...jwk, kid: crypto.randomUUID(), alg: 'ES256', use: 'sig' } as JWK
}
