// The keys of an issuer through rotation and outage: what a client is told, and how often the issuer is asked.

import type { TestIssuer, TestKey } from '@countersign/testkit'
import { createKey, startIssuer } from '@countersign/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createClock, createSubject, RESOURCE } from './support.ts'

let context: { issuer: TestIssuer; key: TestKey }
beforeEach(async () => {
  context = { issuer: await startIssuer(RESOURCE), key: await createKey() }
})
afterEach(() => context.issuer.stop())

const keySetRequests = () => context.issuer.requests.filter((path) => path === '/jwks').length

test('fifty cold calls ask once', async () => {
  const subject = createSubject(context)
  await subject.refusal({ proof: null })
  await Promise.all(Array.from({ length: 50 }, () => subject.send()))
  expect(context.issuer.requests).toEqual(['/.well-known/oauth-authorization-server', '/jwks'])
})

describe('an issuer that fails', () => {
  const failures: [string, NonNullable<TestIssuer['misbehave']>][] = [
    ['answers 500', (response) => response.writeHead(500).end()],
    ['answers HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['answers 404', (response) => response.writeHead(404).end()],
    ['redirects', (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['breaks off', (response) => response.destroy()],
    ['answers too much', (response) => response.end(`{"x":"${'x'.repeat(600_000)}"}`)],
    [
      'names another issuer',
      (response) => response.end('{"issuer":"https://attacker.example","jwks_uri":"https://attacker.example/jwks"}'),
    ],
  ]
  test.each(failures)('%s: 503 with Retry-After, and no word of the token', async (_, misbehave) => {
    context.issuer.misbehave = misbehave
    const refusal = await createSubject(context).refusal({})
    expect(refusal).toMatchObject({ code: 'ERR_ISSUER_UNAVAILABLE', statusCode: 503 })
    expect(refusal.headers['retry-after']).toBe('5')
    expect(refusal.headers).not.toHaveProperty('www-authenticate')
  })

  test('takes longer than five seconds: 503, for everyone who waited, and the issuer was asked once', async () => {
    context.issuer.misbehave = (response) => void setTimeout(() => response.end('{}'), 8_000).unref()
    const subject = createSubject(context)
    await subject.refusal({ proof: null })
    const start = performance.now()
    const refusals = await Promise.all(Array.from({ length: 5 }, () => subject.refusal({})))
    expect(refusals.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'ERR_ISSUER_UNAVAILABLE'))
    expect(performance.now() - start).toBeLessThan(12_000)
    expect(new Set(context.issuer.requests).size).toBe(context.issuer.requests.length)
  })

  test('is not asked again for five seconds, and then recovers', async () => {
    const clock = createClock()
    const subject = createSubject(context, { clock, nonce: 'off' })
    context.issuer.misbehave = (response) => response.writeHead(500).end()
    await subject.refusal({})
    const asked = context.issuer.requests.length
    await Promise.all(Array.from({ length: 20 }, () => subject.refusal({})))
    expect(context.issuer.requests).toHaveLength(asked)
    context.issuer.misbehave = undefined
    clock.now += 5
    await subject.send({ claims: { iat: clock.now } })
  })

  test('is bridged by the keys at hand for an hour, not longer', async () => {
    const clock = createClock()
    const subject = createSubject(context, { clock })
    const claims = { exp: clock.now + 10_000 }
    await subject.send({ token: { claims } })
    context.issuer.misbehave = (response) => response.writeHead(500).end()
    const nonceAt = async () => (await subject.refusal({ proof: null })).headers['dpop-nonce']
    clock.now += 3_599
    await subject.send({ token: { claims }, claims: { nonce: await nonceAt() } })
    clock.now += 1
    const refusal = await subject.refusal({ token: { claims }, claims: { nonce: await nonceAt() } })
    expect(refusal.code).toBe('ERR_ISSUER_UNAVAILABLE')
  })
})

test('a new key is found when a token names it, at most once in thirty seconds', async () => {
  const clock = createClock()
  const subject = createSubject(context, { clock, nonce: 'off' })
  await subject.send({ claims: { iat: clock.now } })
  const next = await createKey()
  context.issuer.keys.set('key-2', next)
  const token = { key: next, header: { kid: 'key-2' } }
  expect((await subject.refusal({ token, claims: { iat: clock.now } })).code).toBe('ERR_TOKEN_KEY_UNKNOWN')
  clock.now += 30
  await subject.send({ token, claims: { iat: clock.now } })
  const asked = keySetRequests()
  for (let call = 0; call < 10; call++) {
    const unknown = { header: { kid: `made-up-${call}` } }
    expect((await subject.refusal({ token: unknown, claims: { iat: clock.now } })).code).toBe('ERR_TOKEN_KEY_UNKNOWN')
  }
  expect(keySetRequests()).toBe(asked)
})

test('a token whose key was removed is worthless once the key set was read again, though it was cached', async () => {
  const clock = createClock()
  const subject = createSubject(context, { clock, nonce: 'off', tokenCache: { maxAgeSeconds: 86_400 } })
  const accessToken = await subject.bound({ claims: { exp: clock.now + 10_000 } })
  await subject.send({ accessToken, claims: { iat: clock.now } })
  const kept = context.issuer.keys.get('key-1') as TestKey
  context.issuer.keys.delete('key-1')
  context.issuer.keys.set('key-2', await createKey())
  clock.now += 300
  await subject.send({ accessToken, claims: { iat: clock.now } }) // served while the refresh runs in the background
  await expect.poll(keySetRequests).toBe(2)
  await expect
    .poll(async () => (await subject.refusal({ accessToken, claims: { iat: clock.now } }).catch(() => undefined))?.code)
    .toBe('ERR_TOKEN_KEY_UNKNOWN')
  context.issuer.keys.set('key-1', kept)
})

test('a key that was replaced without being renamed, or named at all, is found after the cool-down', async () => {
  for (const header of [{ kid: 'key-1' }, { kid: undefined }]) {
    const clock = createClock()
    const subject = createSubject(context, { clock, nonce: 'off' })
    await subject.send({ claims: { iat: clock.now } })
    const next = await createKey()
    context.issuer.keys.set('key-1', next)
    const token = { key: next, header }
    expect((await subject.refusal({ token, claims: { iat: clock.now } })).code).toBe('ERR_TOKEN_SIGNATURE')
    clock.now += 30
    await subject.send({ token, claims: { iat: clock.now } })
  }
})

test('an empty key set logs nobody out', async () => {
  const clock = createClock()
  const subject = createSubject(context, { clock, nonce: 'off' })
  await subject.send({ claims: { iat: clock.now } })
  context.issuer.misbehave = (response) => response.end('{"keys":[]}')
  clock.now += 300
  for (let call = 0; call < 3; call++) await subject.send({ claims: { iat: clock.now } })
})

test.each([
  ['HTML', 200, '<p>'],
  ['400', 400, ''],
  ['403', 403, ''],
])(
  'an issuer that has only OpenID Connect Discovery, and answers the other with %s, is found',
  async (_, status, body) => {
    context.issuer.misbehave = (response, path) => {
      const { issuer, keys } = context.issuer
      const published = [...keys].map(([kid, key]) => ({ ...key.jwk, kid, alg: key.alg }))
      if (path === '/.well-known/openid-configuration')
        response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }))
      else if (path === '/jwks') response.end(JSON.stringify({ keys: published, padding: 'x'.repeat(100_000) }))
      else response.writeHead(status).end(body)
    }
    await createSubject(context).send()
  },
)

test('an issuer with a path publishes where RFC 8414 inserts, or OpenID Connect appends', async () => {
  const jwks = { keys: [{ ...context.issuer.keys.get('key-1')?.jwk, kid: 'key-1' }] }
  for (const documentPath of ['/.well-known/oauth-authorization-server/t1', '/t1/.well-known/openid-configuration']) {
    const issuer = `${context.issuer.issuer}/t1`
    context.issuer.misbehave = (response, path) => {
      if (path === documentPath) response.end(JSON.stringify({ issuer, jwks_uri: `${context.issuer.issuer}/keys` }))
      else if (path === '/keys') response.end(JSON.stringify(jwks))
      else response.writeHead(404).end()
    }
    await createSubject(context, { issuer }).send({ token: { claims: { iss: issuer } } })
  }
})

test('metadata whose issuer differs by a slash is of another issuer', async () => {
  context.issuer.misbehave = (response) =>
    response.end(JSON.stringify({ issuer: `${context.issuer.issuer}/`, jwks_uri: `${context.issuer.issuer}/jwks` }))
  expect((await createSubject(context).refusal({})).code).toBe('ERR_ISSUER_UNAVAILABLE')
})

test('keys that cannot verify are passed over', async () => {
  const jwk = context.issuer.keys.get('key-1')?.jwk
  context.issuer.misbehave = (response, path) => {
    const { issuer } = context.issuer
    const keys = [
      null,
      { kty: 'oct', k: 'AA' },
      { kty: 'RSA', n: 'AQ', e: 'AQAB' },
      { ...jwk, x: 'AA' },
      { ...jwk, use: 'enc' },
      { ...jwk, kid: 'key-1' },
    ]
    response.end(JSON.stringify(path === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` }))
  }
  await createSubject(context).send()
})

test('a configured key set needs no discovery', async () => {
  const issuer = { issuer: context.issuer.issuer, jwksUri: `${context.issuer.issuer}/jwks` }
  await createSubject(context, { issuer }).send()
  expect(context.issuer.requests).toEqual(['/jwks'])
})

test('closing ends a fetch that hangs', async () => {
  context.issuer.misbehave = () => undefined
  const subject = createSubject(context)
  const refusal = subject.refusal({})
  setTimeout(() => subject.verifier.close(), 100)
  expect((await refusal).code).toBe('ERR_ISSUER_UNAVAILABLE')
})
