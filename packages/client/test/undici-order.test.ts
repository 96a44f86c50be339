// The order of interceptors: each right one works, each wrong one is found before anything is sent.

import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Dispatcher } from 'undici'
import { type Agent, fetch, interceptors, RetryAgent, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { countersign } from '../src/undici/index.ts'
import type { Behaviour } from './support.ts'
import { clientOf, serve, wants } from './support.ts'
import { agentOf, composed, ending, signing } from './undici-support.ts'

const { dns, retry, redirect, cache, decompress, responseError, deduplicate } = interceptors
const ok: Behaviour = (response) => void response.end('ok')
const wrong = (reason: string) => expect.objectContaining({ code: 'ERR_INTERCEPTOR_ORDER', reason })

/** Fails with 503 until it has been called this often. */
const recovers =
  (failures: number): Behaviour =>
  (response, _, seen) =>
    void (seen.length <= failures ? response.writeHead(503).end('later') : response.end('ok'))
const soon = { minTimeout: 1, maxTimeout: 5 }

/** Names of the tests lead to loopback. */
const resolving = (address: object = {}) => {
  const found = { address: '127.0.0.1', family: 4, ttl: 10_000, ...address }
  const lookup = (_: unknown, __: unknown, done: (error: null, found: object[]) => void) => done(null, [found])
  return dns({ lookup } as never)
}

/** A server, by its name. */
async function named(behave: Behaviour) {
  const { url, ...rest } = await serve(behave)
  return { ...rest, url: url.replace('127.0.0.1', 'localhost') }
}

describe('all in order', () => {
  test('a request that is challenged, redirected and retried is signed anew each time', async () => {
    const { url, seen } = await named((response, seenRequest, all) => {
      const { path, claims } = seenRequest
      if (claims['nonce'] !== 'n1') return wants('n1')(response, seenRequest, all)
      if (path === '/a') return void response.writeHead(307, { location: '/b?c' }).end()
      if (all.filter((each) => each.path === path).length === 1) return void response.writeHead(503).end()
      response.end('ok')
    })
    const dispatcher = composed(resolving(), countersign(clientOf(url)), retry(soon), redirect({ maxRedirections: 5 }))
    const { statusCode, body } = await request(`${url}/a`, { dispatcher, method: 'PUT', body: 'x' })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    expect(seen.map(({ path, body: sent, claims }) => [path, sent, claims['htu'], claims['nonce']])).toEqual([
      ['/a', 'x', `${url}/a`, undefined],
      ['/a', 'x', `${url}/a`, 'n1'],
      ['/b?c', 'x', `${url}/b`, 'n1'],
      ['/b?c', 'x', `${url}/b`, 'n1'],
    ])
    expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(4)
    expect(seen.map(({ headers }) => headers.host)).toEqual(Array(4).fill(new URL(url).host))
  })

  test('the ones that do not matter stand where they like', async () => {
    const { url, seen } = await serve(wants('n1'))
    const client = clientOf(url)
    const orders = [
      [decompress(), countersign(client)],
      [countersign(client), decompress(), responseError(), deduplicate(), cache()],
      [cache(), countersign(client)],
    ]
    for (const order of orders) {
      const { statusCode, body } = await request(url, { dispatcher: composed(...order) })
      expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    }
    expect(seen).toHaveLength(4)
  })
})

describe('redirect', () => {
  const redirects =
    (status: number, location: () => string): Behaviour =>
    (response, { path }) =>
      void (path === '/a' ? response.writeHead(status, { location: location() }).end('moved') : response.end('ok'))

  test.each([
    [301, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'x'],
    [308, 'PUT', 'PUT', 'x'],
  ])('after it: %d of a %s is followed by a signed %s', async (status, method, followed, body) => {
    const { url, seen } = await serve(redirects(status, () => '/b?c'))
    const dispatcher = composed(countersign(clientOf(url)), redirect({ maxRedirections: 5 }))
    const response = await request(`${url}/a`, { dispatcher, method: method as 'PUT', body: 'x' })
    expect([response.statusCode, await response.body.text()]).toEqual([200, 'ok'])
    expect(seen).toMatchObject([
      { claims: { htm: method, htu: `${url}/a` } },
      { method: followed, path: '/b?c', body, claims: { htm: followed, htu: `${url}/b` } },
    ])
    expect(seen[0]?.claims['jti']).not.toBe(seen[1]?.claims['jti'])
    expect(seen[1]?.headers.authorization).toBe('DPoP token-1')
  })

  test('after it: a redirect to another origin carries neither token nor proof, nor what the caller took for them', async () => {
    const other = await serve(ok)
    const { url, seen } = await serve(redirects(307, () => `${other.url}/b`))
    const dispatcher = composed(countersign(clientOf(url)), redirect({ maxRedirections: 5 }))
    const headers = { dpop: 'theirs', 'x-a': '1' }
    await request(`${url}/a`, { dispatcher, headers })
    expect(seen[0]?.headers.authorization).toBe('DPoP token-1')
    expect(other.seen).toMatchObject([{ path: '/b', headers: { 'x-a': '1' } }])
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(other.seen[0]?.headers).not.toHaveProperty('dpop')
  })

  test.each([
    ['redirect', []],
    ['redirect behind retry', [retry(soon)]],
  ])(
    'after it: a chain that has left the allowed origins is not signed when it comes back, with %s',
    async (_, between) => {
      const other: { url: string } = await serve(
        (response) => void response.writeHead(307, { location: `${url}/b` }).end(),
      )
      const { url, seen } = await serve(redirects(307, () => `${other.url}/x`))
      const dispatcher = composed(countersign(clientOf(url)), ...between, redirect({ maxRedirections: 5 }))
      expect((await request(`${url}/a`, { dispatcher })).statusCode).toBe(200)
      expect(seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
        ['/a', 'DPoP token-1'],
        ['/b', undefined],
      ])
    },
  )

  test('of fetch: each is signed, to other origins none', async () => {
    const other = await serve(ok)
    const { url, seen } = await serve((response, { path }) => {
      const location = { '/a': '/b', '/b': `${other.url}/c` }[path]
      response.writeHead(303, { location }).end()
    })
    expect((await fetch(`${url}/a`, { dispatcher: signing(clientOf(url)), method: 'POST', body: 'x' })).status).toBe(
      200,
    )
    expect(seen.map(({ claims }) => [claims['htm'], claims['htu']])).toEqual([
      ['POST', `${url}/a`],
      ['GET', `${url}/b`],
    ])
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(other.seen[0]?.headers).not.toHaveProperty('dpop')
  })

  test.each([
    ['before it', (client: Dispatcher.DispatcherComposeInterceptor) => [redirect({ maxRedirections: 5 }), client]],
    [
      'before it and dns',
      (client: Dispatcher.DispatcherComposeInterceptor) => [redirect({ maxRedirections: 5 }), resolving(), client],
    ],
    [
      'before it and decompress',
      (client: Dispatcher.DispatcherComposeInterceptor) => [redirect({ maxRedirections: 5 }), decompress(), client],
    ],
  ])('%s is an error, and nothing is sent', async (_, order) => {
    const { url, seen } = await named(ok)
    const dispatcher = composed(...order(countersign(clientOf(url))))
    await expect(request(url, { dispatcher })).rejects.toEqual(wrong('redirect'))
    expect(seen).toEqual([])
  })

  test('before it, and told to follow nothing, does no harm', async () => {
    const { url, seen } = await serve(redirects(307, () => '/b'))
    const dispatcher = composed(redirect({ maxRedirections: 0 }), countersign(clientOf(url)))
    expect((await request(`${url}/a`, { dispatcher })).statusCode).toBe(307)
    expect(seen[0]?.headers.authorization).toBe('DPoP token-1')
  })
})

describe('retry', () => {
  test('after it: every attempt has a proof of its own', async () => {
    const { url, seen } = await serve(recovers(2))
    const dispatcher = composed(countersign(clientOf(url)), retry(soon))
    const { statusCode, body } = await request(url, { dispatcher })
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(3)
    expect(seen.every(({ headers }) => headers.authorization === 'DPoP token-1')).toBe(true)
  })

  test('after it: what breaks off is resumed with a proof of its own', async () => {
    const { url, seen } = await serve((response, { headers }) => {
      response.setHeader('etag', '"1"')
      if (headers['range'] !== undefined)
        return void response.writeHead(206, { 'content-range': 'bytes 3-5/6' }).end('def')
      response.writeHead(200, { 'content-length': 6 }).write('abc')
      setTimeout(() => response.destroy(), 20)
    })
    const dispatcher = composed(countersign(clientOf(url)), retry(soon))
    const { body } = await request(url, { dispatcher })
    expect(await body.text()).toBe('abcdef')
    expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(2)
  })

  test('after it: options of a request for it are its own', async () => {
    const { url, seen } = await serve(recovers(1))
    const dispatcher = composed(countersign(clientOf(url)), retry())
    const retryOptions = Object.freeze({ ...soon, statusCodes: [503] })
    expect((await request(url, { dispatcher, retryOptions } as never)).statusCode).toBe(200)
    expect(seen).toHaveLength(2)
  })

  test('RetryAgent around it: every attempt has a proof of its own', async () => {
    const { url, seen } = await serve(recovers(1))
    const dispatcher = ending(new RetryAgent(signing(clientOf(url)) as Agent, soon))
    expect((await request(url, { dispatcher })).statusCode).toBe(200)
    expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(2)
  })

  test.each([
    ['before it', (client: Dispatcher.DispatcherComposeInterceptor) => composed(retry(soon), client)],
    [
      'before it and dns',
      (client: Dispatcher.DispatcherComposeInterceptor) => composed(retry(soon), resolving(), client),
    ],
    [
      'before it and cache',
      (client: Dispatcher.DispatcherComposeInterceptor) => composed(retry(soon), cache(), client),
    ],
    [
      'before it and decompress',
      (client: Dispatcher.DispatcherComposeInterceptor) => composed(retry(soon), decompress(), client),
    ],
    [
      'in a compose of its own',
      (client: Dispatcher.DispatcherComposeInterceptor) => composed(retry(soon)).compose(client),
    ],
    [
      'as RetryAgent',
      (client: Dispatcher.DispatcherComposeInterceptor) => ending(new RetryAgent(agentOf(), soon)).compose(client),
    ],
  ])('%s is an error, and nothing is sent', async (_, compose) => {
    const { url, seen } = await named(ok)
    const dispatcher = compose(countersign(clientOf(url)))
    await expect(request(url, { dispatcher })).rejects.toEqual(wrong('retry'))
    await expect(request(url, { dispatcher, retryOptions: soon } as never)).rejects.toEqual(wrong('retry'))
    await sleep(50)
    expect(seen).toEqual([])
  })

  test('before it, but for other origins: it does not matter', async () => {
    const api = await serve(ok)
    const { url, seen } = await serve(recovers(1))
    const dispatcher = composed(retry(soon), countersign(clientOf(api.url)))
    expect((await request(url, { dispatcher })).statusCode).toBe(200)
    expect(seen).toHaveLength(2)
  })

  test('before it, what only looks at requests is not taken for it', async () => {
    const { url, seen } = await serve(ok)
    const logged: string[] = []
    const logging: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
      logged.push(JSON.stringify(options), inspect(options, { depth: 5 }))
      return dispatch(options, handler)
    }
    expect((await request(url, { dispatcher: composed(logging, countersign(clientOf(url))) })).statusCode).toBe(200)
    expect([seen.length, logged.length]).toEqual([1, 2])
  })

  test('of somebody else before it: found by the response that it keeps to itself', async () => {
    const { url, seen } = await serve(recovers(1))
    /** A handler that repeats a request after 503, and knows nothing of options. */
    const repeating: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
      let refused = false
      return dispatch(options, {
        ...handler,
        onResponseStart(controller, status, ...rest) {
          refused = status === 503
          if (!refused) handler.onResponseStart?.(controller, status, ...rest)
        },
        onResponseData: (...data) => void (refused || handler.onResponseData?.(...data)),
        onResponseEnd: (...end) => void (refused ? dispatch(options, handler) : handler.onResponseEnd?.(...end)),
      })
    }
    const dispatcher = composed(repeating, countersign(clientOf(url)))
    await expect(request(url, { dispatcher })).rejects.toEqual(wrong('retry'))
    expect(seen).toHaveLength(1)
  })
})

describe('dns', () => {
  test.each([
    ['before it', (client: Dispatcher.DispatcherComposeInterceptor) => [resolving(), client]],
    ['before it and retry', (client: Dispatcher.DispatcherComposeInterceptor) => [resolving(), client, retry(soon)]],
  ])('%s: the name is what is signed', async (_, order) => {
    const { url, seen } = await named(ok)
    const dispatcher = composed(...order(countersign(clientOf(url))))
    expect((await request(`${url}/a`, { dispatcher })).statusCode).toBe(200)
    expect(seen).toMatchObject([{ headers: { host: new URL(url).host }, claims: { htu: `${url}/a` } }])
  })

  const after: [string, () => Dispatcher.DispatcherComposeInterceptor[], object][] = [
    ['after it', () => [resolving()], {}],
    ['after it and retry', () => [retry(soon), resolving()], {}],
    ['after it, of a request with a Host of its own', () => [resolving()], { host: 'elsewhere.example' }],
  ]
  test.each(after)('%s is an error, and nothing is sent', async (_, outer, headers) => {
    const { url, seen } = await named(ok)
    const dispatcher = composed(countersign(clientOf(url)), ...outer())
    await expect(request(`${url}/a`, { dispatcher, headers } as never)).rejects.toEqual(wrong('dns'))
    expect(seen).toEqual([])
  })

  test('after it, where the address is allowed too: still an error', async () => {
    const { url, seen } = await named(ok)
    const client = clientOf(url, { origins: [url.replace('localhost', '127.0.0.1')] })
    const dispatcher = composed(countersign(client), resolving())
    await expect(request(`${url}/a`, { dispatcher })).rejects.toEqual(wrong('dns'))
    expect(seen).toEqual([])
  })

  test('after it, where it changes the port: found by the Host', async () => {
    const { url, seen } = await named(ok)
    const { port } = new URL(url)
    const api = 'http://localhost:1'
    const dispatcher = composed(countersign(clientOf(api)), resolving({ port: Number(port) }))
    await expect(request(api, { dispatcher })).rejects.toEqual(wrong('dns'))
    expect(seen).toEqual([])
  })

  test('after it, but for other origins, or for an address: it does not matter', async () => {
    const other = await named(ok)
    const { url, seen } = await serve(ok)
    const dispatcher = composed(countersign(clientOf(url)), resolving())
    for (const each of [other.url, url]) expect((await request(each, { dispatcher })).statusCode).toBe(200)
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(seen[0]?.headers.authorization).toBe('DPoP token-1')
  })
})
