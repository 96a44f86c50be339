// A Request on a platform that shows no stream of its content, as Firefox: the member `body` is absent there. And one whose stream is
// empty, which has no content.

import { sha256 } from '@countersign/testkit'
import { Request as OtherRequest } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProofOption } from '../src/proofs/proof-option.ts'
import type { Handler, Received } from './envelope-support.ts'
import { createSealKey, openEnvelope, serveEnvelopes } from './envelope-support.ts'
import { challenge, clientOf } from './support.ts'

const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
const EVERY_PROOF: readonly ProofOption[] = ['dpop', 'envelope', { envelope: 'attached' }, { seal: true }]

async function connect(proof: ProofOption, handle: Handler = (response) => void response.end('ok')) {
  const server = await serveEnvelopes(handle, [key.published])
  return { ...server, client: clientOf(server.url, { proof }) }
}

/** The content that a server would hand to its application. */
async function contentOf(received: Received, proof: ProofOption): Promise<string> {
  if (proof === 'dpop') return received.content.toString()
  const { payload, header } = await openEnvelope(received, key)
  if (header['typ'] === 'gnap-binding-jws') return payload.toString()
  expect(payload.toString('base64url')).toBe(received.content.length === 0 ? '' : sha256(received.content))
  return received.content.toString()
}

const post = (url: string, body: BodyInit = 'secret') =>
  new Request(url, { method: 'POST', body, headers: { 'content-type': 'text/x', 'x-own': 'kept' } })

describe('where a Request shows no stream', () => {
  const descriptor = Object.getOwnPropertyDescriptor(Request.prototype, 'body') as PropertyDescriptor
  beforeEach(() => void Reflect.deleteProperty(Request.prototype, 'body'))
  afterEach(() => void Object.defineProperty(Request.prototype, 'body', descriptor))

  test.each(EVERY_PROOF)('its content is proved by %j, and sent again', async (proof) => {
    const { url, seen, client } = await connect(proof, (response, _, earlier) =>
      earlier === 0 ? challenge(response, 'nonce-1') : void response.end('ok'),
    )
    const response = await client.fetch(post(`${url}/a?b`))
    expect([response.status, seen.length]).toEqual([200, 2])
    for (const received of seen) {
      expect(await contentOf(received, proof)).toBe('secret')
      expect(received).toMatchObject({ method: 'POST', path: '/a?b', headers: { 'x-own': 'kept' } })
      const isWrapped = typeof proof === 'object'
      expect(received.headers['content-type']).toBe(isWrapped ? 'application/jose' : 'text/x')
      if (isWrapped) expect(received.content.toString()).not.toContain('secret')
    }
  })

  test.each(EVERY_PROOF)('its content follows a redirect that keeps it, proved by %j', async (proof) => {
    const { url, seen, client } = await connect(proof, (response, { path }) =>
      path === '/b' ? void response.end('ok') : void response.writeHead(307, { location: '/b' }).end(),
    )
    expect(await (await client.fetch(post(`${url}/a`))).text()).toBe('ok')
    expect(await Promise.all(seen.map((received) => contentOf(received, proof)))).toEqual(['secret', 'secret'])
  })

  test.each(EVERY_PROOF)('options win over it, proved by %j', async (proof) => {
    const { url, seen, client } = await connect(proof)
    await client.fetch(post(`${url}/a`), { method: 'PUT', body: 'from init', headers: { 'content-type': 'text/y' } })
    expect(await contentOf(seen[0] as Received, proof)).toBe('from init')
    expect(seen[0]?.method).toBe('PUT')
  })

  test.each(EVERY_PROOF)('one of another realm neither, and its content is proved by %j', async (proof) => {
    const its = Object.getOwnPropertyDescriptor(OtherRequest.prototype, 'body') as PropertyDescriptor
    Reflect.deleteProperty(OtherRequest.prototype, 'body')
    try {
      const { url, seen, client } = await connect(proof)
      const foreign = () => new OtherRequest(`${url}/a`, { method: 'POST', body: 'secret' }) as unknown as Request
      await client.fetch(foreign())
      await client.fetch(foreign(), { body: 'from init' })
      expect(await Promise.all(seen.map((received) => contentOf(received, proof)))).toEqual(['secret', 'from init'])
    } finally {
      Object.defineProperty(OtherRequest.prototype, 'body', its)
    }
  })

  test('one without content stays one', async () => {
    const { url, seen, client } = await connect('envelope')
    await client.fetch(new Request(`${url}/a`))
    await client.fetch(new Request(`${url}/a`, { method: 'POST' }))
    for (const received of seen) expect(await contentOf(received, 'envelope')).toBe('')
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  test('a fetch of another make is given its content too', async () => {
    const given: unknown[] = []
    const server = await serveEnvelopes((response) => void response.end())
    const fetch: typeof globalThis.fetch = (input, init) => {
      given.push(input instanceof Request)
      return globalThis.fetch(input, init)
    }
    await clientOf(server.url, { fetch }).fetch(post(`${server.url}/a`))
    expect([given, server.seen[0]?.content.toString()]).toEqual([[false], 'secret'])
  })

  test('its signal ends the call', async () => {
    const { url, client } = await connect('dpop', () => undefined)
    const controller = new AbortController()
    const call = client.fetch(new Request(`${url}/a`, { method: 'POST', body: 'x', signal: controller.signal }))
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 50)
    await expect(call).rejects.toBe(reason)
  })
})

test.each(EVERY_PROOF.slice(1))(
  'a Request with an empty stream has no content, and goes out with none: %j',
  async (proof) => {
    const { url, seen, client } = await connect(proof)
    for (const target of [`${url}/a`, `${url}/a?`]) {
      await client.fetch(
        new Request(target, { method: 'PUT', body: new Blob([]).stream(), duplex: 'half' } as RequestInit),
      )
    }
    expect(seen).toHaveLength(2)
    for (const received of seen) {
      const { payload } = await openEnvelope(received)
      expect([received.path, payload.length, received.content.length]).toEqual(['/a', 0, 0])
      expect(received.headers['content-length']).toBe('0')
      expect(received.headers).not.toHaveProperty('transfer-encoding')
    }
  },
)
