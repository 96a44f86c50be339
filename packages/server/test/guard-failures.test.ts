// Ways of authentication beside each other: what the plugin says when they fail, and keeps to itself when one has passed.

import fastifyAuth from '@fastify/auth'
import cors from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest, LightMyRequestResponse } from 'fastify'
import { describe, expect, test } from 'vitest'
import type { Caller } from '../src/index.ts'
import countersign from '../src/index.ts'
import { useSignedCalls } from './signed-calls.ts'

const { context, create, options, call } = useSignedCalls()

const HOOKS = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const
const WITH_KEY = { 'x-api-key': 'secret' }
const unauthorized = (message: string, statusCode = 401) => Object.assign(new Error(message), { statusCode })

async function apiKey({ headers }: FastifyRequest): Promise<void> {
  if (headers['x-api-key'] !== 'secret') throw unauthorized('no API key')
}

async function createApp(before: (app: FastifyInstance) => unknown = () => undefined): Promise<FastifyInstance> {
  const app = create()
  await before(app)
  await app.register(fastifyAuth)
  await app.register(countersign, options())
  return app
}

const mine = (error: unknown, _request: unknown, reply: FastifyReply) => reply.send({ mine: (error as Error).message })
const withErrorHandler = () => createApp((app) => app.setErrorHandler(mine))

describe('after another way has passed', () => {
  const own = (status: number) => async () => {
    throw unauthorized('thrown by the handler', status)
  }
  const isOwn = ({ statusCode, body, headers }: LightMyRequestResponse, status: number) => {
    expect(statusCode).toBe(status)
    expect(JSON.parse(body).message).toBe('thrown by the handler')
    for (const field of ['www-authenticate', 'dpop-nonce']) expect(headers).not.toHaveProperty(field)
  }

  const stages = HOOKS.filter((hook) => hook !== 'preParsing')
  test.each(stages)('in %s, an error 401 of the handler is its own', async (hook) => {
    const app = await createApp()
    const ways = app.auth([app.countersign.guard(), apiKey])
    app.get('/', { config: { auth: false }, [hook]: ways as never }, own(401))
    isOwn(await app.inject({ url: '/', headers: WITH_KEY }), 401)
  })

  test('an error 403 of the handler is its own, though the guard missed a scope', async () => {
    const app = await createApp()
    const ways = app.auth([app.countersign.guard({ scope: 'a' }), apiKey])
    app.get('/', { config: { auth: false }, preHandler: ways }, own(403))
    isOwn(await call(app, { url: '/', headers: WITH_KEY }), 403)
  })

  test('a hook of the route before the handler still runs', async () => {
    const app = await createApp()
    const ran: string[] = []
    const preHandler = async () => void ran.push('mine')
    app.get('/', { config: { auth: false }, onRequest: app.auth([app.countersign.guard(), apiKey]), preHandler }, () =>
      ran.join(),
    )
    expect((await app.inject({ url: '/', headers: WITH_KEY })).body).toBe('mine')
  })
})

describe('with an error handler of the application', () => {
  test.each(HOOKS)('a plain %s hook keeps status, challenge and nonce', async (hook) => {
    const app = await withErrorHandler()
    app.get('/', { config: { auth: false }, [hook]: app.countersign.guard() as never }, async () => 'reached')
    const response = await app.inject('/')
    expect(response.statusCode).toBe(401)
    expect(response.json()).toEqual({ mine: 'The request has no Authorization field' })
    expect(response.headers['www-authenticate']).toContain('DPoP algs=')
    expect(response.headers['dpop-nonce']).toBeDefined()
    expect(response.headers['cache-control']).toBe('no-store')
  })

  test('a missing scope stays 403, whatever @fastify/auth makes of an error', async () => {
    const app = await withErrorHandler()
    const ways = app.auth([apiKey, app.countersign.guard({ scope: 'a' })])
    app.get('/', { config: { auth: false }, onRequest: ways }, async () => 'reached')
    const response = await call(app, { url: '/' })
    expect(response.statusCode).toBe(403)
    expect(response.headers['www-authenticate']).toMatch(/error="insufficient_scope".*scope="a"/)
  })

  test('one that finds the status set may set another', async () => {
    const app = await createApp((each) =>
      each.setErrorHandler((_error, _request, reply) => reply.code(404).send({ seen: reply.statusCode })),
    )
    app.get('/', { config: { auth: false }, onRequest: app.countersign.guard() }, async () => 'reached')
    const response = await app.inject('/')
    expect(response.statusCode).toBe(404)
    expect(response.headers['content-type']).toMatch(/^application\/json/)
  })

  test('one of the route counts too', async () => {
    const app = await createApp()
    const config = { auth: false } as const
    app.get('/', { config, errorHandler: mine, onRequest: app.countersign.guard() }, async () => 'reached')
    const response = await app.inject('/')
    expect(response.json()).toEqual({ mine: 'The request has no Authorization field' })
    expect(response.statusCode).toBe(401)
  })
})

describe('the answer of the plugin', () => {
  test('is not cut by a response schema of the route', async () => {
    const app = await createApp()
    const schema = { response: { 401: { type: 'object', properties: { only: { type: 'string' } } } } }
    app.get('/', { schema, config: { auth: false }, onRequest: app.countersign.guard() }, async () => 'reached')
    const { headers, body } = await app.inject('/')
    expect(JSON.parse(body)).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body))
  })

  test('has no body for HEAD', async () => {
    const app = await createApp()
    app.get('/', { config: { auth: false }, onRequest: app.countersign.guard() }, async () => 'reached')
    const response = await app.inject({ method: 'HEAD', url: '/' })
    expect(response.statusCode).toBe(401)
    expect(response.body).toBe('')
    expect(response.headers['www-authenticate']).toContain('DPoP algs=')
  })

  test('is readable by a client in a browser', async () => {
    const app = await createApp((each) => each.register(cors, { origin: 'https://app.example' }))
    app.get('/', { config: { auth: false }, onRequest: app.countersign.guard() }, async () => 'reached')
    const response = await app.inject({ url: '/', headers: { origin: 'https://app.example' } })
    expect(response.headers['access-control-expose-headers']).toBe('DPoP-Nonce, WWW-Authenticate')
  })

  test('is not given for a fault of the server', async () => {
    const app = await createApp()
    const claims = () => {
      throw new Error('a mistake in the program')
    }
    app.get('/', { config: { auth: false }, onRequest: app.countersign.guard({ claims }) }, async () => 'reached')
    const response = await call(app, { url: '/' })
    expect(response.statusCode).toBe(500)
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })
})

describe('a guard', () => {
  test('that is asked twice in a request gives the same answer', async () => {
    const app = await createApp()
    const guard = app.countersign.guard()
    const ways = app.auth([[guard, apiKey], [guard]])
    app.get('/', { config: { auth: false }, onRequest: ways }, async ({ caller: { clientId } }) => clientId)
    expect((await call(app, { url: '/' })).body).toBe('client-1')
    expect((await app.inject('/')).json()).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
  })

  test('of another policy in the same request judges the same call', async () => {
    const app = await createApp()
    const [other, any] = [app.countersign.guard({ scope: 'other' }), app.countersign.guard()]
    app.get(
      '/either',
      { config: { auth: false }, onRequest: app.auth([other, any]) },
      async ({ caller }) => caller.kind,
    )
    app.get('/both', { config: { auth: false }, onRequest: [any, other] }, async () => 'reached')
    app.get('/closed', { onRequest: app.countersign.guard() }, async ({ caller }) => caller.kind)
    app.get('/closed-to-some', { onRequest: other }, async () => 'reached')
    expect((await call(app, { url: '/either' })).body).toBe('dpop')
    expect((await call(app, { url: '/closed' })).body).toBe('dpop')
    for (const url of ['/both', '/closed-to-some'])
      expect((await call(app, { url })).json()).toMatchObject({ status: 403, code: 'ERR_SCOPE_INSUFFICIENT' })
  })

  test('uses a proof up', async () => {
    const app = await createApp()
    app.get('/', { config: { auth: false }, onRequest: app.countersign.guard() }, async () => 'reached')
    const accepted = await call(app, { url: '/' })
    expect(accepted.body).toBe('reached')
    const { authorization, dpop } = accepted.raw.req.headers
    const again = await app.inject({ url: '/', headers: { authorization, dpop: String(dpop) } })
    expect(again.json()).toMatchObject({ code: 'ERR_DPOP_PROOF_REPLAYED' })
  })

  test('of which the result does not matter passes with run: all', async () => {
    const app = await createApp()
    const onRequest = app.auth([apiKey, app.countersign.guard()], { run: 'all' })
    app.get('/', { config: { auth: false }, onRequest }, async () => 'reached')
    const response = await app.inject({ url: '/', headers: WITH_KEY })
    expect(response.body).toBe('reached')
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })

  test('that has passed is no reason for a challenge when another way, also demanded, fails', async () => {
    const app = await createApp()
    const both = app.auth([app.countersign.guard(), apiKey], { relation: 'and' })
    app.get('/', { config: { auth: false }, onRequest: both }, async () => 'reached')
    const response = await call(app, { url: '/' })
    expect(response.json().message).toBe('no API key')
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })

  test('takes a bearer token where it is told to', async () => {
    const app = create()
    await app.register(countersign, options({ accept: ['dpop', 'bearer'] }))
    const both = app.countersign.guard()
    const signed = app.countersign.guard({ accept: ['dpop'] })
    app.get('/both', { config: { auth: false }, onRequest: both }, async ({ caller: { kind } }) => kind)
    app.get('/signed', { config: { auth: false }, onRequest: signed }, async ({ caller: { kind } }) => kind)
    const { authorization } = await bearer()
    expect((await app.inject({ url: '/both', headers: { authorization } })).body).toBe('bearer')
    expect((await app.inject({ url: '/signed', headers: { authorization } })).json()).toMatchObject({
      code: 'ERR_SCHEME_NOT_ACCEPTED',
    })
  })

  test('sets the property of another name, in a scope with a prefix', async () => {
    const app = create()
    await app.register(countersign, options({ decorator: 'principal' }))
    app.register(
      async (scope) => {
        const onRequest = scope.countersign.guard()
        scope.get('/who', { config: { auth: false }, onRequest }, async (request) => {
          const { principal } = request as unknown as { principal: Caller }
          return principal.subject
        })
      },
      { prefix: '/v1' },
    )
    expect((await call(app, { url: '/v1/who' })).body).toBe('user-1')
  })
})

async function bearer() {
  return { authorization: `Bearer ${await context.issuer.token()}` }
}
