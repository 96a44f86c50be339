// Envelopes and guards: one of several ways of authentication, wherever in the life of a request the guard stands.

import auth from '@fastify/auth'
import { expect, test } from 'vitest'
import { useEnvelopes } from './envelope-support.ts'

const { start } = useEnvelopes()
const refuse = async () => {
  throw Object.assign(new Error('no key'), { statusCode: 401 })
}

test.each(['onRequest', 'preParsing'] as const)('a guard in %s sees to the content', async (hook) => {
  const server = await start({}, async (app, handled) => {
    await app.register(auth)
    const { countersign } = app
    const guard = countersign.guard({ integrity: 'required' })
    // @fastify/auth is for hooks without a payload.
    const guards = (hook === 'onRequest' ? app.auth([refuse, guard]) : guard) as never
    app.post('/guarded', { config: { auth: false }, [hook]: guards }, async ({ body, caller }) => {
      handled.push([body, caller.kind])
      return 'ok'
    })
  })
  for (const form of ['attached', 'detached'] as const) {
    expect((await server.call({ form, path: '/guarded' })).status).toBe(200)
  }
  const parsed = { amount: '12.50', to: 'Zoë' }
  expect(server.handled).toEqual([
    [parsed, 'envelope'],
    [parsed, 'envelope'],
  ])
  const altered = await server.call({ path: '/guarded', wire: { body: '{}' } })
  expect([altered.status, altered.code, server.handled.length]).toEqual([401, 'ERR_ENVELOPE_CONTENT_MISMATCH', 2])
})

test.each(['preValidation', 'preHandler'] as const)('a guard in %s comes too late for content', async (hook) => {
  const server = await start({}, async (app, handled) => {
    app.post('/guarded', { config: { auth: false }, [hook]: app.countersign.guard() }, async ({ body }) => {
      handled.push(body)
    })
  })
  for (const form of ['attached', 'detached'] as const) {
    const answer = await server.call({ form, path: '/guarded', contentType: 'application/json' })
    expect(answer.status).toBeGreaterThanOrEqual(401)
    expect(server.handled).toEqual([])
  }
})

test('of two guards of which one is enough, each says for itself what proofs it takes', async () => {
  const server = await start({}, async (app, handled) => {
    await app.register(auth)
    const { countersign } = app
    const guards = [countersign.guard({ accept: ['dpop'] }), countersign.guard({ integrity: 'required' })]
    const onRequest = app.auth(guards as never)
    app.post('/either', { config: { auth: false }, onRequest }, async ({ body, caller }) => {
      handled.push([body, caller.kind])
    })
  })
  for (const form of ['attached', 'detached'] as const) {
    expect((await server.call({ form, path: '/either' })).status).toBe(200)
    const altered = await server.call({ form: 'detached', path: '/either', wire: { body: '{}' } })
    expect([altered.status, altered.code]).toEqual([401, 'ERR_ENVELOPE_CONTENT_MISMATCH'])
  }
  const parsed = { amount: '12.50', to: 'Zoë' }
  expect(server.handled).toEqual([
    [parsed, 'envelope'],
    [parsed, 'envelope'],
  ])
})

test('two guards must both be content', async () => {
  const server = await start({}, (app, handled) => {
    const { countersign } = app
    const onRequest = [countersign.guard({ scope: 'a' }), countersign.guard({ scope: 'b' })]
    app.post('/both', { config: { auth: false }, onRequest }, async ({ body }) => void handled.push(body))
  })
  for (const form of ['attached', 'detached'] as const) {
    expect((await server.call({ form, path: '/both', claims: { scope: 'a b' } })).status).toBe(200)
    expect((await server.call({ form, path: '/both', claims: { scope: 'a' } })).code).toBe('ERR_SCOPE_INSUFFICIENT')
    expect((await server.call({ form, path: '/both', claims: { scope: 'b' } })).code).toBe('ERR_SCOPE_INSUFFICIENT')
  }
  expect(server.handled).toHaveLength(2)
})

test('a guard that comes later takes an envelope without content, and one that was verified before', async () => {
  const server = await start({}, (app, handled) => {
    const late = app.countersign.guard({ scope: 'a' })
    app.get('/late', { config: { auth: false }, preHandler: late }, async () => void handled.push('late'))
    app.post('/twice', { preHandler: late }, async ({ body }) => void handled.push(body))
  })
  for (const form of ['attached', 'detached'] as const) {
    const call = { form, claims: { scope: 'a' } }
    expect((await server.call({ ...call, method: 'GET', path: '/late', content: null })).status).toBe(200)
    expect((await server.call({ ...call, path: '/twice' })).status).toBe(200)
    expect((await server.call({ form, path: '/twice' })).code).toBe('ERR_SCOPE_INSUFFICIENT')
  }
  expect(server.handled).toHaveLength(4)
})
