// A real authorization server (oidc-provider) that issues opaque, DPoP-bound access tokens, and is asked about them.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestKey } from '@countersign/testkit'
import { createKey, createProof } from '@countersign/testkit'
import type { JWK } from 'jose'
import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import type { Configuration } from 'oidc-provider'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IntrospectionOptions, IssuerOptions, Verifier } from '../src/verifier.ts'
import { createVerifier, issuerProfiles, RefusalError } from '../src/verifier.ts'
import { createClock, RESOURCE } from './support.ts'

/** A resource that the server issues JWTs for. */
const RESOURCE_OF_JWTS = 'https://api.example.com/jwt'
const SECRET = randomBytes(32).toString('hex')
const server = createServer()
let issuer: string
let provider: Provider
let clientKey: TestKey
let apiKey: TestKey

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
      { client_id: 'partner-8', client_secret: SECRET, scope: 'accounts:read', ...machine },
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
    // With the second of these it knows refresh tokens too.
    scopes: ['accounts:read', 'offline_access'],
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
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: 'accounts:read',
          accessTokenFormat: resource === RESOURCE_OF_JWTS ? 'jwt' : 'opaque',
          jwt: { sign: { alg: 'ES256' } },
        }),
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
async function opaqueToken(resource = RESOURCE): Promise<string> {
  const token = await issuedToken('partner-7', { resource, scope: 'accounts:read' })
  expect(token.split('.')).toHaveLength(1)
  return token
}

/** A token; bound to the client's key, unless it is that of the client that has none. */
async function issuedToken(clientId: 'partner-7' | 'partner-8', parameters: Record<string, string>): Promise<string> {
  const as = await metadata()
  const client = { client_id: clientId }
  const keys = { privateKey: clientKey.privateKey, publicKey: await publicKeyOf(clientKey.jwk) }
  const DPoP = oauth.DPoP({}, keys as CryptoKeyPair)
  const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(SECRET), parameters, {
    ...(clientId === 'partner-7' && { DPoP }),
    ...options,
  })
  const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response)
  return token
}

/** A refresh token, bound to the client's key. */
async function refreshToken(): Promise<string> {
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
  return token.save()
}

function publicKeyOf(jwk: JWK): Promise<CryptoKey> {
  return crypto.subtle.importKey('jwk', jwk as JsonWebKey, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
}

interface Call {
  readonly key?: TestKey
  readonly scheme?: 'DPoP' | 'Bearer'
  readonly issuerOptions?: Partial<IssuerOptions>
  readonly verifier?: Verifier
}

function verifierOf(
  introspection: IntrospectionOptions,
  issuerOptions: Partial<IssuerOptions> = {},
  clock?: () => number,
) {
  return createVerifier({
    resource: RESOURCE,
    issuer: { issuer, profile: 'oidc-provider', introspection, ...issuerOptions },
    nonce: 'off',
    accept: ['dpop', 'bearer'],
    maxProofAgeSeconds: 300,
    ...(clock && { clock }),
  })
}

async function call(
  accessToken: string,
  introspection: IntrospectionOptions,
  { key = clientKey, scheme = 'DPoP', issuerOptions, verifier = verifierOf(introspection, issuerOptions) }: Call = {},
) {
  const proof = await createProof({ key, method: 'GET', url: `${RESOURCE}/`, accessToken })
  const rawHeaders = ['Authorization', `${scheme} ${accessToken}`, ...(scheme === 'DPoP' ? ['DPoP', proof] : [])]
  try {
    return (await verifier.verify({ method: 'GET', target: '/', rawHeaders })).caller
  } catch (error) {
    if (error instanceof RefusalError) return error.code
    throw error
  }
}

async function revoke(token: string): Promise<void> {
  const client = { client_id: 'partner-7' }
  const authentication = oauth.ClientSecretBasic(SECRET)
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(await metadata(), client, authentication, token, options),
  )
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
    expect(await call(await opaqueToken(), basic(), { key: await createKey() })).toBe('ERR_TOKEN_BINDING_MISMATCH')
  })

  test('says that a token was revoked, or never issued', async () => {
    const token = await opaqueToken()
    await revoke(token)
    expect(await call(token, basic())).toBe('ERR_TOKEN_INACTIVE')
    expect(await call('never-issued', basic())).toBe('ERR_TOKEN_INACTIVE')
  })

  test('knows refresh tokens too, which are no access tokens, whatever the profile of the issuer leaves out', async () => {
    const token = await refreshToken()
    const client = { client_id: 'api-basic' }
    const answer = await oauth.introspectionRequest(
      await metadata(),
      client,
      oauth.ClientSecretBasic(SECRET),
      token,
      options,
    )
    expect(await answer.json()).toMatchObject({ active: true, client_id: 'partner-7', cnf: { jkt: clientKey.jkt } })
    expect(await call(token, basic())).toBe('ERR_TOKEN_KIND')
    const withoutAudience = {
      profile: { ...issuerProfiles.rfc9068, optional: ['aud' as const] },
      clients: ['partner-7'],
    }
    expect(await call(token, basic(), { issuerOptions: withoutAudience })).toBe('ERR_TOKEN_KIND')
  })

  test('does not let a stranger ask: a fault of ours, not of the caller', async () => {
    const wrong = { ...basic(), clientAuthentication: oauth.ClientSecretBasic('wrong') }
    expect(await call(await opaqueToken(), wrong)).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })

  test('names one audience as a text, and it is compared: a token for another resource, or for none, is refused', async () => {
    const caller = await call(await opaqueToken(), basic())
    expect(caller).toMatchObject({ claims: { aud: RESOURCE, token_type: 'DPoP' } })
    expect(await call(await opaqueToken('https://other.example'), basic())).toBe('ERR_TOKEN_AUDIENCE')
    const forNone = await issuedToken('partner-7', { scope: 'accounts:read' })
    expect(await call(forNone, basic())).toBe('ERR_TOKEN_CLAIM_MISSING')
  })

  test('says whether a token is bound: each kind is taken with its own scheme only', async () => {
    const bound = await opaqueToken()
    const unbound = await issuedToken('partner-8', { resource: RESOURCE, scope: 'accounts:read' })
    expect(await call(bound, basic(), { scheme: 'Bearer' })).toBe('ERR_TOKEN_BOUND')
    expect(await call(unbound, basic())).toBe('ERR_TOKEN_UNBOUND')
    expect(await call(unbound, basic(), { scheme: 'Bearer' })).toMatchObject({ kind: 'bearer', clientId: 'partner-8' })
  })

  test('is asked again once what it said is too old: a token that was revoked is refused then', async () => {
    const clock = createClock()
    const introspection = { ...basic(), maxAgeSeconds: 10 }
    const verifier = verifierOf(introspection, {}, clock)
    const token = await opaqueToken()
    expect(await call(token, introspection, { verifier })).toMatchObject({ clientId: 'partner-7' })
    await revoke(token)
    clock.now += 9
    expect(await call(token, introspection, { verifier })).toMatchObject({ clientId: 'partner-7' })
    clock.now += 1
    expect(await call(token, introspection, { verifier })).toBe('ERR_TOKEN_INACTIVE')
  })

  test('does not read what begins like a JWT: a stranger who sends that delays nobody', async () => {
    const verifier = verifierOf(basic())
    expect(await call('eyJhbGciOiJFUzI1NiJ9.x.x', basic(), { verifier })).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    expect(await call(await opaqueToken(), basic(), { verifier })).toMatchObject({ clientId: 'partner-7' })
  })

  test('issues JWTs that need not be asked about, and does not answer whoever asks', async () => {
    const token = await issuedToken('partner-7', { resource: RESOURCE_OF_JWTS, scope: 'accounts:read' })
    const issuerOptions = { audience: RESOURCE_OF_JWTS }
    expect(await call(token, basic(), { issuerOptions })).toMatchObject({ clientId: 'partner-7' })
    const all = { ...basic(), tokens: 'all' as const }
    expect(await call(token, all, { issuerOptions })).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })

  test('signs answers, which are no access tokens', async () => {
    const client = { client_id: 'api-key', introspection_signed_response_alg: 'ES256' }
    const authentication = oauth.PrivateKeyJwt(apiKey.privateKey)
    const token = await opaqueToken()
    const response = await oauth.introspectionRequest(await metadata(), client, authentication, token, options)
    expect(response.headers.get('content-type')).toMatch(/^application\/token-introspection\+jwt/)
    const answer = await response.text()
    expect(decodeJwt(answer)).toMatchObject({ token_introspection: { active: true, cnf: { jkt: clientKey.jkt } } })
    expect(await call(answer, basic(), { issuerOptions: { audience: 'api-key' } })).toBe('ERR_TOKEN_TYP')
    expect(await call(answer, { ...basic(), answers: 'jwt' })).toBe('ERR_TOKEN_TYP')
  })
})
