// Whatever is wrong with a call, and however an application logs: no token and no proof stands in the log.

import type { ProofParts } from '@countersign/testkit'
import { createProof } from '@countersign/testkit'
import fastifyAuth from '@fastify/auth'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import { describe, expect, test } from 'vitest'
import countersign, { logRedactPaths } from '../src/index.ts'
import { useSignedCalls } from './signed-calls.ts'
import { RESOURCE } from './support.ts'

const { context, create, options, sign } = useSignedCalls()

/** Serializers that log the fields of requests and responses, as applications have them. */
const serializers = {
  req: ({ method, url, headers }: FastifyRequest) => ({ method, url, headers }),
  request: ({ headers }: FastifyRequest) => ({ headers }),
  res: (reply: FastifyReply) => ({ statusCode: reply.statusCode, headers: reply.getHeaders?.() }),
  response: (reply: FastifyReply) => ({ headers: reply.getHeaders?.() }),
}

function logging(more: FastifyServerOptions = {}) {
  const lines: string[] = []
  const logger = {
    level: 'trace',
    redact: [...logRedactPaths],
    serializers: serializers as never,
    stream: { write: (line: string) => void lines.push(line) },
  }
  return { app: create({ ...more, logger }), log: () => lines.join('') }
}

/** Parts of a JWS of which none may be logged: its encoded payload and its signature. */
const secretsOf = (...jws: string[]) => jws.flatMap((text) => text.split('.').slice(1)).filter((part) => part !== '')

interface Fields {
  readonly authorization: string
  readonly dpop: string
}

const calls: [string, number, (fields: Fields) => Promise<Record<string, string>> | Record<string, string>][] = [
  ['nothing', 200, (fields) => ({ ...fields })],
  ['another method in the proof', 401, () => sign({ url: '/', proofClaims: { htm: 'POST' } })],
  ['another audience in the token', 401, () => sign({ url: '/', claims: { aud: 'https://other.example' } })],
  ['a proof in the place of the token', 401, ({ dpop }) => ({ authorization: `DPoP ${dpop}`, dpop })],
  ['a token in the place of the proof', 401, ({ authorization }) => ({ authorization, dpop: authorization.slice(5) })],
  ['a token as the scheme', 401, ({ authorization, dpop }) => ({ authorization: authorization.slice(5), dpop })],
  [
    'a token with another scheme',
    401,
    ({ authorization }) => ({ authorization: authorization.replace('DPoP', 'Token') }),
  ],
  ['two proofs in one field', 400, ({ authorization, dpop }) => ({ authorization, dpop: `${dpop}, ${dpop}` })],
  ['no proof', 401, ({ authorization }) => ({ authorization })],
]

describe('wrong with the call is', () => {
  test.each(calls)('%s', async (_, status, change) => {
    const { app, log } = logging()
    await app.register(countersign, options({ nonce: 'off' }))
    app.get('/', async (request, reply) => {
      request.log.info({ request, response: reply }, 'by hand')
      return 'reached'
    })
    const fields = await sign({ url: '/' })
    const headers = await change(fields)
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(status)
    expect(log()).toContain('"authorization":"[Redacted]"')
    for (const secret of secretsOf(fields.authorization, fields.dpop, ...Object.values(headers)))
      expect(log()).not.toContain(secret)
  })
})

describe('an error handler that logs the refusal logs nothing secret', () => {
  async function logged(wrong: (accessToken: string) => { claims?: object; header?: object }) {
    const { app, log } = logging()
    app.setErrorHandler((error, request, reply) => {
      request.log.error({ err: error, error, json: JSON.stringify(error), request }, 'by hand')
      return reply.send('refused')
    })
    await app.register(countersign, options({ nonce: 'off', diagnostics: 'full' }))
    app.get('/', async () => 'reached')
    const { issuer, key } = context
    const accessToken = await issuer.token({ claims: { cnf: { jkt: key.jkt } } })
    const parts = { key, method: 'GET', url: `${RESOURCE}/`, accessToken, ...wrong(accessToken) }
    const dpop = await createProof(parts as ProofParts)
    const response = await app.inject({ url: '/', headers: { authorization: `DPoP ${accessToken}`, dpop } })
    expect(response.body).toBe('refused')
    for (const secret of secretsOf(dpop, accessToken)) expect(log()).not.toContain(secret)
  }

  test.each([
    ['a method', (htm: string) => ({ claims: { htm } })],
    ['a hash', (ath: string) => ({ claims: { ath } })],
    ['an identifier', (jti: string) => ({ claims: { jti } })],
    ['a time', (iat: string) => ({ claims: { iat } })],
    ['a key', (jwk: string) => ({ header: { jwk } })],
    ['a URI', (htu: string) => ({ claims: { htu } })],
    ['a path', (token: string) => ({ claims: { htu: `${RESOURCE}/${token}` } })],
    ['a type', (typ: string) => ({ header: { typ } })],
  ])('of a proof with the token for %s', async (_, wrong) => logged(wrong))
})

test('a failing replay store is logged, its proof is not', async () => {
  const { app, log } = logging()
  const replay = { claim: () => Promise.reject(new Error('no connection')) }
  await app.register(countersign, options({ nonce: 'off', replay }))
  app.get('/', async () => 'reached')
  const headers = await sign({ url: '/' })
  expect((await app.inject({ url: '/', headers })).statusCode).toBe(503)
  expect(log()).toContain('no connection')
  for (const secret of secretsOf(headers.authorization, headers.dpop)) expect(log()).not.toContain(secret)
})

test('a guard logs no more than the plugin', async () => {
  const { app, log } = logging()
  await app.register(fastifyAuth)
  await app.register(countersign, options({ nonce: 'off' }))
  app.get('/', { config: { auth: false }, onRequest: app.auth([app.countersign.guard()]) }, async () => 'reached')
  const headers = await sign({ url: '/', proofClaims: { htm: 'POST' } })
  expect((await app.inject({ url: '/', headers })).statusCode).toBe(401)
  expect(log()).toContain('"code":"ERR_DPOP_PROOF_HTM_MISMATCH"')
  for (const secret of secretsOf(headers.authorization, headers.dpop)) expect(log()).not.toContain(secret)
})
