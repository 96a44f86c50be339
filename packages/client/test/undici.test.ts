// The interceptor: what goes over the wire, whichever way undici is called, and what its caller keeps.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { pipeline as joined } from 'node:stream/promises'
import { createProof as createForeignProof, createKey } from '@countersign/testkit'
import { decodeProtectedHeader } from 'jose'
import type { Dispatcher } from 'undici'
import { Client, Dispatcher1Wrapper, fetch, Headers, Pool, ProxyAgent, pipeline, request, stream } from 'undici'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { createProof } from '../src/index.ts'
import { generateSigner } from '../src/keys/key-pair.ts'
import { clientCredentials } from '../src/tokens/client-credentials.ts'
import { countersign } from '../src/undici/index.ts'
import { clientOf, serve, wants } from './support.ts'
import { agentOf, ending, signing } from './undici-support.ts'

const code = (value: string, more: object = {}) => expect.objectContaining({ code: value, ...more })
const ok = (response: { end(body: string): void }) => void response.end('ok')

test('the proof is what RFC 9449 section 4.2 says, of the URL without query, and the method', async () => {
  const { url, seen } = await serve(ok)
  const { statusCode, body } = await request(`${url}/a/b`, {
    dispatcher: signing(clientOf(url)),
    method: 'PATCH',
    query: { q: 1 },
    body: 'x',
  })
  expect([statusCode, await body.text()]).toEqual([200, 'ok'])
  const { headers, claims, path, body: sent } = seen[0] ?? {}
  expect([path, sent]).toEqual(['/a/b?q=1', 'x'])
  const ath = createHash('sha256').update('token-1').digest('base64url')
  expect(headers?.authorization).toBe('DPoP token-1')
  expect(Object.keys(claims ?? {})).toEqual(['jti', 'htm', 'htu', 'iat', 'ath'])
  expect(claims).toMatchObject({ htm: 'PATCH', htu: `${url}/a/b`, ath })
  expect(decodeProtectedHeader(headers?.['dpop'] as string)).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' })
})

test.each([
  ['is none', {}],
  ['is a client without parts', { fetch, thumbprint: () => '', ready: () => undefined, close: () => undefined }],
  ['is undefined', undefined],
])('what %s is refused when it is composed', (_, client) => {
  expect(() => countersign(client as never)).toThrow(code('ERR_OPTION_INVALID', { parameter: 'client' }))
})

test('it is an interceptor as undici declares them', () => {
  expectTypeOf(countersign).returns.toEqualTypeOf<Dispatcher.DispatcherComposeInterceptor>()
})

describe('the ways to call', () => {
  test('fetch', async () => {
    const { url, seen } = await serve(ok)
    const response = await fetch(`${url}/a?b`, { dispatcher: signing(clientOf(url)), method: 'POST', body: 'x' })
    expect(await response.text()).toBe('ok')
    expect(seen).toMatchObject([{ path: '/a?b', body: 'x', claims: { htm: 'POST', htu: `${url}/a` } }])
  })

  test('stream', async () => {
    const { url, seen } = await serve(ok)
    const chunks: Buffer[] = []
    const sink = () =>
      new Writable({
        write(chunk, _, done) {
          chunks.push(chunk)
          done()
        },
      })
    await stream(`${url}/a`, { dispatcher: signing(clientOf(url)), method: 'PUT', body: 'x' }, sink)
    expect(Buffer.concat(chunks).toString()).toBe('ok')
    expect(seen).toMatchObject([{ body: 'x', claims: { htm: 'PUT', htu: `${url}/a` } }])
  })

  test('pipeline', async () => {
    const { url, seen } = await serve((response, { body }) => void response.end(body.toUpperCase()))
    const duplex = pipeline(`${url}/a`, { dispatcher: signing(clientOf(url)), method: 'PUT' }, ({ body }) => body)
    const chunks: Buffer[] = []
    await joined(Readable.from(['x', 'y']), duplex, async (source) => {
      for await (const chunk of source) chunks.push(chunk as Buffer)
    })
    expect(Buffer.concat(chunks).toString()).toBe('XY')
    expect(seen.at(-1)).toMatchObject({ body: 'xy', claims: { htm: 'PUT', htu: `${url}/a` } })
  })

  test.each([
    ['Client', (url: string) => new Client(url)],
    ['Pool', (url: string) => new Pool(url, { connections: 2 })],
  ])('%s', async (_, make) => {
    const { url, seen } = await serve(wants('n1'))
    const dispatcher = ending(make(url)).compose(countersign(clientOf(url)))
    const calls = await Promise.all(['/a', '/b', '/c'].map((path) => dispatcher.request({ path, method: 'GET' })))
    for (const { statusCode, body } of calls) expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ claims }) => claims['htu'])).toEqual(
      expect.arrayContaining([`${url}/a`, `${url}/b`, `${url}/c`]),
    )
  })

  test("the platform's own fetch, by way of undici's wrapper", async () => {
    const { url, seen } = await serve(wants('n1'))
    const dispatcher = new Dispatcher1Wrapper(signing(clientOf(url)))
    const response = await globalThis.fetch(`${url}/a`, { method: 'POST', body: 'x', dispatcher } as RequestInit)
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ body, claims }) => [body, claims['nonce']])).toEqual([
      ['x', undefined],
      ['x', 'n1'],
    ])
  })

  test('a handler that older versions of undici made is refused, and nothing sent', async () => {
    const { url, seen } = await serve(ok)
    const dispatcher = signing(clientOf(url))
    const handler = { onConnect() {}, onHeaders() {}, onData() {}, onComplete() {}, onError() {} }
    expect(() => dispatcher.dispatch({ origin: url, path: '/', method: 'GET' }, handler as never)).toThrow(
      code('ERR_OPTION_INVALID', { parameter: 'handler' }),
    )
    expect(seen).toEqual([])
  })
})

describe('header fields', () => {
  const kept = { 'x-a': '1', 'x-b': '2, 3' }
  const forms: [string, unknown][] = [
    ['an object', { Authorization: 'Bearer theirs', DPoP: 'theirs', 'x-a': '1', 'X-B': ['2', '3'] }],
    [
      'an object with arrays',
      { authorization: ['Basic a', 'DPoP b'], dPop: ['a', 'b'], 'x-a': ['1'], 'x-b': ['2', '3'] },
    ],
    ['a flat array', ['AUTHORIZATION', 'x', 'dpop', 'a', 'x-a', '1', 'X-b', '2', 'x-B', '3', 'DPOP', 'b']],
    ['a flat array with arrays', ['authorization', ['x', 'y'], 'x-a', '1', 'x-b', ['2', '3']]],
    [
      'an array of pairs',
      [
        ['Dpop', 'x'],
        ['authoriZation', 'DPoP x'],
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-b', '3'],
      ],
    ],
    [
      'a Map',
      new Map<string, string | string[]>([
        ['Authorization', 'x'],
        ['DPoP', 'x'],
        ['x-a', '1'],
        ['x-b', ['2', '3']],
      ]),
    ],
    ['Headers', new Headers({ Authorization: 'x', DPoP: 'x', ...kept })],
    ["the platform's Headers", new globalThis.Headers({ Authorization: 'x', DPoP: 'x', ...kept })],
    [
      'a generator',
      (function* () {
        yield ['DPoP', 'x']
        yield* Object.entries(kept)
      })(),
    ],
  ]
  test.each(forms)('%s', async (_, headers) => {
    const { url, seen } = await serve(wants('n1'))
    const options = { dispatcher: signing(clientOf(url)), headers } as never
    expect((await request(url, options)).statusCode).toBe(200)
    expect(seen).toHaveLength(2)
    for (const { headers: received } of seen) {
      expect(received).toMatchObject({ ...kept, authorization: 'DPoP token-1' })
      expect(received['dpop']).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    }
  })

  test.each([
    ['none', undefined],
    ['null', null],
    ['no fields', {}],
    ['no pairs', []],
  ])('%s', async (_, headers) => {
    const { url, seen } = await serve(ok)
    await request(url, { dispatcher: signing(clientOf(url)), headers } as never)
    expect(seen[0]?.headers.authorization).toBe('DPoP token-1')
  })

  test.each([
    ['an odd number of names and values', ['a']],
    ['what are no pairs', new Map([['a', 'b']]).keys()],
    ['a string', 'a: b'],
  ])('%s are refused', async (_, headers) => {
    const { url, seen } = await serve(ok)
    const call = request(url, { dispatcher: signing(clientOf(url)), headers } as never)
    await expect(call).rejects.toEqual(code('ERR_OPTION_INVALID', { parameter: 'headers' }))
    expect(seen).toEqual([])
  })

  test("the caller's options stay as they are", async () => {
    const { url, seen } = await serve(wants('n1'))
    const headers = Object.freeze({ 'x-a': Object.freeze(['1', '2']), authorization: 'Bearer theirs' })
    const options = Object.freeze({ origin: url, path: '/a/../b', method: 'GET' as const, headers })
    const { body } = await signing(clientOf(url)).request(options as never)
    expect(await body.text()).toBe('ok')
    expect(options).toEqual({
      origin: url,
      path: '/a/../b',
      method: 'GET',
      headers: { 'x-a': ['1', '2'], authorization: 'Bearer theirs' },
    })
    expect(seen).toHaveLength(2)
  })
})

test.each([
  ['/a/../b', '/b'],
  ['/a/%2e%2e/b?c/../d', '/b?c/../d'],
  ['//elsewhere.example/a', '//elsewhere.example/a'],
  ['/a\\b', '/a/b'],
  ['/%7Ea//b/', '/%7Ea//b/'],
])('the path %s is sent as the proof says it', async (path, sent) => {
  const { url, seen } = await serve(ok)
  await signing(clientOf(url)).request({ origin: url, path, method: 'GET' })
  expect(seen[0]).toMatchObject({ path: sent, claims: { htu: url + sent.replace(/\?.*/, '') } })
})

describe('other origins', () => {
  test('a request to another origin goes on as it is, without token and proof', async () => {
    const api = await serve(ok)
    const other = await serve(ok)
    const dispatcher = signing(clientOf(api.url))
    const headers = { authorization: 'Basic theirs', cookie: 'a=b' }
    await request(`${other.url}/a`, { dispatcher, headers, method: 'POST', body: 'x' })
    expect(other.seen).toMatchObject([{ headers, body: 'x' }])
    expect(other.seen[0]?.headers).not.toHaveProperty('dpop')
  })

  test.each([
    ['an object', { Authorization: 'DPoP token-1', DPoP: 'old.proof.x', 'x-a': '1' }],
    ['a flat array', ['authorization', 'dpop token-1', 'DPOP', 'old.proof.x', 'x-a', '1']],
    [
      'a Map',
      new Map([
        ['authorization', 'DPoP token-1'],
        ['x-a', '1'],
      ]),
    ],
  ])('what was carried along from an earlier request is removed from %s', async (_, headers) => {
    const api = await serve(ok)
    const other = await serve(ok)
    await request(other.url, { dispatcher: signing(clientOf(api.url)), headers } as never)
    expect(other.seen[0]?.headers).toMatchObject({ 'x-a': '1' })
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(other.seen[0]?.headers).not.toHaveProperty('dpop')
  })

  test('a proof of the request before is removed with its token, one for this very request stays', async () => {
    const api = await serve(ok)
    const other = await serve(ok)
    const key = await createKey()
    const dispatcher = signing(clientOf(api.url))
    const call = async (proven: string) => {
      const dpop = await createForeignProof({ key, method: 'GET', url: proven, accessToken: 'theirs' })
      await request(`${other.url}/a?b`, { dispatcher, headers: { authorization: 'DPoP theirs', dpop } })
      return other.seen.at(-1)?.headers.authorization
    }
    expect(await call(`${api.url}/a`)).toBe(undefined)
    expect(await call(`${other.url}/a`)).toBe('DPoP theirs')
  })

  test('two clients on one dispatcher sign for their own', async () => {
    const first = await serve(wants('n1'))
    const second = await serve(wants('n2'))
    const dispatcher = agentOf().compose(
      countersign(clientOf(first.url, { token: () => 'first' })),
      countersign(clientOf(second.url, { token: () => 'second' })),
    )
    for (const { url, seen } of [first, second]) {
      expect((await request(url, { dispatcher })).statusCode).toBe(200)
      expect(seen.at(-1)?.headers.authorization).toBe(url === first.url ? 'DPoP first' : 'DPoP second')
    }
  })

  test.each([
    ['that a Client is bound to', (url: string) => new Client(url)],
    ['that a Pool is bound to', (url: string) => new Pool(url)],
  ])('the origin %s counts, not the one in the options', async (_, make) => {
    const api = await serve(ok)
    const other = await serve(ok)
    const dispatcher = ending(make(other.url)).compose(countersign(clientOf(api.url)))
    await dispatcher.request({ origin: api.url, path: '/', method: 'GET' })
    expect(api.seen).toEqual([])
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(other.seen[0]?.headers).not.toHaveProperty('dpop')
  })

  test('a URL in the place of the path is that of the request', async () => {
    const { url, seen } = await serve(ok)
    const dispatcher = signing(clientOf(url))
    await dispatcher.request({ origin: url, path: 'http://elsewhere.example/a', method: 'GET' })
    await dispatcher.request({ origin: url, path: `${url}/a`, method: 'GET' })
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'DPoP token-1'])
  })
})

describe('on the way to a token', () => {
  test('the requests of the client itself go through unsigned', { timeout: 10_000 }, async () => {
    const key = await createKey()
    const { url, seen } = await serve(async (response, { path, claims, headers }) => {
      response.setHeader('content-type', 'application/json')
      const origin = `http://${headers.host}`
      if (path.startsWith('/.well-known/oauth-protected-resource'))
        response.end(JSON.stringify({ resource: url, authorization_servers: [origin] }))
      else if (path.startsWith('/.well-known/'))
        response.end(JSON.stringify({ issuer: origin, token_endpoint: `${origin}/token` }))
      else if (path === '/token' && claims['nonce'] !== 'n-as')
        response.writeHead(400, { 'dpop-nonce': 'n-as' }).end('{"error":"use_dpop_nonce"}')
      else if (path === '/token') response.end('{"access_token":"issued","token_type":"DPoP"}')
      else response.end('{}')
    })
    const token = clientCredentials({ clientId: 'c', key: key.privateJwk as JsonWebKey })
    // As with a global dispatcher: what the client itself fetches goes through its own interceptor.
    const client = clientOf(url, {
      token,
      fetch: (input, init) => fetch(String(input), { ...init, dispatcher } as never) as never,
    })
    const dispatcher = signing(client)
    expect((await request(`${url}/api`, { dispatcher })).statusCode).toBe(200)
    expect(seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/.well-known/oauth-protected-resource', undefined],
      ['/.well-known/oauth-authorization-server', undefined],
      ['/token', undefined],
      ['/token', undefined],
      ['/api', 'DPoP issued'],
    ])
  })

  test('a proof without token is replaced where there is a token beside it, or where it is for something else', async () => {
    const { url, seen } = await serve(ok)
    const signer = await generateSigner()
    const dispatcher = signing(clientOf(url))
    const dpop = await createProof({ signer, method: 'GET', url: new URL('/a', url) })
    await request(`${url}/a`, { dispatcher, headers: { dpop } })
    await request(`${url}/a`, { dispatcher, headers: { dpop, authorization: 'Bearer theirs' } })
    await request(`${url}/b`, { dispatcher, headers: { dpop } })
    expect(seen.map(({ headers }) => headers['dpop'] === dpop)).toEqual([true, false, false])
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'DPoP token-1', 'DPoP token-1'])
  })
})

test('a token that is bound to no key goes out without proof', async () => {
  const { url, seen } = await serve(ok)
  const token = () => ({ accessToken: 'bearer-1', tokenType: 'Bearer' as const })
  await request(url, { dispatcher: signing(clientOf(url, { token, allowBearer: true })), headers: { dpop: 'x' } })
  expect(seen[0]?.headers.authorization).toBe('Bearer bearer-1')
  expect(seen[0]?.headers).not.toHaveProperty('dpop')
})

test('an upgrade is a request as any other: signed, challenged and repeated', async () => {
  const { url, server, seen } = await serve(wants('n1'))
  server.on('upgrade', (incoming, socket) => {
    const [, payload = ''] = String(incoming.headers['dpop']).split('.')
    const { nonce, htm } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    seen.push({ method: htm, path: '', headers: incoming.headers, claims: { nonce }, body: '' })
    socket.end(
      nonce === 'n1'
        ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'
        : 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: DPoP error="use_dpop_nonce"\r\nDPoP-Nonce: n1\r\nContent-Length: 0\r\n\r\n',
    )
  })
  const { socket, headers } = await signing(clientOf(url)).upgrade({
    origin: url,
    path: '/',
    protocol: 'echo',
  } as never)
  socket.destroy()
  expect(headers['upgrade']).toBe('echo')
  expect(seen.map(({ method, claims }) => [method, claims['nonce']])).toEqual([
    ['GET', undefined],
    ['GET', 'n1'],
  ])
})

test('through a proxy, the URL behind it is signed, and the proxy sees nothing of it', async () => {
  const { url, seen } = await serve(wants('n1'))
  const proxy = await serve(ok)
  const asked: IncomingMessage[] = []
  proxy.server.on('connect', (incoming, socket) => {
    asked.push(incoming)
    const { port } = new URL(url)
    const through = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Established\r\n\r\n')
      socket.pipe(through).pipe(socket)
    })
    for (const each of [socket, through]) each.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
  })
  const agent = ending(new ProxyAgent({ uri: proxy.url, proxyTunnel: true }))
  const { statusCode } = await request(`${url}/a`, { dispatcher: agent.compose(countersign(clientOf(url))) })
  expect(statusCode).toBe(200)
  expect(seen.map(({ claims }) => [claims['htu'], claims['nonce']])).toEqual([
    [`${url}/a`, undefined],
    [`${url}/a`, 'n1'],
  ])
  expect(asked.length).toBeGreaterThan(0)
  for (const { headers } of asked) expect(JSON.stringify(headers)).not.toContain('token-1')
})

test.each(['elsewhere.example:443', '/'])(
  'CONNECT asks a proxy for a tunnel to %s, and carries neither token nor proof',
  async (path) => {
    const { url, server } = await serve(ok)
    const asked = once(server, 'connect')
    const connecting = signing(clientOf(url)).connect({ origin: url, path })
    const [incoming, socket] = await asked
    socket.end('HTTP/1.1 200 Established\r\n\r\n')
    expect(incoming.headers).not.toHaveProperty('authorization')
    expect(incoming.headers).not.toHaveProperty('dpop')
    ;(await connecting).socket.destroy()
  },
)
