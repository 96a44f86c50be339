// Access tokens: one flight, renewal ahead of expiry, one forced renewal, and what authorization servers answer.

import { inspect } from 'node:util'
import { createKey } from '@countersign/testkit'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { clientCredentials } from '../src/tokens/client-credentials.ts'
import { createTokenManager } from '../src/tokens/token-manager.ts'
import type { Seen } from './support.ts'
import { clientOf, serve } from './support.ts'

describe('the token manager', () => {
  const token = (number: number) => ({ accessToken: `token-${number}` })

  test('asks once for many, and again only when the token is about to expire', async () => {
    vi.useFakeTimers()
    try {
      let issued = 0
      const manager = createTokenManager(async () => ({ accessToken: `token-${++issued}`, expiresInSeconds: 100 }))
      expect(await Promise.all([manager.current(), manager.current()])).toMatchObject([token(1), token(1)])
      vi.advanceTimersByTime(84_000)
      expect(manager.current()).toMatchObject(token(1))
      vi.advanceTimersByTime(7_000)
      expect(manager.current()).toMatchObject(token(1)) // still good; a renewal is under way
      await vi.advanceTimersByTimeAsync(0)
      expect(manager.current()).toMatchObject(token(2))
      vi.advanceTimersByTime(100_001)
      expect(await manager.current()).toMatchObject(token(3))
    } finally {
      vi.useRealTimers()
    }
  })

  test('five refusals of one token renew it once, and a late one not at all', async () => {
    let issued = 0
    const manager = createTokenManager(async () => `token-${++issued}`)
    const first = await manager.current()
    const renewed = await Promise.all(Array.from({ length: 5 }, () => manager.renewed(first)))
    for (const each of renewed) expect(each).toMatchObject(token(2))
    expect(await manager.renewed(first)).toMatchObject(token(2))
    expect(issued).toBe(2)
  })

  test('does not ask at every call when a renewal ahead of time fails', async () => {
    vi.useFakeTimers()
    try {
      let calls = 0
      const manager = createTokenManager(async () => {
        if (++calls > 1) throw new Error('down')
        return { accessToken: 'token', expiresInSeconds: 100 }
      })
      await manager.current()
      vi.advanceTimersByTime(95_000)
      for (let call = 0; call < 20; call++) {
        expect(manager.current()).toMatchObject({ accessToken: 'token' })
        await vi.advanceTimersByTimeAsync(10)
      }
      expect(calls).toBe(2)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([Number.NaN, -5, Number.POSITIVE_INFINITY])(
    'refuses a lifetime of %s seconds',
    async (expiresInSeconds) => {
      const manager = createTokenManager(async () => ({ accessToken: 'token', expiresInSeconds }))
      await expect(manager.current()).rejects.toMatchObject({ code: 'ERR_TOKEN_REQUEST_FAILED', reason: 'lifetime' })
    },
  )

  test('does not remember a failure', async () => {
    let calls = 0
    const manager = createTokenManager(async () => {
      if (++calls === 1) throw new Error('down')
      return 'token'
    })
    await expect(manager.current()).rejects.toThrow('down')
    expect(await manager.current()).toMatchObject({ accessToken: 'token' })
  })
})

describe('a token that the server no longer takes', () => {
  const invalid = 'DPoP error="invalid_token"'

  test('is renewed once, and the call repeated', async () => {
    const { url, seen } = await serve((response, { headers }) => {
      if (headers.authorization === 'DPoP token-2') response.end('ok')
      else response.writeHead(401, { 'www-authenticate': invalid }).end()
    })
    let issued = 0
    const client = clientOf(url, { token: () => `token-${++issued}` })
    expect((await client.fetch('/', { method: 'POST', body: 'x' })).status).toBe(200)
    expect(seen.map(({ body }) => body)).toEqual(['x', 'x'])
    expect(seen[0]?.claims['ath']).not.toBe(seen[1]?.claims['ath'])
  })

  test('and whose successor it does not take either, is given up', async () => {
    const { url, seen } = await serve((response) => void response.writeHead(401, { 'www-authenticate': invalid }).end())
    let issued = 0
    expect((await clientOf(url, { token: () => `token-${++issued}` }).fetch('/')).status).toBe(401)
    expect(seen).toHaveLength(2)
  })

  test('and whose issuer has no other, comes back as the response', async () => {
    const { url, seen } = await serve(
      (response) => void response.writeHead(401, { 'www-authenticate': invalid }).end('why'),
    )
    const response = await clientOf(url).fetch('/')
    expect(await response.text()).toBe('why')
    expect(seen).toHaveLength(1)
  })

  test('and cannot be renewed at the moment, comes back as the response', async () => {
    const { url } = await serve((response) => void response.writeHead(401, { 'www-authenticate': invalid }).end('why'))
    let calls = 0
    const token = () => {
      if (++calls > 1) throw new Error('the authorization server is down')
      return 'token-1'
    }
    expect(await (await clientOf(url, { token }).fetch('/')).text()).toBe('why')
  })

  test('is not renewed by every call', async () => {
    const { url } = await serve((response) => void response.writeHead(401, { 'www-authenticate': invalid }).end())
    let issued = 0
    const client = clientOf(url, { token: () => `token-${++issued}` })
    for (let call = 0; call < 10; call++) await client.fetch('/')
    expect(issued).toBe(2)
  })

  test('is not what 403 means', async () => {
    let issued = 0
    const { url } = await serve((response) => void response.writeHead(403, { 'www-authenticate': invalid }).end())
    expect((await clientOf(url, { token: () => `token-${++issued}` }).fetch('/')).status).toBe(403)
    expect(issued).toBe(1)
  })
})

describe('client credentials', async () => {
  const key = await createKey()

  /** An authorization server that answers its token endpoint as told. */
  const issuerOf = (
    answer: (request: Seen, seen: readonly Seen[]) => [number, object, object?],
    metadata: object = {},
  ) =>
    serve((response, request, seen) => {
      response.setHeader('content-type', 'application/json')
      const issuer = `http://${request.headers.host}`
      if (request.path === '/token') {
        const [status, body, headers = {}] = answer(
          request,
          seen.filter(({ path }) => path === '/token'),
        )
        response.writeHead(status, headers as Record<string, string>).end(JSON.stringify(body))
      } else if (request.path === '/.well-known/oauth-authorization-server') {
        response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, ...metadata }))
      } else {
        response.writeHead(404).end()
      }
    })
  const good = { access_token: 'issued', token_type: 'DPoP', expires_in: 300 }
  const sourceOf = (issuer: string) =>
    clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey, issuer, scope: 'a b' })

  test('the request is what RFC 6749, 7523, 8707 and 9449 say', async () => {
    const api = await serve((response) => void response.end())
    const { url, seen } = await issuerOf(() => [200, good])
    await clientOf(api.url, { token: sourceOf(url) }).fetch('/')
    const request = seen.at(-1) as Seen
    const parameters = Object.fromEntries(new URLSearchParams(request.body))
    const assertion = parameters['client_assertion'] as string
    expect(parameters).toEqual({
      grant_type: 'client_credentials',
      resource: api.url,
      scope: 'a b',
      client_id: 'partner-7',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
    expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'ES256', typ: 'client-authentication+jwt' })
    const { iss, sub, aud, jti, exp = 0, iat = 0 } = decodeJwt(assertion)
    expect({ iss, sub, aud }).toEqual({ iss: 'partner-7', sub: 'partner-7', aud: url })
    expect(jti).toMatch(/./)
    expect(exp - iat).toBeLessThanOrEqual(60)
    expect(request.claims).toMatchObject({ htm: 'POST', htu: `${url}/token` })
    expect(request.claims).not.toHaveProperty('ath')
    expect(api.seen[0]?.headers.authorization).toBe('DPoP issued')
  })

  test.each([
    ['in the body', 400, { error: 'use_dpop_nonce' }, {}],
    ['in a challenge', 401, {}, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }],
  ])('a challenge for a nonce %s is answered with everything made anew', async (_, status, body, headers) => {
    const api = await serve((response) => void response.end())
    const { url, seen } = await issuerOf(({ claims }) =>
      claims['nonce'] === 'as-1' ? [200, good] : [status, body, { 'dpop-nonce': 'as-1', ...headers }],
    )
    await clientOf(api.url, { token: sourceOf(url) }).fetch('/')
    const [first, second] = seen
      .filter(({ path }) => path === '/token')
      .map((request) => ({
        proof: request.claims['jti'],
        assertion: decodeJwt(new URLSearchParams(request.body).get('client_assertion') ?? '').jti,
      }))
    expect(first?.proof).not.toBe(second?.proof)
    expect(first?.assertion).not.toBe(second?.assertion)
    expect(api.seen[0]?.claims).not.toHaveProperty('nonce')
  })

  test('an endless challenger is given up', async () => {
    const { url, seen } = await issuerOf((_, asked) => [
      400,
      { error: 'use_dpop_nonce' },
      { 'dpop-nonce': `n${asked.length}` },
    ])
    const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_TOKEN_REQUEST_FAILED', reason: 'use_dpop_nonce' })
    expect(seen.filter(({ path }) => path === '/token')).toHaveLength(2)
  })

  test.each<[string, [number, object], string, string | undefined]>([
    ['a bearer token', [200, { ...good, token_type: 'Bearer' }], 'ERR_TOKEN_NOT_BOUND', undefined],
    [
      'an error',
      [400, { error: 'invalid_client', error_description: 'who?' }],
      'ERR_TOKEN_REQUEST_FAILED',
      'invalid_client',
    ],
    [
      'an error beside a challenge',
      [401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' }] as never,
      'ERR_TOKEN_REQUEST_FAILED',
      'invalid_client',
    ],
    ['a server error', [500, {}], 'ERR_TOKEN_REQUEST_FAILED', 'transport'],
    ['a token of another type', [200, { ...good, token_type: 'mac' }], 'ERR_TOKEN_NOT_BOUND', undefined],
    ['no token', [200, { token_type: 'DPoP' }], 'ERR_TOKEN_REQUEST_FAILED', 'transport'],
    ['a token that is no token68', [200, { ...good, access_token: 'a b' }], 'ERR_TOKEN_REQUEST_FAILED', 'token68'],
  ])('%s is refused', async (_, answer, code, reason) => {
    const { url } = await issuerOf(() => answer)
    const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
    await expect(call).rejects.toMatchObject({ code, ...(reason && { reason }) })
  })

  test.each(['dpop', 'DPOP', 'DPoP'])('token_type %s is DPoP', async (token_type) => {
    const api = await serve((response) => void response.end())
    const { url } = await issuerOf(() => [200, { ...good, token_type }])
    expect((await clientOf(api.url, { token: sourceOf(url) }).fetch('/')).status).toBe(200)
  })

  test.each<[string, object, string]>([
    ['another issuer', { issuer: 'https://attacker.example' }, 'issuer'],
    ['a token endpoint by http elsewhere', { token_endpoint: 'http://attacker.example/token' }, 'token_endpoint'],
    ['no token endpoint', { token_endpoint: undefined }, 'token_endpoint'],
  ])('metadata with %s is refused', async (_, metadata, reason) => {
    const { url } = await issuerOf(() => [200, good], metadata)
    const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_DISCOVERY_FAILED', reason })
  })

  test('an authorization server that does not take the algorithm is not asked', async () => {
    const { url, seen } = await issuerOf(() => [200, good], { dpop_signing_alg_values_supported: ['PS256'] })
    const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_TOKEN_REQUEST_FAILED', reason: 'alg' })
    expect(seen.map(({ path }) => path)).not.toContain('/token')
  })

  test('an issuer that only knows OpenID Connect Discovery is found', async () => {
    const api = await serve((response) => void response.end())
    const { url } = await serve((response, { path, headers }) => {
      const issuer = `http://${headers.host}`
      response.setHeader('content-type', 'application/json')
      if (path === '/.well-known/openid-configuration')
        response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }))
      else if (path === '/token') response.end(JSON.stringify(good))
      else response.writeHead(404).end()
    })
    expect((await clientOf(api.url, { token: sourceOf(url) }).fetch('/')).status).toBe(200)
  })

  test('without issuer, the resource says which', async () => {
    const issuer = await issuerOf(() => [200, good])
    const api = await serve((response, { path, headers }) => {
      const resource = `http://${headers.host}`
      response.setHeader('content-type', 'application/json')
      if (!path.startsWith('/.well-known')) response.end('{}')
      else response.end(JSON.stringify({ resource, authorization_servers: [issuer.url] }))
    })
    const token = clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey })
    expect((await clientOf(api.url, { token }).fetch('/')).status).toBe(200)
    expect(api.seen[0]).toMatchObject({ path: '/.well-known/oauth-protected-resource' })
    expect(api.seen[0]?.headers).not.toHaveProperty('authorization')
  })

  test('one source in two clients asks the authorization server of each', async () => {
    const issuers = [await issuerOf(() => [200, good]), await issuerOf(() => [200, good])]
    const token = clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey })
    for (const issuer of issuers) {
      const api = await serve((response, { headers }) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ resource: `http://${headers.host}`, authorization_servers: [issuer.url] }))
      })
      await clientOf(api.url, { token }).fetch('/')
      expect(issuer.seen.filter(({ path }) => path === '/token')).toHaveLength(1)
    }
  })

  test.each([
    ['a slash more', (resource: string) => `${resource}/`],
    ['another spelling', (resource: string) => resource.replace('http', 'HTTP')],
    ['a detour', (resource: string) => `${resource}/x/..`],
  ])('a resource that names itself with %s is another one', async (_, spell) => {
    const api = await serve((response, { headers }) => {
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ resource: spell(`http://${headers.host}`), authorization_servers: ['https://a.example'] }),
      )
    })
    const token = clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey })
    await expect(clientOf(api.url, { token }).fetch('/')).rejects.toMatchObject({
      code: 'ERR_DISCOVERY_FAILED',
      reason: 'resource',
    })
  })

  test('a 401 that names other metadata makes the client fetch nothing', async () => {
    const other = await serve((response) => void response.end())
    const challenge401 = `DPoP error="invalid_dpop_proof", resource_metadata="${other.url}/.well-known/oauth-protected-resource"`
    const api = await serve((response) => void response.writeHead(401, { 'www-authenticate': challenge401 }).end())
    await clientOf(api.url).fetch('/')
    expect(other.seen).toEqual([])
  })

  test('metadata that redirects, or never ends, is given up', async () => {
    const behaviours: Parameters<typeof serve>[0][] = [
      (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('x'.repeat(100_000)),
    ]
    for (const behave of behaviours) {
      const { url } = await serve(behave)
      const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
      await expect(call).rejects.toMatchObject({ code: 'ERR_DISCOVERY_FAILED' })
    }
  })

  test('the key that signs calls is not the one that authenticates the client', async () => {
    const api = await serve((response) => void response.end())
    const { url } = await issuerOf(() => [200, good])
    await clientOf(api.url, { token: sourceOf(url) }).fetch('/')
    const { jwk } = decodeProtectedHeader(api.seen[0]?.headers['dpop'] as string)
    expect(jwk?.x).not.toBe(key.jwk.x)
  })

  test('an issuer with a path is found where RFC 8414 inserts it', async () => {
    const api = await serve((response) => void response.end())
    const { url, seen } = await serve((response, { path, headers }) => {
      const issuer = `http://${headers.host}/tenant`
      response.setHeader('content-type', 'application/json')
      if (path === '/.well-known/oauth-authorization-server/tenant')
        response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }))
      else if (path === '/tenant/token') response.end(JSON.stringify(good))
      else response.writeHead(404).end()
    })
    await clientOf(api.url, { token: sourceOf(`${url}/tenant`) }).fetch('/')
    expect(seen.map(({ path }) => path)).toEqual(['/.well-known/oauth-authorization-server/tenant', '/tenant/token'])
  })

  test('metadata whose issuer differs by a slash is refused', async () => {
    const { url } = await serve((response, { headers }) => {
      const issuer = `http://${headers.host}/`
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ issuer, token_endpoint: `${issuer}token` }))
    })
    const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_DISCOVERY_FAILED', reason: 'issuer' })
  })

  test.each<[string, object, string, string]>([
    ['an unknown name', { issuerr: 'https://as.example.com' }, 'ERR_OPTION_UNKNOWN', 'issuerr'],
    ['an issuer by http', { issuer: 'http://as.example.com' }, 'ERR_URL_INSECURE', 'issuer'],
    ['an issuer with a password', { issuer: 'https://user:hunter2@as.example.com' }, 'ERR_OPTION_INVALID', 'issuer'],
    ['scopes in a list', { scope: ['a'] }, 'ERR_OPTION_INVALID', 'scope'],
    ['no key', { key: undefined }, 'ERR_OPTION_INVALID', 'key'],
    ['text for a key', { key: 'secret' }, 'ERR_OPTION_INVALID', 'key'],
  ])('%s fails at once', (_, wrong, code, parameter) => {
    const create = () =>
      clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey, ...wrong } as never)
    expect(create).toThrow(expect.objectContaining({ code, parameter }))
    expect(() => create()).not.toThrow('hunter2')
  })

  test('a resource that names several authorization servers, or another resource, is not guessed at', async () => {
    for (const [metadata, reason] of [
      [{ authorization_servers: ['https://a.example', 'https://b.example'] }, 'ambiguous'],
      [{ resource: 'https://other.example', authorization_servers: ['https://a.example'] }, 'resource'],
    ] as const) {
      const api = await serve((response, { headers }) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ resource: `http://${headers.host}`, ...metadata }))
      })
      const token = clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey })
      await expect(clientOf(api.url, { token }).fetch('/')).rejects.toMatchObject({
        code: 'ERR_DISCOVERY_FAILED',
        reason,
      })
    }
  })

  test.each<[string, unknown, string]>([
    ['a public JWK', key.jwk, 'public'],
    ['a JWK without algorithm', { kty: 'RSA', d: 'AQ' }, 'alg'],
    ['a JWK that is none', { kty: 'EC', crv: 'P-256', d: 'x' }, 'import'],
    ['a public CryptoKey', { key: 'text' }, 'type'],
  ])('%s is refused as key', async (_, wrong, reason) => {
    const { url } = await issuerOf(() => [200, good])
    const token = clientCredentials({ clientId: 'partner-7', key: wrong as JsonWebKey, issuer: url })
    const call = clientOf('http://127.0.0.1:9', { token }).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'key', reason })
  })

  test('a CryptoKey that can be exported is refused', async () => {
    const { url } = await issuerOf(() => [200, good])
    const token = clientCredentials({ clientId: 'partner-7', key: key.privateKey as CryptoKey, issuer: url })
    const call = clientOf('http://127.0.0.1:9', { token }).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_KEY_EXTRACTABLE' })
  })

  test('no client id fails at once', () => {
    expect(() => clientCredentials({ clientId: '', key: key.jwk as JsonWebKey })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'clientId' }),
    )
  })

  test('no error says what is secret', async () => {
    for (const body of [
      { error: 'invalid_client' },
      { access_token: 'SECRETTOKEN' },
      { ...good, access_token: 'SECRETTOKEN', expires_in: 'x' },
    ]) {
      const { url } = await issuerOf(() => ['error' in body ? 400 : 200, body])
      const error = await clientOf('http://127.0.0.1:9', { token: sourceOf(url) })
        .fetch('/')
        .catch((caught: unknown) => caught)
      const shown = inspect(error, { depth: null, showHidden: true })
      expect(shown).not.toContain(key.privateJwk.d)
      expect(shown).not.toContain('SECRETTOKEN')
    }
  })

  test('what an authorization server writes into an error is cut', async () => {
    const description = `bad\n\u001b[31m${'x'.repeat(100_000)}`
    const { url } = await issuerOf(() => [
      400,
      { error: 'invalid_client', error_description: description.slice(0, 50_000) },
    ])
    const call = clientOf('http://127.0.0.1:9', { token: sourceOf(url) }).fetch('/')
    const { message } = await call.then(
      () => ({ message: '' }),
      (error: Error) => error,
    )
    expect(message).toMatch(/^[\x20-\x7e]{1,400}$/)
  })
})
