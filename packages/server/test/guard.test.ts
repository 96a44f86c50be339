// A signed call as one of several ways of authentication, by @fastify/auth or by hand.

import fastifyAuth from '@fastify/auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, expectTypeOf, test } from 'vitest'
import countersign from '../src/index.ts'
import { useApps } from './plugin-support.ts'

const { create, options, caller } = useApps()

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

const apiKey: Guard = async ({ headers }) => {
  if (headers['x-api-key'] !== 'secret') throw Object.assign(new Error('no API key'), { statusCode: 401 })
}

/** An application whose one route takes a signed call or an API key. */
async function createApp(
  order: 'guard first' | 'guard last' = 'guard first',
  before: (app: FastifyInstance) => unknown = () => undefined,
) {
  const app = create()
  await before(app)
  await app.register(fastifyAuth)
  await app.register(countersign, options())
  const guard = app.countersign.guard({ scope: 'a' })
  expectTypeOf(guard).toEqualTypeOf<Guard>()
  const ways = order === 'guard first' ? [guard, apiKey] : [apiKey, guard]
  app.get('/', { config: { auth: false }, onRequest: app.auth(ways) }, async (request) => ({
    clientId: (request.caller as typeof request.caller | null)?.clientId ?? 'by key',
  }))
  app.get('/own-401', { config: { auth: false }, onRequest: app.auth(ways) }, async (_request, reply) =>
    reply.code(401).send({ mine: true }),
  )
  return app
}

describe.each(['guard first', 'guard last'] as const)('one of two ways, %s', (order) => {
  test('a signed call passes', async () => {
    const app = await createApp(order)
    expect((await caller(app, { scope: 'a' }).inject('/')).json()).toEqual({ clientId: 'client-1' })
  })

  test('the other way passes, and nothing of ours is left behind', async () => {
    const app = await createApp(order)
    const response = await app.inject({ url: '/', headers: { 'x-api-key': 'secret' } })
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ clientId: 'by key' })
    for (const field of ['www-authenticate', 'dpop-nonce']) expect(response.headers).not.toHaveProperty(field)
  })

  test('what the handler then answers is its own, even 401', async () => {
    const app = await createApp(order)
    const response = await app.inject({ url: '/own-401', headers: { 'x-api-key': 'secret' } })
    expect(response.statusCode).toBe(401)
    expect(response.json()).toEqual({ mine: true })
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })

  test('if neither passes, there is a challenge', async () => {
    const app = await createApp(order)
    const response = await app.inject('/')
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toContain('DPoP algs=')
    expect(response.headers['dpop-nonce']).toBeDefined()
    expect(response.headers['cache-control']).toBe('no-store')
  })
})

test('the refusal of the guard, if it was the last word, is the answer of the plugin', async () => {
  const app = await createApp('guard last')
  const response = await app.inject('/')
  expect(response.headers['content-type']).toBe('application/problem+json')
  expect(response.json()).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING', status: 401 })
  const forbidden = await caller(app).inject('/')
  expect(forbidden.statusCode).toBe(403)
  expect(forbidden.headers['www-authenticate']).toContain('scope="a"')
  expect(forbidden.json()).toMatchObject({ code: 'ERR_SCOPE_INSUFFICIENT' })
})

test('an error handler of the application writes the body; status and fields stay', async () => {
  const app = await createApp('guard last', (each) =>
    each.setErrorHandler((error, _request, reply) => reply.send({ mine: (error as { code?: string }).code })),
  )
  const response = await app.inject('/')
  expect(response.json()).toEqual({ mine: 'ERR_CREDENTIALS_MISSING' })
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toContain('DPoP algs=')
})

test('both ways, if both are demanded', async () => {
  const app = create()
  await app.register(fastifyAuth)
  await app.register(countersign, options())
  const both = app.auth([app.countersign.guard(), apiKey], { relation: 'and' })
  app.get('/', { config: { auth: false }, onRequest: both }, async ({ caller: { clientId } }) => clientId)
  const partner = caller(app)
  expect((await partner.inject('/')).statusCode).toBe(401)
  expect((await partner.inject({ url: '/', headers: { 'x-api-key': 'secret' } })).body).toBe('client-1')
})

test.each(['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const)('as a plain %s hook', async (hook) => {
  const app = create()
  await app.register(countersign, options())
  const guard = app.countersign.guard()
  app.get('/', { config: { auth: false }, [hook]: guard as never }, async ({ caller: { clientId } }) => clientId)
  expect((await app.inject('/')).json()).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
  expect((await caller(app).inject('/')).body).toBe('client-1')
})

test('a wrong policy is refused when the guard is made', async () => {
  const app = create()
  await app.register(countersign, options())
  expect(() => app.countersign.guard({ scopes: 'a' } as never)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN', parameter: 'auth.scopes' }),
  )
})

test('a request can be explained', async () => {
  const app = create()
  await app.register(countersign, options())
  app.get('/explain', { config: { auth: false } }, async (request) =>
    app.countersign.explain(app.countersign.requestOf(request)),
  )
  const fields = { ...caller(app).sign({ url: '/explain', defect: 'token.audience' }) }
  expect((await app.inject({ url: '/explain', headers: fields })).json()).toMatchObject({
    outcome: 'ERR_DPOP_NONCE_REQUIRED',
  })
})
