// The fetch: what goes over the wire, and what its caller keeps.

import { createHash } from 'node:crypto'
import type { CountersignError } from '@countersign/shared'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import type { Client, ClientOptions } from '../src/create-client.ts'
import { createClient } from '../src/create-client.ts'
import { generateSigner } from '../src/keys/key-pair.ts'
import type { Behaviour } from './support.ts'
import { challenge, clientOf, serve, wants } from './support.ts'

const code = (value: string) => expect.objectContaining({ code: value })

test('the proof is what RFC 9449 section 4.2 says, and nothing more', async () => {
  const { url, seen } = await serve((response) => void response.end())
  const client = clientOf(url)
  await client.fetch('/a/b?q=1#f', { method: 'POST', body: 'x' })
  const { headers, claims, path } = seen[0] ?? {}
  expect(path).toBe('/a/b?q=1')
  const ath = createHash('sha256').update('token-1').digest('base64url')
  expect(headers?.authorization).toBe('DPoP token-1')
  expect(Object.keys(claims ?? {})).toEqual(['jti', 'htm', 'htu', 'iat', 'ath'])
  expect(claims).toMatchObject({ htm: 'POST', htu: `${url}/a/b`, ath })
  expect(Math.abs(Number(claims?.['iat']) - Date.now() / 1000)).toBeLessThan(5)
  const { typ, alg, jwk } = decodeProtectedHeader(headers?.['dpop'] as string)
  expect({ typ, alg }).toEqual({ typ: 'dpop+jwt', alg: 'ES256' })
  expect(Object.keys(jwk ?? {})).toEqual(['kty', 'crv', 'x', 'y'])
})

describe('input', () => {
  test.each([
    ['a path', () => '/a'],
    ['a relative path', () => 'a'],
    ['an absolute URL', (url: string) => `${url}/a`],
    ['a URL', (url: string) => new URL('/a', url)],
    ['a Request', (url: string) => new Request(`${url}/a`)],
    ['upper case and dots', (url: string) => `${url.replace('http', 'HTTP')}/b/../a`],
  ])('%s', async (_, make) => {
    const { url, seen } = await serve((response) => void response.end())
    await clientOf(url).fetch(make(url))
    expect(seen[0]).toMatchObject({ method: 'GET', path: '/a', claims: { htm: 'GET', htu: `${url}/a` } })
  })

  test('options win over a Request, and neither is changed', async () => {
    const { url, seen } = await serve(wants('n1'))
    const request = new Request(`${url}/a`, { method: 'POST', headers: { 'x-a': '1' }, body: 'from request' })
    const init = Object.freeze({ method: 'PUT', headers: Object.freeze({ 'x-b': '2' }), body: 'from init' })
    await clientOf(url).fetch(request, init)
    expect(seen).toHaveLength(2)
    for (const { method, body, headers } of seen) {
      expect({ method, body }).toEqual({ method: 'PUT', body: 'from init' })
      expect(headers).toMatchObject({ 'x-b': '2' })
    }
    expect([...request.headers.keys()]).toEqual(['content-type', 'x-a'])
    expect(request.bodyUsed).toBe(false)
  })

  test('the method on the wire and in the proof are one', async () => {
    const { url, seen } = await serve((response) => void response.end())
    const client = clientOf(url)
    for (const method of ['get', 'post', 'patch', 'PATCH']) await client.fetch('/', { method }).catch(() => undefined)
    for (const { method, claims } of seen) expect(claims['htm']).toBe(method)
  })

  test('fields of the caller go along, but not instead of ours', async () => {
    const { url, seen } = await serve((response) => void response.end())
    await clientOf(url).fetch('/', { headers: { authorization: 'Bearer mine', DPoP: 'mine', 'x-mine': 'yes' } })
    expect(seen[0]?.headers).toMatchObject({ authorization: 'DPoP token-1', 'x-mine': 'yes' })
    expect(seen[0]?.claims['htm']).toBe('GET')
  })
})

describe('bodies are sent again byte for byte', () => {
  const form = new FormData()
  form.set('a', 'b')
  const bodies: [string, () => BodyInit, string][] = [
    ['string', () => 'text', 'text'],
    ['URLSearchParams', () => new URLSearchParams({ a: 'b' }), 'a=b'],
    ['Blob', () => new Blob(['blob']), 'blob'],
    ['ArrayBuffer', () => new TextEncoder().encode('buffer').buffer, 'buffer'],
    ['view', () => new TextEncoder().encode('view'), 'view'],
    ['FormData', () => form, 'name="a"'],
  ]
  test.each(bodies)('%s', async (_, body, content) => {
    const { url, seen } = await serve(wants('n1'))
    const response = await clientOf(url).fetch('/', { method: 'POST', body: body() })
    expect(response.status).toBe(200)
    expect(seen).toHaveLength(2)
    for (const { body: received, headers } of seen) {
      expect(received).toContain(content)
      const boundary = /boundary=(.*)/.exec(headers['content-type'] ?? '')?.[1]
      if (boundary !== undefined) expect(received).toContain(boundary)
    }
  })

  test('of a Request', async () => {
    const { url, seen } = await serve(wants('n1'))
    const response = await clientOf(url).fetch(new Request(`${url}/`, { method: 'POST', body: 'request' }))
    expect(response.status).toBe(200)
    expect(seen.map(({ body }) => body)).toEqual(['request', 'request'])
  })
})

describe('a stream', () => {
  const stream = () => new Blob(['streamed']).stream()

  const post = (client: Client, body: unknown = stream()) =>
    client.fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit)
  /** A server that gives its nonce to whoever asks for its metadata, or does not. */
  const givesAway =
    (nonce: string | undefined, otherwise = wants('n1')): Behaviour =>
    (response, request, seen) => {
      if (request.method !== 'HEAD') return otherwise(response, request, seen)
      response.writeHead(200, nonce === undefined ? {} : { 'dpop-nonce': nonce }).end()
    }

  test('is preceded by a request for a nonce, which costs little, and is sent once', async () => {
    const { url, seen } = await serve(givesAway('n1'))
    expect((await post(clientOf(`${url}/v1/`))).status).toBe(200)
    expect(seen).toMatchObject([
      { method: 'HEAD', path: '/.well-known/oauth-protected-resource/v1', claims: {} },
      { method: 'POST', body: 'streamed', claims: { nonce: 'n1' } },
    ])
    expect(seen[0]?.headers).not.toHaveProperty('authorization')
  })

  test('is preceded by nothing once the server has answered, with a nonce or without', async () => {
    const { url, seen } = await serve((response) => void response.end('ok'))
    const client = clientOf(url)
    await client.fetch('/')
    await post(client)
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  test('that would have to be sent twice is an error, and the next call has the nonce', async () => {
    const { url, seen } = await serve(givesAway(undefined))
    const client = clientOf(url)
    const refused = (error: unknown) => error as CountersignError
    const error = await post(client).then(() => undefined, refused)
    expect(error).toMatchObject({ code: 'ERR_BODY_NOT_REPLAYABLE', actual: 401 })
    expect(error?.challenges).toMatchObject([{ scheme: 'DPoP', parameters: { error: 'use_dpop_nonce' } }])
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'POST'])
    expect((await post(client)).status).toBe(200)
  })

  test('is sent though the nonce could not be asked for', async () => {
    const { url, seen } = await serve((response, { method }) => {
      if (method === 'HEAD') response.destroy()
      else response.end('ok')
    })
    expect((await post(clientOf(url))).status).toBe(200)
    expect(seen.at(-1)?.body).toBe('streamed')
  })

  test('that is an async iterable is one too', async () => {
    const { url, seen } = await serve(givesAway('n1'))
    const chunks = async function* () {
      yield new TextEncoder().encode('in ')
      yield new TextEncoder().encode('pieces')
    }
    expect((await post(clientOf(url), chunks())).status).toBe(200)
    expect(seen.at(-1)?.body).toBe('in pieces')
  })
})

describe('origins', () => {
  const elsewhere = [
    'https://attacker.example/',
    '//attacker.example/',
    '\\\\attacker.example/',
    '/\\attacker.example/',
    'https://api.example.com@attacker.example/',
    'https://user@api.example.com/',
    'https://api.example.com.attacker.example/',
    'https://api.example.com:8443/',
    'http://api.example.com/',
    'https://аpi.example.com/',
    'https://api.example.com./',
    'data:text/plain,x',
    'blob:https://api.example.com/0',
  ]
  test.each(elsewhere)('%s is refused before anything is sent', async (url) => {
    const sent: unknown[] = []
    const fetch = (async (input: unknown) => sent.push(input)) as never
    const client = clientOf('https://api.example.com', { fetch })
    await expect(client.fetch(url)).rejects.toEqual(code('ERR_ORIGIN_NOT_ALLOWED'))
    expect(sent).toEqual([])
  })

  test.each(['https://API.example.com/a', 'https://api.example.com:443/a', '/a', 'a'])('%s is ours', async (url) => {
    const sent: string[] = []
    const fetch = (async (input: string) => {
      sent.push(input)
      return new Response()
    }) as typeof globalThis.fetch
    await clientOf('https://api.example.com', { fetch }).fetch(url)
    expect(new URL(sent[0] ?? '').origin).toBe('https://api.example.com')
  })
})

describe('redirects', () => {
  const redirect = (status: number, location: string) => ({ status, location })

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [308, 'PUT', 'PUT', 'body'],
    [302, 'PUT', 'PUT', 'body'],
  ])('%d of a %s is signed anew as %s', async (status, method, next, body) => {
    const { url, seen } = await serve((response, { path }) => {
      const { location } = redirect(status, '/b?q')
      if (path === '/a') response.writeHead(status, { location }).end()
      else response.end('there')
    })
    const response = await clientOf(url).fetch('/a', { method, body: 'body' })
    expect(await response.text()).toBe('there')
    expect(seen[1]).toMatchObject({ method: next, path: '/b?q', body, claims: { htm: next, htu: `${url}/b` } })
    expect(seen[1]?.headers['content-type']).toBe(body === '' ? undefined : 'text/plain;charset=UTF-8')
    expect(seen[1]?.claims['jti']).not.toBe(seen[0]?.claims['jti'])
  })

  test('to another origin carries neither token nor proof, nor does the way back', async () => {
    const other = await serve((response) => void response.writeHead(307, { location: `${ours.url}/back` }).end())
    const ours = await serve((response, { path }) => {
      if (path === '/away') response.writeHead(307, { location: `${other.url}/other` }).end()
      else response.end('back')
    })
    const response = await clientOf(ours.url).fetch('/away', { method: 'POST', body: 'x' })
    expect(await response.text()).toBe('back')
    for (const { headers } of [other.seen[0], ours.seen[1]] as { headers: Record<string, unknown> }[]) {
      expect(headers).not.toHaveProperty('authorization')
      expect(headers).not.toHaveProperty('dpop')
    }
  })

  test('are bounded', async () => {
    const { url, seen } = await serve((response) => void response.writeHead(302, { location: '/again' }).end())
    await expect(clientOf(url).fetch('/')).rejects.toEqual(code('ERR_REDIRECT_NOT_FOLLOWED'))
    expect(seen).toHaveLength(21)
  })

  test.each(['javascript:alert(1)', 'http://user:secret@127.0.0.1/', 'http://[', 'file:///etc/passwd'])(
    'to %s are not followed',
    async (location) => {
      const { url } = await serve((response) => void response.writeHead(302, { location }).end())
      await expect(clientOf(url).fetch('/')).rejects.toEqual(code('ERR_REDIRECT_NOT_FOLLOWED'))
    },
  )

  test('are the caller’s own when it says so', async () => {
    const { url, seen } = await serve((response) => void response.writeHead(302, { location: '/b' }).end())
    const client = clientOf(url)
    expect((await client.fetch('/', { redirect: 'manual' })).status).toBe(302)
    await expect(client.fetch('/', { redirect: 'error' })).rejects.toBeInstanceOf(TypeError)
    expect(seen).toHaveLength(2)
  })

  test('without Location are responses like any other', async () => {
    const { url } = await serve((response) => void response.writeHead(304).end())
    expect((await clientOf(url).fetch('/')).status).toBe(304)
  })

  test('that a browser hides are an error that says so', async () => {
    const hidden = { type: 'opaqueredirect', status: 0, headers: new Headers(), body: null } as Response
    const client = clientOf('https://api.example.com', { fetch: async () => hidden })
    await expect(client.fetch('/')).rejects.toMatchObject({ code: 'ERR_REDIRECT_NOT_FOLLOWED', reason: 'opaque' })
  })
})

describe('aborting', () => {
  test('while the token is awaited keeps the reason, and does not abort it for others', async () => {
    const { url } = await serve((response) => void response.end('ok'))
    const token = Promise.withResolvers<string>()
    const client = clientOf(url, { token: () => token.promise })
    const controller = new AbortController()
    const aborted = client.fetch('/', { signal: controller.signal })
    const waiting = client.fetch('/')
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    token.resolve('token-1')
    expect(await (await waiting).text()).toBe('ok')
  })

  test('before the call sends nothing', async () => {
    const { url, seen } = await serve((response) => void response.end('ok'))
    await expect(clientOf(url).fetch('/', { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(seen).toHaveLength(0)
  })

  test('while the answer is awaited keeps the reason', async () => {
    const { url } = await serve(() => undefined)
    const reason = new Error('too slow')
    const controller = new AbortController()
    const call = clientOf(url).fetch('/', { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 100)
    await expect(call).rejects.toBe(reason)
  })
})

describe('failing closed', () => {
  test('without token nothing is sent, and the next call tries again', async () => {
    const { url, seen } = await serve((response) => void response.end('ok'))
    const failure = new Error('no token today')
    let calls = 0
    const client = clientOf(url, {
      token: () => {
        if (++calls === 1) throw failure
        return 'token-1'
      },
    })
    await expect(client.fetch('/')).rejects.toBe(failure)
    expect(seen).toHaveLength(0)
    expect((await client.fetch('/')).status).toBe(200)
  })

  test.each(['', 'two words', 'line\nbreak', 'ümlaut', 5, null])('the token %j is refused', async (token) => {
    const client = clientOf('https://api.example.com', { token: () => token as string })
    await expect(client.fetch('/')).rejects.toEqual(code('ERR_TOKEN_REQUEST_FAILED'))
  })

  test('a signer that fails sends nothing', async () => {
    const { url, seen } = await serve((response) => void response.end('ok'))
    const { publicJwk } = await generateSigner()
    const sign = async () => Promise.reject(new Error('the token was pulled'))
    const client = clientOf(url, { signer: { algorithm: 'ES256', publicJwk, sign } })
    await expect(client.fetch('/')).rejects.toEqual(code('ERR_SIGNING_FAILED'))
    expect(seen).toHaveLength(0)
  })

  test('a closed client', async () => {
    const client = clientOf('https://api.example.com')
    client.close()
    await expect(client.fetch('/')).rejects.toEqual(code('ERR_CLIENT_CLOSED'))
    await expect(client.ready()).rejects.toEqual(code('ERR_CLIENT_CLOSED'))
  })
})

describe('wrong options fail at once', () => {
  const token = () => 'token-1'
  const resource = 'https://api.example.com'
  test.each<[string, unknown, string, string]>([
    ['none', null, 'ERR_OPTION_INVALID', 'options'],
    ['no resource', { token }, 'ERR_OPTION_INVALID', 'resource'],
    ['a resource by http', { token, resource: 'http://api.example.com' }, 'ERR_URL_INSECURE', 'resource'],
    ['no token source', { resource }, 'ERR_OPTION_INVALID', 'token'],
    ['a token in its place', { resource, token: 'token-1' }, 'ERR_OPTION_INVALID', 'token'],
    ['an unknown name', { resource, token, baseUrl: '/' }, 'ERR_OPTION_UNKNOWN', 'baseUrl'],
    ['an origin by http', { resource, token, origins: ['http://b.example'] }, 'ERR_URL_INSECURE', 'origins'],
    ['origins that are no list', { resource, token, origins: resource }, 'ERR_OPTION_INVALID', 'origins'],
    ['a fetch that is none', { resource, token, fetch: {} }, 'ERR_OPTION_INVALID', 'fetch'],
    ['a signer that is none', { resource, token, signer: {} }, 'ERR_OPTION_INVALID', 'signer'],
    ['null for a signer', { resource, token, signer: null }, 'ERR_OPTION_INVALID', 'signer'],
    ['a key store that is none', { resource, token, keyStore: {} }, 'ERR_OPTION_INVALID', 'keyStore'],
    ['a word for a switch', { resource, token, allowBearer: 'yes' }, 'ERR_OPTION_INVALID', 'allowBearer'],
    ['a MAC', { resource, token, algorithm: 'HS256' }, 'ERR_OPTION_INVALID', 'algorithm'],
  ])('%s', (_, options, errorCode, parameter) => {
    expect(() => createClient(options as ClientOptions)).toThrow(
      expect.objectContaining({ code: errorCode, parameter }),
    )
  })
})

test('the response is the server’s own', async () => {
  const { url } = await serve((response) => void response.writeHead(418, { 'x-teapot': 'yes' }).end('short and stout'))
  const response = await clientOf(url).fetch('/')
  expect(response).toBeInstanceOf(Response)
  expect(response.status).toBe(418)
  expect(response.headers.get('x-teapot')).toBe('yes')
  expect(await response.text()).toBe('short and stout')
})

test('an unanswered challenge comes back as it is, readable', async () => {
  const { url } = await serve((response, _, seen) => challenge(response, `n${seen.length}`, 'why not'))
  expect(await (await clientOf(url).fetch('/')).text()).toBe('why not')
})

test('fetch has the type of the platform’s', () => {
  expectTypeOf(clientOf('https://api.example.com').fetch).toExtend<typeof globalThis.fetch>()
})

describe('what the caller gave is read when it calls', () => {
  test('options that are used again', async () => {
    const { url, seen } = await serve(wants('n1'))
    const client = clientOf(url)
    const init = { method: 'POST', body: '', headers: new Headers() }
    const calls = ['pay-1', 'pay-2', 'pay-3'].map((body) => {
      init.body = body
      init.headers.set('idempotency-key', body)
      return client.fetch('/', init)
    })
    await Promise.all(calls)
    const accepted = seen.filter(({ claims }) => claims['nonce'] === 'n1')
    expect(accepted.map(({ body }) => body).sort()).toEqual(['pay-1', 'pay-2', 'pay-3'])
    for (const { body, headers } of accepted) expect(headers['idempotency-key']).toBe(body)
  })

  test('bytes that change', async () => {
    const { url, seen } = await serve(wants('n1'))
    const body = new TextEncoder().encode('AAAA')
    const call = clientOf(url).fetch('/', { method: 'POST', body })
    body.fill(66)
    await call
    expect(seen.map((request) => request.body)).toEqual(['AAAA', 'AAAA'])
  })

  test('a member that is undefined is one that is absent', async () => {
    const { url, seen } = await serve((response) => void response.end())
    const init = { method: undefined, headers: undefined, signal: undefined } as unknown as RequestInit
    await clientOf(url).fetch(new Request(`${url}/a`, { method: 'POST', headers: { 'x-a': '1' }, body: 'x' }), {
      body: 'y',
      ...init,
    })
    expect(seen[0]).toMatchObject({ method: 'POST', body: 'y', headers: { 'x-a': '1' } })
  })

  test('members that only the platform knows go along', async () => {
    const sent: unknown[] = []
    const fetch = (async (_: unknown, init: unknown) => {
      sent.push(init)
      return new Response()
    }) as typeof globalThis.fetch
    const dispatcher = {}
    await clientOf('https://api.example.com', { fetch }).fetch('/', { dispatcher } as RequestInit)
    expect(sent[0]).toMatchObject({ dispatcher })
  })
})

test('a fetch of another make is given URL and options, and its FormData is sent again', async () => {
  const { url, seen } = await serve(wants('n1'))
  const fetch = ((input: unknown, init: RequestInit) => {
    if (typeof input !== 'string') throw new TypeError('Failed to parse URL')
    return globalThis.fetch(input, init)
  }) as typeof globalThis.fetch
  const client = clientOf(url, { fetch })
  expect((await client.fetch(new Request(`${url}/`, { method: 'POST', body: 'x' }))).status).toBe(200)
  expect((await client.fetch(new Request(`${url}/`))).status).toBe(200)
  expect(seen.map(({ method, body }) => method + body)).toEqual(['POSTx', 'POSTx', 'GET'])
})

test('a signal of null lets go of that of a Request', async () => {
  const { url } = await serve((response) => void setTimeout(() => response.end('ok'), 100))
  const controller = new AbortController()
  const call = clientOf(url).fetch(new Request(`${url}/`, { signal: controller.signal }), { signal: null })
  controller.abort()
  expect((await call).status).toBe(200)
})

test('the caller’s own credentials do not follow a redirect to another origin', async () => {
  const other = await serve((response) => void response.end())
  const { url } = await serve((response) => void response.writeHead(307, { location: `${other.url}/` }).end())
  for (const make of [
    (headers: Record<string, string>) => ['/', { headers }] as const,
    (headers: Record<string, string>) => [new Request(`${url}/`, { method: 'POST', headers, body: 'x' })] as const,
  ]) {
    const headers = {
      authorization: 'Bearer MINE',
      'proxy-authorization': 'Basic x',
      cookie: 'sid=1',
      dpop: 'mine',
      'x-mine': '1',
    }
    await clientOf(url).fetch(...(make(headers) as unknown as [string]))
    expect(other.seen.at(-1)?.headers).toMatchObject({ 'x-mine': '1' })
    for (const name of ['authorization', 'proxy-authorization', 'cookie', 'dpop']) {
      expect(other.seen.at(-1)?.headers).not.toHaveProperty(name)
    }
  }
})

describe('a signer of somebody else’s', () => {
  test('sends only the public members of its key', async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])
    const sign = async (data: BufferSource) =>
      new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, data))
    const privateJwk = (await crypto.subtle.exportKey('jwk', privateKey)) as never
    expect(() =>
      clientOf('https://api.example.com', { signer: { algorithm: 'ES256', publicJwk: privateJwk, sign } }),
    ).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'signer' }))
    const publicJwk = (await crypto.subtle.exportKey('jwk', publicKey)) as never
    const { url, seen } = await serve((response) => void response.end())
    await clientOf(url, { signer: { algorithm: 'ES256', publicJwk, sign } }).fetch('/')
    const { jwk } = decodeProtectedHeader(seen[0]?.headers['dpop'] as string)
    expect(Object.keys(jwk ?? {})).toEqual(['kty', 'crv', 'x', 'y'])
  })

  test.each(['none', 'HS256', undefined])('is refused with the algorithm %s', async (algorithm) => {
    const { publicJwk, sign } = await generateSigner()
    expect(() =>
      clientOf('https://api.example.com', { signer: { algorithm: algorithm as 'ES256', publicJwk, sign } }),
    ).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'signer' }))
  })

  test.each<[string, unknown]>([
    ['nothing', new Uint8Array()],
    ['DER', new Uint8Array(72)],
    ['text', 'abc'],
    ['a buffer', new ArrayBuffer(64)],
  ])('that returns %s signs nothing', async (_, signature) => {
    const { url, seen } = await serve((response) => void response.end())
    const { publicJwk } = await generateSigner()
    const signer = { algorithm: 'ES256', publicJwk, sign: async () => signature as Uint8Array } as const
    await expect(clientOf(url, { signer }).fetch('/')).rejects.toEqual(code('ERR_SIGNING_FAILED'))
    expect(seen).toHaveLength(0)
  })

  test('that hangs can be aborted', async () => {
    const { publicJwk } = await generateSigner()
    const signer = { algorithm: 'ES256', publicJwk, sign: () => new Promise<Uint8Array>(() => undefined) } as const
    const reason = new Error('enough')
    const controller = new AbortController()
    const call = clientOf('https://api.example.com', { signer }).fetch('/', { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    await expect(call).rejects.toBe(reason)
  })
})

test('a token source that hangs is given up after thirty seconds', async () => {
  vi.useFakeTimers()
  try {
    const { publicJwk, sign } = await generateSigner()
    const signer = { algorithm: 'ES256', publicJwk, sign } as const
    const client = clientOf('https://api.example.com', { signer, token: () => new Promise<string>(() => undefined) })
    const call = client.fetch('/').catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(30_001)
    expect(await call).toMatchObject({ code: 'ERR_TOKEN_REQUEST_FAILED', reason: 'timeout' })
  } finally {
    vi.useRealTimers()
  }
})

test('closing ends the wait for a token source that hangs', async () => {
  const client = clientOf('https://api.example.com', { token: () => new Promise<string>(() => undefined) })
  const call = client.fetch('/')
  setTimeout(() => client.close(), 50)
  await expect(call).rejects.toEqual(code('ERR_CLIENT_CLOSED'))
})

test('an error for a stream brings the refusal along', async () => {
  const { url } = await serve((response, { method }) => {
    if (method === 'HEAD') response.end()
    else challenge(response, 'n1', 'why')
  })
  const body = new Blob(['x']).stream()
  const error = await clientOf(url)
    .fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit)
    .catch((caught) => caught)
  expect(error).toMatchObject({ code: 'ERR_BODY_NOT_REPLAYABLE', actual: 401 })
  expect(await (error.cause as Response).text()).toBe('why')
})
