// Our client and our server with request envelopes, over HTTP/1.1 and HTTP/2: every form, every kind of body, and signed answers.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ClientOptions, Evidence, ProofOption } from '@countersign/client'
import { createClient, refusalOf, verifyEvidence } from '@countersign/client'
import type { CountersignOptions } from '@countersign/server'
import countersign from '@countersign/server'
import { createTestIssuer } from '@countersign/server/testing'
import { captureError } from '@countersign/testkit'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import Fastify from 'fastify'
import { generate } from 'selfsigned'
import { Agent, fetch as undiciFetch } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../examples/demo/src/free-port.ts'

const keys = [
  { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, kid: 'signs' },
  { key: generateKeyPairSync('x25519').privateKey, alg: 'ECDH-ES', kid: 'opens' },
]
const PROOFS: readonly [string, ProofOption][] = [
  ['detached', 'envelope'],
  ['attached', { envelope: 'attached' }],
  ['sealed', { seal: true }],
  ['detached, with signed answers', { verifyResponse: true }],
  ['detached, with answers verified while they are read', { verifyResponse: 'stream' }],
  ['sealed, with signed answers', { seal: true, verifyResponse: true }],
]

const certificate = await generate([{ name: 'commonName', value: 'localhost' }], {
  keyType: 'ec',
  extensions: [],
} as never)
const overHttp2 = { http2: true, https: { key: certificate.private, cert: certificate.cert } }

describe.each([
  ['HTTP/1.1', {}, () => ({})],
  ['HTTP/2', overHttp2, http2Fetch],
] as const)('%s', (_, serverOptions, clientOptions) => {
  describe.each(PROOFS)('%s', (_name, proof) => {
    const connect = () =>
      start({ serverOptions: serverOptions as FastifyServerOptions, client: { proof, ...clientOptions() } })

    test('a JSON body and a query', async () => {
      const { api, requests } = await connect()
      const response = await api.fetch('/echo?b=2&a=%201', json({ amount: '12.50', to: 'Zoë' }))
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({
        body: { amount: '12.50', to: 'Zoë' },
        kind: 'envelope',
        url: '/echo?b=2&a=%201',
        type: 'application/json',
      })
      // The first is challenged for a nonce.
      expect(requests()).toEqual([401, 200])
      await (await api.fetch('/echo', json({}))).text()
      expect(requests()).toEqual([401, 200, 200])
    })

    test.each<[string, () => BodyInit | null, string | null, string | Buffer]>([
      ['text', () => 'text ü', 'text/plain;charset=UTF-8', 'text ü'],
      ['bytes', () => Uint8Array.of(0, 255, 10), null, Buffer.from([0, 255, 10])],
      [
        'parameters',
        () => new URLSearchParams({ a: 'b c' }),
        'application/x-www-form-urlencoded;charset=UTF-8',
        'a=b+c',
      ],
      ['a Blob', () => new Blob(['blob'], { type: 'text/x' }), 'text/x', 'blob'],
      ['a stream', () => new Blob(['stre', 'amed']).stream(), null, 'streamed'],
      ['nothing', () => null, null, ''],
      ['an empty text', () => '', 'text/plain;charset=UTF-8', ''],
    ])('%s arrives byte for byte', async (_, body, type, expected) => {
      const { api } = await connect()
      const answer = await (
        await api.fetch('/bytes', { method: 'PUT', body: body(), duplex: 'half' } as RequestInit)
      ).json()
      const isSealedBytes = type === null && expected.length > 0
      expect(answer.digest).toBe(createHash('sha256').update(expected).digest('hex'))
      if (expected.length > 0 && !isSealedBytes) expect(answer.type).toBe(type)
    })

    test('a form, a Request, a method without content', async () => {
      const { api, url } = await connect()
      const form = new FormData()
      form.set('a', 'b')
      const formAnswer = await (await api.fetch('/bytes', { method: 'PUT', body: form })).json()
      expect(formAnswer.type).toMatch(/^multipart\/form-data; boundary=/)
      const request = new Request(`${url}/echo?x=1#f`, json({ of: 'a Request' }))
      expect((await (await api.fetch(request)).json()).body).toEqual({ of: 'a Request' })
      expect((await api.fetch('/echo?')).status).toBe(200)
      expect((await api.fetch('/echo', { method: 'DELETE' })).status).toBe(200)
      expect((await api.fetch('/echo', { method: 'HEAD' })).status).toBe(200)
    })

    test('redirects are signed anew', async () => {
      const { api } = await connect()
      const kept = await (await api.fetch('/moved', json({ kept: true }))).json()
      expect([kept.body, kept.url]).toEqual([{ kept: true }, '/echo?moved'])
      const response = await api.fetch('/see-other', json({}))
      expect([response.status, response.url.endsWith('/echo?seen')]).toEqual([200, true])
    })

    test('twenty calls at once', async () => {
      const { api } = await connect()
      const calls = Array.from({ length: 20 }, async (_, index) => (await api.fetch('/echo', json({ index }))).json())
      expect((await Promise.all(calls)).map(({ body }) => body.index)).toEqual(
        Array.from({ length: 20 }, (_, index) => index),
      )
    })

    test('refusals and errors of the application', async () => {
      const { api } = await connect()
      expect((await api.fetch('/nowhere')).status).toBe(404)
      expect((await api.fetch('/failed')).status).toBe(418)
    })
  })
})

test('each call can be proved in its own way', async () => {
  const { api } = await start({})
  expect((await (await api.fetch('/echo')).json()).kind).toBe('dpop')
  expect((await (await api.fetch('/echo', { proof: 'envelope' })).json()).kind).toBe('envelope')
  expect((await api.fetch('/strict', json({}))).status).toBe(401)
  expect((await api.fetch('/strict', { ...json({}), proof: { envelope: 'attached' } })).status).toBe(200)
  for (const proof of [
    'jws',
    { envelope: 'sealed' },
    { seal: 1 },
    { seal: true, envelope: 'detached' },
    { verifyResponse: 'yes' },
    { sign: true },
  ]) {
    const error = await captureError(() => api.fetch('/echo', { proof: proof as never }))
    expect(error, JSON.stringify(proof)).toMatchObject({ code: expect.stringMatching(/^ERR_OPTION_/) })
  }
})

test('the answer looks as that of fetch does', async () => {
  const { api, url } = await start({ client: { proof: { verifyResponse: true } } })
  const response = await api.fetch('/echo', json({ a: 1 }))
  expect([response.url, response.type, response.ok, response.statusText]).toEqual([`${url}/echo`, 'basic', true, 'OK'])
  const copy = response.clone()
  expect(copy.url).toBe(response.url)
  expect(await copy.json()).toEqual(await response.json())
})

test('a refusal by the policy is signed; one before that is not, and says what it was', async () => {
  const { api } = await start({ client: { proof: { verifyResponse: true, envelope: 'attached' } } })
  const response = await api.fetch('/admin', json({}))
  expect(await refusalOf(response)).toMatchObject({ code: 'ERR_ROLE_MISSING' })
  const other = await start({
    client: { proof: { verifyResponse: true } },
    server: { audience: 'https://other.example' },
  })
  expect(await captureError(() => other.api.fetch('/echo'))).toMatchObject({
    code: 'ERR_ENVELOPE_ANSWER_MISSING',
    actual: 401,
    problem: { code: 'ERR_TOKEN_AUDIENCE' },
  })
})

test('a server without keys can neither be sealed to nor sign: nothing is sent', async () => {
  const { api, requests } = await start({ server: { keys: [] } })
  for (const proof of [{ seal: true }, { verifyResponse: true }]) {
    const error = await captureError(() => api.fetch('/echo', { ...json({}), proof }))
    expect(error).toMatchObject({ code: 'ERR_SERVER_KEY_MISSING' })
  }
  expect(requests()).toEqual([])
})

test('keys that are configured are not fetched, and a key that was replaced is found', async () => {
  const { api, restart, paths } = await start({ client: { proof: { seal: true, verifyResponse: true } } })
  expect((await api.fetch('/echo', json({}))).status).toBe(200)
  await restart([
    { key: generateKeyPairSync('ed25519').privateKey, kid: 'signs-2' },
    { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, alg: 'ECDH-ES+A256KW', kid: 'opens-2' },
  ])
  // Not a moment after the first look.
  await new Promise((resolve) => setTimeout(resolve, 5_100))
  expect((await api.fetch('/echo', json({}))).status).toBe(200)
  expect(paths().filter((path) => path.endsWith('jwks.json'))).toHaveLength(2)
})

describe('evidence', () => {
  test('is kept on both sides, and is the same', async () => {
    const ours: Evidence[] = []
    const theirs: Evidence[] = []
    const { api } = await start({
      client: { proof: { verifyResponse: true }, onEvidence: (evidence) => void ours.push(evidence) },
      server: { envelope: { onEvidence: (evidence) => void theirs.push(evidence) } },
    })
    const body = JSON.stringify({ amount: 1 })
    const response = await api.fetch('/echo', json({ amount: 1 }))
    const answerContent = new Uint8Array(await response.arrayBuffer())
    expect(ours).toHaveLength(1)
    const [mine] = ours as [Evidence]
    const [, pair] = theirs as [Evidence, Evidence]
    expect({ ...mine, time: 0 }).toEqual({ ...pair, time: 0 })
    const content = new TextEncoder().encode(body)
    const report = await verifyEvidence(mine, { content, answerContent, thumbprint: await api.thumbprint() })
    expect(report).toMatchObject({ method: 'POST', answer: { status: 200 } })
  })

  test('that cannot be kept fails the call', async () => {
    const reason = new Error('disk full')
    const { api } = await start({
      client: {
        proof: 'envelope',
        onEvidence: () => {
          throw reason
        },
      },
    })
    expect(await captureError(() => api.fetch('/echo'))).toBe(reason)
  })
})

describe('large content', () => {
  test('a file of 200 MB arrives whole', { timeout: 60_000 }, async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'countersign-large-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const file = path.join(directory, 'large')
    const piece = randomBytes(1_000_000)
    const hash = createHash('sha256')
    await writeFile(
      file,
      (function* () {
        for (let count = 0; count < 200; count++) {
          hash.update(piece)
          yield piece
        }
      })(),
    )
    const { api } = await start({ client: { proof: 'envelope' } })
    await (await api.fetch('/echo')).text()
    const response = await api.fetch('/bytes', { method: 'PUT', body: await openAsBlob(file) })
    expect(await response.json()).toMatchObject({ bytes: 200_000_000, digest: hash.digest('hex') })
  })

  test('a stream that is too long to be held is refused before anything is sent', async () => {
    const { api, requests } = await start({ client: { proof: 'envelope' } })
    let pulled = 0
    let cancelled = false
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1_000_000
        controller.enqueue(new Uint8Array(1_000_000))
      },
      cancel() {
        cancelled = true
      },
    })
    const error = await captureError(() => api.fetch('/bytes', { method: 'PUT', body, duplex: 'half' } as RequestInit))
    expect(error).toMatchObject({ code: 'ERR_ENVELOPE_CONTENT_TOO_LARGE', parameter: 'body' })
    expect([requests(), cancelled, pulled < 20_000_000]).toEqual([[], true, true])
  })
})

test('an abort ends a call while its content is read', async () => {
  const { api } = await start({ client: { proof: 'envelope' } })
  const reason = new Error('enough')
  const controller = new AbortController()
  const body = new ReadableStream({ pull: () => new Promise(() => undefined) })
  const call = api.fetch('/bytes', { method: 'PUT', body, duplex: 'half', signal: controller.signal } as RequestInit)
  setTimeout(() => controller.abort(reason), 20)
  expect(await captureError(() => call)).toBe(reason)
})

interface Setup {
  readonly server?: Partial<CountersignOptions>
  readonly serverOptions?: FastifyServerOptions
  readonly client?: Partial<ClientOptions>
}

/** A server and a client of it, for the current test. */
async function start({ server = {}, serverOptions = {}, client = {} }: Setup) {
  const port = await freePort()
  const url = `${'https' in serverOptions ? 'https' : 'http'}://localhost:${port}`
  const issuer = createTestIssuer({ resource: url })
  const seen: { path: string; status: number }[] = []
  let app = await listen(keys)
  onTestFinished(() => app.close())
  const api = createClient({ resource: url, token: ({ thumbprint }) => issuer.token({ jkt: thumbprint }), ...client })
  onTestFinished(() => api.close())
  return {
    url,
    api,
    /** Statuses of the calls, in order. */
    requests: () => seen.filter(({ path }) => !path.startsWith('/.well-known')).map(({ status }) => status),
    paths: () => seen.map(({ path }) => path),
    async restart(others: CountersignOptions['keys']) {
      await app.close()
      app = await listen(others)
    },
  }

  async function listen(serverKeys: CountersignOptions['keys']): Promise<FastifyInstance> {
    const fastify = Fastify({ forceCloseConnections: true, ...serverOptions }) as unknown as FastifyInstance
    fastify.addHook('onResponse', async ({ url: path }, { statusCode: status }) => void seen.push({ path, status }))
    await fastify.register(countersign, {
      resource: url,
      issuer: issuer.options,
      keys: serverKeys,
      ...server,
    } as CountersignOptions)
    fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    fastify.route({
      method: ['GET', 'POST', 'DELETE'],
      url: '/echo',
      handler: async ({ body, caller, headers, originalUrl }) => ({
        body,
        kind: caller.kind,
        type: headers['content-type'],
        url: originalUrl,
      }),
    })
    fastify.put('/bytes', async ({ body, headers }) => {
      const hash = createHash('sha256')
      let bytes = 0
      const chunks = typeof body === 'string' ? [Buffer.from(body)] : ((body ?? []) as AsyncIterable<Buffer>)
      for await (const chunk of chunks) {
        bytes += chunk.length
        hash.update(chunk)
      }
      return { bytes, digest: hash.digest('hex'), type: headers['content-type'] ?? null }
    })
    fastify.post('/strict', { config: { auth: { integrity: 'required' } } }, async () => 'ok')
    fastify.post('/admin', { config: { auth: { roles: 'admin' } } }, async () => 'ok')
    fastify.post('/moved', async (_request, reply) => reply.redirect('/echo?moved', 307))
    fastify.post('/see-other', async (_request, reply) => reply.redirect('/echo?seen', 303))
    fastify.get('/failed', async () => {
      throw Object.assign(new Error('teapot'), { statusCode: 418 })
    })
    await fastify.listen({ port, host: 'localhost' })
    return fastify
  }
}

function json(value: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

/** A fetch that speaks HTTP/2 to a server whose certificate nobody knows. */
function http2Fetch(): Partial<ClientOptions> {
  const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
  onTestFinished(() => dispatcher.destroy())
  const fetch = (input: string, init: object) => undiciFetch(input, { ...init, dispatcher })
  return { fetch: fetch as unknown as typeof globalThis.fetch }
}
