// Fuzzes the verifier and the plugin with whole requests. Each begins as a signed call that was accepted once; so whatever is changed about
// it, or not changed, it must be refused now. A violation is a request that is accepted, an answer of 500 and above, an error that is no
// refusal, an answer without a challenge, or anything that is stored.

import { randomUUID } from 'node:crypto'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import Fastify from 'fastify'
import countersign from '../../packages/server/src/index.ts'
import type { CallDefect, TestIssuer, TestSigner } from '../../packages/server/src/testing/index.ts'
import {
  callDefects,
  createTestClock,
  createTestIssuer,
  createTestSigner,
} from '../../packages/server/src/testing/index.ts'
import type { VerifiableRequest } from '../../packages/server/src/verifier.ts'
import { createMemoryReplayStore, createVerifier, RefusalError } from '../../packages/server/src/verifier.ts'
import { createRandom, mutate, pick } from './mutate.ts'
import { report, Violation } from './report.ts'

const RESOURCE = 'https://api.example.com'
const TARGET = '/accounts/1?verbose=true'
/** One request of so many goes through the whole plugin, which costs more. */
const THROUGH_PLUGIN = 20
const defects = Object.keys(callDefects) as CallDefect[]

interface Subject {
  readonly issuer: TestIssuer
  readonly signer: TestSigner
  /** The fields of accepted calls. */
  readonly fields: readonly string[][]
  nonce: string | undefined
  /** Verifies a request, and returns the refusal. */
  refuse(request: VerifiableRequest): Promise<RefusalError>
  app: FastifyInstance
  close(): Promise<void>
}

/** Sends mutated requests, and tells whether nothing was found. */
export async function fuzzRequests({
  seconds,
  requests,
  seed,
}: {
  readonly seconds: number
  /** How many; absent, as many as there is time for. */
  readonly requests: number | undefined
  readonly seed: number
}): Promise<boolean> {
  const random = createRandom(seed)
  const claims = { count: 0 }
  const subjects = await Promise.all(
    (['ES256', 'Ed25519', 'PS256'] as const).map((algorithm) => createSubject(algorithm, claims)),
  )
  const before = claims.count
  const codes = new Map<string, number>()
  const start = performance.now()
  let sent = 0
  const more = () => (requests === undefined ? performance.now() - start < seconds * 1000 : sent < requests)
  let request: VerifiableRequest = { method: '', target: '', rawHeaders: [] }
  try {
    while (more()) {
      const subject = pick(subjects, random)
      request = changed(subject, random)
      const { code } = await subject.refuse(request)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      if (sent++ % THROUGH_PLUGIN === 0) await throughPlugin(subject, request)
    }
    if (claims.count !== before) throw new Violation('A refused request has claimed a proof')
  } catch (error) {
    return report('the verifier', seed, JSON.stringify(request), error)
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()))
  }
  const took = (performance.now() - start) / 1000
  console.log(`\n${sent} requests in ${took.toFixed(1)} s, none accepted, no fault, nothing stored; by code:`)
  for (const [code, count] of [...codes].sort(([, a], [, b]) => b - a))
    console.log(`${String(count).padStart(9)}  ${code}`)
  return true
}

async function createSubject(algorithm: 'ES256' | 'Ed25519' | 'PS256', claims: { count: number }): Promise<Subject> {
  // Time stands still, so that nothing is ever refused for its age alone.
  const { now: clock } = createTestClock()
  const issuer = createTestIssuer({ resource: RESOURCE, algorithm, clock })
  const signer = createTestSigner({ issuer, algorithm, clock })
  const memory = createMemoryReplayStore({}, clock)
  const replay = {
    claim(key: string, expiresAt: number) {
      const isNew = memory.claim(key, expiresAt)
      if (isNew === true) claims.count++
      return isNew
    },
  }
  const options = { resource: RESOURCE, issuer: issuer.options, replay, accept: ['dpop', 'bearer'] as const, clock }
  const secrets = [crypto.getRandomValues(new Uint8Array(32))]
  const verifier = createVerifier({ ...options, nonce: { secrets } })
  const app = Fastify() as unknown as FastifyInstance
  await app.register(countersign, { ...options, nonce: { secrets } })
  app.all('/*', async () => 'reached')
  await app.ready()
  const refuse = async (request: VerifiableRequest) => {
    const error = await verifier.verify(request).then(
      () => new Violation('The request was accepted'),
      (refusal: unknown) => refusal,
    )
    if (!(error instanceof RefusalError)) throw error
    return error
  }
  const { headers } = await refuse({ method: 'GET', target: TARGET, rawHeaders: [] })
  const nonce = headers['dpop-nonce']
  const fields: string[][] = []
  for (let call = 0; call < 8; call++) {
    const rawHeaders = ['Host', 'api.example.com', ...Object.entries(signer.sign({ url: TARGET, nonce })).flat()]
    await verifier.verify({ method: 'GET', target: TARGET, rawHeaders })
    fields.push(rawHeaders)
  }
  return {
    issuer,
    signer,
    fields,
    nonce,
    refuse,
    app,
    async close() {
      verifier.close()
      await app.close()
    },
  }
}

/** A call that was accepted before, with something changed about it; or a new one that has a defect, and something changed besides. */
function changed(subject: Subject, random: () => number): VerifiableRequest {
  const fresh = random() < 0.02
  const { authorization = '', dpop = '' } = fresh
    ? subject.signer.sign({ url: TARGET, nonce: subject.nonce, defect: pick(signedDefects, random) })
    : {}
  const rawHeaders = fresh
    ? ['Host', 'api.example.com', 'Authorization', authorization, 'DPoP', dpop]
    : [...pick(subject.fields, random)]
  let method = 'GET'
  let target = TARGET
  const pool = subject.fields.flat()
  for (let change = 0; change <= random() * 2; change++) {
    const at = Math.floor(random() * (rawHeaders.length / 2)) * 2
    switch (Math.floor(random() * 9)) {
      case 0:
        method = pick(['GET', 'get', 'POST', 'PUT', 'HEAD', 'OPTIONS', mutate('GET', pool, random)], random)
        break
      case 1:
        target = mutate(target, pool, random)
        break
      case 2:
        rawHeaders[at] = mutate(rawHeaders[at] ?? '', ['DPoP', 'authorization'], random)
        break
      case 3:
        rawHeaders.splice(at, 0, rawHeaders[at] ?? '', pick(pool, random))
        break
      case 4:
        rawHeaders.splice(at, 2)
        break
      case 5:
        rawHeaders[at + 1] = crossed(rawHeaders[at + 1] ?? '', pick(pool, random), random)
        break
      case 6:
        rawHeaders[at + 1] = reencoded(rawHeaders[at + 1] ?? '', pool, random)
        break
      default:
        rawHeaders[at + 1] = mutate(rawHeaders[at + 1] ?? '', pool, random)
    }
  }
  return { method, target, rawHeaders }
}

/** Defects that are signed: no change to the request around them can cure them. (`proof.iat` is none where there are nonces.) */
const CURABLE: readonly CallDefect[] = ['proof.iat', 'proof.present', 'proof.form', 'proof.htm', 'proof.htu']
const signedDefects = defects.filter((defect) => !CURABLE.includes(defect))

/** Segments of two JWTs in one. */
function crossed(value: string, other: string, random: () => number): string {
  const [one, two] = [value.split('.'), other.split('.')]
  return one.map((segment, index) => (random() < 0.5 ? segment : (two[index] ?? segment))).join('.')
}

/** A JWT of which a segment was changed before it was encoded, so that it decodes. */
function reencoded(value: string, pool: readonly string[], random: () => number): string {
  const segments = value.split('.')
  const at = Math.floor(random() * segments.length)
  const decoded = Buffer.from(segments[at] ?? '', 'base64url').toString('latin1')
  const texts = [...pool.map((text) => text.slice(0, 40)), randomUUID(), '"alg":"ES256"', '"jti":"x",', '"htm":"GET",']
  segments[at] = Buffer.from(mutate(decoded, texts, random), 'latin1').toString('base64url')
  return segments.join('.')
}

/** The same through Fastify, as far as an injected request can be like it. */
async function throughPlugin({ app }: Subject, { method, target, rawHeaders }: VerifiableRequest): Promise<void> {
  const headers: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers[rawHeaders[index] as string] = rawHeaders[index + 1] as string
  let response: Awaited<ReturnType<typeof app.inject>>
  try {
    response = await app.inject({ method: method as HTTPMethods, url: target, headers })
  } catch {
    return // not a request that can be injected
  }
  const { statusCode, body } = response
  if (statusCode >= 500 || body.includes('reached')) throw new Violation(`Fastify answered ${statusCode} ${body}`)
  // A URL that Fastify's router cannot read is answered by it, before any hook.
  const challenged = body.includes('FST_ERR_BAD_URL') || response.headers['www-authenticate'] !== undefined
  if (!challenged) throw new Violation(`Fastify answered ${statusCode} without a challenge: ${body}`)
}
