// Signed answers of another server, by jose: what is accepted, and each thing that is wrong with one. The caller sees no response that was
// not verified.

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Evidence } from '@countersign/shared'
import { isCountersignError, verifyEvidence } from '@countersign/shared'
import { captureError, createKey, sha256 } from '@countersign/testkit'
import { describe, expect, test, vi } from 'vitest'
import type { ClientOptions } from '../src/create-client.ts'
import type { ProofOption } from '../src/proofs/proof-option.ts'
import type { AnswerParts, Received, Reply } from './envelope-support.ts'
import {
  createSealKey,
  later,
  openEnvelope,
  publishedKey,
  sendReply,
  serveEnvelopes,
  signAnswer,
} from './envelope-support.ts'
import { challenge, clientOf } from './support.ts'

const key = await createKey('ES256')
const otherKey = await createKey('ES256')
const published = [publishedKey(otherKey, 'other'), publishedKey(key, 'signs')]
const REPLY: Reply = {
  status: 201,
  headers: { 'content-type': 'application/json', location: '/7' },
  content: '{"id":7}',
}

/** A request at hand, to be answered. */
interface Exchange {
  readonly response: ServerResponse
  readonly received: Received
  readonly earlier: number
  /** The compact JWS of the request. */
  readonly jws: string
  /** Signs an answer to it, with what is given changed. */
  sign(reply?: Reply, parts?: Partial<AnswerParts>): Promise<string>
  /** Sends a response with answers. */
  send(reply: Reply, ...answers: string[]): void
}

type Act = (exchange: Exchange) => unknown

const good: Act = async ({ sign, send }) => send(REPLY, await sign())

/** A server that answers in some way, and a client that demands signed answers. */
async function connect(act: Act, options: Partial<ClientOptions> = {}, keys: readonly object[] = published) {
  const kept: Evidence[] = []
  const server = await serveEnvelopes(async (response, received, earlier) => {
    const { jws } = await openEnvelope(received)
    await act({
      ...{ response, received, earlier, jws },
      sign: (reply = REPLY, parts = {}) => signAnswer(jws, reply, { key, kid: 'signs', ...parts }),
      send: (reply, ...answers) => sendReply(response, reply, ...answers),
    })
  }, keys)
  const client = clientOf(server.url, {
    proof: { verifyResponse: true },
    onEvidence: (evidence) => void kept.push(evidence),
    ...options,
  })
  const call = (init: RequestInit = { method: 'POST', body: 'x' }) => client.fetch('/a?b', init)
  return { ...server, client, kept, call }
}

/** The error of a call whose response must not be seen. */
async function refusal(
  act: Act,
  options: Partial<ClientOptions> = {},
  init?: RequestInit,
  keys = published as object[],
) {
  const { call, kept, seen } = await connect(act, options, keys)
  const error = await captureError(() => call(init))
  expect(kept).toEqual([])
  expect(seen).toHaveLength(1)
  expect((error as Error).cause).not.toBeInstanceOf(Response)
  return error
}

const WAYS: readonly ProofOption[] = [{ verifyResponse: true }, { verifyResponse: 'stream' }]

describe('a good answer', () => {
  test.each([
    ...WAYS,
    { verifyResponse: true, envelope: 'attached' },
    { verifyResponse: 'stream', envelope: 'attached' },
  ] as ProofOption[])('to %j is what its caller gets', async (proof) => {
    const { call, seen, kept, lookups, url } = await connect(good, { proof })
    const response = await call()
    expect([response.status, response.url, response.headers.get('location')]).toEqual([201, `${url}/a?b`, '/7'])
    expect(await response.text()).toBe('{"id":7}')
    expect(seen[0]?.headers['want-answer-jws']).toBe('?1')
    expect(kept).toHaveLength(1)
    expect(lookups).toEqual(['metadata', 'jwks'])
    expect(await (await call()).json()).toEqual({ id: 7 })
    expect(lookups).toHaveLength(2)
  })

  test.each(['ES256', 'Ed25519', 'EdDSA', 'PS256'])('by a key for %s', async (alg) => {
    const signing = await createKey(alg)
    const answer: Act = async ({ sign, send }) => send(REPLY, await sign(REPLY, { key: signing }))
    const { call } = await connect(answer, {}, [publishedKey(signing, 'signs')])
    expect((await call()).status).toBe(201)
  })

  const empty: readonly [string, RequestInit, Reply][] = [
    ['204', { method: 'DELETE' }, { status: 204 }],
    ['304', { headers: { 'if-none-match': '"1"' } }, { status: 304, headers: { etag: '"1"' } }],
    ['200 without content', {}, { headers: { 'content-type': 'text/plain' } }],
    ['404 without content', {}, { status: 404 }],
  ]
  test.each(empty)('%s', async (_, init, reply) => {
    for (const proof of WAYS) {
      const { call } = await connect(async ({ sign, send }) => send(reply, await sign(reply)), { proof })
      const response = await call(init)
      expect([response.status, await response.text()]).toEqual([reply.status ?? 200, ''])
    }
  })

  test('to HEAD has no content, whatever its fields say', async () => {
    for (const proof of WAYS) {
      const headers = { 'content-type': 'text/plain', 'content-length': '1000' }
      const { call } = await connect(async ({ sign, send }) => send({ headers }, await sign({ headers })), { proof })
      const response = await call({ method: 'HEAD' })
      expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
        200,
        '1000',
        '',
      ])
    }
  })

  test.each([400, 401, 403, 404, 429, 500, 503])('%i is signed as any other', async (status) => {
    const reply = { status, headers: { 'content-type': 'application/problem+json' }, content: '{"code":"X"}' }
    const { call } = await connect(async ({ sign, send }) => send(reply, await sign(reply)))
    const response = await call()
    expect([response.status, await response.json()]).toEqual([status, { code: 'X' }])
  })

  test('covers content without its coding, further fields, and several lines of one', async () => {
    const content = 'zipped '.repeat(100)
    const fields = { 'content-type': 'text/plain', location: null, etag: '"1"', 'x-two': 'a, b', 'x-none': null }
    const act: Act = async ({ response, sign }) => {
      const answer = await sign({ content }, { header: { fields } })
      response.writeHead(200, [
        ...['content-type', 'text/plain', 'content-encoding', 'gzip', 'etag', '"1"', 'x-two', 'a', 'x-two', 'b'],
        ...['answer-jws', answer],
      ])
      response.end(gzipSync(content))
    }
    for (const proof of WAYS) expect(await (await (await connect(act, { proof })).call()).text()).toBe(content)
  })

  test('to the second of two attempts is one to that, not to the first', async () => {
    const envelopes: string[] = []
    const act: Act = async ({ response, jws, earlier, sign, send }) => {
      envelopes.push(jws)
      if (earlier === 0) challenge(response, 'nonce-1')
      else send(REPLY, await sign(REPLY))
    }
    const { call, kept } = await connect(act)
    expect((await call()).status).toBe(201)
    expect(kept.map(({ request }) => request)).toEqual([envelopes[1]])
    const replayed = await connect(async (exchange) => {
      envelopes[exchange.earlier] = exchange.jws
      if (exchange.earlier === 0) return challenge(exchange.response, 'nonce-1')
      return exchange.send(REPLY, await signAnswer(envelopes[0] as string, REPLY, { key, kid: 'signs' }))
    })
    expect(await captureError(() => replayed.call())).toMatchObject({
      code: 'ERR_ENVELOPE_ANSWER_MISMATCH',
      parameter: 'req',
    })
  })

  test('to a sealed request is one to the envelope inside', async () => {
    const seal = await createSealKey('ECDH-ES', 'P-256', 'opens')
    const server = await serveEnvelopes(
      async (response, received) => {
        const { jws } = await openEnvelope(received, seal)
        sendReply(response, REPLY, await signAnswer(jws, REPLY, { key, kid: 'signs' }))
      },
      [...published, seal.published],
    )
    const client = clientOf(server.url, { proof: { seal: true, verifyResponse: true } })
    expect((await client.fetch('/a', { method: 'POST', body: 'x' })).status).toBe(201)
    expect(server.lookups).toEqual(['metadata', 'jwks'])
  })

  test('that nobody asked for is not looked at', async () => {
    const act: Act = ({ send }) => send(REPLY, 'none')
    const { call, seen } = await connect(act, { proof: 'envelope' })
    expect((await call()).status).toBe(201)
    expect(seen[0]?.headers).not.toHaveProperty('want-answer-jws')
  })
})

const MISSING = 'ERR_ENVELOPE_ANSWER_MISSING'
const INVALID = 'ERR_ENVELOPE_ANSWER_INVALID'
const MISMATCH = 'ERR_ENVELOPE_ANSWER_MISMATCH'
const SIGNATURE = 'ERR_ENVELOPE_ANSWER_SIGNATURE'

/** Signs as it should, with parameters of the header changed. */
const header =
  (changes: Readonly<Record<string, unknown>>): Act =>
  async ({ sign, send }) =>
    send(REPLY, await sign(REPLY, { header: changes }))

/** Signs as it should, and sends something else. */
const sends =
  (changes: Reply): Act =>
  async ({ sign, send }) =>
    send({ ...REPLY, ...changes }, await sign())

/** Signs as it should, and changes the text. */
const text =
  (change: (answer: string, segments: [string, string, string]) => string): Act =>
  async ({ sign, send }) => {
    const answer = await sign()
    send(REPLY, change(answer, answer.split('.') as [string, string, string]))
  }

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const FIELDS = { 'content-type': 'application/json', location: '/7' }

// Each is refused before any content is handed over, whether that is verified at once or while it is read.
const WRONG: readonly [string, string, string | undefined, Act][] = [
  ['no answer', MISSING, 'Answer-JWS', ({ send }) => send(REPLY)],
  ['two fields', INVALID, 'Answer-JWS', async ({ sign, send }) => send(REPLY, await sign(), await sign())],
  [
    'the same field twice',
    INVALID,
    'Answer-JWS',
    async ({ sign, send }) => {
      const one = await sign()
      send(REPLY, one, one)
    },
  ],
  ['an empty field', INVALID, undefined, text(() => '')],
  ['no JWS', INVALID, undefined, text(() => 'none')],
  ['two segments', INVALID, 'Answer-JWS', text((_, [one, , three]) => `${one}.${three}`)],
  ['four segments', INVALID, 'Answer-JWS', text((answer) => `${answer}.`)],
  ['a payload', INVALID, 'payload', text((_, [one, , three]) => `${one}.e30.${three}`)],
  ['no signature', INVALID, 'signature', text((_, [one]) => `${one}..`)],
  ['padding', INVALID, undefined, text((answer) => `${answer}=`)],
  ['a header that is no JSON', INVALID, 'header', text((_, [, , three]) => `e30x..${three}`)],
  ['a header that is no object', INVALID, 'header', text((_, [, , three]) => `${json([])}..${three}`)],
  [
    'a member twice',
    INVALID,
    'header',
    text((_, [one, , three]) => {
      const twice = Buffer.from(one, 'base64url').toString().replace('{', '{"status":200,')
      return `${Buffer.from(twice).toString('base64url')}..${three}`
    }),
  ],
  ['more than 8192 characters', INVALID, 'Answer-JWS', header({ x: 'x'.repeat(6_200) })],
  ['no typ', INVALID, 'typ', header({ typ: undefined })],
  ['another typ', INVALID, 'typ', header({ typ: 'JWT' })],
  ['typ in another case', INVALID, 'typ', header({ typ: 'Countersign-Answer' })],
  ['the typ of a request', INVALID, 'typ', header({ typ: 'gnap-binding-jwsd' })],
  ['crit', INVALID, 'crit', header({ crit: ['x'], x: 1 })],
  ['no status', INVALID, 'status', header({ status: undefined })],
  ['a status that is text', INVALID, 'status', header({ status: '201' })],
  ['no fields', INVALID, 'fields', header({ fields: undefined })],
  ['fields without location', INVALID, 'fields.location', header({ fields: { 'content-type': 'application/json' } })],
  ['fields without content-type', INVALID, 'fields.content-type', header({ fields: { location: '/7' } })],
  ['a field that cannot be signed', INVALID, 'fields', header({ fields: { ...FIELDS, date: null } })],
  ['a digest of nothing', INVALID, 'digest', header({ digest: sha256('') })],
  ['no created', INVALID, 'created', header({ created: undefined })],
  ['no req', INVALID, 'req', header({ req: undefined })],
  ['no kid', INVALID, 'kid', header({ kid: undefined })],
  ['a kid that is unknown', INVALID, 'kid', header({ kid: 'unknown' })],
  ['another request', MISMATCH, 'req', header({ req: sha256('another') })],
  [
    'the signature of the request alone',
    MISMATCH,
    'req',
    async ({ jws, sign, send }) =>
      send(REPLY, await sign(REPLY, { header: { req: sha256(jws.split('.')[2] as string) } })),
  ],
  ['another status', MISMATCH, 'status', sends({ status: 200 })],
  [
    'another content-type',
    MISMATCH,
    'fields.content-type',
    sends({ headers: { ...FIELDS, 'content-type': 'text/html' } }),
  ],
  ['no content-type', MISMATCH, 'fields.content-type', sends({ headers: { location: '/7' } })],
  ['another location', MISMATCH, 'fields.location', sends({ headers: { ...FIELDS, location: '/8' } })],
  ['no location', MISMATCH, 'fields.location', sends({ headers: { 'content-type': 'application/json' } })],
  [
    'a location that was signed as absent',
    MISMATCH,
    'fields.location',
    header({ fields: { ...FIELDS, location: null } }),
  ],
  ['another field that is absent', MISMATCH, 'fields.etag', header({ fields: { ...FIELDS, etag: '"1"' } })],
  [
    'another field that was signed as absent',
    MISMATCH,
    'fields.etag',
    async ({ sign, send }) =>
      send(
        { ...REPLY, headers: { ...FIELDS, etag: '"1"' } },
        await sign(REPLY, { header: { fields: { ...FIELDS, etag: null } } }),
      ),
  ],
  [
    'a field in another order of its lines',
    MISMATCH,
    'fields.x-two',
    async ({ response, sign }) => {
      const answer = await sign(REPLY, { header: { fields: { ...FIELDS, 'x-two': 'a, b' } } })
      const headers = Object.entries({ ...FIELDS, 'answer-jws': answer }).flat()
      response.writeHead(201, [...headers, 'x-two', 'b', 'x-two', 'a']).end(REPLY.content)
    },
  ],
  [
    'another signature',
    SIGNATURE,
    'signature',
    text((_, [one]) => `${one}..${Buffer.alloc(64, 1).toString('base64url')}`),
  ],
  ['a signature of the wrong length', SIGNATURE, 'signature', text((_, [one]) => `${one}..AQID`)],
  [
    'a header that was changed',
    SIGNATURE,
    'signature',
    text((_, [one, , three]) => {
      const changed = { ...JSON.parse(Buffer.from(one, 'base64url').toString()), created: 1 }
      return `${json(changed)}..${three}`
    }),
  ],
  [
    'the signature of another key of the server',
    SIGNATURE,
    'signature',
    async ({ sign, send }) => send(REPLY, await sign(REPLY, { key: otherKey })),
  ],
]

describe('is refused', () => {
  test.each(WRONG)('%s: %s', async (_, code, parameter, act) => {
    for (const proof of WAYS) {
      const error = await refusal(act, { proof })
      expect(error).toMatchObject({ code, ...(parameter !== undefined && { parameter }) })
    }
  })

  test('alg not accepted', async () => {
    for (const alg of ['ES384', 'RS256']) {
      const signing = await createKey(alg)
      const act: Act = async ({ sign, send }) => send(REPLY, await sign(REPLY, { key: signing }))
      const keys = [publishedKey(signing, 'signs'), publishedKey(otherKey, 'other')]
      expect(await refusal(act, {}, undefined, keys)).toMatchObject({ code: INVALID, parameter: 'alg' })
    }
    for (const alg of ['none', 'HS256', 'X']) {
      const act = text((_, [one, , three]) => {
        const changed = { ...JSON.parse(Buffer.from(one, 'base64url').toString()), alg }
        return `${json(changed)}..${three}`
      })
      expect(await refusal(act)).toMatchObject({ code: INVALID, parameter: 'alg' })
    }
  })

  const jwk = publishedKey(key, 'signs')
  const other = publishedKey(otherKey, 'other')
  test.each<[string, object[]]>([
    ['of another use', [{ ...jwk, use: 'enc' }, other]],
    ['without use', [{ ...jwk, use: undefined }, other]],
    ['without kid', [{ ...jwk, kid: undefined }, other]],
    ['for another algorithm', [{ ...jwk, alg: 'ES384' }, other]],
    ['that is not public', [{ ...jwk, d: key.privateJwk.d }]],
    ['of another kind', [{ ...jwk, kty: 'OKP', crv: 'Ed25519' }]],
    ['that is not on its curve', [{ ...jwk, y: jwk.x }]],
    ['whose operations do not permit it', [{ ...jwk, key_ops: ['sign'] }]],
  ])('a key %s', async (_, keys) => {
    expect(await refusal(good, {}, undefined, keys)).toMatchObject({ code: INVALID, parameter: 'kid' })
  })

  test('an unsigned error, whose status and code are told', async () => {
    for (const status of [400, 401, 403, 500]) {
      const problem = { code: 'ERR_TOKEN_AUDIENCE', title: 'no' }
      const reply = {
        status,
        headers: { 'content-type': 'application/problem+json' },
        content: JSON.stringify(problem),
      }
      const error = await refusal(({ send }) => send(reply))
      expect(error).toMatchObject({ code: MISSING, actual: status, problem })
    }
  })

  test.each<[string, RequestInit, Reply]>([
    ['204', { method: 'DELETE' }, { status: 204 }],
    ['304', {}, { status: 304 }],
    ['HEAD', { method: 'HEAD' }, {}],
  ])('%s without an answer, or with one about content', async (_, init, reply) => {
    expect(await refusal(({ send }) => send(reply), {}, init)).toMatchObject({ code: MISSING })
    for (const proof of WAYS) {
      const act: Act = async ({ sign, send }) => send(reply, await sign({ ...reply, content: 'x' }))
      expect(await refusal(act, { proof }, init)).toMatchObject({ code: MISMATCH, parameter: 'digest' })
    }
  })

  test.each([301, 302, 303, 307, 308])('a redirect by %i, before it is followed', async (status) => {
    const redirect = { status, headers: { location: '/elsewhere' } }
    expect(await refusal(({ send }) => send(redirect))).toMatchObject({ code: MISSING, actual: status })
    const moved: Act = async ({ sign, send }) =>
      send(redirect, await sign({ status, headers: { location: '/signed' } }))
    expect(await refusal(moved)).toMatchObject({ code: MISMATCH, parameter: 'fields.location' })
    const manual = { method: 'POST', body: 'x', redirect: 'manual' } as const
    expect(await refusal(({ send }) => send(redirect), {}, manual)).toMatchObject({ code: MISSING })
  })

  test('the response after a redirect that was signed', async () => {
    const redirect = { status: 307, headers: { location: '/elsewhere' } }
    const act: Act = async ({ received, sign, send }) => {
      if (received.path === '/elsewhere') send(REPLY)
      else send(redirect, await sign(redirect))
    }
    const { call, seen, kept } = await connect(act)
    expect(await captureError(call)).toMatchObject({ code: MISSING })
    expect([seen.length, kept.length]).toEqual([2, 1])
  })

  test('a redirect to another origin, signed or not', async () => {
    const other = await serveEnvelopes((response) => void response.end('unsigned'))
    const redirect = { status: 302, headers: { location: `${other.url}/b` } }
    const act: Act = async ({ sign, send }) => send(redirect, await sign(redirect))
    const { call } = await connect(act)
    expect(await captureError(() => call({}))).toMatchObject({ code: 'ERR_REDIRECT_NOT_FOLLOWED', reason: 'origin' })
    expect(other.seen).toEqual([])
  })
})

describe('content', () => {
  const SIGNED: Reply = { headers: { 'content-type': 'text/plain' }, content: 'signed content' }
  const wrong: readonly [string, Reply, Reply][] = [
    ['altered', SIGNED, { ...SIGNED, content: 'Signed content' }],
    ['truncated', SIGNED, { ...SIGNED, content: 'signed' }],
    ['longer', SIGNED, { ...SIGNED, content: 'signed content.' }],
    ['absent', SIGNED, { headers: SIGNED.headers ?? {} }],
    ['where there was none', { headers: SIGNED.headers ?? {} }, SIGNED],
  ]

  test.each(wrong)('%s is never seen', async (_, signed, sent) => {
    const error = await refusal(async ({ sign, send }) => send(sent, await sign(signed)))
    expect(error).toMatchObject({ code: MISMATCH, parameter: 'digest' })
  })

  test.each(wrong)("%s, with 'stream', fails where its end should be", async (_, signed, sent) => {
    const act: Act = async ({ sign, send }) => send(sent, await sign(signed))
    const { call } = await connect(act, { proof: { verifyResponse: 'stream' } })
    const error = await captureError(async () => (await call()).text())
    expect(error).toMatchObject({ code: MISMATCH, parameter: 'digest' })
  })

  test("with 'stream' is there as it arrives, and its end only once it is right", async () => {
    for (const [second, isRight] of [
      ['second', true],
      ['Second', false],
    ] as const) {
      const { promise, resolve: release } = Promise.withResolvers<void>()
      const act: Act = async ({ response, sign }) => {
        const answer = await sign({ headers: SIGNED.headers ?? {}, content: 'firstsecond' })
        response.writeHead(200, { ...SIGNED.headers, 'answer-jws': answer }).write('first')
        await promise
        response.end(second)
      }
      const { call } = await connect(act, { proof: { verifyResponse: 'stream' } })
      const reader = (await call()).body?.getReader()
      const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString()
      expect(await read()).toBe('first')
      release()
      expect(await read()).toBe(second)
      if (isRight) expect((await reader?.read())?.done).toBe(true)
      else expect(await captureError(() => reader?.read())).toMatchObject({ code: MISMATCH })
    }
  })

  test.each(WAYS)('%j: that breaks off fails as it does with fetch', async (proof) => {
    const act: Act = async ({ response, sign }) => {
      response.writeHead(200, { ...SIGNED.headers, 'content-length': '14', 'answer-jws': await sign(SIGNED) })
      response.write('signed', () => response.destroy())
    }
    const { call } = await connect(act, { proof })
    const error = await captureError(async () => (await call()).text())
    expect(error).toBeInstanceOf(TypeError)
    expect(isCountersignError(error)).toBe(false)
  })

  test('above 16 MiB is refused, up to there it is not; a stream has no limit', async () => {
    const content = Buffer.alloc(16_777_217, 1)
    const sending =
      (length: number): Act =>
      async ({ sign, send }) => {
        const reply = { headers: SIGNED.headers ?? {}, content: content.subarray(0, length) }
        send(reply, await sign(reply))
      }
    const whole = await (await connect(sending(16_777_216))).call()
    expect((await whole.arrayBuffer()).byteLength).toBe(16_777_216)
    expect(await refusal(sending(16_777_217))).toMatchObject({ code: MISMATCH, parameter: 'content' })
    const streamed = await (await connect(sending(16_777_217), { proof: { verifyResponse: 'stream' } })).call()
    expect((await streamed.arrayBuffer()).byteLength).toBe(16_777_217)
  })

  test.each<[string, Act]>([
    ['unsigned', ({ response }) => void response.writeHead(200)],
    ['with a bad answer', ({ response }) => void response.writeHead(200, { 'answer-jws': 'none' })],
    [
      'with an answer',
      async ({ response, sign }) => {
        const answer = await sign(SIGNED)
        response.writeHead(200, { ...SIGNED.headers, 'answer-jws': answer })
      },
    ],
  ])('%s without end does not hold its connection', async (_, begin) => {
    let closed: Promise<unknown> | undefined
    // Held, so that no collector ends them.
    const responses: Response[] = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const response = await globalThis.fetch(input, init)
      responses.push(response)
      return response
    }
    const act: Act = async (exchange) => {
      const { response } = exchange
      closed = once(response, 'close')
      await begin(exchange)
      const chunk = Buffer.alloc(1_048_576)
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', write)
      write()
    }
    const { call } = await connect(act, { fetch })
    expect(await captureError(call)).toMatchObject({ code: expect.stringMatching(/^ERR_ENVELOPE_ANSWER_/) })
    await closed
    expect(responses.length).toBeGreaterThan(0)
  })
})

describe('the keys of the server', () => {
  test('a key that is unknown is looked for once more, and found', async () => {
    const {
      call,
      lookups,
      published: set,
    } = await connect(async ({ earlier, sign, send }) => {
      send(REPLY, await (earlier === 0 ? sign() : sign(REPLY, { key: otherKey, kid: 'new' })))
    })
    expect((await call()).status).toBe(201)
    set.keys = [publishedKey(otherKey, 'new')]
    // A moment after the last look there is no other, so that a server cannot be made to be asked again and again.
    expect(await captureError(call)).toMatchObject({ code: INVALID, parameter: 'kid' })
    expect(lookups).toEqual(['metadata', 'jwks'])
    await later(async () => expect((await call()).status).toBe(201))
    expect(lookups).toEqual(['metadata', 'jwks', 'metadata', 'jwks'])
  })

  test('a key that nobody knows costs one look', async () => {
    const { call, lookups } = await connect(async ({ earlier, sign, send }) => {
      send(REPLY, await (earlier === 0 ? sign() : sign(REPLY, { kid: 'unknown' })))
    })
    await call()
    await later(async () => {
      const errors = await Promise.all(Array.from({ length: 5 }, () => captureError(call)))
      for (const error of errors) expect(error).toMatchObject({ code: INVALID, parameter: 'kid' })
    })
    expect(lookups).toEqual(['metadata', 'jwks', 'metadata', 'jwks'])
  })

  test('that are configured are not fetched, not even for a key that is unknown', async () => {
    for (const serverKeys of [published, { keys: published }]) {
      const { call, lookups } = await connect(
        async ({ earlier, sign, send }) => send(REPLY, await sign(REPLY, earlier === 0 ? {} : { kid: 'unknown' })),
        { serverKeys },
        [],
      )
      expect((await call()).status).toBe(201)
      await later(async () => expect(await captureError(call)).toMatchObject({ code: INVALID, parameter: 'kid' }))
      expect(lookups).toEqual([])
    }
  })

  test.each([[], [1], [null], {}, { keys: [] }, { keys: {} }, 'keys', null, 7, () => []])(
    'that are configured as %j are refused',
    async (serverKeys) => {
      const error = await captureError(() => connect(good, { serverKeys: serverKeys as never }))
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'serverKeys' })
    },
  )

  const html = (status: number) => (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'text/html' }).end('<p>')
  const plain = (text: string) => (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(text)
  const bad: readonly [
    string,
    string,
    { metadata?: object; jwks?: (response: ServerResponse) => void; document?: (response: ServerResponse) => void },
  ][] = [
    ['metadata that is HTML', 'resource', { document: html(200) }],
    ['no metadata', 'resource', { document: html(404) }],
    ['metadata that is no object', 'resource', { document: plain('[]') }],
    ['metadata of another resource', 'resource', { metadata: { resource: 'https://other.example' } }],
    ['metadata without resource', 'resource', { metadata: { resource: undefined } }],
    ['a key set elsewhere over http', 'jwks', { metadata: { jwks_uri: 'http://keys.example/jwks' } }],
    ['a key set by another scheme', 'jwks', { metadata: { jwks_uri: 'data:application/json,{"keys":[]}' } }],
    ['a key set that is named by no URL', 'jwks', { metadata: { jwks_uri: 7 } }],
    ['a key set that is HTML', 'jwks', { jwks: html(200) }],
    ['no key set', 'jwks', { jwks: html(404) }],
    ['a key set that fails', 'jwks', { jwks: html(500) }],
    ['a key set without keys', 'jwks', { jwks: plain('{}') }],
    ['a key set that is null', 'jwks', { jwks: plain('null') }],
    ['a key set that is too long', 'jwks', { jwks: plain(`{"keys":[],"x":"${'x'.repeat(65_536)}"}`) }],
    [
      'a key set that is elsewhere',
      'jwks',
      { jwks: (response) => void response.writeHead(302, { location: '/jwks2' }).end() },
    ],
  ]
  test.each(bad)('%s: ERR_DISCOVERY_FAILED, %s', async (_, reason, { metadata = {}, jwks, document }) => {
    for (const proof of [{ verifyResponse: true }, { seal: true }] as ProofOption[]) {
      const urls: string[] = []
      const fetch: typeof globalThis.fetch = (input, init) => {
        urls.push(new Request(input, init).url)
        return globalThis.fetch(input, init)
      }
      const { call, published: set, seen, url, kept } = await connect(good, { proof, fetch })
      set.metadata = metadata as Record<string, unknown>
      set.misbehave = (response, what) => {
        const misbehave = { metadata: document, jwks }[what]
        misbehave?.(response)
        return misbehave !== undefined
      }
      expect(await captureError(call)).toMatchObject({ code: 'ERR_DISCOVERY_FAILED', reason })
      expect(urls.every((each) => each.startsWith(`${url}/`))).toBe(true)
      expect(urls).not.toContain(`${url}/jwks2`)
      expect([kept, seen]).toEqual([[], []])
      // It is not remembered.
      set.metadata = {}
      set.misbehave = undefined
      if (JSON.stringify(proof).includes('verify')) expect((await call()).status).toBe(201)
    }
  })

  test('of a resource by https are not fetched by http, not even from this machine', async () => {
    const { url, lookups } = await connect(good)
    const asked: string[] = []
    const fetch = async (input: unknown) => {
      asked.push(String(input))
      return Response.json({ resource: 'https://api.example', jwks_uri: `${url}/jwks` })
    }
    const client = clientOf('https://api.example', { proof: { seal: true }, fetch: fetch as typeof globalThis.fetch })
    const error = await captureError(() => client.fetch('/a', { method: 'POST', body: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_DISCOVERY_FAILED', reason: 'jwks' })
    expect(asked).toEqual(['https://api.example/.well-known/oauth-protected-resource'])
    expect(lookups).toEqual([])
  })

  test('a server that names no key set: nothing is sent', async () => {
    const { call, published: set, seen } = await connect(good)
    set.metadata = { jwks_uri: undefined }
    expect(await captureError(call)).toMatchObject({ code: 'ERR_SERVER_KEY_MISSING', parameter: 'jwks_uri' })
    expect(seen).toEqual([])
  })

  const jwk = publishedKey(key, 'signs')
  test.each<[string, object[]]>([
    ['none', []],
    ['none that is for signatures', [{ ...jwk, use: 'enc' }]],
    ['none that has a kid', [{ ...jwk, kid: undefined }]],
    ['none for an algorithm of answers', [{ ...jwk, alg: 'ES384' }]],
  ])('a key set with %s: nothing is sent', async (_, keys) => {
    for (const options of [{}, { serverKeys: keys.length === 0 ? [{}] : keys }]) {
      const { call, seen } = await connect(good, options, keys)
      expect(await captureError(call)).toMatchObject({ code: 'ERR_SERVER_KEY_MISSING', parameter: 'use' })
      expect(seen).toEqual([])
    }
  })

  test('that sign are looked for once more before a call is given up', async () => {
    const { call, lookups, published: set } = await connect(good, {}, [])
    await captureError(call)
    set.keys = published
    await later(async () => expect((await call()).status).toBe(201))
    expect(lookups).toHaveLength(4)
  })
})

describe('evidence', () => {
  test.each(WAYS)('%j: has the answer and the key it was verified with', async (proof) => {
    const { call, kept, url, client } = await connect(good, { proof })
    const response = await call()
    expect(kept).toHaveLength(1)
    const answerContent = new Uint8Array(await response.arrayBuffer())
    const expected = {
      content: new TextEncoder().encode('x'),
      answerContent,
      accessToken: 'token-1',
      thumbprint: await client.thumbprint(),
      keys: published,
    }
    const report = await verifyEvidence(JSON.parse(JSON.stringify(kept[0])), expected)
    expect(report).toMatchObject({
      method: 'POST',
      uri: `${url}/a?b`,
      answer: { status: 201, kid: 'signs', isTrustedKey: true, fields: FIELDS },
    })
    const otherKeys = { ...expected, keys: [publishedKey(otherKey, 'signs')] }
    expect(await captureError(() => verifyEvidence(kept[0] as Evidence, otherKeys))).toMatchObject({
      code: 'ERR_EVIDENCE_INVALID',
    })
  })

  test('that cannot be kept fails the call, and is offered once', async () => {
    const reason = new Error('disk full')
    const onEvidence = vi.fn((_: Evidence) => Promise.reject(reason))
    const { call, seen } = await connect(good, { onEvidence })
    expect(await captureError(call)).toBe(reason)
    expect([onEvidence.mock.calls.length, seen.length]).toEqual([1, 1])
    const report = await verifyEvidence(onEvidence.mock.calls[0]?.[0] as Evidence, { keys: published })
    expect(report.answer).toMatchObject({ status: 201, isTrustedKey: true })
  })

  test('is kept of each hop of a redirect', async () => {
    const redirect = { status: 307, headers: { location: '/b' } }
    const { call, kept } = await connect(async ({ received, sign, send }) => {
      const reply = received.path === '/b' ? REPLY : redirect
      send(reply, await sign(reply))
    })
    await call()
    const reports = await Promise.all(kept.map((evidence) => verifyEvidence(evidence)))
    expect(reports.map(({ answer }) => answer?.status)).toEqual([307, 201])
  })
})

test('the time in a refusal that nobody attests is not believed', async () => {
  const created: unknown[] = []
  const server = await serveEnvelopes(async (response, received) => {
    const { header } = await openEnvelope(received)
    created.push(header['created'])
    const date = new Date(Date.now() + 86_400_000).toUTCString()
    response.writeHead(401, { date, 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }).end()
  }, published)
  const client = clientOf(server.url, { proof: { verifyResponse: true } })
  const error = await captureError(() => client.fetch('/a', { method: 'POST', body: 'x' }))
  expect(error).toMatchObject({ code: 'ERR_ENVELOPE_ANSWER_MISSING', actual: 401 })
  expect(created).toHaveLength(1)
})
