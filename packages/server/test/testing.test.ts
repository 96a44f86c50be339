// The test kit for applications: it does what an application's author expects of it, and each defect is refused for itself alone.

import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { exportJWK, importJWK, jwtVerify } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import type { CountersignOptions } from '../src/index.ts'
import countersign from '../src/index.ts'
import type { CallDefect } from '../src/testing/index.ts'
import {
  callDefects,
  createTestCaller,
  createTestClock,
  createTestIssuer,
  createTestKey,
} from '../src/testing/index.ts'

const resource = 'https://api.example.com'
const apps: FastifyInstance[] = []
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
})

async function createApp(options: Partial<CountersignOptions> = {}, issuer = createTestIssuer({ resource })) {
  const app = Fastify() as unknown as FastifyInstance
  apps.push(app)
  await app.register(countersign, { resource, issuer: issuer.options, ...options })
  app.get('/accounts', { config: { auth: { scope: 'accounts:read' } } }, async ({ caller }) => caller)
  app.post('/echo', async ({ body, caller }) => ({ body, jkt: caller.jkt }))
  return { app, issuer }
}

describe('a caller', () => {
  test('calls, and is challenged for a nonce by itself', async () => {
    const { app, issuer } = await createApp()
    const caller = createTestCaller({ app, issuer, claims: { scope: 'accounts:read' } })
    const response = await caller.inject('/accounts?limit=1')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ clientId: 'client-1', subject: 'user-1', jkt: caller.jkt })
  })

  test('sends bodies, methods and fields', async () => {
    const { app, issuer } = await createApp()
    const caller = createTestCaller({ app, issuer })
    const call = { method: 'POST', url: '/echo', payload: { a: 1 }, headers: { 'x-a': 'b' } } as const
    expect((await caller.inject(call)).json()).toEqual({ body: { a: 1 }, jkt: caller.jkt })
  })

  test('signs every byte with a request envelope, where a route demands it', async () => {
    const { app, issuer } = await createApp()
    app.post('/strict', { config: { auth: { integrity: 'required' } } }, async ({ body, caller, query }) => ({
      ...{ body, query },
      kind: caller.kind,
    }))
    app.get('/strict', { config: { auth: { integrity: 'required' } } }, async ({ caller }) => caller.kind)
    const caller = createTestCaller({ app, issuer })
    const call = { method: 'POST', url: '/strict?x=1', payload: { a: 'ü' } } as const
    expect((await caller.inject(call)).json().code).toBe('ERR_ENVELOPE_REQUIRED')
    const found = { body: { a: 'ü' }, query: { x: '1' }, kind: 'envelope' }
    expect((await caller.inject({ ...call, proof: 'envelope' })).json()).toEqual(found)
    const text = { ...call, payload: '{"a":"ü"}', headers: { 'Content-Type': 'application/json' } }
    expect((await caller.inject({ ...text, proof: 'envelope' })).json()).toEqual(found)
    expect((await caller.inject({ url: '/strict', proof: 'envelope' })).body).toBe('envelope')
  })

  test('has other claims for one call', async () => {
    const { app, issuer } = await createApp()
    const caller = createTestCaller({ app, issuer })
    expect((await caller.inject('/accounts')).json().code).toBe('ERR_SCOPE_INSUFFICIENT')
    expect((await caller.inject({ url: '/accounts', claims: { scope: 'accounts:read' } })).statusCode).toBe(200)
  })

  test('signs what somebody else sends', async () => {
    const { app, issuer } = await createApp({ nonce: 'off' })
    const caller = createTestCaller({ app, issuer })
    const headers = { ...caller.sign({ method: 'POST', url: '/echo' }) }
    expect((await app.inject({ method: 'POST', url: '/echo', payload: {}, headers })).statusCode).toBe(200)
    expect((await app.inject({ method: 'POST', url: '/echo', payload: {}, headers })).json().code).toBe(
      'ERR_DPOP_PROOF_REPLAYED',
    )
  })

  test.each(['ES384', 'PS256', 'Ed25519'] as const)('signs with %s', async (algorithm) => {
    const issuer = createTestIssuer({ resource, algorithm })
    const { app } = await createApp({ proofAlgorithms: [algorithm] }, issuer)
    const caller = createTestCaller({ app, issuer, algorithm })
    expect((await caller.inject({ method: 'POST', url: '/echo', payload: {} })).statusCode).toBe(200)
  })

  test('is called by another origin and prefix than the server knows', async () => {
    const origin = 'https://eu.api.example.com'
    const { app, issuer } = await createApp({ origins: [origin], basePath: '/v1' })
    const caller = createTestCaller({ app, issuer, origin, basePath: '/v1' })
    expect((await caller.inject({ method: 'POST', url: '/echo', payload: {} })).statusCode).toBe(200)
  })

  test('lives by a clock that a test turns', async () => {
    const clock = createTestClock(1_700_000_000)
    const issuer = createTestIssuer({ resource, clock: clock.now })
    const { app } = await createApp({ clock: clock.now }, issuer)
    const caller = createTestCaller({ app, issuer, clock: clock.now })
    const accessToken = issuer.token({ jkt: caller.jkt })
    const call = { method: 'POST', url: '/echo', payload: {}, accessToken } as const
    expect((await caller.inject(call)).statusCode).toBe(200)
    clock.advance(400)
    expect((await caller.inject(call)).json().code).toBe('ERR_TOKEN_EXPIRED')
  })
})

describe('an issuer', () => {
  test('is on no network, and its tokens are what RFC 9068 demands', async () => {
    const issuer = createTestIssuer({ resource })
    const [jwk] = issuer.options.jwks.keys as [Record<string, unknown>]
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    const { payload, protectedHeader } = await jwtVerify(issuer.token(), await importJWK(jwk), {
      issuer: issuer.issuer,
      audience: resource,
      typ: 'at+jwt',
      requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
    })
    expect(payload).not.toHaveProperty('cnf')
    expect(protectedHeader.kid).toBe(jwk['kid'])
  })

  test('does not sign for another', async () => {
    const { app } = await createApp()
    const caller = createTestCaller({ app, issuer: createTestIssuer({ resource }) })
    expect((await caller.inject('/accounts')).json().code).toBe('ERR_TOKEN_KEY_UNKNOWN')
  })
})

describe('a defect', () => {
  const names = Object.keys(callDefects) as CallDefect[]

  test.each(names)('%s is refused with its code', async (defect) => {
    const options = defect === 'proof.iat' ? { nonce: 'off' as const } : {}
    const { app, issuer } = await createApp(options)
    const caller = createTestCaller({ app, issuer, claims: { scope: 'accounts:read' } })
    await caller.inject('/accounts')
    const response = await caller.inject({ url: '/accounts', defect })
    expect(response.json().code).toBe(callDefects[defect])
  })

  test.each(names)('%s is the only one: an explanation finds no other', async (defect) => {
    const options = defect === 'proof.iat' ? { nonce: 'off' as const } : {}
    const { app, issuer } = await createApp(options)
    const caller = createTestCaller({ app, issuer, claims: { scope: 'accounts:read' } })
    await caller.inject('/accounts')
    const fields = caller.sign({ url: '/accounts', defect })
    const rawHeaders = Object.entries(fields).flat()
    const { findings } = await app.countersign.explain({ method: 'GET', target: '/accounts', rawHeaders })
    expect(findings.filter(({ status }) => status === 'fail').map(({ id }) => id)).toEqual([defect])
  })
})

test('a key has a public half that is public, and a thumbprint', async () => {
  const { jwk, privateJwk } = createTestKey('RS256')
  expect(Object.keys(jwk).sort()).toEqual(['e', 'kty', 'n'])
  expect(privateJwk.d).toBeDefined()
  expect(await exportJWK(await importJWK(jwk, 'RS256'))).toEqual(jwk)
  expect(() => createTestKey('HS256' as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
})
