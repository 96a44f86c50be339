// The Fastify plugin: closed by default, answers that survive the application's habits, types that help.

import { createProof, exchange } from '@countersign/testkit'
import cors from '@fastify/cors'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import Fastify from 'fastify'
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest'
import type { Caller, CountersignOptions } from '../src/index.ts'
import countersign from '../src/index.ts'
import { RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
const apps: FastifyInstance[] = []
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
})

function create(options: FastifyServerOptions = {}): FastifyInstance {
  const app = Fastify(options) as unknown as FastifyInstance
  apps.push(app)
  return app
}

const plugin = (options: Partial<CountersignOptions> = {}): CountersignOptions => ({
  resource: RESOURCE,
  issuer: context.issuer.issuer,
  ...options,
})

/** Header fields of a signed call. */
async function signed(app: FastifyInstance, method: string, path: string, claims: Record<string, unknown> = {}) {
  const challenge = await app.inject({ method: 'GET', url: '/' })
  const nonce = challenge.headers['dpop-nonce'] as string | undefined
  const accessToken = await context.issuer.token({ claims: { cnf: { jkt: context.key.jkt }, ...claims } })
  const dpop = await createProof({ key: context.key, method, url: RESOURCE + path, accessToken, nonce })
  return { authorization: `DPoP ${accessToken}`, dpop }
}

describe('routes', () => {
  test('are closed unless they say otherwise, whatever order they are declared in', async () => {
    const app = create()
    app.get('/before', async () => 'before')
    app.get('/open-before', { config: { auth: false } }, async () => 'open')
    await app.register(countersign, plugin())
    app.get('/after', async () => 'after')
    app.get('/open', { config: { auth: false } }, async () => 'open')
    app.register(async (scope) => scope.get('/nested', async () => 'nested'))
    for (const url of ['/before', '/after', '/nested', '/no-such-route']) {
      expect((await app.inject(url)).statusCode, url).toBe(401)
    }
    expect((await app.inject({ method: 'OPTIONS', url: '/after' })).statusCode).toBe(401)
    expect((await app.inject('/open')).body).toBe('open')
    expect((await app.inject('/open-before')).body).toBe('open')
    for (const [url, body] of [
      ['/before', 'before'],
      ['/after', 'after'],
      ['/nested', 'nested'],
    ] as const) {
      const response = await app.inject({ url, headers: await signed(app, 'GET', url) })
      expect(response.body, url).toBe(body)
    }
    expect((await app.inject({ url: '/no-such', headers: await signed(app, 'GET', '/no-such') })).statusCode).toBe(404)
  })

  test('outside the scope of the plugin are none of its business', async () => {
    const app = create()
    app.register(async (scope) => {
      await scope.register(countersign, plugin())
      scope.get('/closed', async () => 'closed')
    })
    app.get('/free', async () => 'free')
    expect((await app.inject('/free')).body).toBe('free')
    expect((await app.inject('/closed')).statusCode).toBe(401)
  })

  test('narrow what they demand', async () => {
    const app = create()
    await app.register(countersign, plugin())
    app.get('/scoped', { config: { auth: { scope: 'a' } } }, async () => 'scoped')
    const refused = await app.inject({ url: '/scoped', headers: await signed(app, 'GET', '/scoped') })
    expect(refused.statusCode).toBe(403)
    expect(refused.json()).toMatchObject({ code: 'ERR_SCOPE_INSUFFICIENT', status: 403 })
    const accepted = await app.inject({ url: '/scoped', headers: await signed(app, 'GET', '/scoped', { scope: 'a' }) })
    expect(accepted.body).toBe('scoped')
  })

  test('with a wrong policy fail when they are declared', async () => {
    const app = create()
    await app.register(countersign, plugin())
    expect(() => app.get('/', { config: { auth: { scopes: 'a' } as never } }, async () => '')).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN', parameter: 'auth.scopes' }),
    )
  })

  const replaceConfig = (route: { config?: object }) => {
    route.config = { ...route.config, auth: { scope: 'admin' } }
  }
  const changeConfig = (route: { config?: object }) => {
    Object.assign(route.config ?? {}, { auth: { scope: 'admin' } })
  }
  const changeAuth = (route: { config?: { auth?: unknown } }) => {
    const { auth } = route.config ?? {}
    const { scope } = auth as { scope: string[] }
    scope.push('admin')
  }
  test.each([
    ['another hook has set', replaceConfig],
    ['another hook has changed', changeConfig],
    ['another hook has changed in place', changeAuth],
  ])('have the policy that %s', async (_, hook) => {
    const app = create()
    await app.register(countersign, plugin())
    app.register(async (scope) => {
      scope.addHook('onRoute', hook)
      scope.get('/admin', { config: { auth: { scope: ['a'] } } }, async () => 'reached')
    })
    const response = await app.inject({ url: '/admin', headers: await signed(app, 'GET', '/admin', { scope: 'a' }) })
    expect(response.json()).toMatchObject({ code: 'ERR_SCOPE_INSUFFICIENT' })
  })

  test('declared before the plugin with a wrong policy stay closed', async () => {
    const app = create()
    app.get('/', { config: { auth: { scopes: 'a' } as never } }, async () => 'reached')
    await app.register(countersign, plugin())
    expect((await app.inject('/')).statusCode).toBe(500)
  })
})

describe('request.caller', () => {
  test('is the caller, typed', async () => {
    const app = create()
    await app.register(countersign, plugin())
    app.post('/who', async (request) => {
      expectTypeOf(request.caller).toEqualTypeOf<Caller>()
      return request.caller
    })
    app.get('/open', { config: { auth: false } }, async (request) => ({ caller: request.caller }))
    const response = await app.inject({ method: 'POST', url: '/who', headers: await signed(app, 'POST', '/who') })
    expect(response.json()).toMatchObject({ kind: 'dpop', clientId: 'client-1', scopes: [], jkt: context.key.jkt })
    expect((await app.inject('/open')).json()).toEqual({ caller: null })
  })

  test('can have another name', async () => {
    const app = create()
    await app.register(countersign, plugin({ decorator: 'principal' }))
    app.get('/who', async (request) => (request as unknown as { principal: Caller }).principal.subject)
    expect((await app.inject({ url: '/who', headers: await signed(app, 'GET', '/who') })).body).toBe('user-1')
  })
})

describe('register', () => {
  test.each([
    [{ resource: 'http://api.example.com' }, 'ERR_URL_INSECURE', 'resource'],
    [{ audiance: 'x' }, 'ERR_OPTION_UNKNOWN', 'audiance'],
    [{ decorator: '' }, 'ERR_OPTION_INVALID', 'decorator'],
    [{ decorator: 'headers' }, 'ERR_OPTION_INVALID', 'decorator'],
    [{ decorator: '__proto__' }, 'ERR_OPTION_INVALID', 'decorator'],
    [{ replay: { maxEntries: 0 } }, 'ERR_OPTION_INVALID', 'replay.maxEntries'],
  ])('%j fails', async (options, code, parameter) => {
    const app = create()
    await expect(app.register(countersign, plugin(options as object))).rejects.toMatchObject({ code, parameter })
  })

  test('twice in sibling scopes works, in one scope fails', async () => {
    const app = create()
    for (const name of ['one', 'two']) {
      app.register(async (scope) => {
        await scope.register(countersign, plugin({ resource: `${RESOURCE}/${name}`, audience: RESOURCE }))
        scope.get(`/${name}`, async () => name)
      })
    }
    await app.ready()
    expect((await app.inject('/one')).statusCode).toBe(401)
    const second = create()
    await second.register(countersign, plugin())
    await expect(second.register(countersign, plugin())).rejects.toMatchObject({ code: 'ERR_ALREADY_REGISTERED' })
  })
})

describe('answers', () => {
  test('a first call is challenged without an error, and told what to do', async () => {
    const app = create()
    await app.register(countersign, plugin())
    const response = await app.inject('/')
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toBe(
      `DPoP algs="ES256 EdDSA Ed25519 PS256", resource_metadata="${RESOURCE}/.well-known/oauth-protected-resource"`,
    )
    expect(response.headers['dpop-nonce']).toMatch(/^[\w-]{32}$/)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/)
    const problem = response.json()
    expect(problem).toEqual({
      type: 'docs/errors.md#err_credentials_missing',
      title: 'This resource needs an access token and a DPoP proof',
      status: 401,
      code: 'ERR_CREDENTIALS_MISSING',
      serverTime: problem.serverTime,
    })
    expect(Math.abs(problem.serverTime - Date.now() / 1000)).toBeLessThan(5)
  })

  test('say what was expected only with full diagnostics', async () => {
    for (const [diagnostics, extra] of [
      ['minimal', {}],
      ['full', { parameter: 'htu', expected: `${RESOURCE}/right`, actual: `${RESOURCE}/wrong` }],
    ] as const) {
      const app = create()
      await app.register(countersign, plugin({ diagnostics }))
      const problem = (await app.inject({ url: '/right', headers: await signed(app, 'GET', '/wrong') })).json()
      const { type, title, status, code, serverTime, ...rest } = problem
      expect(code).toBe('ERR_DPOP_PROOF_HTU_MISMATCH')
      expect(rest).toEqual(extra)
    }
  })

  test('keep challenge and nonce through an error handler of the application', async () => {
    const app = create()
    app.setErrorHandler((error, _request, reply) => reply.send({ mine: (error as unknown as { code: string }).code }))
    await app.register(countersign, plugin())
    const response = await app.inject('/')
    expect(response.json()).toEqual({ mine: 'ERR_CREDENTIALS_MISSING' })
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toContain('DPoP algs=')
    expect(response.headers['dpop-nonce']).toBeDefined()
  })

  test('go through an error handler of the route, or of an inner scope', async () => {
    const app = create()
    await app.register(countersign, plugin())
    app.get('/own', { errorHandler: (_error, _request, reply) => reply.send('own') }, async () => '')
    app.register(async (scope) => {
      scope.setErrorHandler((_error, _request, reply) => reply.send('inner'))
      scope.get('/inner', async () => '')
    })
    expect((await app.inject('/own')).body).toBe('own')
    expect((await app.inject('/inner')).body).toBe('inner')
  })

  test('are not cut by a response schema of the route', async () => {
    const app = create()
    await app.register(countersign, plugin())
    const schema = { response: { 401: { type: 'object', properties: { only: { type: 'string' } } } } }
    app.get('/', { schema }, async () => '')
    expect((await app.inject('/')).json().code).toBe('ERR_CREDENTIALS_MISSING')
  })

  test('are not changed by a serializer, nor cached with a nonce', async () => {
    const app = create()
    app.addHook('onRequest', async (_request, reply) => {
      reply.serializer((payload) => `wrapped ${JSON.stringify(payload)}`)
    })
    await app.register(countersign, plugin())
    expect((await app.inject('/')).json().code).toBe('ERR_CREDENTIALS_MISSING')
    const open = create()
    await open.register(countersign, plugin({ nonce: { ttlSeconds: 1 } }))
    open.get('/cached', async (_request, reply) => reply.header('cache-control', 'public, max-age=3600').send('x'))
    const headers = await signed(open, 'GET', '/cached')
    await new Promise((resolve) => setTimeout(resolve, 600))
    const response = await open.inject({ url: '/cached', headers })
    if (response.statusCode === 200) expect(response.headers['dpop-nonce']).toBeDefined()
    expect(response.headers['cache-control']).toBe('no-store')
  })

  test('are readable by a client in a browser, with nonces off too', async () => {
    const app = create()
    await app.register(cors, { origin: 'https://app.example' })
    await app.register(countersign, plugin({ nonce: 'off' }))
    const response = await app.inject({ url: '/', headers: { origin: 'https://app.example' } })
    expect(response.headers['access-control-expose-headers']).toBe('DPoP-Nonce, WWW-Authenticate')
  })

  test('are readable by a client in a browser', async () => {
    const app = create()
    await app.register(cors, { origin: 'https://app.example', exposedHeaders: ['ETag'] })
    await app.register(countersign, plugin())
    app.get('/', async () => '')
    const headers = { origin: 'https://app.example' }
    const response = await app.inject({ url: '/', headers })
    expect(response.headers['access-control-expose-headers']).toBe('ETag, DPoP-Nonce, WWW-Authenticate')
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/',
      headers: {
        ...headers,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization,dpop',
      },
    })
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toBe('authorization,dpop')
  })
})

test('a request for the header fields of the metadata gets a nonce, which no cache keeps', async () => {
  const path = '/.well-known/oauth-protected-resource'
  const app = create()
  await app.register(countersign, plugin())
  const head = await app.inject({ method: 'HEAD', url: path })
  expect(head).toMatchObject({ statusCode: 200, body: '' })
  expect(head.headers).toMatchObject({
    'dpop-nonce': expect.stringMatching(/./),
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'DPoP-Nonce, WWW-Authenticate',
  })
  expect((await app.inject(path)).headers).not.toHaveProperty('dpop-nonce')
  const without = create()
  await without.register(countersign, plugin({ nonce: 'off' }))
  expect((await without.inject({ method: 'HEAD', url: path })).headers).not.toHaveProperty('dpop-nonce')
})

test('the resource metadata is public, and derived from the configuration', async () => {
  const app = create()
  await app.register(countersign, plugin({ resource: `${RESOURCE}/v1`, proofAlgorithms: ['ES256'] }))
  const response = await app.inject('/.well-known/oauth-protected-resource/v1')
  expect(response.headers['content-type']).toMatch(/^application\/json/)
  expect(response.headers['cache-control']).toBe('max-age=300')
  expect(response.headers['access-control-allow-origin']).toBe('*')
  expect(response.json()).toEqual({
    resource: `${RESOURCE}/v1`,
    authorization_servers: [context.issuer.issuer],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256'],
    dpop_bound_access_tokens_required: true,
    request_envelope_forms_supported: ['attached', 'detached'],
  })
})

test('a resource with an encoded path has its metadata, one with an asterisk is refused', async () => {
  const app = create()
  await app.register(countersign, plugin({ resource: `${RESOURCE}/caf%C3%A9` }))
  expect((await app.inject('/.well-known/oauth-protected-resource/caf%C3%A9')).json().resource).toBe(
    `${RESOURCE}/caf%C3%A9`,
  )
  await expect(create().register(countersign, plugin({ resource: `${RESOURCE}/a*b` }))).rejects.toMatchObject({
    code: 'ERR_OPTION_INVALID',
    parameter: 'resource',
  })
})

test('a prefixed scope has its metadata at the root too', async () => {
  const app = create()
  app.register(
    async (scope) => {
      await scope.register(countersign, plugin({ resource: `${RESOURCE}/v1`, audience: RESOURCE }))
      scope.get('/x', async () => 'x')
    },
    { prefix: '/v1' },
  )
  expect((await app.inject('/.well-known/oauth-protected-resource/v1')).json().resource).toBe(`${RESOURCE}/v1`)
  expect((await app.inject('/v1/x')).statusCode).toBe(401)
})

test('what was signed counts, whatever rewriteUrl makes of it', async () => {
  const app = create({ rewriteUrl: (request) => (request.url as string).replace('/public-name', '/inner-name') })
  await app.register(countersign, plugin())
  app.get('/inner-name', async () => 'inner')
  const response = await app.inject({ url: '/public-name', headers: await signed(app, 'GET', '/public-name') })
  expect(response.body).toBe('inner')
  expect((await app.inject({ url: '/public-name', headers: await signed(app, 'GET', '/inner-name') })).statusCode).toBe(
    401,
  )
})

describe('over a socket', () => {
  async function listening(): Promise<{ app: FastifyInstance; port: number }> {
    const app = create()
    await app.register(countersign, plugin())
    app.get('/', async () => 'reached')
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return { app, port: Number(new URL(url).port) }
  }

  test('Host and X-Forwarded fields move nothing', async () => {
    const { app, port } = await listening()
    const { authorization, dpop } = await signed(app, 'GET', '/')
    const response = await exchange(port, [
      'GET / HTTP/1.1',
      'Host: attacker.example',
      'X-Forwarded-Host: attacker.example',
      'X-Forwarded-Proto: http',
      `authorization: ${authorization}`,
      `dpop: ${dpop}`,
    ])
    expect(response.body).toContain('reached')
  })

  test.each([
    ['authorization', 'ERR_AUTHORIZATION_DUPLICATE'],
    ['dpop', 'ERR_DPOP_PROOF_DUPLICATE'],
  ] as const)('a repeated %s field is refused with 400', async (name, code) => {
    const { app, port } = await listening()
    const fields = await signed(app, 'GET', '/')
    const response = await exchange(port, [
      'GET / HTTP/1.1',
      'Host: api.example.com',
      `authorization: ${fields.authorization}`,
      `dpop: ${fields.dpop}`,
      `${name.toUpperCase()}: ${fields[name]}`,
    ])
    expect(response.status).toBe(400)
    expect(response.body).toContain(code)
    expect(response.headers['www-authenticate']).toContain('error="invalid_request"')
  })
})

test('refusals are logged by code, and nothing secret is', async () => {
  const lines: string[] = []
  const app = create({ logger: { level: 'trace', stream: { write: (line: string) => void lines.push(line) } } })
  await app.register(countersign, plugin())
  app.get('/right', async () => '')
  const headers = await signed(app, 'GET', '/wrong')
  await app.inject({ url: '/right', headers })
  const log = lines.join('')
  expect(log).toContain('"code":"ERR_DPOP_PROOF_HTU_MISMATCH"')
  expect(log).not.toContain(headers.authorization.slice(5))
  expect(log).not.toContain(headers.dpop)
})

test('what a caller puts into a proof reaches the log cut and without secrets', async () => {
  const lines: string[] = []
  const app = create({ logger: { level: 'trace', stream: { write: (line: string) => void lines.push(line) } } })
  await app.register(countersign, plugin())
  const accessToken = await context.issuer.token({ claims: { cnf: { jkt: context.key.jkt } } })
  const nonce = (await app.inject('/')).headers['dpop-nonce'] as string
  for (const claims of [
    { htu: 'https://user:PASSW0RD@attacker.example/?access_token=SECRET123' },
    { htm: accessToken },
    { htu: `https://attacker.example/${'x'.repeat(5000)}` },
  ]) {
    const dpop = await createProof({ key: context.key, method: 'GET', url: `${RESOURCE}/`, accessToken, nonce, claims })
    await app.inject({ url: '/', headers: { authorization: `DPoP ${accessToken}`, dpop } })
  }
  const log = lines.join('')
  for (const secret of ['PASSW0RD', 'SECRET123', accessToken, 'x'.repeat(300)]) expect(log).not.toContain(secret)
  expect(log).toContain('https://attacker.example/')
})
