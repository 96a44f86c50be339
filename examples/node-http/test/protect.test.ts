// The adapter for node:http, over a socket.

import { createTestIssuer, createTestSigner } from '@countersign/server/testing'
import { createVerifier } from '@countersign/server/verifier'
import type { LoopbackServer } from '@countersign/testkit'
import { createEnvelope, createKey, exchange, startServer } from '@countersign/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { protect, servePublished } from '../src/protect.ts'

const resource = 'https://api.example.com'
const issuer = createTestIssuer({ resource })
const verifier = createVerifier({ resource, issuer: issuer.options })
const signer = createTestSigner({ issuer })
let server: LoopbackServer

beforeAll(async () => {
  const whoami = protect(verifier, { scope: 'a' }, (_request, response, { caller }) => response.end(caller.clientId))
  const echo = protect(verifier, {}, (_request, response, { content }) => {
    response.end(`${content?.type} ${Buffer.from(content?.bytes ?? [])}`)
  })
  const faulty = protect(verifier, {}, () => Promise.reject(new Error('a mistake in the program')))
  server = await startServer((request, response) => {
    if (servePublished(verifier, request, response)) return
    if (request.url === '/faulty') faulty(request, response)
    else if (request.url === '/echo') echo(request, response)
    else whoami(request, response)
  })
})
afterAll(async () => {
  verifier.close()
  await server.stop()
})

/** A signed call, with the nonce of an earlier answer. */
async function call(url: string, parts: { scope?: string; extra?: readonly string[] } = {}) {
  const challenge = await exchange(server.port, [`GET ${url} HTTP/1.1`, 'Host: x'])
  const nonce = challenge.headers['dpop-nonce']
  const { authorization, dpop } = signer.sign({ url, nonce, claims: { scope: parts.scope ?? 'a' } })
  const lines = [`GET ${url} HTTP/1.1`, 'Host: x', `Authorization: ${authorization}`, `DPoP: ${dpop}`]
  return exchange(server.port, [...lines, ...(parts.extra ?? [])])
}

test('a signed call reaches the listener', async () => {
  expect(await call('/whoami?a=b')).toMatchObject({ status: 200, body: expect.stringContaining('client-1') })
})

test('a call without credentials is challenged', async () => {
  const { status, headers, body } = await exchange(server.port, ['GET / HTTP/1.1', 'Host: x'])
  expect(status).toBe(401)
  expect(headers).toMatchObject({
    'content-type': 'application/problem+json',
    'www-authenticate': expect.stringContaining('DPoP algs='),
    'dpop-nonce': expect.stringMatching(/^[\w-]{32}$/),
  })
  expect(body).toContain('ERR_CREDENTIALS_MISSING')
})

test('a repeated field is refused, and the policy holds', async () => {
  expect((await call('/whoami', { extra: ['DPoP: x'] })).status).toBe(400)
  expect((await call('/whoami', { scope: 'b' })).status).toBe(403)
})

test('a fault of the listener is 500', async () => {
  expect((await call('/faulty')).status).toBe(500)
})

test('the metadata is public', async () => {
  const { status, body } = await exchange(server.port, [
    'GET /.well-known/oauth-protected-resource HTTP/1.1',
    'Host: x',
  ])
  expect(status).toBe(200)
  expect(body).toContain(`"resource":"${resource}"`)
  const head = await exchange(server.port, ['HEAD /.well-known/oauth-protected-resource HTTP/1.1', 'Host: x'])
  expect(head.headers).toMatchObject({
    'dpop-nonce': expect.stringMatching(/^[\w-]{32}$/),
    'cache-control': 'no-store',
  })
})

test('a request envelope is verified, and its content handed on', async () => {
  const key = await createKey()
  const accessToken = issuer.token({ jkt: key.jkt, claims: { scope: 'a' } })
  const content = new TextEncoder().encode('{"amount":12}')
  const nonce = verifier.nonce()
  for (const form of ['detached', 'attached'] as const) {
    const common = { key, form, method: 'POST', uri: `${resource}/echo`, accessToken, nonce, content }
    const envelope = await createEnvelope({ ...common, contentType: 'application/json' })
    const own = form === 'attached' ? {} : { 'detached-jws': envelope }
    const type = form === 'attached' ? 'application/jose' : 'application/json'
    const headers = { authorization: `DPoP ${accessToken}`, 'content-type': type, ...own }
    const send = (body: string) => fetch(`${server.url}/echo`, { method: 'POST', headers, body })
    const sent = form === 'attached' ? envelope : '{"amount":12}'
    expect((await send(sent.replace(/.$/, '!'))).status).toBe(401)
    expect(await (await send(sent)).text()).toBe('application/json {"amount":12}')
  }
})
