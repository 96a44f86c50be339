// What becomes of a request with an envelope that does not go as it should: whoever sends half of it, goes away, or comes too early
// keeps nothing of the server's, and learns nothing.

import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { PassThrough, Readable } from 'node:stream'
import { createEnvelope, openAnswer, sha256 } from '@countersign/testkit'
import { expect, test, vi } from 'vitest'
import { createSpool } from '../src/plugin/spool.ts'
import type { EnvelopeServer } from './envelope-support.ts'
import { useEnvelopes } from './envelope-support.ts'

const { context, start } = useEnvelopes()
const keys = [{ key: generateKeyPairSync('ed25519').privateKey, kid: 'answers-1' }]
const wanted = { headers: { 'want-answer-jws': '?1' } }
const LARGE = Buffer.alloc(3_000_000, 1)

/** Temporary files of spools that are open, though they have no name any more. */
function openSpools(): number {
  const links = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link.startsWith(`${tmpdir()}/countersign-`)).length
}

/** The header section of an enveloped call. */
async function opening(server: EnvelopeServer, target: string, content: Uint8Array, type: string): Promise<string> {
  const nonce = (await fetch(`${server.url}/echo`)).headers.get('dpop-nonce') as string
  const [method = '', path = ''] = target.split(' ')
  const accessToken = await tokenFor(server)
  const envelope = await createEnvelope({
    ...{ key: context.key, form: 'detached', method, uri: server.url + path, accessToken, nonce, content },
    contentType: type,
  })
  return [
    `${target} HTTP/1.1`,
    `Host: ${new URL(server.url).host}`,
    `Authorization: DPoP ${accessToken}`,
    `Detached-JWS: ${envelope}`,
    `Content-Type: ${type}`,
    `Content-Length: ${content.length}`,
    '\r\n',
  ].join('\r\n')
}

function tokenFor({ url }: EnvelopeServer): Promise<string> {
  return context.issuer.token({ claims: { aud: url, cnf: { jkt: context.key.jkt } } })
}

/** A connection, and all that came back on it. */
function dial({ url }: EnvelopeServer) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const seen = { text: '', closed: false }
  socket.on('data', (chunk) => {
    seen.text += chunk
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    seen.closed = true
  })
  return { socket, seen }
}

test('the header of a DPoP proof is checked, whatever came with its token before', async () => {
  const server = await start()
  const accessToken = await tokenFor(server)
  expect((await server.call({ accessToken })).status).toBe(200)
  const nonce = (await fetch(`${server.url}/echo`)).headers.get('dpop-nonce') as string
  const claims = {
    ...{ jti: crypto.randomUUID(), htm: 'GET', htu: `${server.url}/echo`, iat: Math.floor(Date.now() / 1000), nonce },
    ath: sha256(accessToken),
  }
  const input = `.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    context.key.privateKey,
    Buffer.from(input),
  )
  const dpop = `${input}.${Buffer.from(signature).toString('base64url')}`
  const response = await fetch(`${server.url}/echo`, { headers: { authorization: `DPoP ${accessToken}`, dpop } })
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ code: 'ERR_DPOP_PROOF_MALFORMED' })
})

test('a handler that does not read what has waited leaves no file open', async () => {
  const server = await start({}, (app) => {
    app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
    app.post('/ignore', async () => `${openSpools()} open`)
  })
  const answer = await server.call({ path: '/ignore', content: LARGE, contentType: 'application/octet-stream' })
  expect(answer).toMatchObject({ status: 200, body: '1 open' })
  await vi.waitFor(() => expect(openSpools()).toBe(0))
})

test('a spool that is let go of while it makes its file leaves none open, and takes no more', async () => {
  const spool = createSpool(10_000_000)
  const written = spool.write(LARGE).catch((error: unknown) => error)
  await spool.discard()
  await written
  expect(openSpools()).toBe(0)
  await expect(spool.write(LARGE)).rejects.toThrow('no longer wanted')
  await spool.discard()
})

test('a client that goes away in the middle of its content leaves no file open', async () => {
  const server = await start({}, (app) => {
    app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
    app.post('/ignore', async () => 'read')
  })
  const head = await opening(server, 'POST /ignore', LARGE, 'application/octet-stream')
  const { socket } = dial(server)
  socket.write(head)
  socket.write(LARGE.subarray(0, 2_000_000))
  await vi.waitFor(() => expect(openSpools()).toBe(1))
  socket.resetAndDestroy()
  await vi.waitFor(() => expect(openSpools()).toBe(0))
})

test('a stream whose reader went away while it was to be signed is destroyed', async () => {
  const endless = new Readable({
    read() {
      setTimeout(() => this.push('data: x\n\n'), 10)
    },
  })
  const server = await start({ keys }, (app) => {
    app.get('/endless', async () => endless)
  })
  const accessToken = await tokenFor(server)
  const nonce = (await fetch(`${server.url}/echo`)).headers.get('dpop-nonce') as string
  const uri = `${server.url}/endless`
  const envelope = await createEnvelope({
    ...{ key: context.key, form: 'detached', method: 'GET', uri, accessToken, nonce, content: undefined },
  })
  const call = request(uri, {
    headers: { authorization: `DPoP ${accessToken}`, 'detached-jws': envelope, ...wanted.headers },
  })
  call.on('error', () => undefined)
  call.end()
  await vi.waitFor(() => expect(endless.readableDidRead).toBe(true))
  call.destroy()
  await vi.waitFor(() => expect(endless.destroyed).toBe(true))
})

test('a stream that is too long to be signed is destroyed with its response', async () => {
  const long = new Readable({
    read() {
      this.push(Buffer.alloc(65_536))
    },
  })
  const server = await start({ keys, envelope: { maxAnswerBytes: 1000 } }, (app) => {
    app.get('/long', async () => long)
  })
  const accessToken = await tokenFor(server)
  const nonce = (await fetch(`${server.url}/echo`)).headers.get('dpop-nonce') as string
  const uri = `${server.url}/long`
  const envelope = await createEnvelope({
    ...{ key: context.key, form: 'detached', method: 'GET', uri, accessToken, nonce, content: undefined },
  })
  const call = request(uri, {
    headers: { authorization: `DPoP ${accessToken}`, 'detached-jws': envelope, ...wanted.headers },
  })
  call.on('error', () => undefined)
  call.once('response', (response) => {
    response.on('error', () => undefined)
    response.once('data', () => call.destroy())
  })
  call.end()
  await vi.waitFor(() => expect(long.destroyed).toBe(true))
})

test('a hook that asks for the caller before the content was verified fails, and lets nobody in', async () => {
  const asked: unknown[] = []
  const server = await start({}, (app, handled) => {
    app.addHook('onSend', async ({ caller }) => {
      asked.push(caller?.clientId)
    })
    const refuseBanned = async ({ caller }: { readonly caller: { readonly clientId: string } | null }) => {
      if (caller?.clientId === 'client-1') throw Object.assign(new Error('Banned'), { statusCode: 403 })
    }
    app.post('/early', { onRequest: refuseBanned }, async ({ body }) => handled.push(body))
    app.post('/late', { preHandler: refuseBanned }, async ({ body }) => handled.push(body))
  })
  const early = await server.call({ path: '/early' })
  expect(early.status).toBe(500)
  expect(early.body).toContain('Nobody knows the caller before the content of the request was verified')
  expect((await server.call({ path: '/early', form: 'attached' })).status).toBe(403)
  expect((await server.call({ path: '/late' })).status).toBe(403)
  expect(server.handled).toEqual([])
  asked.splice(0)
  await server.call({ path: '/late', wire: { body: '{}' } })
  await server.call({ path: '/late' })
  expect(asked).toEqual([undefined, 'client-1'])
})

test.each([
  ['more than may wait', 'application/octet-stream', 413],
  ['more than a parser takes', 'application/json', 413],
])('a connection with the rest of what was refused is closed: %s', async (_what, type, status) => {
  const server = await start({ envelope: { maxSpooledBytes: 100_000 } }, (app) => {
    app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
    app.post('/small', { bodyLimit: 2_900_000 }, async () => 'read')
  })
  const { socket, seen } = dial(server)
  socket.write(await opening(server, 'POST /small', LARGE, type))
  socket.write(LARGE.subarray(0, 2_950_000))
  await vi.waitFor(() => expect(seen.closed).toBe(true), 5000)
  expect(seen.text).toContain(`HTTP/1.1 ${status} `)
  expect(seen.text.toLowerCase()).toContain('connection: close')
})

test.each(['application/json', 'application/octet-stream'])(
  'content that does not come is not waited for: %s',
  async (type) => {
    const server = await start({ envelope: { maxContentSeconds: 1 } }, (app) => {
      app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
    })
    const { socket, seen } = dial(server)
    socket.write(await opening(server, 'POST /echo', Buffer.from('{"a":1}'), type))
    socket.write('{')
    await vi.waitFor(() => expect(seen.text).toContain('"ERR_ENVELOPE_EXPIRED"'), 4000)
    expect(server.handled).toEqual([])
    socket.destroy()
  },
)

test('an attached envelope that does not come is not waited for', async () => {
  const server = await start({ envelope: { maxContentSeconds: 1 } })
  const { socket, seen } = dial(server)
  const fields = `Authorization: DPoP ${await tokenFor(server)}\r\nContent-Type: application/jose\r\nContent-Length: 1000`
  socket.write(`POST /echo HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\neyJ`)
  await vi.waitFor(() => expect(seen.text).toContain('"ERR_ENVELOPE_EXPIRED"'), 4000)
  socket.destroy()
})

test('a parser that pipes content on, and so hears of no error, does not keep the client waiting', async () => {
  const server = await start({}, (app) => {
    app.addContentTypeParser('text/piped', (_request, payload, done) => {
      const copy = payload.pipe(new PassThrough())
      copy.on('end', () => done(null)).resume()
    })
  })
  const failed = server.call({ contentType: 'text/piped', content: 'abc', wire: { body: 'abd' } })
  await expect(failed).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(server.handled).toEqual([])
}, 15_000)

test('what no field announces is content all the same', async () => {
  const server = await start({}, (app) => {
    app.addContentTypeParser('text/x', { parseAs: 'string' }, (_request, text, done) => done(null, text))
  })
  const nonce = (await fetch(`${server.url}/echo`)).headers.get('dpop-nonce') as string
  const accessToken = await tokenFor(server)
  const envelope = await createEnvelope({
    ...{ key: context.key, form: 'detached', method: 'POST', uri: `${server.url}/echo`, accessToken, nonce },
    content: undefined,
  })
  const headers = { authorization: `DPoP ${accessToken}`, 'detached-jws': envelope, 'content-type': 'text/x' }
  const response = await server.app.inject({ method: 'POST', url: '/echo', headers, payload: Readable.from(['more']) })
  expect(response.json()).toMatchObject({ code: 'ERR_ENVELOPE_CONTENT_MISMATCH' })
  expect(server.handled).toEqual([])
})

test.each([
  [204, undefined],
  [204, '{}'],
  [205, 'abc'],
])('a response of %i with the content %j is signed as it goes out', async (status, content) => {
  const server = await start({ keys }, (app) => {
    app.get('/none', async (_request, reply) => reply.code(status).type('application/json').send(content))
  })
  const answer = await server.call({ method: 'GET', path: '/none', content: null, wire: wanted })
  const published = (await server.app.inject('/.well-known/jwks.json')).json().keys
  const opened = await openAnswer(String(answer.headers['answer-jws']), published)
  expect(answer).toMatchObject({ status, body: '' })
  expect(answer.headers['content-type']).toBeUndefined()
  expect(opened).toMatchObject({ status, fields: {} })
  expect(opened).not.toHaveProperty('digest')
})

test('evidence of one request is handed out once, however many guards it passed', async () => {
  const onEvidence = vi.fn()
  const server = await start({ envelope: { onEvidence } }, (app) => {
    const { guard } = app.countersign
    app.post(
      '/two',
      { config: { auth: false }, onRequest: [guard(), guard({ accept: ['envelope'] })] },
      async () => 'passed',
    )
  })
  expect((await server.call({ path: '/two' })).status).toBe(200)
  expect(onEvidence).toHaveBeenCalledOnce()
})
