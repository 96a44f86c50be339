// Signed answers over HTTP, verified with jose alone; and the evidence that is kept of a request and its answer.

import { generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import type { Evidence } from '@countersign/shared'
import { verifyEvidence } from '@countersign/shared'
import { openAnswer, sha256 } from '@countersign/testkit'
import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import type { Answered, EnvelopedCall } from './envelope-support.ts'
import { JSON_TEXT, useEnvelopes } from './envelope-support.ts'

const { context, start } = useEnvelopes()
const signingKey = generateKeyPairSync('ed25519').privateKey
const keys = [{ key: signingKey, kid: 'answers-1' }]
const wanted = (call: EnvelopedCall = {}): EnvelopedCall => ({
  ...call,
  wire: { ...call.wire, headers: { 'want-answer-jws': '?1', ...call.wire?.headers } },
})

async function answerOf(app: FastifyInstance, { headers }: Answered) {
  const { keys } = (await app.inject('/.well-known/jwks.json')).json()
  return openAnswer(String(headers['answer-jws']), keys)
}

describe.each([
  ['HTTP/1.1', {}],
  ['HTTP/2', { http2: true as const }],
])('over %s', (_, serverOptions) => {
  test.each(['detached', 'attached'] as const)('the answer to a request with an envelope, %s', async (form) => {
    const server = await start({ keys }, undefined, serverOptions)
    const answer = await server.call(wanted({ form }))
    expect(await answerOf(server.app, answer)).toEqual({
      typ: 'countersign-answer',
      alg: 'Ed25519',
      kid: 'answers-1',
      status: 200,
      fields: { 'content-type': 'application/json; charset=utf-8', location: null },
      digest: sha256(answer.body),
      created: expect.closeTo(Date.now() / 1000, -1),
      req: sha256(answer.envelope),
    })
    expect(answer.headers['cache-control']).toBe('no-store')
  })
})

test.each<[string, EnvelopedCall]>([
  ['nobody asked for', {}],
  ['is asked for in other words', { wire: { headers: { 'want-answer-jws': '1' } } }],
  ['is asked for twice', { wire: { headers: { 'want-answer-jws': ['?1', '?1'] } } }],
  ['is of a request that was refused before', wanted({ header: { ath: 'x'.repeat(43) } })],
  ['is of content that was refused', wanted({ wire: { body: 'x' } })],
])('a response that %s is not signed', async (_, call) => {
  const server = await start({ keys })
  expect((await server.call(call)).headers).not.toHaveProperty('answer-jws')
})

test('a server without keys signs nothing', async () => {
  const server = await start()
  const answer = await server.call(wanted())
  expect([answer.status, answer.headers['answer-jws']]).toEqual([200, undefined])
})

describe('what a handler sends is signed as it is sent:', () => {
  const declare = (app: FastifyInstance) => {
    app.post('/created', async (_request, reply) =>
      reply.code(201).header('location', '/x/7').header('x-kept', 'a').send({ id: 7 }),
    )
    app.post('/nothing', async (_request, reply) => reply.code(204).send())
    app.post('/stream', async (_request, reply) => reply.type('text/plain').send(Readable.from(['ab', 'cd'])))
    app.post('/web', async () => new Response('of the web', { status: 202, headers: { 'content-type': 'text/x' } }))
    app.post('/web-stream', async (_request, reply) => reply.type('text/x').send(new Blob(['blob']).stream()))
    app.post('/bytes', async () => Buffer.from('bytes'))
    app.post('/failed', async () => {
      throw Object.assign(new Error('teapot'), { statusCode: 418 })
    })
    app.post('/redirect', async (_request, reply) => reply.redirect('/elsewhere', 307))
    app.get('/known', async () => 'known')
  }

  test.each<[string, EnvelopedCall, object]>([
    [
      'status and location',
      { path: '/created' },
      { status: 201, fields: { 'content-type': 'application/json; charset=utf-8', location: '/x/7' } },
    ],
    ['no content', { path: '/nothing' }, { status: 204, fields: { 'content-type': null, location: null } }],
    ['a stream', { path: '/stream' }, { status: 200, digest: sha256('abcd') }],
    [
      'a Response',
      { path: '/web' },
      { status: 202, digest: sha256('of the web'), fields: { 'content-type': 'text/x', location: null } },
    ],
    ['a stream of the web', { path: '/web-stream' }, { digest: sha256('blob') }],
    ['bytes', { path: '/bytes' }, { digest: sha256('bytes') }],
    ['an error of the application', { path: '/failed' }, { status: 418 }],
    ['a redirect', { path: '/redirect' }, { status: 307, fields: { 'content-type': null, location: '/elsewhere' } }],
    ['a path that is not there', { path: '/nowhere' }, { status: 404 }],
    ['a HEAD request', { method: 'HEAD', path: '/known', content: null }, { status: 200 }],
  ])('%s', async (_, call, expected) => {
    const server = await start({ keys }, declare)
    const answer = await server.call(wanted(call))
    const signed = await answerOf(server.app, answer)
    expect(signed).toMatchObject({ ...expected, status: answer.status, req: sha256(answer.envelope) })
    expect(signed['digest']).toBe(answer.body === '' ? undefined : sha256(answer.body))
    expect(answer.headers['content-type'] ?? null).toBe(
      (signed['fields'] as { 'content-type': string })['content-type'],
    )
  })
})

test('a refusal by the policy is signed too', async () => {
  const server = await start({ keys }, (app) => {
    app.post('/admin', { config: { auth: { roles: 'admin' } } }, async () => 'no')
  })
  for (const form of ['attached', 'detached'] as const) {
    const answer = await server.call(wanted({ form, path: '/admin' }))
    expect(answer.code).toBe('ERR_ROLE_MISSING')
    if (form === 'attached')
      expect(await answerOf(server.app, answer)).toMatchObject({ status: 403, digest: sha256(answer.body) })
    // What may not be called need not send its content: it is refused before that is read, and so before the claim.
    else expect(answer.headers).not.toHaveProperty('answer-jws')
  }
})

test('a route can sign more fields, and sign always', async () => {
  const answer = { fields: ['X-Total', 'Content-Type', 'etag'], always: true }
  const server = await start({ keys }, async (app) => {
    await app.register(cors, { origin: true })
    app.post('/list', { config: { auth: { answer } } }, async (_request, reply) => reply.header('x-total', 3).send([]))
  })
  const received = await server.call({ path: '/list', wire: { headers: { origin: 'https://page.example' } } })
  expect(await answerOf(server.app, received)).toMatchObject({
    fields: { 'content-type': 'application/json; charset=utf-8', location: null, 'x-total': '3', etag: null },
  })
  expect(() => server.app.countersign.compilePolicy({ answer: { fields: ['set-cookie'] } })).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'auth.answer.fields' }),
  )
})

test('what the application does to a response before it is sent is signed with it', async () => {
  const server = await start({ keys }, (app) => {
    app.addHook('onSend', async ({ url }, _reply, payload) =>
      url.startsWith('/echo') ? `${payload} and more` : payload,
    )
  })
  const answer = await server.call(wanted())
  expect(answer.body).toMatch(/ and more$/)
  expect(await answerOf(server.app, answer)).toMatchObject({ digest: sha256(answer.body) })
})

test('a response that is too long, or a field that cannot be signed, goes out unsigned', async () => {
  const server = await start({ keys, envelope: { maxAnswerBytes: 1000 } }, (app) => {
    app.post('/long', async () => 'x'.repeat(1001))
    app.post('/long-stream', async () => Readable.from(['x'.repeat(800), 'y'.repeat(800), 'z']))
    app.post('/odd', async (_request, reply) => reply.header('location', `/${'é'}`).send('x'))
  })
  for (const [path, length] of [
    ['/long', 1001],
    ['/long-stream', 1601],
    ['/odd', 1],
  ] as const) {
    const answer = await server.call(wanted({ path }))
    expect([answer.status, answer.body.length, answer.headers['answer-jws']]).toEqual([200, length, undefined])
  }
})

test('what was compressed before goes out unsigned', async () => {
  const server = await start({ keys }, (app) => {
    app.addHook('onSend', async (_request, reply, payload) => {
      reply.header('content-encoding', 'gzip')
      return gzipSync(String(payload))
    })
  })
  const answer = await server.call(wanted())
  expect([answer.status, answer.headers['answer-jws']]).toEqual([200, undefined])
})

describe('evidence', () => {
  test.each(['attached', 'detached'] as const)(
    'of a request, %s, and of its answer can be verified later',
    async (form) => {
      const kept: Evidence[] = []
      const server = await start({ keys, envelope: { onEvidence: (evidence) => void kept.push(evidence) } })
      const answer = await server.call(wanted({ form }))
      expect(kept).toHaveLength(2)
      expect(kept[0]).toEqual({
        request: answer.envelope,
        thumbprint: context.key.jkt,
        time: expect.closeTo(Date.now() / 1000, -1),
        content: sha256(JSON_TEXT),
      })
      const [, pair] = JSON.parse(JSON.stringify(kept)) as [Evidence, Evidence]
      const content = new TextEncoder().encode(JSON_TEXT)
      const answerContent = new TextEncoder().encode(answer.body)
      const report = await verifyEvidence(pair, { content, answerContent, thumbprint: context.key.jkt })
      expect(report).toMatchObject({ method: 'POST', uri: `${server.url}/echo?x=1`, answer: { status: 200 } })
      const altered = new TextEncoder().encode(`${answer.body} `)
      await expect(verifyEvidence(pair, { content, answerContent: altered })).rejects.toMatchObject({
        code: 'ERR_EVIDENCE_INVALID',
      })
    },
  )

  test('is not of what was refused', async () => {
    const kept: Evidence[] = []
    const server = await start({ keys, envelope: { onEvidence: (evidence) => void kept.push(evidence) } }, (app) => {
      app.post('/admin', { config: { auth: { roles: 'admin' } } }, async () => 'no')
    })
    await server.call({ wire: { body: 'x' } })
    await server.call({ path: '/admin' })
    expect(kept).toEqual([])
  })

  test('that cannot be kept fails the request before its handler', async () => {
    const server = await start({
      envelope: {
        onEvidence: () => {
          throw new Error('disk full')
        },
      },
    })
    for (const form of ['attached', 'detached'] as const) {
      expect([(await server.call({ form })).status, server.handled]).toEqual([500, []])
    }
  })
})
