// The grants, against a real authorization server: how a client authenticates itself, how a user logs in, how refresh tokens rotate.

import { createHash, X509Certificate } from 'node:crypto'
import { createKey } from '@countersign/testkit'
import type { JWTPayload } from 'jose'
import { decodeJwt } from 'jose'
import type { ClientMetadata, JWK } from 'oidc-provider'
import { generate } from 'selfsigned'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ClientOptions, KeyStore, StoredTokens, TokenSource, TokenStore } from '../src/index.ts'
import { authorizationCode, clientCredentials, refreshToken } from '../src/index.ts'
import type { AuthorizationServer } from './provider.ts'
import { followTo, REDIRECT_URI, SCOPE, startProvider } from './provider.ts'
import { clientOf, serve } from './support.ts'

const running: AuthorizationServer[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

/** An API that shows which tokens it got; and an authorization server that issues them. */
async function start(clients: readonly ClientMetadata[], options: Parameters<typeof startProvider>[2] = {}) {
  const { url: resource, seen } = await serve((response) => void response.end('ok'))
  const server = await startProvider(clients, resource, options)
  running.push(server)
  /** Claims of the tokens that the API got, with the thumbprint of the proof beside each. */
  const tokens = (): JWTPayload[] => seen.map(({ headers }) => decodeJwt(headers.authorization?.slice(5) ?? ''))
  const client = (token: TokenSource, more: Partial<ClientOptions> = {}) => clientOf(resource, { token, ...more })
  return { issuer: server.issuer, server, resource, tokens, seen, client }
}

const publicKeyOf = ({ kty, crv, x, y }: JsonWebKey) => ({ kty, crv, x, y }) as JWK

describe('client authentication', async () => {
  const key = await createKey()
  const jwks = { keys: [publicKeyOf(key.privateJwk as JsonWebKey)] }
  const secret = 'a secret of more than thirty-two characters: /+%:'

  test.each([
    ['private_key_jwt', { jwks }, { key: key.privateJwk as JsonWebKey }],
    ['client_secret_basic', { client_secret: secret }, { clientSecret: secret }],
    [
      'client_secret_post',
      { client_secret: secret },
      { clientSecret: secret, authenticationMethod: 'client_secret_post' },
    ],
  ] as const)('%s', async (method, registered, options) => {
    const { issuer, client, tokens, resource } = await start([
      { client_id: 'partner-7', token_endpoint_auth_method: method, ...registered },
    ])
    const api = client(clientCredentials({ clientId: 'partner-7', issuer, scope: 'accounts:read', ...options }))
    expect((await api.fetch('/')).status).toBe(200)
    expect(tokens()).toMatchObject([
      { aud: resource, client_id: 'partner-7', scope: 'accounts:read', cnf: { jkt: await api.thumbprint() } },
    ])
  })

  test('a secret that is wrong is refused, and stands in no error', async () => {
    const { issuer, client } = await start([{ client_id: 'partner-7', client_secret: secret }])
    const token = clientCredentials({ clientId: 'partner-7', issuer, clientSecret: 'the-wrong-secret' })
    const error: unknown = await client(token)
      .fetch('/')
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_TOKEN_REQUEST_FAILED', reason: 'invalid_client', retryable: false })
    expect(JSON.stringify(error)).not.toContain('wrong-secret')
  })

  test.each(['tls_client_auth', 'self_signed_tls_client_auth'] as const)('%s', async (method) => {
    const tls = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    })
    const own = await generate([{ name: 'commonName', value: 'partner-7' }], { keyType: 'ec' })
    const certificate = new X509Certificate(own.cert)
    const jwk = certificate.publicKey.export({ format: 'jwk' }) as JsonWebKey
    const { issuer, client, tokens, server } = await start(
      [
        {
          client_id: 'partner-7',
          token_endpoint_auth_method: method,
          ...(method === 'tls_client_auth'
            ? { tls_client_auth_subject_dn: certificate.subject }
            : { jwks: { keys: [{ ...publicKeyOf(jwk), x5c: [certificate.raw.toString('base64')] }] } }),
        },
      ],
      { tls: { key: tls.private, cert: tls.cert } },
    )
    const trusting = new Agent({ connect: { ca: tls.cert } })
    const presenting = new Agent({ connect: { ca: tls.cert, cert: own.cert, key: own.private } })
    onTestFinished(async () => void (await Promise.all([trusting.destroy(), presenting.destroy()])))
    const by = (dispatcher: Agent) =>
      ((input: string, init: object) => undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch
    const options = { clientId: 'partner-7', issuer, authenticationMethod: method, scope: 'accounts:read' }
    const api = client(clientCredentials({ ...options, fetch: by(presenting) }), { fetch: by(trusting) })
    expect((await api.fetch('/')).status).toBe(200)
    expect(tokens()).toMatchObject([{ client_id: 'partner-7', cnf: { jkt: await api.thumbprint() } }])
    expect(server.requests.filter(({ path }) => path === '/token')).toHaveLength(2)

    const without = client(clientCredentials({ ...options, fetch: by(trusting) }), { fetch: by(trusting) })
    await expect(without.fetch('/')).rejects.toMatchObject({ reason: 'invalid_client' })
  })
})

describe('a user', () => {
  const webApp: ClientMetadata = {
    client_id: 'web-app',
    token_endpoint_auth_method: 'none',
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  }
  const options = (issuer: string) => ({
    clientId: 'web-app',
    issuer,
    redirectUri: REDIRECT_URI,
    scope: `openid ${SCOPE}`,
  })

  test.each([
    ['by parameters in the URL', false],
    ['by pushed parameters', true],
  ])('logs in %s', async (_, par) => {
    const { issuer, client, tokens, resource, server } = await start([webApp], { par })
    const login = authorizationCode(options(issuer))
    const api = client(login)
    const url = await login.begin({ login_hint: 'ada' })
    const jkt = await api.thumbprint()
    if (par) {
      expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
      expect(server.requests.filter(({ path }) => path === '/request').at(-1)?.dpop).toMatch(/^ey/)
    } else {
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        code_challenge_method: 'S256',
        dpop_jkt: jkt,
        resource,
        login_hint: 'ada',
      })
    }
    const { idTokenClaims } = await login.complete(await followTo(url, REDIRECT_URI))
    expect(idTokenClaims).toMatchObject({ sub: 'user-1', aud: 'web-app' })
    expect((await api.fetch('/')).status).toBe(200)
    expect(tokens()).toMatchObject([{ sub: 'user-1', client_id: 'web-app', aud: resource, scope: SCOPE, cnf: { jkt } }])
  })

  test('has to log in before the first call', async () => {
    const { issuer, client, seen } = await start([webApp])
    await expect(client(authorizationCode(options(issuer))).fetch('/')).rejects.toMatchObject({
      code: 'ERR_AUTHORIZATION_REQUIRED',
    })
    expect(seen).toHaveLength(0)
  })

  test('without openid there is no ID token, and none is missed', async () => {
    const { issuer, client } = await start([webApp])
    const login = authorizationCode({ ...options(issuer), scope: SCOPE })
    const api = client(login)
    const { idTokenClaims } = await login.complete((await followTo(await login.begin(), REDIRECT_URI)).href)
    expect(idTokenClaims).toBeUndefined()
    expect((await api.fetch('/')).status).toBe(200)
  })

  describe('is not logged in by', () => {
    async function begun() {
      const { issuer, client } = await start([webApp])
      const login = authorizationCode(options(issuer))
      const api = client(login)
      const callback = await followTo(await login.begin(), REDIRECT_URI)
      return { login, api, callback, issuer, client }
    }
    const failure = (reason: string) => ({ code: 'ERR_AUTHORIZATION_FAILED', reason })

    test('a callback that nobody began', async () => {
      const { login, callback } = await begun()
      callback.searchParams.set('state', 'another')
      await expect(login.complete(callback)).rejects.toMatchObject(failure('state'))
    })

    test('a callback that comes twice', async () => {
      const { login, callback } = await begun()
      await login.complete(callback)
      await expect(login.complete(callback)).rejects.toMatchObject(failure('state'))
    })

    test('a callback of another issuer', async () => {
      const { login, callback } = await begun()
      callback.searchParams.set('iss', 'https://attacker.example')
      await expect(login.complete(callback)).rejects.toMatchObject(failure('response'))
    })

    test('a callback without issuer, from one that sends it', async () => {
      const { login, callback } = await begun()
      callback.searchParams.delete('iss')
      await expect(login.complete(callback)).rejects.toMatchObject(failure('response'))
    })

    test('a refusal', async () => {
      const { login, callback } = await begun()
      callback.searchParams.delete('code')
      callback.searchParams.set('error', 'access_denied')
      await expect(login.complete(callback)).rejects.toMatchObject(failure('access_denied'))
    })

    test('a code of somebody else', async () => {
      const { login, callback, api } = await begun()
      callback.searchParams.set('code', 'another')
      await expect(login.complete(callback)).rejects.toMatchObject({ reason: 'invalid_grant' })
      await expect(api.fetch('/')).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_REQUIRED' })
    })

    test('a page that has lost the key', async () => {
      const logins = new Map<string, string>()
      const pending = {
        set: (state: string, login: string) => void logins.set(state, login),
        take: (state: string) => logins.get(state),
      }
      const { issuer, client } = await start([webApp])
      const before = authorizationCode({ ...options(issuer), pending })
      client(before)
      const callback = await followTo(await before.begin(), REDIRECT_URI)
      const after = authorizationCode({ ...options(issuer), pending })
      client(after)
      await expect(after.complete(callback)).rejects.toMatchObject(failure('key'))
    })
  })

  test('comes back to a page that has kept its key', async () => {
    const { issuer, client, tokens } = await start([webApp])
    const keyStore = createKeyStore()
    const logins = new Map<string, string>()
    const pending = {
      set: (state: string, login: string) => void logins.set(state, login),
      take: (state: string) => logins.get(state),
    }
    const before = authorizationCode({ ...options(issuer), pending })
    client(before, { keyStore })
    const callback = await followTo(await before.begin(), REDIRECT_URI)
    const after = authorizationCode({ ...options(issuer), pending })
    const api = client(after, { keyStore })
    await after.complete(callback)
    await api.fetch('/')
    expect(tokens()).toMatchObject([{ cnf: { jkt: await api.thumbprint() } }])
  })

  test('may be another one: the token of the first is not used any more', async () => {
    const { issuer, client, tokens } = await start([webApp])
    const login = authorizationCode(options(issuer))
    const api = client(login)
    await login.complete(await followTo(await login.begin(), REDIRECT_URI))
    await api.fetch('/')
    await login.complete(await followTo(await login.begin(), REDIRECT_URI))
    await api.fetch('/')
    const [first, second] = tokens()
    expect(first?.jti).not.toBe(second?.jti)
    await login.forget()
    await expect(api.fetch('/')).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_REQUIRED' })
  })
})

describe('refresh tokens', () => {
  const webApp: ClientMetadata = {
    client_id: 'web-app',
    token_endpoint_auth_method: 'none',
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  }

  /** A session that was begun by a login, with what is kept of it. */
  async function session(keyStore: KeyStore = createKeyStore()) {
    const { issuer, client, tokens, seen, server } = await start([webApp])
    const store = createStore()
    const login = authorizationCode({ clientId: 'web-app', issuer, redirectUri: REDIRECT_URI, scope: SCOPE, store })
    client(login, { keyStore })
    await login.complete(await followTo(await login.begin(), REDIRECT_URI))
    return { issuer, client, tokens, seen, server, store, keyStore }
  }
  const refreshes = (server: AuthorizationServer) => server.requests.filter(({ path }) => path === '/token').length

  test('are used when the access token is gone, and the new one is kept before that', async () => {
    const { issuer, client, store, keyStore, tokens, seen } = await session()
    const first = store.kept as StoredTokens
    store.kept = { ...first, expiresAt: Date.now() - 1 }
    const api = client(refreshToken({ clientId: 'web-app', issuer, store }), { keyStore })
    const writes: number[] = []
    store.onWrite = () => void writes.push(seen.length)
    expect((await api.fetch('/')).status).toBe(200)
    expect(store.kept?.refreshToken).not.toBe(first.refreshToken)
    expect(writes).toEqual([0])
    expect(tokens()).toMatchObject([{ sub: 'user-1', cnf: { jkt: await api.thumbprint() } }])
    expect(seen[0]?.headers.authorization).toBe(`DPoP ${store.kept?.accessToken}`)
  })

  test('are left alone while the access token that was kept is good', async () => {
    const { issuer, client, store, keyStore, server, seen } = await session()
    const before = refreshes(server)
    await client(refreshToken({ clientId: 'web-app', issuer, store }), { keyStore }).fetch('/')
    expect(refreshes(server)).toBe(before)
    expect(seen[0]?.headers.authorization).toBe(`DPoP ${store.kept?.accessToken}`)
  })

  test('of ten clients that share a store are used by one of them', async () => {
    const { issuer, client, store, keyStore, server } = await session()
    store.kept = { ...(store.kept as StoredTokens), expiresAt: Date.now() - 1 }
    const before = refreshes(server)
    const source = () => refreshToken({ clientId: 'web-app', issuer, store })
    const clients = Array.from({ length: 10 }, () => client(source(), { keyStore }))
    const responses = await Promise.all(clients.map((api) => api.fetch('/')))
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200))
    // One request, and the one before it for the nonce of the authorization server.
    expect(refreshes(server) - before).toBeLessThanOrEqual(2)
  })

  test('that somebody has used meanwhile, without taking turns, are read again', async () => {
    const { issuer, client, store, keyStore, server } = await session()
    const stale = { ...(store.kept as StoredTokens), expiresAt: Date.now() - 1 }
    store.kept = stale
    const source = () => refreshToken({ clientId: 'web-app', issuer, store, lock: (_, run) => run() })
    const [a, b] = [client(source(), { keyStore }), client(source(), { keyStore })]
    await a.fetch('/')
    // The other one had read the store before.
    const { kept: fresh } = store
    let reads = 0
    store.read = () => (reads++ === 0 ? stale : fresh)
    expect((await b.fetch('/')).status).toBe(200)
    expect(reads).toBe(2)
    expect(store.kept).toBe(fresh)
    expect(server.requests.length).toBeGreaterThan(0)
  })

  test('that are no longer taken end the session, and that is said', async () => {
    const { issuer, client, store, keyStore } = await session()
    store.kept = { ...(store.kept as StoredTokens), refreshToken: 'revoked', expiresAt: Date.now() - 1 }
    const api = client(refreshToken({ clientId: 'web-app', issuer, store }), { keyStore })
    await expect(api.fetch('/')).rejects.toMatchObject({
      code: 'ERR_AUTHORIZATION_REQUIRED',
      cause: { code: 'ERR_TOKEN_REQUEST_FAILED', reason: 'invalid_grant' },
    })
    expect(store.kept).toBeUndefined()
  })

  test('are not forgotten when the authorization server is down', async () => {
    const { issuer, client, store, keyStore, server } = await session()
    store.kept = { ...(store.kept as StoredTokens), expiresAt: Date.now() - 1 }
    const before = store.kept
    await server.stop()
    const api = client(refreshToken({ clientId: 'web-app', issuer, store }), { keyStore })
    await expect(api.fetch('/')).rejects.toMatchObject({ code: 'ERR_DISCOVERY_FAILED' })
    expect(store.kept).toBe(before)
  })

  test('of a public client are of no use to another key', async () => {
    const { issuer, client, store } = await session()
    const api = client(refreshToken({ clientId: 'web-app', issuer, store }))
    await expect(api.fetch('/')).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_REQUIRED' })
  })

  test('may be given alone', async () => {
    const { issuer, client, store, keyStore } = await session()
    const token = refreshToken({ clientId: 'web-app', issuer, refreshToken: store.kept?.refreshToken ?? '' })
    expect((await client(token, { keyStore }).fetch('/')).status).toBe(200)
  })

  test('a store that cannot be written uses nothing', async () => {
    const { issuer, client, store, keyStore, seen } = await session()
    store.kept = { ...(store.kept as StoredTokens), expiresAt: Date.now() - 1 }
    store.onWrite = () => {
      throw new Error('disk full')
    }
    const api = client(refreshToken({ clientId: 'web-app', issuer, store }), { keyStore })
    await expect(api.fetch('/')).rejects.toThrow('disk full')
    expect(seen).toHaveLength(0)
  })
})

/** Tokens kept where a test can see them. */
function createStore() {
  const store: TokenStore & { kept: StoredTokens | undefined; onWrite: () => void } = {
    kept: undefined,
    onWrite: () => undefined,
    read: () => store.kept,
    write(tokens) {
      store.onWrite()
      store.kept = tokens
    },
  }
  return store
}

/** A key that outlives its client. */
function createKeyStore(): KeyStore {
  let kept: CryptoKeyPair | undefined
  return {
    get: async () => kept,
    async add(keyPair) {
      kept ??= keyPair
      return kept
    },
  }
}

test('an access token is bound to the key of the proof beside it', async () => {
  const key = await createKey()
  const { issuer, client, seen, resource } = await start([
    {
      client_id: 'partner-7',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [publicKeyOf(key.privateJwk as JsonWebKey)] },
    },
  ])
  const api = client(clientCredentials({ clientId: 'partner-7', issuer, key: key.privateJwk as JsonWebKey }))
  await api.fetch('/')
  const token = seen[0]?.headers.authorization?.slice(5) ?? ''
  expect(seen[0]?.claims).toMatchObject({
    htu: `${resource}/`,
    ath: createHash('sha256').update(token).digest('base64url'),
  })
})
