// The vectors of `vectors/envelope.json` and `vectors/jwe-envelope.json`, sent over HTTP to Fastify with the plugin, byte by byte: each must be answered with 200, or with
// the exact code it names. Their access tokens are opaque, so an issuer is asked what key they are bound to.

import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { LoopbackServer } from '@countersign/testkit'
import { startServer } from '@countersign/testkit'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { ClientSecretBasic } from 'oauth4webapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VectorFile } from '../../shared/test/vector-files.ts'
import { readVectors } from '../../shared/test/vector-files.ts'
import type { CountersignOptions } from '../src/index.ts'
import countersign from '../src/index.ts'
import type { ServerKeyOptions } from '../src/verifier.ts'
import { createVerifier, RefusalError } from '../src/verifier.ts'

interface Members {
  readonly nowSeconds: number
  readonly profile?: 'gnap'
  readonly carrier: 'field' | 'content'
  readonly request: {
    readonly method: string
    readonly uri: string
    readonly contentType?: string
    readonly content?: string
  }
  readonly accessToken: string
  readonly jkt?: string
  readonly key?: object
  readonly nonce: string
  readonly allowedAlgorithms?: readonly string[]
  readonly envelope: string
}
type Vector = VectorFile<Members>['vectors'][number]

interface Settings {
  readonly settings: {
    readonly allowedAlgorithms: readonly string[]
    readonly maxAgeSeconds: number
    readonly maxFutureSeconds: number
  }
}
const { vectors, settings } = readVectors<Members>('envelope') as VectorFile<Members> & Settings
const ISSUER = 'https://as.example.com'

const sealed = readVectors<Members>('jwe-envelope') as VectorFile<Members> & {
  readonly server: { readonly keys: readonly JsonWebKey[] }
}

/** Nonces of a server that nobody can make. */
const foreign = vectors.filter(({ nonce }) => nonce !== 'off')
const sendable: readonly Vector[] = [
  ...vectors.filter((vector) => !foreign.includes(vector)),
  // Of one, the nonce decides what its time would not allow.
  ...sealed.vectors
    .filter(({ id }) => id !== 'sealed-nonce')
    .map((vector) => ({ ...vector, carrier: 'content' as const })),
]

/** What HTTP itself, or a check that comes before those of envelopes, says of a vector. */
const refusedEarlier: Readonly<Record<string, string>> = { 'envelope-binding-case': 'ERR_TOKEN_CLAIM_INVALID' }
/** Methods that Node's parser refuses by itself. */
const notInHttp = ['envelope-htm-lower-case-sent', 'envelope-htm-own-method']

let introspection: LoopbackServer
const apps = new Map<string, { readonly app: FastifyInstance; readonly port: number }>()

beforeAll(async () => {
  introspection = await startServer(async (request, response) => {
    const vector = sendable[Number(request.url?.split('/').at(-1))] as Vector
    const said = {
      ...{ active: true, iss: ISSUER, aud: originOf(vector), client_id: 'client', token_type: 'DPoP' },
      exp: vector.nowSeconds + 300,
      cnf: vector.profile === 'gnap' ? { jwk: vector.key } : { jkt: vector.jkt },
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(said))
  })
  for (const [index, vector] of sendable.entries()) {
    const key = assumptionsOf(vector)
    if (!apps.has(key)) apps.set(key, await startApp(optionsOf(vector, index)))
  }
}, 60_000)
afterAll(async () => {
  await Promise.all([...apps.values()].map(({ app }) => app.close()))
  await introspection.stop()
})

test.each(sendable.map((vector) => [vector.id, vector] as const))('%s', async (id, vector) => {
  const outcome = notInHttp.includes(id) ? await verify(vector) : await send(vector)
  expect(outcome).toBe(refusedEarlier[id] ?? vector.expect)
})

test('nearly all vectors are sent', () => {
  expect(sendable.length).toBeGreaterThanOrEqual(470)
  expect(foreign.length).toBeLessThanOrEqual(26)
})

function assumptionsOf({ nowSeconds, profile, jkt, key, allowedAlgorithms, ...vector }: Vector): string {
  // What is sealed was sent before as it is, or sealed to another key: it would be a copy.
  const apart = vector.id.startsWith('sealed-') && vector.expect === 'valid' ? vector.id : ''
  return JSON.stringify([originOf(vector), nowSeconds, profile, jkt, key, allowedAlgorithms, apart])
}

function optionsOf(vector: Vector, index: number): CountersignOptions {
  const { nowSeconds, profile, allowedAlgorithms = settings.allowedAlgorithms } = vector
  return {
    resource: originOf(vector),
    issuer: {
      issuer: ISSUER,
      introspection: {
        clientId: 'api',
        clientAuthentication: ClientSecretBasic('secret'),
        endpoint: `${introspection.url}/${index}`,
      },
    },
    proofAlgorithms: allowedAlgorithms as NonNullable<CountersignOptions['proofAlgorithms']>,
    maxProofAgeSeconds: settings.maxAgeSeconds,
    clockToleranceSeconds: settings.maxFutureSeconds,
    nonce: 'off',
    envelope: profile === undefined ? {} : { profile },
    keys: sealed.server.keys.map((key) => ({ key }) as ServerKeyOptions),
    clock: () => nowSeconds,
  }
}

async function startApp(options: CountersignOptions) {
  // Room for the vectors beyond the limit of an envelope, which Node would refuse by itself.
  const app = Fastify({ http: { maxHeaderSize: 65_536 }, forceCloseConnections: true }) as unknown as FastifyInstance
  await app.register(countersign, options)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, content, done) => done(null, content))
  app.all('/*', async ({ caller }) => ({ jkt: caller.jkt }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** The outcome of a vector over HTTP: `valid` for 200, the code for an answer that the caller is to blame for. */
async function send(vector: Vector): Promise<string> {
  const { carrier, request, accessToken, envelope, profile } = vector
  const content = carrier === 'content' ? Buffer.from(envelope) : Buffer.from(request.content ?? '', 'base64url')
  const lines = [
    `${request.method} ${request.uri.slice(originOf(vector).length)} HTTP/1.1`,
    'Host: x',
    `Authorization: ${profile === 'gnap' ? 'GNAP' : 'DPoP'} ${accessToken}`,
    ...(carrier === 'field' ? [`Detached-JWS: ${envelope}`] : []),
    ...(request.contentType === undefined ? [] : [`Content-Type: ${request.contentType}`]),
    ...(content.length > 0 ? [`Content-Length: ${content.length}`] : []),
    'Connection: close',
  ]
  const { port } = apps.get(assumptionsOf(vector)) as { port: number }
  const answer = await exchanged(port, Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]))
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const status = Number(head.split(' ')[1])
  if (status === 200) return 'valid'
  const isProblem = status >= 400 && status < 500 && /^content-type: application\/problem\+json/im.test(head)
  return isProblem ? JSON.parse(body).code : answer
}

/** The outcome of a vector with no server around the verifier. */
async function verify(vector: Vector): Promise<string> {
  const { request, accessToken, envelope } = vector
  const verifier = createVerifier(optionsOf(vector, sendable.indexOf(vector)))
  const type = request.contentType === undefined ? [] : ['Content-Type', request.contentType]
  const rawHeaders = ['Authorization', `DPoP ${accessToken}`, 'Detached-JWS', envelope, ...type]
  const target = request.uri.slice(originOf(vector).length)
  async function* content() {
    yield Buffer.from(request.content ?? '', 'base64url')
  }
  try {
    await verifier.verify({ method: request.method, target, rawHeaders, content })
    return 'valid'
  } catch (error) {
    if (error instanceof RefusalError) return error.code
    throw error
  } finally {
    verifier.close()
  }
}

function exchanged(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('end', () => resolve(received))
    socket.on('error', reject)
  })
}

function originOf({ request }: Pick<Vector, 'request'>): string {
  return new URL(request.uri).origin
}
