// The adapter for web-standard requests: on its own, and in Hono over a socket.

import { createTestIssuer, createTestSigner } from '@countersign/server/testing'
import { createVerifier } from '@countersign/server/verifier'
import type { ServerType } from '@hono/node-server'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { protect, publishedFor } from '../src/protect.ts'

const resource = 'https://api.example.com'
const issuer = createTestIssuer({ resource })
const verifier = createVerifier({ resource, issuer: issuer.options })
const signer = createTestSigner({ issuer, claims: { scope: 'a' } })
const whoami = protect(verifier, { scope: 'a' }, (_request, { clientId }) => new Response(clientId))
const echo = protect(verifier, { integrity: 'required' }, async (request) => Response.json(await request.json()))

const app = new Hono()
app.get('/.well-known/*', ({ req }) => publishedFor(verifier, req.raw) ?? new Response(null, { status: 404 }))
app.all('/whoami', ({ req }) => whoami(req.raw))
app.post('/echo', ({ req }) => echo(req.raw))

let server: ServerType
let url: string
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
      url = `http://127.0.0.1:${port}`
      resolve()
    })
  })
})
afterAll(() => {
  verifier.close()
  server.close()
})

const inHono = (path: string, init?: RequestInit) => fetch(url + path, init)
const alone = (path: string, init?: RequestInit) => whoami(new Request(`http://internal.example${path}`, init))

test.each([
  ['on its own', alone],
  ['in Hono', inHono],
])('%s, a signed call reaches the handler, and every other is answered', async (_, send) => {
  const challenge = await send('/whoami')
  expect(challenge.status).toBe(401)
  expect(challenge.headers.get('www-authenticate')).toContain('DPoP algs=')
  expect(await challenge.json()).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })

  const nonce = challenge.headers.get('dpop-nonce') ?? undefined
  const headers = signer.sign({ method: 'POST', url: '/whoami?a=b', nonce })
  const response = await send('/whoami?a=b', { method: 'POST', headers: { ...headers } })
  expect(await response.text()).toBe('client-1')

  const replayed = await send('/whoami?a=b', { method: 'POST', headers: { ...headers } })
  expect(await replayed.json()).toMatchObject({ code: 'ERR_DPOP_PROOF_REPLAYED' })
  const moved = await send('/whoami', { headers: { ...signer.sign({ url: '/other', nonce }) } })
  expect(await moved.json()).toMatchObject({ code: 'ERR_DPOP_PROOF_HTU_MISMATCH' })
  const doubled = new Headers({ ...signer.sign({ url: '/whoami', nonce }) })
  doubled.append('dpop', 'x')
  expect((await send('/whoami', { headers: doubled })).status).toBe(400)
})

test('the metadata is public', async () => {
  const response = await inHono('/.well-known/oauth-protected-resource')
  expect(await response.json()).toMatchObject({ resource, authorization_servers: [issuer.issuer] })
  expect((await inHono('/.well-known/other')).status).toBe(404)
  const head = await app.request('/.well-known/oauth-protected-resource', { method: 'HEAD' })
  expect(head.headers.get('dpop-nonce')).toMatch(/^[\w-]{32}$/)
})

test.each([
  [
    'on its own',
    (echo: typeof whoami, init: RequestInit) => echo(new Request('http://internal.example/echo?x=1', init)),
  ],
  ['in Hono', (_echo: typeof whoami, init: RequestInit) => inHono('/echo?x=1', init)],
])('%s, a request envelope is verified, and the handler reads what was signed', async (_, send) => {
  const content = '{"amount":12}'
  const call = { method: 'POST', url: '/echo?x=1', nonce: verifier.nonce() }
  const fields = signer.sign({ ...call, envelope: { content, contentType: 'application/json' } })
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...fields } as HeadersInit }
  const altered = await send(echo, { ...init, body: '{"amount":13}' })
  expect([altered.status, (await altered.json()).code]).toEqual([401, 'ERR_ENVELOPE_CONTENT_MISMATCH'])
  expect(await (await send(echo, { ...init, body: content })).json()).toEqual({ amount: 12 })
})
