// The vectors of `vectors/dpop-proof.json`, sent over HTTP to Fastify with the plugin, byte by byte: each must be
// answered with 200, or with the exact code it names. Those that HTTP does not carry to the verifier are given to it
// directly.

import type { AddressInfo } from 'node:net'
import { exchange, startServer } from '@countersign/testkit'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VectorFile } from '../../shared/test/vector-files.ts'
import { readVectors } from '../../shared/test/vector-files.ts'
import type { CountersignOptions } from '../src/index.ts'
import countersign from '../src/index.ts'
import { createVerifier, RefusalError } from '../src/verifier.ts'

interface Members {
  readonly nowSeconds: number
  readonly request: { readonly method: string; readonly uri: string }
  readonly accessToken: string
  readonly nonce: string
  readonly allowedAlgorithms?: readonly string[]
  readonly proof: string
}
type Vector = VectorFile<Members>['vectors'][number]

interface Head {
  readonly settings: {
    readonly allowedAlgorithms: readonly string[]
    readonly maxAgeSeconds: number
    readonly maxFutureSeconds: number
  }
  readonly server: { readonly issuerJwks: object; readonly nonceSecret: string }
}
const { vectors, settings, server } = readVectors<Members>('dpop-proof') as VectorFile<Members> & Head

const opaque = vectors.filter(({ flags }) => flags.includes('opaque-token'))
const notInHttp = vectors.filter(({ flags }) => flags.includes('not-in-http'))
const sendable = vectors.filter((vector) => !opaque.includes(vector) && !notInHttp.includes(vector))

/** Vectors that the verifier refuses for the request itself, before it looks at the proof. */
const refusedEarlier: Readonly<Record<string, string>> = {
  'dpop-htu-dot-segments-in-request': 'ERR_REQUEST_TARGET_INVALID',
  'dpop-segments-json-serialisation': 'ERR_DPOP_PROOF_DUPLICATE',
}

let jwks: Awaited<ReturnType<typeof startServer>>
/** One server for all vectors that assume the same of it. */
const apps = new Map<string, { readonly app: FastifyInstance; readonly port: number }>()

beforeAll(async () => {
  jwks = await startServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(server.issuerJwks))
  })
  for (const vector of sendable) {
    const key = assumptionsOf(vector)
    if (!apps.has(key)) apps.set(key, await startApp(optionsOf(vector)))
  }
})

afterAll(async () => {
  await Promise.all([...apps.values()].map(({ app }) => app.close()))
  await jwks.stop()
})

describe('over HTTP', () => {
  test.each(named(sendable))('%s', async (_, vector) => {
    expect(await send(vector)).toBe(vector.expect)
  })
})

describe('below HTTP', () => {
  test.each(named(notInHttp))('%s', async (id, vector) => {
    expect(await verify(vector)).toBe(refusedEarlier[id] ?? vector.expect)
  })
})

test('nearly all vectors are sent, and no proof is sent twice', () => {
  expect(sendable.length).toBeGreaterThanOrEqual(380)
  expect(notInHttp.length).toBeLessThanOrEqual(13)
  expect(opaque.length).toBeLessThanOrEqual(4)
  expect(sendable.length + notInHttp.length + opaque.length).toBe(vectors.length)
  expect(new Set(sendable.map(({ proof }) => proof)).size).toBe(sendable.length)
})

function named(some: readonly Vector[]) {
  return some.map((vector) => [vector.id, vector] as const)
}

/** What a vector assumes of the server it is sent to. */
function assumptionsOf({ request, nowSeconds, nonce, allowedAlgorithms }: Vector): string {
  return JSON.stringify([originOf(request.uri), nowSeconds, nonce !== 'off', allowedAlgorithms])
}

function optionsOf({ request, nowSeconds, nonce, allowedAlgorithms = settings.allowedAlgorithms }: Vector) {
  const origin = originOf(request.uri)
  return {
    resource: origin,
    audience: [origin, `${origin}/`],
    issuer: { issuer: 'https://as.example.com', jwksUri: `${jwks.url}/jwks` },
    proofAlgorithms: allowedAlgorithms as NonNullable<CountersignOptions['proofAlgorithms']>,
    maxProofAgeSeconds: settings.maxAgeSeconds,
    clockToleranceSeconds: settings.maxFutureSeconds,
    nonce: nonce === 'off' ? nonce : { secrets: [server.nonceSecret] },
    clock: () => nowSeconds,
  } satisfies CountersignOptions
}

async function startApp(options: CountersignOptions) {
  // Room for the vectors beyond the limit of a proof, which Node would refuse by itself.
  const app = Fastify({ http: { maxHeaderSize: 65_536 } }) as unknown as FastifyInstance
  await app.register(countersign, options)
  app.all('/*', async (request) => ({ jkt: request.caller.jkt }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** The outcome of a vector over HTTP: `valid` for 200, the code for an answer that the caller is to blame for. */
async function send(vector: Vector): Promise<string> {
  const { request, accessToken, proof } = vector
  const { port } = apps.get(assumptionsOf(vector)) as { port: number }
  const { status, headers, body } = await exchange(port, [
    `${request.method} ${targetOf(request.uri)} HTTP/1.1`,
    `Host: ${new URL(request.uri).host}`,
    `Authorization: DPoP ${accessToken}`,
    `DPoP: ${proof}`,
  ])
  if (status === 200) return 'valid'
  const isProblem = status >= 400 && status < 500 && headers['content-type'] === 'application/problem+json'
  return isProblem ? JSON.parse(body).code : `${status} ${body}`
}

/** The outcome of a vector with no server around the verifier. */
async function verify(vector: Vector): Promise<string> {
  const { request, accessToken, proof } = vector
  const verifier = createVerifier(optionsOf(vector))
  const rawHeaders = ['Authorization', `DPoP ${accessToken}`, 'DPoP', proof]
  try {
    await verifier.verify({ method: request.method, target: targetOf(request.uri), rawHeaders })
    return 'valid'
  } catch (error) {
    if (error instanceof RefusalError && error.statusCode >= 400 && error.statusCode < 500) return error.code
    throw error
  } finally {
    verifier.close()
  }
}

function originOf(uri: string): string {
  return new URL(uri).origin
}

/** The request target of a URI as it stands: nothing is normalised on the way. */
function targetOf(uri: string): string {
  return uri.slice(originOf(uri).length)
}
