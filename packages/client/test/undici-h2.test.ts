// HTTP/2: the same over one session, and what is different about it.

import { once } from 'node:events'
import type { Http2SecureServer, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { captureError } from '@countersign/testkit'
import { decodeJwt } from 'jose'
import { generate } from 'selfsigned'
import { fetch, interceptors, RetryAgent, request, WebSocket } from 'undici'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { countersign } from '../src/undici/index.ts'
import { clientOf } from './support.ts'
import { agentOf, ending, settle } from './undici-support.ts'

interface SeenStream {
  readonly method: string
  readonly path: string
  readonly version: string
  readonly authorization: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  readonly body: string
}

type Answer = (
  answer: (status: number, fields?: Record<string, string | string[]>, body?: string) => void,
  seen: SeenStream,
  stream: ServerHttp2Stream,
) => void

let pair: { key: string; cert: string }

beforeAll(async () => {
  const names = [{ name: 'commonName', value: 'localhost' }]
  const { private: key, cert } = await generate(names, { keyType: 'ec' })
  pair = { key, cert }
})

/** Starts a server that speaks HTTP/2, and HTTP/1.1 where it is asked to. */
async function serveH2(behave: Answer) {
  const seen: SeenStream[] = []
  const sessions: ServerHttp2Session[] = []
  const server: Http2SecureServer = createSecureServer({
    ...pair,
    allowHTTP1: true,
    settings: { enableConnectProtocol: true },
  })
  server.on('session', (session) => sessions.push(session))
  server.on('sessionError', () => undefined)
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => undefined)
    const { dpop, authorization } = headers
    let body = ''
    if (headers[':method'] !== 'CONNECT') for await (const chunk of stream) body += chunk
    const entry = {
      method: String(headers[':method']),
      path: String(headers[':path']),
      version: '2.0',
      authorization,
      claims: typeof dpop === 'string' ? decodeJwt(dpop) : {},
      body,
    }
    seen.push(entry)
    behave(
      (status, fields = {}, text = '') => {
        stream.respond({ ':status': status, ...fields })
        stream.end(text)
      },
      entry,
      stream,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, seen, sessions, server }
}

const wants: Answer = (answer, { claims }) => {
  if (claims['nonce'] === 'n1') answer(200, {}, 'ok')
  else answer(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' }, 'refused')
}

const trusting = () => agentOf({ allowH2: true, connect: { ca: pair.cert }, connections: 1 })

test('a challenged call with a body is repeated in the same session', async () => {
  const { url, seen, sessions } = await serveH2(wants)
  const dispatcher = trusting().compose(countersign(clientOf(url)))
  for (let call = 0; call < 20; call++) {
    const { statusCode, body } = await request(`${url}/a?b`, { dispatcher, method: 'POST', body: 'x' })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
  }
  expect(seen).toHaveLength(21)
  expect(sessions).toHaveLength(1)
  for (const each of seen)
    expect(each).toMatchObject({
      path: '/a?b',
      body: 'x',
      authorization: 'DPoP token-1',
      claims: { htm: 'POST', htu: `${url}/a` },
    })
})

test('fifty calls at once, and fetch', async () => {
  const { url, seen } = await serveH2(wants)
  const dispatcher = trusting().compose(countersign(clientOf(url)))
  const calls = Array.from({ length: 50 }, async (_, index) => {
    const response = await fetch(`${url}/${index}`, { dispatcher, method: 'PUT', body: `body ${index}` })
    return [response.status, await response.text()]
  })
  for (const call of await Promise.all(calls)) expect(call).toEqual([200, 'ok'])
  expect(seen).toHaveLength(51)
  expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(51)
})

test.each([
  ['in a field of its own', { 'www-authenticate': ['Bearer realm="x"', 'DPoP error="use_dpop_nonce"'] }, ''],
  ['in a body', { 'content-type': 'application/json', 'content-length': '26' }, '{"error":"use_dpop_nonce"}'],
])('the challenge is understood %s', async (_, fields, text) => {
  const { url, seen } = await serveH2((answer, { claims }) => {
    if (claims['nonce'] === 'n1') answer(200)
    else answer(401, { 'dpop-nonce': 'n1', ...fields }, text)
  })
  const dispatcher = trusting().compose(countersign(clientOf(url)))
  expect((await request(url, { dispatcher })).statusCode).toBe(200)
  expect(seen).toHaveLength(2)
})

test('a refusal that is not answered is handed over, whole', async () => {
  const { url } = await serveH2((answer) => answer(401, { 'www-authenticate': 'DPoP' }, 'x'.repeat(500_000)))
  const { statusCode, body } = await request(url, { dispatcher: trusting().compose(countersign(clientOf(url))) })
  expect(statusCode).toBe(401)
  expect((await body.text()).length).toBe(500_000)
})

test('a refusal without end is given up, and its session kept', async () => {
  const { url, seen, sessions } = await serveH2((answer, { claims }, stream) => {
    if (claims['nonce'] === 'n1') return answer(200, {}, 'ok')
    stream.respond({ ':status': 401, 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' })
    stream.write('x')
  })
  const dispatcher = trusting().compose(countersign(clientOf(url)))
  const { statusCode, body } = await request(url, { dispatcher })
  expect([statusCode, await body.text()]).toEqual([200, 'ok'])
  expect([seen.length, sessions.length]).toEqual([2, 1])
})

test('an abort ends the stream, not the session', async () => {
  const reason = new Error('enough')
  const { url, seen, sessions } = await serveH2((answer, { path }) => {
    if (path !== '/hangs') answer(200, {}, 'ok')
  })
  const dispatcher = trusting().compose(countersign(clientOf(url)))
  await (await request(url, { dispatcher })).body.dump()
  const aborting = new AbortController()
  const call = captureError(() => request(`${url}/hangs`, { dispatcher, signal: aborting.signal }))
  await expect.poll(() => seen.length).toBe(2)
  aborting.abort(reason)
  expect(await call).toBe(reason)
  expect((await request(url, { dispatcher })).statusCode).toBe(200)
  expect(sessions).toHaveLength(1)
})

describe('a session that goes away', () => {
  test('before it has taken a request: that is sent in another, with a proof of its own', async () => {
    let refused = false
    const { url, seen, sessions } = await serveH2((answer, { path }, stream) => {
      if (path === '/refused' && !refused) {
        refused = true
        // RFC 9113 section 6.8: nothing of this stream was processed.
        stream.session?.goaway(0, (stream.id as number) - 2)
        return void stream.close(7)
      }
      answer(200, {}, 'ok')
    })
    const dispatcher = trusting().compose(countersign(clientOf(url)))
    await (await request(url, { dispatcher })).body.dump()
    const { statusCode, body } = await request(`${url}/refused`, { dispatcher, method: 'POST', body: 'x' })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ path, body: sent }) => [path, sent])).toEqual([
      ['/', ''],
      ['/refused', 'x'],
      ['/refused', 'x'],
    ])
    expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(3)
    expect(sessions).toHaveLength(2)
  })
})

describe('the wrong order', () => {
  test.each([
    ['retry', () => trusting().compose(interceptors.retry())],
    ['retry', () => ending(new RetryAgent(trusting()))],
    ['redirect', () => trusting().compose(interceptors.redirect({ maxRedirections: 2 }))],
  ])('%s before it is an error, and nothing is sent', async (reason, inner) => {
    const { url, seen } = await serveH2(wants)
    const dispatcher = inner().compose(countersign(clientOf(url)))
    const error = expect.objectContaining({ code: 'ERR_INTERCEPTOR_ORDER', reason })
    await expect(request(url, { dispatcher })).rejects.toEqual(error)
    await settle()
    expect(seen).toEqual([])
  })
})

test('a WebSocket is opened by HTTP/1.1, whose method is that of the proof', async () => {
  const { url, seen, server } = await serveH2(wants)
  server.on('upgrade', (incoming, socket) => {
    const { dpop = '', authorization } = incoming.headers
    const { method = '', url: path = '', httpVersion: version } = incoming
    seen.push({ method, path, version, authorization, claims: decodeJwt(String(dpop)), body: '' })
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  })
  const dispatcher = trusting().compose(countersign(clientOf(url)))
  await (await request(url, { dispatcher })).body.dump()
  const socket = new WebSocket(url.replace('https', 'wss'), { dispatcher })
  await once(socket as never, 'error')
  expect(seen.at(-1)).toMatchObject({
    version: '1.1',
    method: 'GET',
    authorization: 'DPoP token-1',
    claims: { htm: 'GET' },
  })
})
