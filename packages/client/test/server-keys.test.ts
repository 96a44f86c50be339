// How long the keys that a server publishes are trusted: a key that it has withdrawn is not used for ever, and an outage of its metadata is
// not at once one of the calls.

import { captureError, createKey } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import type { ProofOption } from '../src/proofs/proof-option.ts'
import {
  createSealKey,
  later,
  openEnvelope,
  publishedKey,
  sendReply,
  serveEnvelopes,
  signAnswer,
} from './envelope-support.ts'
import { clientOf } from './support.ts'

const key = await createKey('ES256')
const otherKey = await createKey('ES256')
const sealKeys = await Promise.all(['old', 'current'].map((kid) => createSealKey('ECDH-ES', 'P-256', kid)))
const [oldSeal, currentSeal] = sealKeys as [(typeof sealKeys)[0], (typeof sealKeys)[0]]

const MINUTE = 60
const HOUR = 3_600

/** A server that signs with `signs` whatever it publishes, and a client of it. */
async function connect(proof: ProofOption = { verifyResponse: true }) {
  const server = await serveEnvelopes(
    async (response, received) => {
      const sealKey = received.path === '/current' ? currentSeal : oldSeal
      const { jws } = await openEnvelope(received, sealKey)
      sendReply(response, {}, await signAnswer(jws, {}, { key, kid: 'signs' }))
    },
    [publishedKey(key, 'signs'), oldSeal.published],
  )
  const client = clientOf(server.url, { proof })
  const call = async (path = '/a') => (await client.fetch(path, { method: 'POST', body: 'x' })).status
  const outage = (down: boolean) => {
    server.published.misbehave = down ? (response) => !!response.writeHead(503).end() : undefined
  }
  return { ...server, client, call, outage }
}

describe('a key that the server has withdrawn', () => {
  test('signs no answer that is believed after ten minutes', async () => {
    const { call, published, lookups, seen } = await connect()
    expect(await call()).toBe(200)
    published.keys = [publishedKey(otherKey, 'other')]
    await later(async () => expect(await call()).toBe(200), 9 * MINUTE)
    expect(lookups).toHaveLength(2)
    await later(async () => {
      const error = await captureError(call)
      expect(error).toMatchObject({ code: 'ERR_ENVELOPE_ANSWER_INVALID', parameter: 'kid' })
    }, 10 * MINUTE)
    expect([lookups.length, seen.length]).toEqual([4, 3])
  })

  test('is not sealed to after ten minutes, though the server would still open it', async () => {
    const { call, published, lookups } = await connect({ seal: true })
    await call()
    published.keys = [currentSeal.published]
    await later(async () => expect(await call('/current')).toBe(200), 10 * MINUTE)
    expect(lookups).toHaveLength(4)
  })

  test('together with its key set ends calls at once, and nothing is sent', async () => {
    const { call, published, seen } = await connect()
    await call()
    published.metadata = { jwks_uri: undefined }
    await later(async () => {
      for (const _ of [1, 2])
        expect(await captureError(call)).toMatchObject({ code: 'ERR_SERVER_KEY_MISSING', parameter: 'jwks_uri' })
      expect(seen).toHaveLength(1)
    }, 10 * MINUTE)
  })
})

describe('keys that are to be fetched again', () => {
  test('are fetched once for many calls', async () => {
    const { call, lookups } = await connect()
    await call()
    await later(async () => {
      expect(await Promise.all(Array.from({ length: 5 }, () => call()))).toEqual([200, 200, 200, 200, 200])
    }, 10 * MINUTE)
    expect(lookups).toHaveLength(4)
  })

  test('are used on where they cannot be, until they are an hour old; then nothing is sent', async () => {
    const { call, outage, lookups, seen } = await connect()
    await call()
    outage(true)
    lookups.length = 0
    await later(async () => {
      expect(await call()).toBe(200)
      expect(await call()).toBe(200)
    }, 59 * MINUTE)
    expect(lookups).toEqual(['metadata'])
    await later(async () => expect(await call()).toBe(200), 59 * MINUTE + 10)
    expect(lookups).toEqual(['metadata', 'metadata'])
    expect(seen.splice(0)).toHaveLength(4)
    await later(async () => {
      expect(await captureError(call)).toMatchObject({ code: 'ERR_DISCOVERY_FAILED', reason: 'resource' })
      expect(seen).toEqual([])
      outage(false)
      expect(await call()).toBe(200)
    }, HOUR)
  })

  test('are not waited for longer than five seconds', async () => {
    const { call, published } = await connect()
    await call()
    published.misbehave = () => true
    await later(async () => {
      const begun = performance.now()
      expect(await call()).toBe(200)
      expect(performance.now() - begun).toBeGreaterThan(4_000)
      expect(performance.now() - begun).toBeLessThan(10_000)
    }, 10 * MINUTE)
  })

  test('are fetched by a clock that was set back', async () => {
    const { call, lookups } = await connect()
    await later(async () => expect(await call()).toBe(200), HOUR)
    expect(await call()).toBe(200)
    expect(lookups).toHaveLength(4)
  })

  test('are given up by a client that is closed', async () => {
    const { call, client, published, seen } = await connect()
    await call()
    published.misbehave = () => {
      client.close()
      return true
    }
    await later(async () => {
      expect(await captureError(call)).toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
      expect(seen).toHaveLength(1)
    }, 10 * MINUTE)
  })

  test('are not looked for again and again by answers that name an unknown one while they cannot be had', async () => {
    const { call, outage, published, lookups } = await connect()
    published.keys = [publishedKey(otherKey, 'other')]
    await captureError(call)
    outage(true)
    lookups.length = 0
    await later(async () => {
      for (const _ of [1, 2, 3]) await captureError(call)
      expect(lookups).toEqual(['metadata'])
    })
  })
})

test('no cache is asked for keys', async () => {
  const caches: unknown[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    if (!(input instanceof Request) && /well-known|jwks/.test(String(input))) caches.push(init?.cache)
    return globalThis.fetch(input, init)
  }
  const server = await serveEnvelopes((response) => void response.end(), [oldSeal.published])
  await clientOf(server.url, { proof: { seal: true }, fetch }).fetch('/a', { method: 'POST', body: 'x' })
  expect(caches).toEqual(['no-store', 'no-store'])
})

test('a fetch that does not heed its signal does not hold calls up', { timeout: 15_000 }, async () => {
  let hangs = false
  const fetch: typeof globalThis.fetch = (input, init) => {
    const isLook = !(input instanceof Request) && /well-known|jwks/.test(String(input))
    return hangs && isLook ? new Promise(() => undefined) : globalThis.fetch(input, init)
  }
  const server = await serveEnvelopes((response) => void response.end(), [oldSeal.published])
  const client = clientOf(server.url, { proof: { seal: true }, fetch })
  const call = async () => (await client.fetch('/a', { method: 'POST', body: 'x' })).status
  await call()
  hangs = true
  await later(async () => expect(await call()).toBe(200), 10 * MINUTE)
  expect(server.seen).toHaveLength(2)
})
