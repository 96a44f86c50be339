// Detached envelopes over HTTP: content travels as it is, and nothing of it reaches a handler before all of it is verified.

import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createProof } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import { JSON_TEXT, useEnvelopes } from './envelope-support.ts'

const { context, start } = useEnvelopes()

describe.each([
  ['HTTP/1.1', {}],
  ['HTTP/2', { http2: true as const }],
])('over %s', (_, serverOptions) => {
  test('a JSON body is parsed as any other, with the caller who signed it', async () => {
    const server = await start({}, undefined, serverOptions)
    const answer = await server.call()
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({
      body: { amount: '12.50', to: 'Zoë' },
      caller: { kind: 'envelope', clientId: 'client-1', jkt: context.key.jkt, algorithm: 'ES256' },
      type: 'application/json',
    })
  })

  test.each([['GET'], ['POST'], ['DELETE']])('%s without content', async (method) => {
    const server = await start({}, undefined, serverOptions)
    const answer = await server.call({ method, content: null })
    expect([answer.status, server.handled.length]).toEqual([200, 1])
    const attached = await server.call({ method, content: null, form: 'attached' })
    expect([attached.status, server.handled.length]).toEqual([200, 2])
  })

  test.each<[string, Parameters<Awaited<ReturnType<typeof start>>['call']>[0], string]>([
    ['one byte of the content', { wire: { body: JSON_TEXT.replace('12', '13') } }, 'ERR_ENVELOPE_CONTENT_MISMATCH'],
    ['re-serialised JSON', { wire: { body: JSON.stringify(JSON.parse(JSON_TEXT)) } }, 'ERR_ENVELOPE_CONTENT_MISMATCH'],
    ['content that is cut', { wire: { body: JSON_TEXT.slice(0, -1) } }, 'ERR_ENVELOPE_CONTENT_MISMATCH'],
    ['content that is longer', { wire: { body: `${JSON_TEXT} ` } }, 'ERR_ENVELOPE_CONTENT_MISMATCH'],
    ['no content in its place', { wire: { body: '' } }, 'ERR_ENVELOPE_CONTENT_MISMATCH'],
    [
      'content where there was none',
      { content: null, wire: { body: 'x', headers: { 'content-type': 'text/plain' } } },
      'ERR_ENVELOPE_CONTENT_MISMATCH',
    ],
    ['another method', { wire: { method: 'PUT' } }, 'ERR_ENVELOPE_HTM_MISMATCH'],
    ['another query', { wire: { path: '/echo?x=2' } }, 'ERR_ENVELOPE_URI_MISMATCH'],
    [
      'a query in another order',
      { path: '/echo?a=1&b=2', wire: { path: '/echo?b=2&a=1' } },
      'ERR_ENVELOPE_URI_MISMATCH',
    ],
    ['no query', { wire: { path: '/echo' } }, 'ERR_ENVELOPE_URI_MISMATCH'],
    [
      'another Content-Type',
      { wire: { headers: { 'content-type': 'application/json; charset=utf-8' } } },
      'ERR_ENVELOPE_CTY_MISMATCH',
    ],
    [
      'another case of Content-Type',
      { wire: { headers: { 'content-type': 'application/JSON' } } },
      'ERR_ENVELOPE_CTY_MISMATCH',
    ],
    ['an unknown crit', { header: { crit: ['x'], x: 1 } }, 'ERR_ENVELOPE_CRIT'],
    ['another key', { header: { kid: 'x'.repeat(43) } }, 'ERR_ENVELOPE_KID_MISMATCH'],
    ['another token', { header: { ath: 'x'.repeat(43) } }, 'ERR_ENVELOPE_ATH_MISMATCH'],
    ['no nonce', { header: { nonce: undefined } }, 'ERR_DPOP_NONCE_REQUIRED'],
    [
      'a signature of nothing',
      { wire: { envelope: (jws) => `${jws.slice(0, -8)}AAAAAAAA` } },
      'ERR_ENVELOPE_SIGNATURE',
    ],
    ['a DPoP proof beside it', { wire: { headers: { dpop: 'a.b.c' } } }, 'ERR_ENVELOPE_AMBIGUOUS'],
    ['another scheme', { wire: { headers: { authorization: 'Bearer x' } } }, 'ERR_ENVELOPE_AMBIGUOUS'],
    [
      'the media type of envelopes',
      { wire: { headers: { 'content-type': 'application/jose' } } },
      'ERR_ENVELOPE_AMBIGUOUS',
    ],
    ['the type of an attached one', { header: { typ: 'gnap-binding-jws' } }, 'ERR_ENVELOPE_TYP'],
  ])('%s is refused, and reaches no handler', async (_name, call, code) => {
    const server = await start({}, undefined, serverOptions)
    const answer = await server.call(call)
    expect([answer.code, server.handled]).toEqual([code, []])
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP error=/)
    expect((await server.call()).status).toBe(200)
  })

  test('content of unknown length where the envelope says there is none', async () => {
    const server = await start({}, undefined, serverOptions)
    const CHUNKED = 'http2' in serverOptions ? {} : { 'transfer-encoding': 'chunked' }
    async function* body() {
      yield Buffer.from('x')
    }
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await server.call({ method, content: null, wire: { body: body(), headers: CHUNKED } })
      expect([answer.code, server.handled]).toEqual(['ERR_ENVELOPE_CONTENT_MISMATCH', []])
    }
  })

  test('a stream that is no content after all', async () => {
    const server = await start({}, undefined, serverOptions)
    async function* body() {}
    expect((await server.call({ method: 'GET', content: null, wire: { body: body() } })).status).toBe(200)
  })
})

test('an envelope is good once, and nothing of a refused one is remembered', async () => {
  const server = await start()
  const jti = 'the-same-in-each-of-them'
  const refused = await server.call({ header: { jti }, wire: { body: 'another' } })
  expect(refused.code).toBe('ERR_ENVELOPE_CONTENT_MISMATCH')
  expect((await server.call({ header: { jti } })).status).toBe(200)
  expect((await server.call({ header: { jti } })).code).toBe('ERR_ENVELOPE_REPLAYED')
  expect(server.handled).toHaveLength(1)
})

test('content codings are signed by nobody: a route that demands integrity refuses them', async () => {
  const server = await start({}, (app, handled) => {
    app.post('/strict', { config: { auth: { integrity: 'required' } } }, async ({ body }) => void handled.push(body))
  })
  const encoded = { headers: { 'content-encoding': 'identity' } }
  expect((await server.call({ path: '/strict', wire: encoded })).code).toBe('ERR_ENVELOPE_CONTENT_ENCODING')
  expect((await server.call({ path: '/strict' })).status).toBe(200)
  expect((await server.call({ wire: encoded })).status).toBe(200)
})

test('a route that demands integrity takes no DPoP proof, and one without envelopes no envelope', async () => {
  const server = await start({}, (app) => {
    app.post('/strict', { config: { auth: { integrity: 'required' } } }, async () => 'no')
    app.post('/plain', { config: { auth: { accept: ['dpop'] } } }, async () => 'no')
  })
  const accessToken = await context.issuer.token({ claims: { aud: server.url, cnf: { jkt: context.key.jkt } } })
  const dpop = await createProof({ key: context.key, method: 'POST', url: `${server.url}/strict`, accessToken })
  const answer = await server.app.inject({
    method: 'POST',
    url: '/strict',
    headers: { authorization: `DPoP ${accessToken}`, dpop },
  })
  expect(answer.json().code).toBe('ERR_ENVELOPE_REQUIRED')
  expect((await server.call({ path: '/plain' })).code).toBe('ERR_ENVELOPE_NOT_ACCEPTED')
})

describe.each([
  ['HTTP/1.1', {}],
  ['HTTP/2', { http2: true as const }],
])('content that a handler reads as a stream, over %s', (_protocol, serverOptions) => {
  const declare: Parameters<typeof start>[1] = (app, handled) => {
    app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
    app.put('/upload', async ({ body, raw }) => {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length
        hash.update(chunk)
      }
      handled.push(bytes)
      return { bytes, digest: hash.digest('hex'), same: raw === body }
    })
  }
  const upload = { method: 'PUT', path: '/upload', contentType: 'application/octet-stream' } as const
  const leftovers = () => readdirSync(tmpdir()).filter((name) => /^countersign-\w{6}$/.test(name))

  test.each([[1], [65_536], [1_048_576], [1_048_577], [5_000_000]])('%i bytes arrive whole', async (length) => {
    const server = await start({}, declare, serverOptions)
    const content = randomBytes(length)
    const before = leftovers()
    const answer = await server.call({ ...upload, content })
    expect(JSON.parse(answer.body)).toEqual({
      bytes: length,
      digest: createHash('sha256').update(content).digest('hex'),
      same: true,
    })
    expect(leftovers()).toEqual(before)
  })

  test.each([[1000], [3_000_000]])(
    'of %i bytes, one that was flipped keeps the handler from running',
    async (length) => {
      const server = await start({}, declare, serverOptions)
      const content = randomBytes(length)
      const body = Buffer.from(content)
      body.writeUInt8((body.readUInt8(length - 1) + 1) % 256, length - 1)
      const answer = await server.call({ ...upload, content, wire: { body } })
      expect([answer.code, server.handled]).toEqual(['ERR_ENVELOPE_CONTENT_MISMATCH', []])
    },
  )

  test('more than may wait is refused', async () => {
    const server = await start({ envelope: { maxSpooledBytes: 10_000 } }, declare, serverOptions)
    expect((await server.call({ ...upload, content: randomBytes(10_000) })).status).toBe(200)
    const answer = await server.call({ ...upload, content: randomBytes(10_001) })
    expect([answer.status, answer.code, server.handled]).toEqual([413, 'ERR_ENVELOPE_CONTENT_TOO_LARGE', [10_000]])
  })

  test('a parser that has read a part, and leaves the rest to the handler', async () => {
    const server = await start(
      {},
      (app, handled) => {
        app.addContentTypeParser('application/x-begun', (_request, payload, done) => {
          payload.once('readable', () => {
            payload.read(10)
            done(null, payload)
          })
        })
        app.put('/begun', async ({ body }) => {
          let bytes = 10
          for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length
          handled.push(bytes)
          return { bytes }
        })
      },
      serverOptions,
    )
    const call = { method: 'PUT', path: '/begun', contentType: 'application/x-begun', content: randomBytes(3_000_000) }
    expect(JSON.parse((await server.call(call)).body)).toEqual({ bytes: 3_000_000 })
    const altered = await server.call({ ...call, wire: { body: randomBytes(3_000_000) } })
    expect([altered.code, server.handled]).toEqual(['ERR_ENVELOPE_CONTENT_MISMATCH', [3_000_000]])
  })
})
