// Nonces at the resource server: learned from every response, one repetition at most.

import { createKey } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import { clientCredentials } from '../src/tokens/client-credentials.ts'
import type { Behaviour } from './support.ts'
import { challenge, clientOf, serve, wants } from './support.ts'

test('a challenge is answered once, and the nonce kept', async () => {
  const { url, seen } = await serve(wants('n1'))
  const client = clientOf(url)
  expect(await (await client.fetch('/a')).text()).toBe('ok')
  expect(await (await client.fetch('/b')).text()).toBe('ok')
  expect(seen.map(({ path, claims }) => [path, claims['nonce']])).toEqual([
    ['/a', undefined],
    ['/a', 'n1'],
    ['/b', 'n1'],
  ])
  expect(new Set(seen.map(({ claims }) => claims['jti'])).size).toBe(3)
})

test('a server that changes its nonce with every response costs one request a call', async () => {
  let current = 0
  const { url, seen } = await serve((response, { claims }) => {
    const expected = `n${current}`
    response.setHeader('dpop-nonce', `n${++current}`)
    if (claims['nonce'] === expected) response.end('ok')
    else response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end()
  })
  const client = clientOf(url)
  for (let call = 0; call < 5; call++) expect((await client.fetch('/')).status).toBe(200)
  expect(seen).toHaveLength(6)
})

test.each([204, 302, 403, 404, 500])('a nonce is learned from a response of status %d', async (status) => {
  const { url, seen } = await serve((response) => void response.writeHead(status, { 'dpop-nonce': 'n1' }).end())
  const client = clientOf(url)
  await client.fetch('/', { redirect: 'manual' })
  await client.fetch('/', { redirect: 'manual' })
  expect(seen.map(({ claims }) => claims['nonce'])).toEqual([undefined, 'n1'])
})

describe('an answer that the client does not repeat the call for', () => {
  const behaviours: [string, Behaviour, number][] = [
    ['endless challenges', (response, _, seen) => challenge(response, `n${seen.length}`), 2],
    ['the same nonce again', (response) => challenge(response, 'n1'), 2],
    [
      'a challenge without nonce',
      (response) => void response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end(),
      1,
    ],
    ['a nonce that is none', (response) => challenge(response, 'a b'), 1],
    [
      'another error',
      (response) =>
        void response
          .writeHead(401, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"', 'dpop-nonce': 'n1' })
          .end(),
      1,
    ],
    [
      'a malformed challenge',
      (response) => void response.writeHead(401, { 'www-authenticate': 'DPoP error=', 'dpop-nonce': 'n1' }).end(),
      1,
    ],
    [
      '403',
      (response) =>
        void response.writeHead(403, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' }).end(),
      1,
    ],
  ]
  test.each(behaviours)('%s', async (_, behave, requests) => {
    const { url, seen } = await serve(behave)
    const response = await clientOf(url).fetch('/')
    expect(response.status).toBeGreaterThanOrEqual(401)
    expect(seen).toHaveLength(requests)
  })
})

test.each([
  ['after another challenge', 'Bearer realm="x", DPoP error="use_dpop_nonce"'],
  ['in odd case', 'dpop ERROR="use_dpop_nonce"'],
  ['as a token', 'DPoP error=use_dpop_nonce'],
  ['in a Bearer challenge', 'Bearer error="use_dpop_nonce"'],
  ['beside another error of Bearer', 'Bearer error="invalid_token", DPoP error="use_dpop_nonce"'],
  ['malformed behind it', 'DPoP error="use_dpop_nonce", algs=ES256 PS256'],
  ['beside what is malformed', 'Foo bar baz, DPoP error="use_dpop_nonce"'],
])('the challenge is understood %s', async (_, field) => {
  const { url, seen } = await serve((response, { claims }) => {
    if (claims['nonce'] === 'n1') return void response.end()
    response.writeHead(401, { 'www-authenticate': field, 'dpop-nonce': 'n1' }).end()
  })
  expect((await clientOf(url).fetch('/')).status).toBe(200)
  expect(seen).toHaveLength(2)
})

test('fifty cold calls cost fifty-one requests', async () => {
  const { url, seen } = await serve(wants('n1'))
  const client = clientOf(url)
  const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => client.fetch(`/${index}`)))
  expect(responses.every(({ status }) => status === 200)).toBe(true)
  expect(seen).toHaveLength(51)
})

test.each([
  ['is aborted', (response: { destroy(): void }) => void setTimeout(() => response.destroy(), 50)],
  ['breaks off', (response: { destroy(): void }) => response.destroy()],
])('fifty cold calls of which the first %s cost little more', async (_, fail) => {
  let failed = false
  const { url, seen } = await serve((response, request, all) => {
    if (!failed) {
      failed = true
      return void fail(response)
    }
    return wants('n1')(response, request, all)
  })
  const client = clientOf(url)
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_call, index) => client.fetch(`/${index}`)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(49)
  expect(seen.length).toBeLessThanOrEqual(53)
})

test.each([
  ['400 with a challenge', 400, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }, ''],
  ['401 with a body', 401, { 'content-type': 'application/json' }, '{"error":"use_dpop_nonce"}'],
  ['400 with a body', 400, { 'content-type': 'application/json' }, '{"error":"use_dpop_nonce"}'],
])('the challenge is understood as %s', async (_, status, headers, body) => {
  const { url, seen } = await serve((response, { claims }) => {
    if (claims['nonce'] === 'n1') return void response.end('ok')
    response.writeHead(status, { 'dpop-nonce': 'n1', 'content-length': body.length, ...headers }).end(body)
  })
  expect((await clientOf(url).fetch('/')).status).toBe(200)
  expect(seen).toHaveLength(2)
})

test('calls do not wait long for a first one that hangs', async () => {
  const { url } = await serve((response, { path }) => (path === '/hangs' ? undefined : void response.end('ok')))
  const client = clientOf(url)
  const hanging = client.fetch('/hangs', { signal: AbortSignal.timeout(3_000) }).catch(() => 'aborted')
  expect((await client.fetch('/')).status).toBe(200)
  expect(await hanging).toBe('aborted')
})

test('the late answer to an older request does not bring back its nonce', async () => {
  const slow = Promise.withResolvers<void>()
  const { url, seen } = await serve(async (response, { path }) => {
    if (path === '/slow') await slow.promise
    response.setHeader('dpop-nonce', path === '/slow' ? 'old' : 'new').end()
  })
  const client = clientOf(url)
  await client.fetch('/warm')
  const late = client.fetch('/slow')
  await expect.poll(() => seen.length).toBe(2)
  await client.fetch('/fast')
  slow.resolve()
  await late
  await client.fetch('/last')
  expect(seen.at(-1)?.claims['nonce']).toBe('new')
})

test('a challenge is answered with its own nonce, even if a newer one is known', async () => {
  const { url, seen } = await serve((response, { claims, path }) => {
    if (path === '/other') return void response.setHeader('dpop-nonce', 'n-other').end()
    if (claims['nonce'] === 'n-own') return void response.end('ok')
    challenge(response, 'n-own')
  })
  const client = clientOf(url)
  await client.fetch('/other')
  expect((await client.fetch('/own')).status).toBe(200)
  expect(seen).toHaveLength(3)
})

test('an authorization server and an API on one origin have nonces of their own', async () => {
  const key = await createKey()
  const { url, seen } = await serve((response, { path, headers, claims }) => {
    const origin = `http://${headers.host}`
    response.setHeader('content-type', 'application/json')
    if (path.startsWith('/.well-known')) {
      response.end(JSON.stringify({ issuer: origin, token_endpoint: `${origin}/token` }))
    } else if (path === '/token') {
      response.setHeader('dpop-nonce', 'n-as').end(JSON.stringify({ access_token: 't', token_type: 'DPoP' }))
    } else {
      if (claims['nonce'] === 'n-rs') response.end('{}')
      else challenge(response, 'n-rs')
    }
  })
  const token = clientCredentials({ clientId: 'c', key: key.privateJwk as JsonWebKey, issuer: url })
  expect((await clientOf(url, { token }).fetch('/api')).status).toBe(200)
  expect(seen.filter(({ path }) => path === '/api').map(({ claims }) => claims['nonce'])).toEqual([undefined, 'n-rs'])
})

test('two servers have nonces of their own', async () => {
  const first = await serve(wants('n-first'))
  const second = await serve(wants('n-second'))
  const client = clientOf(first.url, { origins: [second.url] })
  for (const url of [first.url, second.url, first.url, second.url])
    expect((await client.fetch(`${url}/`)).status).toBe(200)
  expect(first.seen).toHaveLength(3)
  expect(second.seen).toHaveLength(3)
})

test('connections are used again after challenges', async () => {
  const { url, seen, server } = await serve((response, { claims }) => {
    if (String(claims['nonce']).startsWith('even')) return void response.end('ok')
    challenge(response, `even${seen.length}`, 'x'.repeat(1000))
  })
  let connections = 0
  server.on('connection', () => connections++)
  const client = clientOf(url)
  for (let call = 0; call < 50; call++) expect(await (await client.fetch('/')).text()).toBe('ok')
  expect(connections).toBeLessThan(5)
})
