// What a Request says besides its URL, method and content: it holds for every request that is sent for it, as with the platform's fetch.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ProofOption } from '../src/proofs/proof-option.ts'
import type { Handler, Received } from './envelope-support.ts'
import { createSealKey, openEnvelope, serveEnvelopes } from './envelope-support.ts'
import { clientOf } from './support.ts'

const key = await createSealKey('ECDH-ES', 'P-256', 'opens')
const EVERY_PROOF: readonly ProofOption[] = ['dpop', 'envelope', { envelope: 'attached' }, { seal: true }]

/** A server that redirects `/303` and so on to `/`, and sends `ok`, whatever it answers: the platform checks the integrity of redirects too. */
const redirecting: Handler = (response, { path }) => {
  const status = Number(path.slice(1))
  if (status > 0) response.writeHead(status, { location: '/' }).end('ok')
  else response.end('ok')
}

async function connect(proof: ProofOption, options: Parameters<typeof clientOf>[1] = {}) {
  const server = await serveEnvelopes(redirecting, [key.published])
  return { ...server, client: clientOf(server.url, { proof, ...options }) }
}

const integrityOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`

describe.each(EVERY_PROOF)('by %j', (proof) => {
  test.each([301, 303, 307])('the integrity of a response is checked after a redirect with %i', async (status) => {
    const { url, client } = await connect(proof)
    const ask = (integrity: string) =>
      client.fetch(new Request(`${url}/${status}`, { method: 'POST', body: 'x', integrity }))
    expect((await ask(integrityOf('ok'))).status).toBe(200)
    await expect(ask(integrityOf('another'))).rejects.toThrow(TypeError)
  })

  test.each(['/307', '/?', '/#fragment'])('content has its length, and may be kept alive: %s', async (path) => {
    const { url, seen, client } = await connect(proof)
    const init = { method: 'POST', body: 'content', keepalive: true }
    expect(await (await client.fetch(new Request(url + path, init))).text()).toBe('ok')
    for (const received of seen) {
      expect(received.headers).not.toHaveProperty('transfer-encoding')
      expect(received.headers['content-length']).toBe(String(received.content.length))
      expect(await contentOf(received, proof)).toBe('content')
    }
  })

  test.each(['/', '/?', '/303', '/307'])('a dispatcher beside it takes every request: %s', async (path) => {
    const { url, seen, client } = await connect(proof)
    let dispatched = 0
    const platform = globalThis as unknown as Record<symbol, { dispatch: (...given: unknown[]) => boolean }>
    const agent = platform[Symbol.for('undici.globalDispatcher.1')]
    const dispatcher = {
      dispatch(...given: unknown[]) {
        dispatched++
        return agent?.dispatch(...given)
      },
    }
    const request = new Request(url + path, { method: 'POST', body: 'x' })
    await client.fetch(request, { dispatcher } as RequestInit)
    expect([dispatched, seen.length]).toEqual([seen.length, path.length > 2 ? 2 : 1])
  })
})

test('a fetch of another make is told of them too', async () => {
  const fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)
  const { url, seen, client } = await connect('dpop', { fetch })
  const init = { method: 'POST', body: 'x', keepalive: true }
  expect((await client.fetch(new Request(url, { ...init, integrity: integrityOf('ok') }))).status).toBe(200)
  expect(seen[0]?.content.toString()).toBe('x')
  const wrong = client.fetch(new Request(url, { ...init, integrity: integrityOf('another') }))
  await expect(wrong).rejects.toThrow(TypeError)
})

test('a method that is null is signed as it is sent', async () => {
  const sent: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push(new Request(input, init))
    return new Response()
  }
  const { client } = await connect('dpop', { fetch })
  await client.fetch('/', { method: null as unknown as string })
  const [, payload] = String(sent[0]?.headers.get('dpop')).split('.')
  expect(JSON.parse(Buffer.from(String(payload), 'base64url').toString())).toMatchObject({ htm: sent[0]?.method })
})

async function contentOf(received: Received, proof: ProofOption): Promise<string> {
  if (typeof proof === 'string') return received.content.toString()
  return (await openEnvelope(received, key)).payload.toString()
}
