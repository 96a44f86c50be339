// One dispatch from its first callback to its last: whatever happens in between, its caller is told once, and nothing is left behind.

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { captureError } from '@countersign/testkit'
import type { Dispatcher } from 'undici'
import { fetch, interceptors, pipeline, request, stream } from 'undici'
import { describe, expect, test, vi } from 'vitest'
import type { Client } from '../src/create-client.ts'
import { generateSigner } from '../src/keys/key-pair.ts'
import { countersign } from '../src/undici/index.ts'
import type { Behaviour } from './support.ts'
import { challenge, clientOf, serve, wants } from './support.ts'
import { agentOf, composed, recorded, settle, signing } from './undici-support.ts'

const code = (value: string, more: object = {}) => expect.objectContaining({ code: value, ...more })
const ok: Behaviour = (response) => void response.end('ok')
const never = () => new Promise<never>(() => undefined)
const reason = new Error('The caller has had enough')
const throwing = (callback: string) => ({
  [callback]: () => {
    throw reason
  },
})

describe('callbacks', () => {
  test('of a challenged call are those of one request', async () => {
    const { url } = await serve(wants('n1'))
    const { handler, calls, last } = recorded()
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(['start', 'head 200', 'data ok', 'end'])
  })

  test.each([
    ['HEAD', 'HEAD' as const, 200, ['start', 'head 200', 'end']],
    ['204', 'GET' as const, 204, ['start', 'head 204', 'end']],
    ['304', 'GET' as const, 304, ['start', 'head 304', 'end']],
  ])('of %s', async (_, method, status, expected) => {
    const { url, seen } = await serve((response, { claims }) => {
      if (claims['nonce'] === 'n1') response.writeHead(status).end()
      else challenge(response, 'n1')
    })
    const { handler, calls, last } = recorded()
    signing(clientOf(url), { connections: 1 }).dispatch({ origin: url, path: '/', method }, handler)
    await last
    expect(calls).toEqual(expected)
    expect(seen.map(({ claims }) => claims['htm'])).toEqual([method, method])
  })

  test('tell of interim responses, and of trailers', async () => {
    const { url } = await serve((response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeHead(200, { trailer: 'x-checksum' })
      response.write('ok')
      response.addTrailers({ 'x-checksum': 'abc' })
      response.end()
    })
    const interim: unknown[] = []
    const onInfo = (info: unknown) => void interim.push(info)
    const { body, trailers } = await request(url, { dispatcher: signing(clientOf(url)), onInfo })
    expect(await body.text()).toBe('ok')
    expect(interim).toMatchObject([{ statusCode: 103, headers: { link: '</style.css>; rel=preload' } }])
    expect(trailers).toEqual({ 'x-checksum': 'abc' })
  })

  test('show the raw header fields', async () => {
    const { url } = await serve((response) => void response.writeHead(200, { 'X-Upper': '1' }).end())
    const options = { dispatcher: signing(clientOf(url)), responseHeaders: 'raw' } as const
    expect((await request(url, options)).headers).toEqual(expect.arrayContaining(['X-Upper', '1']))
  })

  test('tell what is sent of a body', async () => {
    const { url } = await serve(ok)
    const { handler, last } = recorded()
    const sent: string[] = []
    handler.onBodySent = (chunk) => void sent.push(String(chunk))
    handler.onRequestSent = () => void sent.push('all')
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'POST', body: 'x' }, handler)
    await last
    expect(sent).toEqual(['x', 'all'])
  })

  test.each([
    ['onRequestStart', throwing('onRequestStart'), ['start', 'error'], 0],
    ['onResponseStart', throwing('onResponseStart'), ['start', 'head 200', 'error'], 2],
    ['onResponseData', throwing('onResponseData'), ['start', 'head 200', 'data ok', 'error'], 2],
    ['onResponseEnd', throwing('onResponseEnd'), ['start', 'head 200', 'data ok', 'end', 'error'], 2],
  ])('that throw are told so, as by undici: %s', async (_, overrides, expected, requests) => {
    const { url, seen } = await serve(wants('n1'))
    const { handler, calls, errors, last } = recorded(overrides)
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(expected)
    expect(errors).toEqual([reason])
    expect(seen).toHaveLength(requests)
  })

  test.each([
    ['onResponseStart', throwing('onResponseStart'), ['start', 'head 401', 'error']],
    ['onResponseEnd', throwing('onResponseEnd'), ['start', 'head 401', 'end', 'error']],
  ])('that throw at a refusal that is handed over are told so too: %s', async (_, overrides, expected) => {
    const { url } = await serve((response) => void response.writeHead(401, { 'content-length': 0 }).end())
    const { handler, calls, errors, last } = recorded(overrides)
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(expected)
    expect(errors).toEqual([reason])
  })
})

describe('what fails', () => {
  const failures: [string, (url: string) => Client | Promise<Client>, unknown][] = [
    [
      'the token source',
      (url) =>
        clientOf(url, {
          token: () => {
            throw reason
          },
        }),
      reason,
    ],
    ['a token that cannot be sent', (url) => clientOf(url, { token: () => 'a b' }), code('ERR_TOKEN_REQUEST_FAILED')],
    [
      'a token that is bound to no key',
      (url) => clientOf(url, { token: () => ({ accessToken: 't', tokenType: 'Bearer' }) }),
      code('ERR_TOKEN_NOT_BOUND'),
    ],
    [
      'the signer',
      async (url) => clientOf(url, { signer: { ...(await generateSigner()), sign: async () => new Uint8Array(3) } }),
      code('ERR_SIGNING_FAILED'),
    ],
    [
      'the client, since it is closed',
      (url) => {
        const client = clientOf(url)
        client.close()
        return client
      },
      code('ERR_CLIENT_CLOSED'),
    ],
  ]
  test.each(failures)('%s: the caller has our error, and nothing is sent', async (_, make, expected) => {
    const { url, seen } = await serve(ok)
    const dispatcher = signing(await make(url))
    const { handler, calls, errors, last } = recorded()
    dispatcher.dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(['start', 'error'])
    expect(errors).toEqual([expected])
    expect(await captureError(() => request(url, { dispatcher }))).toEqual(expected)
    expect(await captureError(() => fetch(url, { dispatcher }))).toMatchObject({ cause: expected })
    expect(await captureError(() => stream(url, { dispatcher, method: 'GET' }, never as never))).toEqual(expected)
    const piped = pipeline(url, { dispatcher, method: 'GET' }, ({ body }) => body).end()
    expect(await captureError(() => piped.toArray())).toEqual(expected)
    // Before a stream, such as that of pipeline, anyone may ask for a nonce.
    expect(seen.filter(({ method }) => method !== 'HEAD')).toEqual([])
  })

  test('and retry around it does not repeat what cannot help', async () => {
    const { url } = await serve(ok)
    const token = vi.fn(() => {
      throw reason
    })
    const dispatcher = composed(countersign(clientOf(url, { token })), interceptors.retry({ minTimeout: 1 }))
    const error = Object.assign(new Error('no key'), { code: 'ERR_ANYTHING' })
    token.mockImplementation(() => {
      throw error
    })
    expect(await captureError(() => request(url, { dispatcher }))).toBe(error)
    expect(token).toHaveBeenCalledTimes(1)
  })

  test('a connection that is refused is an error of undici, told once', async () => {
    const { url, server } = await serve(ok)
    server.close()
    const { handler, calls, errors, last } = recorded()
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(['start', 'error'])
    expect(errors).toEqual([code('ECONNREFUSED')])
  })

  test('an invalid request is an error of undici, told once', async () => {
    const { url, seen } = await serve(ok)
    const { handler, calls, errors, last } = recorded()
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'NOT A METHOD' as 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(['start', 'error'])
    expect(errors).toEqual([code('UND_ERR_INVALID_ARG')])
    expect(seen).toEqual([])
  })

  test('a request without origin is refused, where the dispatcher has none', async () => {
    const { url, seen } = await serve(ok)
    const { handler, errors, last } = recorded()
    const interceptor = countersign(clientOf(url))
    const dispatch = interceptor((options, inner) => agentOf().dispatch(options, inner))
    dispatch({ path: '/', method: 'GET' }, handler)
    await last
    expect(errors).toEqual([code('ERR_OPTION_INVALID', { parameter: 'origin' })])
    expect(seen).toEqual([])
  })

  test('a stream that fails before it is sent is an error of its own, not an uncaught one', async () => {
    const { url, seen } = await serve(ok)
    const slow = clientOf(url, { token: () => sleep(100, 'token-1') })
    const body = createReadStream('/no/such/file')
    const call = request(url, { dispatcher: signing(slow), method: 'POST', body })
    expect(await captureError(() => call)).toEqual(code('ENOENT'))
    await settle()
    expect(seen).toEqual([])
  })

  test('an inner dispatcher that throws is told to the handler', async () => {
    const { url } = await serve(ok)
    const { handler, calls, errors, last } = recorded()
    const dispatch = countersign(clientOf(url))(() => {
      throw reason
    })
    dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    expect(calls).toEqual(['start', 'error'])
    expect(errors).toEqual([reason])
  })
})

describe('abort', () => {
  type Body = Exclude<Dispatcher.DispatchOptions['body'], undefined>
  /** Calls that wait in our own work, each at another place, until they are aborted. */
  const places: [string, (url: string) => Client | Promise<Client>, () => Body][] = [
    ['waits for a token', (url) => clientOf(url, { token: never }), () => null],
    [
      'waits for a signature',
      async (url) => clientOf(url, { signer: { ...(await generateSigner()), sign: never } }),
      () => null,
    ],
    ['waits for its body', (url) => clientOf(url), () => hangingBody() as never],
  ]
  const hangingBody = async function* () {
    yield 'a'
    await never()
  }
  const options = (body: Body) =>
    body === null
      ? ({ method: 'POST' } as const)
      : ({ method: 'POST', body, headers: { 'content-length': '2' } } as const)

  test.each(places)('of a dispatch that %s: told once, at once, and nothing is sent', async (_, make, body) => {
    const { url, seen } = await serve(ok)
    let abort: () => void = () => undefined
    const { handler, calls, errors, last } = recorded({
      onRequestStart(controller) {
        abort = () => controller.abort(reason)
      },
    })
    signing(await make(url)).dispatch({ origin: url, path: '/', ...options(body()) }, handler)
    await sleep(30)
    expect(calls).toEqual(['start'])
    abort()
    abort()
    await last
    await settle()
    expect(calls).toEqual(['start', 'error'])
    expect(errors).toEqual([reason])
    expect(seen).toEqual([])
  })

  test.each(places)('by a signal of a request that %s', async (_, make, body) => {
    const { url, seen } = await serve(ok)
    const dispatcher = signing(await make(url))
    const aborting = new AbortController()
    const calls = [
      captureError(() => request(url, { dispatcher, signal: aborting.signal, ...options(body()) })),
      captureError(() => stream(url, { dispatcher, signal: aborting.signal, ...options(body()) }, never as never)),
    ]
    await sleep(30)
    aborting.abort(reason)
    expect(await Promise.all(calls)).toEqual([reason, reason])
    await settle()
    expect(seen).toEqual([])
  })

  test.each(places.slice(0, 2))('by a signal of fetch and pipeline that %s', async (_, make) => {
    const { url, seen } = await serve(ok)
    const dispatcher = signing(await make(url))
    const aborting = new AbortController()
    const { signal } = aborting
    const piped = pipeline(url, { dispatcher, signal, method: 'GET' }, ({ body }) => body).end()
    const calls = [captureError(() => fetch(url, { dispatcher, signal })), captureError(() => piped.toArray())]
    await sleep(30)
    aborting.abort(reason)
    expect(await Promise.all(calls)).toEqual([reason, reason])
    await settle()
    expect(seen.filter(({ method }) => method !== 'HEAD')).toEqual([])
  })

  test('before anything: nothing is asked for', async () => {
    const { url, seen } = await serve(ok)
    const token = vi.fn(() => 'token-1')
    const dispatcher = signing(clientOf(url, { token }))
    const { handler, calls, errors } = recorded({ onRequestStart: (controller) => controller.abort(reason) })
    dispatcher.dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    expect(calls).toEqual(['start', 'error'])
    expect(errors).toEqual([reason])
    await settle()
    expect([seen, token.mock.calls]).toEqual([[], []])
  })

  test('while a nonce is asked for', async () => {
    const { url, seen } = await serve(() => undefined)
    const aborting = new AbortController()
    const body = Readable.from(['x'])
    const call = captureError(() =>
      request(url, { dispatcher: signing(clientOf(url)), method: 'POST', body, signal: aborting.signal }),
    )
    await expect.poll(() => seen.length).toBe(1)
    aborting.abort(reason)
    expect(await call).toBe(reason)
    await settle()
    expect(seen.map(({ method }) => method)).toEqual(['HEAD'])
    expect(body.destroyed).toBe(true)
  })

  test('while the first call to a server is waited for', async () => {
    const { url, seen } = await serve((response, { path }) => (path === '/slow' ? undefined : void response.end()))
    const dispatcher = signing(clientOf(url))
    const aborting = new AbortController()
    const slow = captureError(() => request(`${url}/slow`, { dispatcher, signal: aborting.signal }))
    await expect.poll(() => seen.length).toBe(1)
    const waiting = captureError(() => request(`${url}/waits`, { dispatcher, signal: aborting.signal }))
    await sleep(30)
    aborting.abort(reason)
    expect(await Promise.all([slow, waiting])).toEqual([reason, reason])
    await settle()
    expect(seen.map(({ path }) => path)).toEqual(['/slow'])
  })

  test.each([
    ['by a signal', true],
    ['by the controller', false],
  ])('%s, in the queue of a pool: told at once, and not sent later', async (_, bySignal) => {
    let free: () => void = () => undefined
    const { url, seen } = await serve((response, { path }) => {
      if (path === '/first') free = () => void response.end()
      else response.end()
    })
    const dispatcher = signing(clientOf(url), { connections: 1 })
    await (await request(url, { dispatcher })).body.dump()
    const first = request(`${url}/first`, { dispatcher })
    await expect.poll(() => seen.length).toBe(2)
    const aborting = new AbortController()
    let abort = () => aborting.abort(reason)
    const { handler, calls, errors, last } = recorded({
      onRequestStart(controller) {
        if (!bySignal) abort = () => controller.abort(reason)
      },
    })
    let queued: Promise<unknown> = last.then(() => errors[0])
    if (!bySignal) dispatcher.dispatch({ origin: url, path: '/queued', method: 'GET' }, handler)
    else queued = captureError(() => request(`${url}/queued`, { dispatcher, signal: aborting.signal }))
    await sleep(30)
    abort()
    expect(await queued).toBe(reason)
    free()
    await (await first).body.dump()
    expect((await request(`${url}/next`, { dispatcher })).statusCode).toBe(200)
    expect(seen.map(({ path }) => path)).toEqual(['/', '/first', '/next'])
    if (!bySignal) expect(calls).toEqual(['start', 'error'])
  })

  test('while the answer is waited for, the connection is ended', async () => {
    const closed = Promise.withResolvers<void>()
    const { url, seen } = await serve((response) => void response.once('close', closed.resolve))
    const aborting = new AbortController()
    const call = captureError(() => request(url, { dispatcher: signing(clientOf(url)), signal: aborting.signal }))
    await expect.poll(() => seen.length).toBe(1)
    aborting.abort(reason)
    expect(await call).toBe(reason)
    await closed.promise
  })

  test('while a refusal is answered: not repeated', async () => {
    const { url, seen } = await serve(
      (response) => void response.writeHead(401, { 'www-authenticate': 'DPoP error="invalid_token"' }).end('refused'),
    )
    let asked = 0
    const token = () => (++asked === 1 ? 'token-1' : never())
    const { handler, calls, errors, last } = recorded()
    let abort: () => void = () => undefined
    handler.onRequestStart = (controller) => {
      abort = () => controller.abort(reason)
    }
    signing(clientOf(url, { token })).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await expect.poll(() => asked).toBe(2)
    abort()
    await last
    await settle()
    expect(calls).toEqual(['error'])
    expect(errors).toEqual([reason])
    expect(seen).toHaveLength(1)
  })

  test('while the body is read', async () => {
    const { url } = await serve((response) => void response.write('part'))
    const aborting = new AbortController()
    const { body } = await request(url, { dispatcher: signing(clientOf(url)), signal: aborting.signal })
    aborting.abort(reason)
    expect(await captureError(() => body.text())).toBe(reason)
  })

  test('after the end: nothing more is told', async () => {
    const { url } = await serve(ok)
    let abort: () => void = () => undefined
    const { handler, calls, last } = recorded({
      onRequestStart(controller) {
        abort = () => controller.abort(reason)
      },
    })
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    abort()
    await settle()
    expect(calls).toEqual(['start', 'head 200', 'data ok', 'end'])
  })

  test('within the last callback: nothing more is told', async () => {
    const { url } = await serve(ok)
    let abort: () => void = () => undefined
    const { handler, calls, last } = recorded({
      onRequestStart(controller) {
        abort = () => controller.abort(reason)
      },
      onResponseEnd: () => abort(),
    })
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    await settle()
    expect(calls).toEqual(['start', 'head 200', 'data ok', 'end'])
  })

  test('without a reason has one all the same', async () => {
    const { url } = await serve(ok)
    const { handler, errors, last } = recorded({
      onRequestStart: (controller) => controller.abort(undefined as never),
    })
    signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
    await last
    expect(errors).toEqual([expect.objectContaining({ name: 'AbortError' })])
  })

  test('leaves the call of somebody else alone, who waits for the same token', async () => {
    const token = Promise.withResolvers<string>()
    const { url, seen } = await serve(ok)
    const dispatcher = signing(clientOf(url, { token: () => token.promise }))
    const aborting = new AbortController()
    const aborted = captureError(() => request(`${url}/a`, { dispatcher, signal: aborting.signal }))
    const other = request(`${url}/b`, { dispatcher })
    await sleep(10)
    aborting.abort(reason)
    expect(await aborted).toBe(reason)
    token.resolve('token-1')
    expect((await other).statusCode).toBe(200)
    expect(seen.map(({ path }) => path)).toEqual(['/b'])
  })
})

test('a handler may pause before there is anything to pause', async () => {
  const { url } = await serve(wants('n1'))
  let resume: () => void = () => undefined
  const { handler, calls, last } = recorded({
    onRequestStart(controller) {
      controller.pause()
      resume = () => controller.resume()
      expect(controller.paused).toBe(true)
    },
  })
  signing(clientOf(url)).dispatch({ origin: url, path: '/', method: 'GET' }, handler)
  await expect.poll(() => calls).toContain('head 200')
  await settle()
  expect(calls).toEqual(['start', 'head 200'])
  resume()
  await last
  expect(calls).toEqual(['start', 'head 200', 'data ok', 'end'])
})

test('what undici sends again by itself has a proof of its own', async () => {
  const { url, seen } = await serve((response, { path }, all) => {
    const isFirst = all.filter((each) => each.path === path).length === 1
    // The connection goes away with the calls that were sent behind this one, and have no answer yet.
    if (path === '/breaks' && isFirst) void vi.waitUntil(() => all.length === 4).then(() => response.destroy())
    else response.end('ok')
  })
  const dispatcher = signing(clientOf(url), { connections: 1, pipelining: 3 })
  await (await request(url, { dispatcher })).body.dump()
  const call = (path: string) => request(url + path, { dispatcher, blocking: false } as never)
  const broken = captureError(() => call('/breaks'))
  await expect.poll(() => seen.length).toBe(2)
  for (const { statusCode } of await Promise.all([call('/b'), call('/c')])) expect(statusCode).toBe(200)
  expect(await broken).toBeInstanceOf(Error)
  for (const path of ['/b', '/c']) {
    const sent = seen.filter((each) => each.path === path)
    expect(sent.length).toBe(2)
    expect(sent[0]?.claims['jti']).not.toBe(sent[1]?.claims['jti'])
  }
})
