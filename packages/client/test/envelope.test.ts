// Request envelopes as another server sees them: what jose reads of them, byte for byte, and what goes over the wire beside them.

import { createHash } from 'node:crypto'
import type { CountersignError, Evidence } from '@countersign/shared'
import { verifyEvidence } from '@countersign/shared'
import { captureError, sha256 } from '@countersign/testkit'
import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import type { ClientOptions } from '../src/create-client.ts'
import type { ProofOption } from '../src/proofs/proof-option.ts'
import type { Handler, Received } from './envelope-support.ts'
import { createSealKey, later, openEnvelope, serveEnvelopes } from './envelope-support.ts'
import { challenge, clientOf } from './support.ts'

const ok: Handler = (response) => void response.end('ok')

/** A server and a client of it. */
async function connect(handle: Handler = ok, options: Partial<ClientOptions> = {}, keys: readonly object[] = []) {
  const server = await serveEnvelopes(handle, keys)
  return { ...server, client: clientOf(server.url, { proof: 'envelope', ...options }) }
}

const first = (seen: readonly Received[]) => seen[0] as Received

describe('detached', () => {
  test('every parameter is what the specification says, in its order, and there is no other', async () => {
    const { url, seen, client } = await connect()
    await client.fetch('/a/b?q=1&q=%202#f', {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'Application/JSON; Charset="utf-8"' },
    })
    const received = first(seen)
    const { header, payload } = await openEnvelope(received)
    expect(Object.keys(header)).toEqual(
      ['typ', 'alg', 'kid', 'jwk', 'htm', 'uri', 'created', 'ath', 'jti', 'cty'], // no nonce was given
    )
    expect(header).toMatchObject({
      typ: 'gnap-binding-jwsd',
      alg: 'ES256',
      htm: 'POST',
      uri: `${url}/a/b?q=1&q=%202`,
      ath: sha256('token-1'),
      cty: 'Application/JSON; Charset="utf-8"',
    })
    expect(header['cty']).toBe(received.headers['content-type'])
    expect(header['kid']).toBe(await calculateJwkThumbprint(header['jwk'] as JWK))
    expect(header['kid']).toBe(await client.thumbprint())
    expect(Object.keys(header['jwk'] as object)).toEqual(['kty', 'crv', 'x', 'y'])
    expect(Number.isInteger(header['created'])).toBe(true)
    expect(Math.abs(Number(header['created']) - Date.now() / 1000)).toBeLessThan(5)
    expect(header['jti']).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/)
    expect(payload.equals(createHash('sha256').update(received.content).digest())).toBe(true)
    expect(received.path).toBe('/a/b?q=1&q=%202')
    expect(received.content.toString()).toBe('{"a":1}')
    expect(received.headers.authorization).toBe('DPoP token-1')
    expect(received.headers).not.toHaveProperty('dpop')
    expect(received.headers).not.toHaveProperty('want-answer-jws')
  })

  test.each([
    ['a GET', { method: 'GET' }],
    ['a POST with an empty text', { method: 'POST', body: '', headers: { 'content-type': 'text/plain' } }],
    ['a PUT with an empty stream', { method: 'PUT', body: new Blob([]).stream(), duplex: 'half' }],
  ] as [string, RequestInit][])('%s has no content: an empty payload and no cty', async (_, init) => {
    const { seen, client } = await connect()
    await client.fetch('/a', init)
    const { header, payload } = await openEnvelope(first(seen))
    expect([payload.length, 'cty' in header, first(seen).content.length]).toEqual([0, false, 0])
    expect(header['htm']).toBe(init.method)
  })

  test('content without a type has no cty', async () => {
    const { seen, client } = await connect()
    await client.fetch('/a', { method: 'PUT', body: Uint8Array.of(1, 2) })
    expect(first(seen).headers).not.toHaveProperty('content-type')
    expect((await openEnvelope(first(seen))).header).not.toHaveProperty('cty')
  })

  test.each<[string, () => RequestInit]>([
    ['a text', () => ({ body: 'ü' })],
    ['a form of parameters', () => ({ body: new URLSearchParams({ a: 'ü ' }) })],
    ['a form', () => ({ body: form() })],
    ['a Blob', () => ({ body: new Blob(['x'], { type: 'text/x; a=b' }) })],
    [
      'a Blob with a type of its own',
      () => ({ body: new Blob(['x'], { type: 'text/x' }), headers: { 'content-type': 'text/y' } }),
    ],
    ['white space around the type', () => ({ body: 'x', headers: { 'content-type': '  text/x ;  a=B ' } })],
  ])('the cty of %s is the Content-Type that was sent', async (_, init) => {
    for (const make of [
      (url: string) => [url, init()],
      (url: string) => [new Request(url, { method: 'POST', ...init() })],
    ]) {
      const { seen, client, url } = await connect()
      const [input, given] = make(`${url}/a`) as [string | Request, RequestInit | undefined]
      await client.fetch(input, given === undefined ? undefined : { method: 'POST', ...given })
      const received = first(seen)
      const { header, payload } = await openEnvelope(received)
      expect(received.headers['content-type']).toBeTypeOf('string')
      expect(header['cty']).toBe(received.headers['content-type'])
      expect(payload.toString('base64url')).toBe(sha256(received.content))
    }
  })

  test.each([
    ['an empty query', '/a?', '/a'],
    ['an empty query before a fragment', '/a?#f', '/a'],
    ['a query of a question mark', '/a??', '/a??'],
    ['a query with an empty name', '/a?=', '/a?='],
    ['a query that needs escapes', '/ä?ö= "x"', '/%C3%A4?%C3%B6=%20%22x%22'],
    ['dot segments', '/b/../a?c=/../d', '/a?c=/../d'],
  ])('%s is sent and signed alike', async (_, given, sent) => {
    const { url, seen, client } = await connect()
    await client.fetch(given)
    await client.fetch(new Request(`${url}${given}`))
    for (const received of seen) {
      expect(received.path).toBe(sent)
      expect((await openEnvelope(received)).header['uri']).toBe(`${url}${sent}`)
    }
    expect(seen).toHaveLength(2)
  })

  test('after a challenge for a nonce, a new envelope over the same bytes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const { seen, client } = await connect((response, _, earlier) => {
        if (earlier > 0) return void response.end('ok')
        vi.setSystemTime(Date.now() + 3_000)
        challenge(response, 'nonce-1')
      })
      const body = new Blob(['stre', 'amed']).stream()
      const response = await client.fetch('/a?b', { method: 'PUT', body, duplex: 'half' } as RequestInit)
      expect(response.status).toBe(200)
      expect(seen).toHaveLength(2)
      const [one, two] = await Promise.all(seen.map((received) => openEnvelope(received)))
      expect(one?.header).not.toHaveProperty('nonce')
      expect(two?.header['nonce']).toBe('nonce-1')
      expect(one?.header['jti']).not.toBe(two?.header['jti'])
      expect(Number(two?.header['created']) - Number(one?.header['created'])).toBe(3)
      expect(seen.map(({ content }) => content.toString())).toEqual(['streamed', 'streamed'])
      expect(one?.payload.equals(two?.payload as Buffer)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('a second challenge is the answer', async () => {
    const { seen, client } = await connect((response, _, earlier) => challenge(response, `nonce-${earlier}`))
    expect((await client.fetch('/a')).status).toBe(401)
    expect(seen).toHaveLength(2)
  })

  test('what the caller changes afterwards changes nothing', async () => {
    const { seen, client } = await connect()
    const body = Uint8Array.of(1, 2, 3)
    const call = client.fetch('/a', { method: 'PUT', body })
    body.fill(9)
    await call
    expect([...first(seen).content]).toEqual([1, 2, 3])
    expect((await openEnvelope(first(seen))).payload.toString('base64url')).toBe(sha256(Uint8Array.of(1, 2, 3)))
  })

  test('fields of the caller that belong to a proof are replaced or left out', async () => {
    const { seen, client, url } = await connect()
    const headers = {
      authorization: 'Bearer own',
      dpop: 'own',
      'detached-jws': 'own',
      'want-answer-jws': '?1',
      'x-kept': 'yes',
    }
    await client.fetch('/a', { headers })
    await client.fetch(new Request(`${url}/a`, { headers }))
    await client.fetch('/a', { headers, method: 'POST', body: 'x', proof: { envelope: 'attached' } })
    for (const received of seen) {
      const sent = { ...received.headers, 'detached-jws': undefined }
      expect(sent).toMatchObject({ authorization: 'DPoP token-1', 'x-kept': 'yes' })
      expect(sent).not.toHaveProperty('dpop')
      expect(sent).not.toHaveProperty('want-answer-jws')
      expect((await openEnvelope(received)).header['ath']).toBe(sha256('token-1'))
    }
    expect(seen).toHaveLength(3)
    expect(seen[2]?.headers).not.toHaveProperty('detached-jws')
  })

  test.each(['ES256', 'ES384', 'Ed25519', 'PS256'] as const)('a key for %s', async (algorithm) => {
    const { seen, client } = await connect(ok, { algorithm })
    await client.fetch('/a', { method: 'POST', body: 'x' })
    const { header } = await openEnvelope(first(seen))
    expect(header).toMatchObject({ alg: algorithm, kid: await client.thumbprint() })
    expect(header['kid']).toBe(await calculateJwkThumbprint(header['jwk'] as JWK))
    expect(Object.keys(header['jwk'] as object)).not.toContain('alg')
  })
})

describe('attached', () => {
  const attached = { proof: { envelope: 'attached' } } as const

  test('the envelope is the content', async () => {
    const { url, seen, client } = await connect(ok, attached)
    await client.fetch('/a?b=c', { method: 'POST', body: 'ü', headers: { 'content-type': 'Text/Plain' } })
    const received = first(seen)
    const { header, payload } = await openEnvelope(received)
    expect(received.headers['content-type']).toBe('application/jose')
    expect(received.headers).not.toHaveProperty('detached-jws')
    expect(received.headers.authorization).toBe('DPoP token-1')
    expect(received.content.toString()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(header).toMatchObject({
      typ: 'gnap-binding-jws',
      htm: 'POST',
      uri: `${url}/a?b=c`,
      cty: 'Text/Plain',
      ath: sha256('token-1'),
    })
    expect(payload.toString()).toBe('ü')
  })

  test.each<[string, () => BodyInit, string, string]>([
    ['bytes', () => Uint8Array.of(0, 255), 'application/octet-stream', '00ff'],
    ['a stream', () => new Blob(['ab']).stream(), 'application/octet-stream', '6162'],
    ['a text', () => 'a', 'text/plain;charset=UTF-8', '61'],
  ])('%s has a cty', async (_, body, cty, hex) => {
    const { seen, client } = await connect(ok, attached)
    await client.fetch('/a', { method: 'PUT', body: body(), duplex: 'half' } as RequestInit)
    const { header, payload } = await openEnvelope(first(seen))
    expect([header['cty'], payload.toString('hex')]).toEqual([cty, hex])
  })

  test('without content, it travels in the field', async () => {
    const { seen, client } = await connect(ok, attached)
    await client.fetch('/a', { method: 'POST' })
    const received = first(seen)
    const { header, payload } = await openEnvelope(received)
    expect(received.headers['detached-jws']).toBeTypeOf('string')
    expect(received.headers).not.toHaveProperty('content-type')
    expect([header['typ'], 'cty' in header, payload.length]).toEqual(['gnap-binding-jws', false, 0])
  })

  test('a length that the caller gave is not that of the envelope', async () => {
    const { seen, client } = await connect(ok, attached)
    await client.fetch('/a', { method: 'POST', body: 'x', headers: { 'content-length': '1' } })
    expect((await openEnvelope(first(seen))).payload.toString()).toBe('x')
    expect(first(seen).headers['content-length']).toBe(String(first(seen).content.length))
  })

  test('a new envelope for each attempt', async () => {
    const { seen, client } = await connect(
      (response, _, earlier) => (earlier === 0 ? challenge(response, 'nonce-1') : void response.end()),
      attached,
    )
    await client.fetch('/a', { method: 'POST', body: 'x' })
    const [one, two] = await Promise.all(seen.map((received) => openEnvelope(received)))
    expect(two?.header['nonce']).toBe('nonce-1')
    expect(one?.header['jti']).not.toBe(two?.header['jti'])
    expect([one?.payload.toString(), two?.payload.toString()]).toEqual(['x', 'x'])
  })
})

describe('sealed', () => {
  const KEYS = [
    ['ECDH-ES', 'P-256'],
    ['ECDH-ES', 'X25519'],
    ['ECDH-ES+A256KW', 'P-256'],
    ['ECDH-ES+A256KW', 'X25519'],
  ] as const
  const sealing = { proof: { seal: true } } as const

  test.each(KEYS)('%s on %s', async (alg, crv) => {
    const key = await createSealKey(alg, crv, 'opens')
    const { url, seen, client } = await connect(ok, sealing, [key.published])
    await client.fetch('/a?b', {
      method: 'POST',
      body: '{"secret":1}',
      headers: { 'content-type': 'application/json' },
    })
    const received = first(seen)
    const { header, payload, seal } = await openEnvelope(received, key)
    expect(received.headers['content-type']).toBe('application/jose')
    expect(received.headers).not.toHaveProperty('detached-jws')
    expect(Object.keys(seal ?? {}).sort()).toEqual(['alg', 'cty', 'enc', 'epk', 'kid'])
    expect(seal).toMatchObject({ alg, enc: 'A256GCM', cty: 'jose', kid: 'opens', epk: { crv } })
    expect(seal?.['epk']).not.toHaveProperty('d')
    expect(header).toMatchObject({
      typ: 'gnap-binding-jws',
      uri: `${url}/a?b`,
      cty: 'application/json',
      ath: sha256('token-1'),
    })
    expect(payload.toString()).toBe('{"secret":1}')
  })

  test('every message has an ephemeral key of its own, and the key set is fetched once', async () => {
    const key = await createSealKey('ECDH-ES', 'X25519', 'opens')
    const { seen, lookups, client } = await connect(
      (response, _, earlier) => (earlier === 0 ? challenge(response, 'nonce-1') : void response.end()),
      sealing,
      [key.published],
    )
    await client.fetch('/a', { method: 'POST', body: 'x' })
    await client.fetch('/a', { method: 'POST', body: 'x' })
    const seals = await Promise.all(seen.map(async (received) => (await openEnvelope(received, key)).seal))
    expect(new Set(seals.map((seal) => JSON.stringify(seal?.['epk']))).size).toBe(3)
    expect(lookups).toEqual(['metadata', 'jwks'])
  })

  test('the first key that is for it is taken, and no other', async () => {
    const usable = await createSealKey('ECDH-ES', 'P-256', 'usable')
    const p384 = await createSealKey('ECDH-ES', 'P-384', 'p384')
    const others = [
      { ...usable.published, use: 'sig', kid: 'signs' },
      { ...usable.published, alg: 'ECDH-ES+A128KW', kid: 'other-alg' },
      { ...usable.published, kid: undefined },
      p384.published,
    ]
    const { seen, client } = await connect(ok, sealing, [...others, usable.published])
    await client.fetch('/a', { method: 'POST', body: 'x' })
    expect((await openEnvelope(first(seen), usable)).seal).toMatchObject({ kid: 'usable' })
    const without = await connect(ok, sealing, others)
    const error = await captureError(() => without.client.fetch('/a', { method: 'POST', body: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_SERVER_KEY_MISSING', parameter: 'use' })
    expect(without.seen).toEqual([])
  })

  test('without content there is nothing to seal, and no key is looked for', async () => {
    const { seen, lookups, client } = await connect(ok, sealing)
    await client.fetch('/a')
    expect((await openEnvelope(first(seen))).header).toMatchObject({ typ: 'gnap-binding-jws', htm: 'GET' })
    expect(lookups).toEqual([])
  })

  test('keys that are configured: nothing is fetched', async () => {
    const key = await createSealKey('ECDH-ES+A256KW', 'X25519', 'given')
    for (const serverKeys of [[key.published], { keys: [key.published] }]) {
      const { seen, lookups, client } = await connect(ok, { ...sealing, serverKeys })
      await client.fetch('/a', { method: 'POST', body: 'x' })
      expect((await openEnvelope(first(seen), key)).payload.toString()).toBe('x')
      expect(lookups).toEqual([])
    }
  })

  describe('a key that the server no longer has', () => {
    const unknown: Handler = (response) =>
      void response
        .writeHead(401, {
          'content-type': 'application/problem+json',
          'www-authenticate': 'DPoP error="invalid_dpop_proof"',
        })
        .end(JSON.stringify({ code: 'ERR_ENVELOPE_SEAL_KEY_UNKNOWN' }))

    test('is replaced by the one that it has now, once', async () => {
      const [old, current] = await sealKeys()
      const { seen, lookups, published, client } = await connect(
        (response, received, earlier) =>
          earlier === 1 ? unknown(response, received, earlier) : void response.end('ok'),
        sealing,
        [old.published],
      )
      await client.fetch('/a', { method: 'POST', body: 'first' })
      published.keys = [current.published]
      await later(async () => {
        const response = await client.fetch('/a', { method: 'POST', body: 'second' })
        expect(await response.text()).toBe('ok')
      })
      expect(seen).toHaveLength(3)
      const [, refused, repeated] = seen as [Received, Received, Received]
      const [one, two] = [await openEnvelope(refused, old), await openEnvelope(repeated, current)]
      expect([one.payload.toString(), two.payload.toString()]).toEqual(['second', 'second'])
      expect([one.seal?.['kid'], two.seal?.['kid']]).toEqual(['old', 'current'])
      expect(one.header['jti']).not.toBe(two.header['jti'])
      expect(lookups).toEqual(['metadata', 'jwks', 'metadata', 'jwks'])
    })

    test('a second refusal is the answer', async () => {
      const [old, current] = await sealKeys()
      const { seen, published, client } = await connect(unknown, sealing, [old.published])
      expect((await client.fetch('/a', { method: 'POST', body: 'x' })).status).toBe(401)
      expect(seen.splice(0)).toHaveLength(1)
      published.keys = [current.published]
      await later(async () => {
        expect((await client.fetch('/a', { method: 'POST', body: 'x' })).status).toBe(401)
      })
      expect(seen).toHaveLength(2)
      expect((await openEnvelope(seen[1] as Received, current)).seal).toMatchObject({ kid: 'current' })
    })

    test('but still publishes, or that is configured, is not tried again: the refusal is the answer', async () => {
      const [old] = await sealKeys()
      for (const [options, looks] of [
        [{ serverKeys: [old.published] }, 0],
        [{}, 4],
      ] as const) {
        const { seen, lookups, client } = await connect(unknown, { ...sealing, ...options }, [old.published])
        for (const seconds of [0, 10]) {
          await later(async () => {
            const response = await client.fetch('/a', { method: 'POST', body: 'x' })
            expect([response.status, await response.json()]).toEqual([401, { code: 'ERR_ENVELOPE_SEAL_KEY_UNKNOWN' }])
          }, seconds)
        }
        expect([seen.length, lookups.length]).toEqual([2, looks])
      }
    })

    test('is replaced by another of the same kid', async () => {
      const [old] = await sealKeys()
      const renewed = await createSealKey('ECDH-ES', 'P-256', 'old')
      const { seen, published, client } = await connect(
        (response, received, earlier) =>
          earlier === 1 ? unknown(response, received, earlier) : void response.end('ok'),
        sealing,
        [old.published],
      )
      await client.fetch('/a', { method: 'POST', body: 'x' })
      published.keys = [renewed.published]
      await later(async () => {
        expect((await client.fetch('/a', { method: 'POST', body: 'x' })).status).toBe(200)
      })
      expect((await openEnvelope(seen[2] as Received, renewed)).seal).toMatchObject({ kid: 'old' })
    })

    test('is nothing to a call that was not sealed', async () => {
      const [old] = await sealKeys()
      for (const proof of ['envelope', { envelope: 'attached' }] as ProofOption[]) {
        const { seen, lookups, client } = await connect(unknown, { proof }, [old.published])
        expect((await client.fetch('/a', { method: 'POST', body: 'x' })).status).toBe(401)
        expect([seen.length, lookups]).toEqual([1, []])
      }
    })

    test('if there is none any more, the call fails and nothing goes out unsealed', async () => {
      const [old] = await sealKeys()
      const { seen, published, client } = await connect(
        (response, received, earlier) => (earlier === 0 ? void response.end() : unknown(response, received, earlier)),
        sealing,
        [old.published],
      )
      await client.fetch('/a', { method: 'POST', body: 'x' })
      published.keys = []
      await later(async () => {
        const error = await captureError(() => client.fetch('/a', { method: 'POST', body: 'x' }))
        expect(error).toMatchObject({ code: 'ERR_SERVER_KEY_MISSING' })
      })
      expect(seen).toHaveLength(2)
    })
  })
})

const EVERY_PROOF: readonly ProofOption[] = [
  'envelope',
  { envelope: 'attached' },
  { seal: true },
  { verifyResponse: true },
  { verifyResponse: 'stream' },
]

test('a token that is bound to no key is never sent', async () => {
  const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
  for (const proof of EVERY_PROOF) {
    const token = () => ({ accessToken: 'bearer-1', tokenType: 'Bearer' }) as const
    const options = { allowBearer: true, proof, token, serverKeys: [key.published] }
    const { seen, client } = await connect(ok, options)
    for (const init of [{}, { method: 'POST', body: 'x' }]) {
      const error = await captureError(() => client.fetch('/a', init))
      expect(error, JSON.stringify(proof)).toMatchObject({ code: 'ERR_TOKEN_NOT_BOUND' })
    }
    expect(seen).toEqual([])
    // It is the proof that matters, not the token: a call without an envelope takes it.
    await client.fetch('/a', { proof: 'dpop' })
    expect(first(seen).headers.authorization).toBe('Bearer bearer-1')
  }
})

describe('redirects', () => {
  test('within the origin each hop has an envelope of its own', async () => {
    const { url, seen, client } = await connect((response, { path }) =>
      path === '/a' ? void response.writeHead(307, { location: '/b?c' }).end() : void response.end('ok'),
    )
    await client.fetch('/a', { method: 'POST', body: 'x' })
    const [one, two] = await Promise.all(seen.map((received) => openEnvelope(received)))
    expect([one?.header['uri'], two?.header['uri']]).toEqual([`${url}/a`, `${url}/b?c`])
    expect(one?.header['jti']).not.toBe(two?.header['jti'])
    expect(seen.map(({ content }) => content.toString())).toEqual(['x', 'x'])
  })

  test('a bare GET after 303 has an empty payload and no type', async () => {
    const { seen, client } = await connect((response, { path }) =>
      path === '/a' ? void response.writeHead(303, { location: '/b' }).end() : void response.end('ok'),
    )
    await client.fetch('/a', { method: 'POST', body: 'x', headers: { 'content-type': 'text/x' } })
    const { header, payload } = await openEnvelope(seen[1] as Received)
    expect([header['htm'], 'cty' in header, payload.length]).toEqual(['GET', false, 0])
    expect(seen[1]?.headers).not.toHaveProperty('content-type')
  })

  test('a stream is gone by then', async () => {
    const { seen, client } = await connect((response) => void response.writeHead(307, { location: '/b' }).end())
    const request = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit
    expect(await captureError(() => client.fetch('/a', request))).toMatchObject({ code: 'ERR_BODY_NOT_REPLAYABLE' })
    expect(seen).toHaveLength(1)
  })

  test('to another allowed origin it is signed for that one', async () => {
    const other = await serveEnvelopes(ok)
    const { client } = await connect((response) => void response.writeHead(307, { location: `${other.url}/b` }).end(), {
      origins: [other.url],
    })
    await client.fetch('/a', { method: 'POST', body: 'x' })
    expect((await openEnvelope(first(other.seen))).header['uri']).toBe(`${other.url}/b`)
  })

  test.each([302, 303, 307, 308])(
    'to another origin after %i nothing goes: neither token nor envelope nor content',
    async (status) => {
      const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
      for (const proof of ['envelope', { envelope: 'attached' }, { seal: true }] as ProofOption[]) {
        for (const init of [{}, { method: 'POST', body: 'for this server only' }]) {
          const other = await serveEnvelopes(ok)
          const redirect: Handler = (response) => void response.writeHead(status, { location: `${other.url}/b` }).end()
          const { seen, client } = await connect(redirect, { proof }, [key.published])
          const error = await captureError(() => client.fetch('/a', init))
          expect(error).toMatchObject({ code: 'ERR_REDIRECT_NOT_FOLLOWED', reason: 'origin', actual: status })
          expect([seen.length, other.seen]).toEqual([1, []])
          const shown = await client.fetch('/a', { ...init, redirect: 'manual' })
          expect([shown.status, other.seen]).toEqual([status, []])
        }
      }
    },
  )
})

describe('evidence', () => {
  test.each(EVERY_PROOF.slice(0, 3))('of %j is what was sent', async (proof) => {
    const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
    const kept: Evidence[] = []
    const { seen, client, url } = await connect(
      (response, _, earlier) => (earlier === 0 ? challenge(response, 'nonce-1') : void response.end('ok')),
      { proof, onEvidence: (evidence) => void kept.push(evidence) },
      [key.published],
    )
    await client.fetch('/a?b', { method: 'POST', body: 'x' })
    expect(kept).toHaveLength(1)
    const [evidence] = kept as [Evidence]
    const { jws } = await openEnvelope(seen[1] as Received, key)
    expect(evidence).toEqual({
      request: jws,
      thumbprint: await client.thumbprint(),
      time: expect.any(Number),
      content: sha256('x'),
    })
    const report = await verifyEvidence(JSON.parse(JSON.stringify(evidence)), {
      content: new TextEncoder().encode('x'),
      accessToken: 'token-1',
      thumbprint: await client.thumbprint(),
    })
    expect(report).toMatchObject({ method: 'POST', uri: `${url}/a?b`, contentType: 'text/plain;charset=UTF-8' })
  })

  test('is kept before the caller has its response, and a failure is that of the call', async () => {
    const order: string[] = []
    const { client } = await connect(ok, {
      onEvidence: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        order.push('kept')
      },
    })
    await client.fetch('/a')
    order.push('returned')
    expect(order).toEqual(['kept', 'returned'])

    const reason = new Error('disk full')
    const onEvidence = vi.fn(() => Promise.reject(reason))
    const failing = await connect(ok, { onEvidence })
    expect(await captureError(() => failing.client.fetch('/a'))).toBe(reason)
    expect(onEvidence).toHaveBeenCalledTimes(1)
    await failing.client.fetch('/a', { proof: 'dpop' })
    expect(onEvidence).toHaveBeenCalledTimes(1)
  })
})

test('where the platform digests no streams, a Blob is digested whole, and an answer cannot be verified while it is read', async () => {
  const { getBuiltinModule } = process
  vi.resetModules()
  Object.assign(process, { getBuiltinModule: undefined })
  try {
    const { createClient } = await import('../src/create-client.ts')
    const { seen, url } = await serveEnvelopes(ok)
    const client = createClient({ resource: url, token: () => 'token-1', proof: 'envelope' })
    await client.fetch('/a', { method: 'PUT', body: new Blob(['in a ', 'Blob']) })
    await client.fetch('/a', { method: 'PUT', body: 'a text' })
    await client.fetch('/a')
    const payloads = await Promise.all(seen.splice(0).map(async (each) => (await openEnvelope(each)).payload))
    const digests = payloads.map((payload) => payload.toString('base64url'))
    expect(digests).toEqual([sha256('in a Blob'), sha256('a text'), ''])
    const large = new Blob(Array(65).fill(new Uint8Array(1_048_576)))
    const tooLarge = await captureError(() => client.fetch('/a', { method: 'PUT', body: large }))
    expect(tooLarge).toMatchObject({ code: 'ERR_ENVELOPE_CONTENT_TOO_LARGE' })
    const streaming = await captureError(() => client.fetch('/a', { proof: { verifyResponse: 'stream' } }))
    expect(streaming).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'proof.verifyResponse' })
    expect(seen).toEqual([])
    client.close()
  } finally {
    Object.assign(process, { getBuiltinModule })
  }
})

describe('fields that no envelope can go with', () => {
  const LONG = `text/plain; a="${'x'.repeat(256)}"`
  const JOSE = ['application/jose', 'Application/JOSE', 'application/jose; a=b', 'application/jose;']
  const FORMS = EVERY_PROOF.slice(0, 3)

  /** Makes calls in both ways, by options and by a Request. */
  async function calls(proof: ProofOption, init: RequestInit) {
    const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
    const token = vi.fn(() => 'token-1')
    const { url, seen, lookups, client } = await connect(ok, { proof, token }, [key.published])
    const run = [
      () => client.fetch('/a', init),
      () => client.fetch(new Request(`${url}/a`, init)),
      () => client.fetch(new Request(`${url}/a`), init),
    ]
    return { seen, lookups, token, run, key }
  }

  async function expectRefused(proof: ProofOption, init: RequestInit, parameter: string) {
    const { seen, lookups, token, run } = await calls(proof, init)
    for (const call of run) expect(await captureError(call)).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter })
    expect([seen, lookups, token.mock.calls]).toEqual([[], [], []])
  }

  async function expectSent(proof: ProofOption, init: RequestInit, fields: Record<string, string>) {
    const { seen, run, key } = await calls(proof, init)
    for (const call of run) expect((await call()).status).toBe(200)
    expect(seen).toHaveLength(3)
    for (const received of seen) {
      expect(received.headers).toMatchObject(fields)
      await openEnvelope(received, key)
    }
  }

  test.each([...JOSE, 'application/jose+json', 'json', 'text/', 'text/plain;a', LONG])(
    'Content-Type: %s with content is refused before anything is sent',
    async (type) => {
      const headers = { 'content-type': type }
      for (const proof of FORMS) await expectRefused(proof, { method: 'POST', body: 'x', headers }, 'Content-Type')
    },
  )

  test('the type of a Blob is one too', async () => {
    for (const type of ['application/jose', 'json']) {
      const body = new Blob(['x'], { type })
      for (const proof of FORMS) await expectRefused(proof, { method: 'POST', body }, 'Content-Type')
    }
  })

  test('Content-Type without content is refused where it names an envelope, and only there', async () => {
    for (const proof of FORMS) {
      for (const type of JOSE) await expectRefused(proof, { headers: { 'content-type': type } }, 'Content-Type')
      for (const type of ['application/jose+json', 'json', 'application/josephine'])
        await expectSent(proof, { headers: { 'content-type': type } }, { 'content-type': type })
    }
  })

  test.each(['gzip', 'identity', ''])(
    'Content-Encoding: %s is refused where the envelope is the content',
    async (coding) => {
      const init = { method: 'POST', body: 'x', headers: { 'content-encoding': coding } }
      for (const proof of FORMS.slice(1)) await expectRefused(proof, init, 'Content-Encoding')
      await expectSent('envelope', init, { 'content-encoding': coding })
      for (const proof of FORMS.slice(1))
        await expectSent(proof, { headers: { 'content-encoding': coding } }, { 'content-encoding': coding })
    },
  )

  test('a DPoP proof goes with all of them', async () => {
    const { seen, client } = await connect()
    const headers = { 'content-type': 'application/jose', 'content-encoding': 'gzip' }
    await client.fetch('/a', { method: 'POST', body: 'x', headers, proof: 'dpop' })
    expect(first(seen).headers).toMatchObject(headers)
  })
})

describe('a stream that no envelope is made of', () => {
  const put = (body: ReadableStream) => ({ method: 'PUT', body, duplex: 'half', proof: 'envelope' }) as RequestInit

  test('one of which something was read already', async () => {
    const { seen, client } = await connect(ok)
    const body = new Blob(['some content']).stream()
    const reader = body.getReader()
    await reader.read()
    reader.releaseLock()
    await expect(client.fetch('/a', put(body))).rejects.toThrow(TypeError)
    expect(seen).toHaveLength(0)
  })

  test.each<[string, unknown]>([
    ['ArrayBuffer', new ArrayBuffer(8)],
    ['view of another kind', new Float64Array(8)],
    ['number', 5],
  ])('one with a chunk that is no Uint8Array: %s', async (_, chunk) => {
    const { seen, client } = await connect(ok)
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>()
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk), cancel })
    await expect(client.fetch('/a', put(body))).rejects.toThrow(TypeError)
    await cancelled
    expect(seen).toHaveLength(0)
  })
})

describe('an abort while a stream is held', () => {
  /** A stream that never ends, and the reason that it was cancelled with. */
  const endless = () => {
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Uint8Array.of(1)),
      pull: () => begin(),
      cancel,
    })
    return { body, begun, cancelled }
  }
  const put = (body: BodyInit) => ({ method: 'PUT', body, duplex: 'half' }) as RequestInit

  test.each<[string, (url: string, body: BodyInit, signal: AbortSignal) => [string | Request, RequestInit?]]>([
    ['given in options', (url, body, signal) => [url, { ...put(body), signal }]],
    ['of a Request', (url, body, signal) => [new Request(url, { ...put(body), signal })]],
    ['of a Request beside a signal', (url, body, signal) => [new Request(url, put(body)), { signal }]],
  ])('%s cancels it, and both have the reason', async (_, make) => {
    for (const proof of ['envelope', { envelope: 'attached' }] as ProofOption[]) {
      const { url, seen, client } = await connect(ok, { proof })
      const { body, begun, cancelled } = endless()
      const controller = new AbortController()
      const call = captureError(() => client.fetch(...make(`${url}/a`, body, controller.signal)))
      await begun
      const reason = new Error('enough')
      controller.abort(reason)
      expect(await call).toBe(reason)
      expect(await cancelled).toBe(reason)
      expect(seen).toEqual([])
    }
  })

  test('ends an iterable', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const controller = new AbortController()
    const reason = new Error('enough')
    async function* body() {
      try {
        yield Uint8Array.of(1)
        controller.abort(reason)
        for (;;) yield Uint8Array.of(2)
      } finally {
        end()
      }
    }
    const { seen, client } = await connect()
    const call = client.fetch('/a', { ...put(body() as never), signal: controller.signal })
    expect(await captureError(() => call)).toBe(reason)
    await ended
    expect(seen).toEqual([])
  })

  test('after that it is the matter of the response', async () => {
    const { client } = await connect((response) => void response.writeHead(200).write('begun'))
    const controller = new AbortController()
    const body = new Blob(['x']).stream()
    const response = await client.fetch('/a', { ...put(body), signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await captureError(() => response.text())).toBe(reason)
  })
})

test('the content of a Request that was a stream follows a redirect that keeps it', async () => {
  for (const proof of EVERY_PROOF.slice(0, 2)) {
    const { url, seen, client } = await connect(
      (response, { path }) =>
        path === '/a' ? void response.writeHead(307, { location: '/b' }).end() : void response.end('ok'),
      { proof },
    )
    const request = new Request(`${url}/a`, {
      method: 'POST',
      body: new Blob(['streamed']).stream(),
      duplex: 'half',
      headers: { 'content-type': 'text/x' },
    } as RequestInit)
    expect(await (await client.fetch(request)).text()).toBe('ok')
    const opened = await Promise.all(seen.map((received) => openEnvelope(received)))
    expect(opened.map(({ header }) => [header['uri'], header['cty']])).toEqual([
      [`${url}/a`, 'text/x'],
      [`${url}/b`, 'text/x'],
    ])
    const payload = proof === 'envelope' ? Buffer.from(sha256('streamed'), 'base64url') : Buffer.from('streamed')
    for (const each of opened) expect(each.payload.equals(payload)).toBe(true)
  }
})

test('content beyond the limits is refused before anything is sent', async () => {
  const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
  const { seen, client } = await connect(ok, {}, [key.published])
  const megabyte = new Uint8Array(1_048_576)
  const stream = () => new Blob(Array(16).fill(megabyte)).stream()
  expect((await client.fetch('/a', { method: 'PUT', body: stream(), duplex: 'half' } as RequestInit)).status).toBe(200)
  expect(seen.splice(0)[0]?.content.length).toBe(16_777_216)
  const longer = new Blob([...Array(16).fill(megabyte), 'x']).stream()
  const request = { method: 'PUT', body: longer, duplex: 'half' } as RequestInit
  for (const call of [
    () => client.fetch('/a', request),
    () =>
      client.fetch('/a', { method: 'PUT', body: new Blob(Array(65).fill(megabyte)), proof: { envelope: 'attached' } }),
    () => client.fetch('/a', { method: 'PUT', body: new Blob(Array(65).fill(megabyte)), proof: { seal: true } }),
  ]) {
    const error = (await captureError(call)) as CountersignError
    expect(error).toMatchObject({ code: 'ERR_ENVELOPE_CONTENT_TOO_LARGE', parameter: 'body' })
  }
  expect(seen).toEqual([])
})

function form(): FormData {
  const data = new FormData()
  data.set('a', 'ü')
  data.set('file', new File(['x'], 'x.txt', { type: 'text/plain' }))
  return data
}

async function sealKeys() {
  return Promise.all([createSealKey('ECDH-ES', 'P-256', 'old'), createSealKey('ECDH-ES', 'X25519', 'current')])
}

test('a Request as init keeps its members, which it inherits', async () => {
  const seen: unknown[] = []
  const server = await serveEnvelopes(async (response, { method, content }) => {
    seen.push([method, String(content)])
    response.end()
  })
  const init = new Request(server.url, { method: 'POST', body: 'kept' })
  await clientOf(server.url).fetch('/a', init)
  expect(seen).toEqual([['POST', 'kept']])
})
