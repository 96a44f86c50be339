// A real authorization server (oidc-provider) that issues opaque, DPoP-bound access tokens, and is asked about them.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createKey, createProof } from '@countersign/testkit'
import type { JWK } from 'jose'
import * as oauth from 'oauth4webapi'
import type { Configuration } from 'oidc-provider'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IntrospectionOptions } from '../src/verifier.ts'
import { createVerifier, RefusalError } from '../src/verifier.ts'
import { RESOURCE } from './support.ts'

const SECRET = randomBytes(32).toString('hex')
const server = createServer()
let issuer: string
let provider: Provider
let clientKey: Awaited<ReturnType<typeof createKey>>
let apiKey: Awaited<ReturnType<typeof createKey>>

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  clientKey = await createKey()
  apiKey = await createKey()
  const signing = await createKey()
  const common = {
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256',
    introspection_signed_response_alg: 'ES256',
  }
  const machine = { grant_types: ['client_credentials'], ...common }
  const api = { grant_types: [], ...common }
  const configuration: Configuration = {
    clients: [
      {
        client_id: 'partner-7',
        client_secret: SECRET,
        scope: 'accounts:read',
        dpop_bound_access_tokens: true,
        ...machine,
      },
      { client_id: 'api-basic', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic', ...api },
      { client_id: 'api-post', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_post', ...api },
      { client_id: 'api-secret-jwt', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_jwt', ...api },
      {
        client_id: 'api-key',
        jwks: { keys: [apiKey.jwk as never] },
        token_endpoint_auth_method: 'private_key_jwt',
        ...api,
      },
    ] as NonNullable<Configuration['clients']>,
    scopes: ['accounts:read'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'],
    jwks: { keys: [{ ...(signing.privateJwk as JWK), kid: 'k', alg: 'ES256', use: 'sig' } as never] },
    cookies: { keys: ['x'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ audience: RESOURCE, scope: 'accounts:read', accessTokenFormat: 'opaque' }),
      },
    },
  }
  provider = new Provider(issuer, configuration)
  server.on('request', provider.callback())
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const options = { [oauth.allowInsecureRequests]: true }

async function metadata(): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  const response = await oauth.discoveryRequest(url, { algorithm: 'oidc', ...options })
  return oauth.processDiscoveryResponse(url, response)
}

/** An opaque token, bound to the client's key. */
async function opaqueToken(): Promise<string> {
  const as = await metadata()
  const client = { client_id: 'partner-7' }
  const keys = { privateKey: clientKey.privateKey, publicKey: await publicKeyOf(clientKey.jwk) }
  const DPoP = oauth.DPoP({}, keys as CryptoKeyPair)
  const parameters = { resource: RESOURCE, scope: 'accounts:read' }
  const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(SECRET), parameters, {
    DPoP,
    ...options,
  })
  const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response)
  expect(token.split('.')).toHaveLength(1)
  return token
}

function publicKeyOf(jwk: JWK): Promise<CryptoKey> {
  return crypto.subtle.importKey('jwk', jwk as JsonWebKey, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
}

async function call(accessToken: string, introspection: IntrospectionOptions, key = clientKey) {
  const verifier = createVerifier({ resource: RESOURCE, issuer: { issuer, introspection }, nonce: 'off' })
  const proof = await createProof({ key, method: 'GET', url: `${RESOURCE}/`, accessToken })
  const rawHeaders = ['Authorization', `DPoP ${accessToken}`, 'DPoP', proof]
  try {
    return (await verifier.verify({ method: 'GET', target: '/', rawHeaders })).caller
  } catch (error) {
    if (error instanceof RefusalError) return error.code
    throw error
  }
}

const basic = (): IntrospectionOptions => ({
  clientId: 'api-basic',
  clientAuthentication: oauth.ClientSecretBasic(SECRET),
  maxAgeSeconds: 0,
})

describe('oidc-provider', () => {
  test.each([
    ['client_secret_basic', basic],
    ['client_secret_post', () => ({ clientId: 'api-post', clientAuthentication: oauth.ClientSecretPost(SECRET) })],
    ['client_secret_jwt', () => ({ clientId: 'api-secret-jwt', clientAuthentication: oauth.ClientSecretJwt(SECRET) })],
    ['private_key_jwt', () => ({ clientId: 'api-key', clientAuthentication: oauth.PrivateKeyJwt(apiKey.privateKey) })],
    [
      'private_key_jwt, with signed answers',
      () => ({
        clientId: 'api-key',
        clientAuthentication: oauth.PrivateKeyJwt(apiKey.privateKey),
        answers: 'jwt' as const,
      }),
    ],
  ])('says what an opaque token is, asked by %s', async (_, introspection) => {
    expect(await call(await opaqueToken(), introspection())).toMatchObject({
      issuer,
      clientId: 'partner-7',
      subjectType: 'client',
      scopes: ['accounts:read'],
      jkt: clientKey.jkt,
    })
  })

  test('says to which key: another is refused', async () => {
    expect(await call(await opaqueToken(), basic(), await createKey())).toBe('ERR_TOKEN_BINDING_MISMATCH')
  })

  test('says that a token was revoked, or never issued', async () => {
    const token = await opaqueToken()
    const as = await metadata()
    const client = { client_id: 'partner-7' }
    const revocation = await oauth.revocationRequest(as, client, oauth.ClientSecretBasic(SECRET), token, options)
    await oauth.processRevocationResponse(revocation)
    expect(await call(token, basic())).toBe('ERR_TOKEN_INACTIVE')
    expect(await call('never-issued', basic())).toBe('ERR_TOKEN_INACTIVE')
  })

  test('knows refresh tokens too, which are no access tokens', async () => {
    const client = await provider.Client.find('partner-7')
    const grant = new provider.Grant({ clientId: 'partner-7', accountId: 'user-1' })
    const grantId = await grant.save()
    const token = new provider.RefreshToken({
      client,
      accountId: 'user-1',
      grantId,
      scope: 'accounts:read',
      gty: 'authorization_code',
      jkt: clientKey.jkt,
    } as never)
    const outcome = await call(await token.save(), basic())
    expect(outcome).toMatch(/^ERR_TOKEN_(?:CLAIM_MISSING|KIND|INACTIVE)$/)
  })

  test('does not let a stranger ask: a fault of ours, not of the caller', async () => {
    const wrong = { ...basic(), clientAuthentication: oauth.ClientSecretBasic('wrong') }
    expect(await call(await opaqueToken(), wrong)).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })
})
