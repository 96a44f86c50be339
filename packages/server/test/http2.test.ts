// The plugin under HTTP/2, over a socket.

import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import countersign from '../src/index.ts'
import { createTestIssuer, createTestSigner } from '../src/testing/index.ts'
import { RESOURCE } from './support.ts'

const issuer = createTestIssuer({ resource: RESOURCE })
const signer = createTestSigner({ issuer })
let app: FastifyInstance
let session: ClientHttp2Session
let nonce: string

beforeEach(async () => {
  app = Fastify({ http2: true }) as unknown as FastifyInstance
  await app.register(countersign, { resource: RESOURCE, issuer: issuer.options })
  app.post('/echo', async ({ body, caller }) => ({ body, clientId: caller.clientId }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  nonce = String((await send({ ':path': '/echo', ':method': 'POST' })).headers['dpop-nonce'])
})
afterEach(async () => {
  session.destroy()
  await app.close()
})

function send(headers: OutgoingHttpHeaders, body = headers[':method'] === 'POST' ? '{}' : '') {
  return new Promise<{ status: number; headers: OutgoingHttpHeaders; body: string }>((resolve, reject) => {
    const stream = session.request({ 'content-type': 'application/json', ...headers })
    let received: OutgoingHttpHeaders = {}
    let text = ''
    stream.on('response', (fields) => {
      received = fields
    })
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    stream.on('end', () => resolve({ status: Number(received[':status']), headers: received, body: text }))
    stream.on('error', reject)
    if (body !== '') stream.end(body)
  })
}

const signed = (url: string) => ({ ':path': url, ':method': 'POST', ...signer.sign({ method: 'POST', url, nonce }) })

test('a call without credentials is challenged', async () => {
  const { status, headers, body } = await send({ ':path': '/echo', ':method': 'POST' })
  expect(status).toBe(401)
  expect(headers['www-authenticate']).toContain('DPoP algs=')
  expect(JSON.parse(body)).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
})

test('a signed call reaches its handler, once', async () => {
  const call = signed('/echo?a=b')
  expect(JSON.parse((await send(call, '{"a":1}')).body)).toEqual({ body: { a: 1 }, clientId: 'client-1' })
  expect(JSON.parse((await send(call)).body)).toMatchObject({ code: 'ERR_DPOP_PROOF_REPLAYED' })
})

test('the authority that a caller names moves nothing', async () => {
  const { status } = await send({ ...signed('/echo'), ':authority': 'attacker.example' })
  expect(status).toBe(200)
})

test('two proofs, or two tokens, do not get through', async () => {
  const call = signed('/echo')
  const twoProofs = await send({ ...call, dpop: [call.dpop as string, 'x'] })
  expect(JSON.parse(twoProofs.body)).toMatchObject({ code: 'ERR_DPOP_PROOF_DUPLICATE' })
  // Node's client refuses to send two of this field; the verifier refuses what gets past it (see verify-proof.test.ts).
  await expect(async () => send({ ...call, authorization: [call.authorization, 'Bearer x'] as never })).rejects.toThrow(
    /single value/,
  )
})

test('the metadata is public', async () => {
  const { status, body } = await send({ ':path': '/.well-known/oauth-protected-resource' })
  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({ resource: RESOURCE })
})
