// Challenges at the interceptor: one repetition for each kind at most, of the bodies that can be sent twice, on the connections there are.

import type { ServerResponse } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { FormData, fetch, request, stream } from 'undici'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Behaviour } from './support.ts'
import { challenge, clientOf, serve, wants } from './support.ts'
import { connectionsOf, recorded, signing } from './undici-support.ts'

const code = (value: string, more: object = {}) => expect.objectContaining({ code: value, ...more })
const ok: Behaviour = (response) => void response.end('ok')
const NONCE = 'DPoP error="use_dpop_nonce"'

test('a challenge is answered once, with a proof of its own, and the nonce kept', async () => {
  const { url, seen } = await serve(wants('n1'))
  const dispatcher = signing(clientOf(url))
  for (const path of ['/a', '/b']) {
    const { statusCode, body } = await request(url + path, { dispatcher })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
  }
  expect(seen.map(({ path, claims }) => [path, claims['nonce']])).toEqual([
    ['/a', undefined],
    ['/a', 'n1'],
    ['/b', 'n1'],
  ])
  expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(3)
})

test('what the client has learned by fetch, its interceptor knows, and the other way round', async () => {
  const { url, seen } = await serve(wants('n1'))
  const client = clientOf(url)
  await client.fetch('/')
  expect((await request(url, { dispatcher: signing(client) })).statusCode).toBe(200)
  expect(seen).toHaveLength(3)
})

test('a server that changes its nonce with every response costs one request a call', async () => {
  let current = 0
  const { url, seen } = await serve((response, { claims }) => {
    const expected = `n${current}`
    response.setHeader('dpop-nonce', `n${++current}`)
    if (claims['nonce'] === expected) response.end('ok')
    else response.writeHead(401, { 'www-authenticate': NONCE }).end()
  })
  const dispatcher = signing(clientOf(url))
  for (let call = 0; call < 5; call++) {
    const { statusCode, body } = await request(url, { dispatcher })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
  }
  expect(seen).toHaveLength(6)
})

test.each([204, 302, 403, 404, 500])('a nonce is learned from a response of status %d', async (status) => {
  const { url, seen } = await serve((response) => void response.writeHead(status, { 'dpop-nonce': 'n1' }).end())
  const dispatcher = signing(clientOf(url))
  for (let call = 0; call < 2; call++) expect((await request(url, { dispatcher })).statusCode).toBe(status)
  expect(seen.map(({ claims }) => claims['nonce'])).toEqual([undefined, 'n1'])
})

describe('an answer that the call is not repeated for is handed over, whole', () => {
  const refuse =
    (status: number, fields: Record<string, string>): Behaviour =>
    (response) =>
      void response.writeHead(status, fields).end('refused')
  const behaviours: [string, Behaviour, number, number][] = [
    ['endless challenges', (response, _, seen) => challenge(response, `n${seen.length}`, 'refused'), 401, 2],
    ['the same nonce again', (response) => challenge(response, 'n1', 'refused'), 401, 2],
    ['a challenge without nonce', refuse(401, { 'www-authenticate': NONCE }), 401, 1],
    ['a nonce that is none', (response) => challenge(response, 'a b', 'refused'), 401, 1],
    ['another error', refuse(401, { 'www-authenticate': 'DPoP error="invalid_request"', 'dpop-nonce': 'n1' }), 401, 1],
    ['no error', refuse(401, { 'www-authenticate': 'DPoP', 'dpop-nonce': 'n1' }), 401, 1],
    ['a malformed challenge', refuse(401, { 'www-authenticate': 'DPoP error=', 'dpop-nonce': 'n1' }), 401, 1],
    ['400', refuse(400, { 'content-type': 'text/plain' }), 400, 1],
    ['403', refuse(403, { 'www-authenticate': NONCE, 'dpop-nonce': 'n1' }), 403, 1],
    ['503', refuse(503, { 'www-authenticate': NONCE, 'dpop-nonce': 'n1' }), 503, 1],
    [
      'a body that is no JSON',
      refuse(401, { 'content-type': 'application/json', 'content-length': '7', 'dpop-nonce': 'n1' }),
      401,
      1,
    ],
  ]
  test.each(behaviours)('%s', async (_, behave, status, requests) => {
    const { url, seen } = await serve(behave)
    const { statusCode, body } = await request(url, { dispatcher: signing(clientOf(url)) })
    expect([statusCode, await body.text()]).toEqual([status, 'refused'])
    expect(seen).toHaveLength(requests)
  })
})

test.each([
  ['after another challenge', 401, { 'www-authenticate': 'Bearer realm="x", DPoP error="use_dpop_nonce"' }, ''],
  ['in a field of its own', 401, { 'www-authenticate': ['Bearer realm="x"', NONCE] }, ''],
  ['with status 400', 400, { 'www-authenticate': NONCE }, ''],
  ['in a body', 401, { 'content-type': 'application/json' }, '{"error":"use_dpop_nonce"}'],
  ['in a body with status 400', 400, { 'content-type': 'application/json' }, '{"error":"use_dpop_nonce"}'],
])('the challenge is understood %s', async (_, status, headers, answer) => {
  const { url, seen } = await serve((response, { claims }) => {
    if (claims['nonce'] === 'n1') return void response.end('ok')
    response.writeHead(status, { 'dpop-nonce': 'n1', 'content-length': answer.length, ...headers }).end(answer)
  })
  const { statusCode, body } = await request(url, { dispatcher: signing(clientOf(url)) })
  expect([statusCode, await body.text()]).toEqual([200, 'ok'])
  expect(seen).toHaveLength(2)
})

test('a body that was read to see what it asks for, and asks for nothing, is handed over whole', async () => {
  const text = JSON.stringify({ error: 'something_else', padding: 'x'.repeat(7000) })
  const { url, seen } = await serve((response) => {
    response.writeHead(401, { 'dpop-nonce': 'n1', 'content-type': 'application/json', 'content-length': text.length })
    response.write(text.slice(0, 3000))
    setTimeout(() => response.end(text.slice(3000)), 20)
  })
  const { body } = await request(url, { dispatcher: signing(clientOf(url)) })
  expect(await body.text()).toBe(text)
  expect(seen).toHaveLength(1)
})

test('a refusal whose connection breaks off arrives as far as it came', async () => {
  const { url } = await serve((response) => {
    response.writeHead(401, { 'content-length': 100 }).write('part')
    setTimeout(() => response.destroy(), 20)
  })
  const { statusCode, body } = await request(url, { dispatcher: signing(clientOf(url)) })
  expect(statusCode).toBe(401)
  await expect(body.text()).rejects.toThrow()
})

test('fifty cold calls cost fifty-one requests', async () => {
  const { url, seen } = await serve(wants('n1'))
  const dispatcher = signing(clientOf(url))
  const calls = await Promise.all(Array.from({ length: 50 }, (_, index) => request(`${url}/${index}`, { dispatcher })))
  expect(calls.every(({ statusCode }) => statusCode === 200)).toBe(true)
  expect(seen).toHaveLength(51)
})

describe('a token that the server no longer takes', () => {
  const takes =
    (token: string): Behaviour =>
    (response, { headers }) => {
      if (headers.authorization === `DPoP ${token}`) response.end('ok')
      else response.writeHead(401, { 'www-authenticate': 'DPoP error="invalid_token"' }).end('refused')
    }

  test('is renewed once, and the call repeated', async () => {
    const { url, seen } = await serve(takes('token-2'))
    let count = 0
    const dispatcher = signing(clientOf(url, { token: () => `token-${++count}` }))
    const { statusCode, body } = await request(url, { dispatcher, method: 'POST', body: 'x' })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ headers, body: sent }) => [headers.authorization, sent])).toEqual([
      ['DPoP token-1', 'x'],
      ['DPoP token-2', 'x'],
    ])
    expect(new Set(seen.map(({ claims }) => claims['ath'])).size).toBe(2)
  })

  test.each([
    ['is refused whichever it is', (count: number) => `token-${count}`, 2],
    ['cannot be renewed', () => 'token-1', 1],
    [
      'fails to be renewed',
      (count: number) => {
        if (count > 1) throw new Error('no more')
        return 'token-1'
      },
      1,
    ],
  ])('and %s: the refusal is the answer', async (_, token, requests) => {
    const { url, seen } = await serve(takes('never'))
    let count = 0
    const dispatcher = signing(clientOf(url, { token: () => token(++count) }))
    const { statusCode, body } = await request(url, { dispatcher })
    expect([statusCode, await body.text()]).toEqual([401, 'refused'])
    expect(seen).toHaveLength(requests)
  })

  test('and is refused whichever it is, for so long that it could be renewed again: the refusal is the answer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { url, seen } = await serve((response, _, all) => {
      vi.setSystemTime(Date.now() + 60_000)
      const field = all.length < 5 ? 'DPoP error="invalid_token"' : 'DPoP'
      response.writeHead(401, { 'www-authenticate': field }).end('refused')
    })
    let count = 0
    const dispatcher = signing(clientOf(url, { token: () => `token-${++count}` }))
    expect((await request(url, { dispatcher })).statusCode).toBe(401)
    expect(seen).toHaveLength(2)
  })

  test.each([400, 403])('is not renewed after %d', async (status) => {
    const { url, seen } = await serve(
      (response) => void response.writeHead(status, { 'www-authenticate': 'DPoP error="invalid_token"' }).end(),
    )
    const token = vi.fn(() => 'token-1')
    expect((await request(url, { dispatcher: signing(clientOf(url, { token })) })).statusCode).toBe(status)
    expect([seen.length, token.mock.calls.length]).toEqual([1, 1])
  })
})

describe('a clock that differs', () => {
  const at =
    (seconds: number, fields: Record<string, string> = {}): Behaviour =>
    (response, { claims }) => {
      response.sendDate = false
      response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString())
      if (Math.abs(Number(claims['iat']) - seconds - Date.now() / 1000) < 10) response.end('ok')
      else response.writeHead(401, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"', ...fields }).end('refused')
    }

  test.each([-3600, 3600])('by %d seconds is learned from the refusal', async (seconds) => {
    const { url, seen } = await serve(at(seconds))
    const dispatcher = signing(clientOf(url))
    for (let call = 0; call < 2; call++) {
      const { statusCode, body } = await request(url, { dispatcher })
      expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    }
    expect(seen).toHaveLength(3)
  })

  test.each([
    [
      'is another one each time',
      ((response, _, all) => {
        response.sendDate = false
        const date = new Date(Date.now() + Math.min(all.length, 5) * 100_000).toUTCString()
        response.writeHead(401, { date, 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }).end('refused')
      }) as Behaviour,
      2,
    ],
    ['is not believed from a cache', at(3600, { age: '3600' }), 1],
    [
      'is not what a proof is refused for',
      ((response) =>
        void response
          .writeHead(401, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' })
          .end('refused')) as Behaviour,
      1,
    ],
  ])('%s', async (_, behave, requests) => {
    const { url, seen } = await serve(behave)
    const { statusCode, body } = await request(url, { dispatcher: signing(clientOf(url)) })
    expect([statusCode, await body.text()]).toEqual([401, 'refused'])
    expect(seen).toHaveLength(requests)
  })
})

describe('bodies', () => {
  const form = new FormData()
  form.set('field', 'value')
  const bodies: [string, unknown, string | RegExp][] = [
    ['a string', 'text', 'text'],
    ['an empty string', '', ''],
    ['a Buffer', Buffer.from('text'), 'text'],
    ['part of an array', new TextEncoder().encode('-text-').subarray(1, 5), 'text'],
    ['an ArrayBuffer', new TextEncoder().encode('text').buffer, 'text'],
    ['a Blob', new Blob(['te', 'xt']), 'text'],
    ['a form', form, /name="field"\r\n\r\nvalue\r\n/],
    ['null', null, ''],
  ]
  test.each(bodies)('%s is sent a second time', async (_, body, sent) => {
    const { url, seen } = await serve(wants('n1'))
    const options = { dispatcher: signing(clientOf(url)), method: 'POST', body } as never
    expect((await request(url, options)).statusCode).toBe(200)
    expect(seen.map((each) => each.body)).toEqual([
      expect.stringMatching(new RegExp(sent)),
      expect.stringMatching(new RegExp(sent)),
    ])
    if (sent === '') expect(seen.map((each) => each.body)).toEqual(['', ''])
  })

  const bytes = () => new Blob(['text'])
  const ofFetch: [string, () => unknown, string | RegExp][] = [
    ['a string', () => 'text', 'text'],
    ['URLSearchParams', () => new URLSearchParams({ a: 'b' }), 'a=b'],
    ['a Uint8Array', () => new TextEncoder().encode('text'), 'text'],
    ['a Blob', bytes, 'text'],
    ['a form', () => form, /name="field"\r\n\r\nvalue\r\n/],
    ['a mebibyte', () => 'x'.repeat(1_048_576), /^x{1048576}$/],
  ]
  test.each(ofFetch)('%s of fetch is sent a second time, though it is a generator by then', async (_, make, sent) => {
    const { url, seen } = await serve(wants('n1'))
    const options = { dispatcher: signing(clientOf(url)), method: 'POST', body: make() } as never
    const response = await fetch(url, options)
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ method, claims }) => [method, claims['nonce']])).toEqual([
      ['POST', undefined],
      ['POST', 'n1'],
    ])
    for (const { body, headers } of seen) {
      expect(body).toMatch(sent)
      expect(headers['content-length']).toBe(String(body.length))
    }
  })

  /** A server that gives its nonce to whoever asks. */
  const givesNonce: Behaviour = (response, seenRequest, all) => {
    if (seenRequest.method === 'HEAD') return void response.setHeader('dpop-nonce', 'n1').end()
    return wants('n1')(response, seenRequest, all)
  }
  const chunks = async function* () {
    yield Buffer.from('te')
    yield 'xt'
  }
  const once: [string, () => unknown][] = [
    ['a stream', () => Readable.from(['te', 'xt'])],
    ['an async iterable', chunks],
    ['an iterable', () => ['te', 'xt']],
    ['a web stream', () => new Blob(['text']).stream()],
  ]
  test.each(once)('before %s goes out, a nonce is asked for', async (_, make) => {
    const { url, seen } = await serve(givesNonce)
    const dispatcher = signing(clientOf(`${url}/api/`))
    const headers = { host: 'api.example', 'x-a': '1' }
    const options = { dispatcher, headers, method: 'POST', body: make() } as never
    expect((await request(`${url}/api/a?b`, options)).statusCode).toBe(200)
    expect(seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['HEAD', '/.well-known/oauth-protected-resource/api', ''],
      ['POST', '/api/a?b', 'text'],
    ])
    expect(seen[0]?.headers).not.toHaveProperty('authorization')
    expect(seen[0]?.headers).not.toHaveProperty('x-a')
    expect(seen[0]?.headers).toMatchObject({ host: 'api.example' })
  })

  test('before a stream of fetch goes out, a nonce is asked for', async () => {
    const { url, seen } = await serve(givesNonce)
    const body = new Blob(['text']).stream()
    const response = await fetch(url, {
      dispatcher: signing(clientOf(url)),
      method: 'POST',
      body,
      duplex: 'half',
    } as never)
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ method, body: sent }) => [method, sent])).toEqual([
      ['HEAD', ''],
      ['POST', 'text'],
    ])
  })

  test('a server that has answered once is not asked', async () => {
    const { url, seen } = await serve(ok)
    const dispatcher = signing(clientOf(url))
    await request(url, { dispatcher })
    await request(url, { dispatcher, method: 'POST', body: Readable.from(['x']) })
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  test('that nobody answers the question does not matter', async () => {
    const { url, seen } = await serve((response, { method }) => {
      if (method === 'HEAD') response.destroy()
      else response.end('ok')
    })
    const options = { dispatcher: signing(clientOf(url)), method: 'POST', body: Readable.from(['x']) } as const
    expect((await request(url, options)).statusCode).toBe(200)
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'POST'])
  })

  test.each(once)('%s that is met by a challenge all the same is an error with the challenge', async (_, make) => {
    const { url, seen } = await serve((response, { method }) => {
      if (method === 'HEAD') response.end()
      else challenge(response, 'n1')
    })
    const options = { dispatcher: signing(clientOf(url)), method: 'POST', body: make() } as never
    const challenges = [
      expect.objectContaining({ scheme: 'DPoP', parameters: expect.objectContaining({ error: 'use_dpop_nonce' }) }),
    ]
    await expect(request(url, options)).rejects.toEqual(code('ERR_BODY_NOT_REPLAYABLE', { actual: 401, challenges }))
    expect(seen).toHaveLength(2)
  })

  test.each([
    ['a token', 'DPoP error="invalid_token"'],
    ['a proof', 'DPoP error="invalid_dpop_proof"'],
  ])('a stream that is refused for %s gets the refusal', async (_, field) => {
    const { url, seen } = await serve(
      (response) => void response.writeHead(401, { 'www-authenticate': field }).end('no'),
    )
    const options = { dispatcher: signing(clientOf(url)), method: 'POST', body: Readable.from(['x']) } as const
    const { statusCode, body } = await request(url, options)
    expect([statusCode, await body.text()]).toEqual([401, 'no'])
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'POST'])
  })

  test.each([
    ['longer', 3],
    ['shorter', 5],
  ])('a generator that is %s than announced is not sent', async (_, length) => {
    const { url, seen } = await serve(ok)
    const headers = { 'content-length': String(length) }
    const options = { dispatcher: signing(clientOf(url)), method: 'POST', body: chunks(), headers } as never
    await expect(request(url, options)).rejects.toThrow()
    expect(seen).toEqual([])
  })

  test('a stream whose length is known is not waited for', async () => {
    const { url } = await serve(ok)
    const dispatcher = signing(clientOf(url))
    await (await request(url, { dispatcher })).body.dump()
    let written = 0
    const body = Readable.from(
      (async function* () {
        yield 'te'
        await vi.waitFor(() => expect(written).toBe(1))
        yield 'xt'
      })(),
    )
    const { handler, last, calls } = recorded()
    handler.onBodySent = () => void written++
    const headers = { 'content-length': '4' }
    dispatcher.dispatch({ origin: url, path: '/', method: 'POST', body, headers }, handler)
    await last
    expect(calls.at(-1)).toBe('end')
  })
})

describe('connections', () => {
  test('a pool of one serves a thousand challenged calls on one connection', { timeout: 60_000 }, async () => {
    const { url, seen, server } = await serve((response, { claims }) => {
      if (claims['nonce'] === `n${seen.length - 1}`) response.end('ok')
      else challenge(response, `n${seen.length}`, 'x'.repeat(1000))
    })
    const connections = connectionsOf(server)
    const dispatcher = signing(clientOf(url), { connections: 1, keepAliveTimeout: 30_000 })
    for (let call = 0; call < 1000; call++) {
      const { statusCode, body } = await request(url, { dispatcher })
      if (statusCode !== 200 || (await body.text()) !== 'ok') throw new Error(`Call ${call}: ${statusCode}`)
    }
    expect(seen).toHaveLength(2000)
    expect(connections.count).toBe(1)
  })

  test.each([
    ['chunked', (response: ServerResponse) => void (response.write('refused') && response.end())],
    ['of 60 kilobytes', (response: ServerResponse) => void response.end('x'.repeat(60_000))],
  ])('a refusal that is %s is read to its end', async (_, answer) => {
    const { url, seen, server } = await serve((response, { claims }) => {
      if (claims['nonce'] !== undefined) return void response.end('ok')
      response.writeHead(401, { 'www-authenticate': NONCE, 'dpop-nonce': 'n1' })
      answer(response)
    })
    const connections = connectionsOf(server)
    const dispatcher = signing(clientOf(url), { connections: 1 })
    expect((await request(url, { dispatcher })).statusCode).toBe(200)
    expect([seen.length, connections.count]).toEqual([2, 1])
  })

  test.each([
    [
      'without end',
      (response: ServerResponse) => {
        const timer = setInterval(() => response.write('x'.repeat(10_000)), 5)
        response.once('close', () => clearInterval(timer))
      },
    ],
    ['that stops half-way', (response: ServerResponse) => void response.write('x')],
  ])('a refusal %s is given up, and its connection with it', async (_, answer) => {
    const { url, seen, server } = await serve((response, { claims }) => {
      if (claims['nonce'] !== undefined) return void response.end('ok')
      response.writeHead(401, { 'www-authenticate': NONCE, 'dpop-nonce': 'n1' })
      answer(response)
    })
    const connections = connectionsOf(server)
    const dispatcher = signing(clientOf(url), { connections: 1 })
    const startedAt = Date.now()
    expect((await request(url, { dispatcher })).statusCode).toBe(200)
    expect(Date.now() - startedAt).toBeLessThan(3_000)
    expect([seen.length, connections.count]).toEqual([2, 2])
  })

  test('a caller that reads slowly is waited for', async () => {
    const size = 8_000_000
    let done = false
    const { url } = await serve((response, { claims }) => {
      if (claims['nonce'] === undefined) return challenge(response, 'n1')
      response.once('finish', () => {
        done = true
      })
      response.end('x'.repeat(size))
    })
    const { body } = await request(url, { dispatcher: signing(clientOf(url)) })
    await sleep(300)
    expect(done).toBe(false)
    expect((await body.text()).length).toBe(size)
  })

  test('a released refusal that is read slowly is waited for', async () => {
    const size = 8_000_000
    const { url } = await serve((response) => void response.writeHead(401).end('x'.repeat(size)))
    const { statusCode, body } = await request(url, { dispatcher: signing(clientOf(url)) })
    expect(statusCode).toBe(401)
    await sleep(50)
    expect(body.readableLength).toBeLessThan(1_000_000)
    expect((await body.text()).length).toBe(size)
  })
})

test('stream and its sink see the last attempt only', async () => {
  const { url } = await serve(wants('n1'))
  const heads: number[] = []
  const chunks: Buffer[] = []
  const write = (chunk: Buffer, _: string, done: () => void) => {
    chunks.push(chunk)
    done()
  }
  await stream(url, { dispatcher: signing(clientOf(url)), method: 'GET' }, ({ statusCode }) => {
    heads.push(statusCode)
    return new Writable({ write })
  })
  expect([heads, Buffer.concat(chunks).toString()]).toEqual([[200], 'ok'])
})
