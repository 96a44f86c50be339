// Evidence of a call: that of the examples of spec/request-envelope.md, and envelopes and answers that are signed here, with one
// thing changed in each negative case.

import { describe, expect, it } from 'vitest'
import type { AnswerHeader } from '../src/answer.ts'
import { computeEnvelopeHash, encodeAnswerHeader } from '../src/answer.ts'
import { encodeBase64url } from '../src/base64url.ts'
import type { EnvelopeHeader } from '../src/envelope-header.ts'
import { encodeEnvelopeHeader } from '../src/envelope-header.ts'
import { CountersignError } from '../src/errors.ts'
import type { Evidence, EvidenceReport, ExpectedEvidence } from '../src/evidence.ts'
import { verifyEvidence } from '../src/evidence.ts'
import type { OkpPublicJwk } from '../src/jwk.ts'
import { computeEnvelopeDigest } from '../src/jws-envelope.ts'
import { MAX_CREATED_SECONDS } from '../src/limits.ts'
import { thumbprint } from '../src/thumbprint.ts'
import { ecJwk } from './support.ts'
import { readVectors } from './vector-files.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const accessToken = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
const content = bytes('{"hello": "world"}')
const answerContent = bytes('{"id": 7}')
const digest = 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE'

const [detached = '', attached = ''] = readVectors<{ envelope: string }>('envelope').vectors.map(
  ({ envelope }) => envelope,
)
const { vectors: answers, server } = readVectors<{ answer: string }>('answer-jws')
const keys = server['keys'] as NonNullable<Evidence['answer']>['key'][]
const [key] = keys as [NonNullable<Evidence['answer']>['key']]
const jwsOfAnswer = (id: string) => answers.find((each) => each.id === id)?.answer as string

/** Evidence of the detached example and its answer. */
const example: Evidence & Required<Pick<Evidence, 'answer'>> = {
  request: detached,
  thumbprint: 'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U',
  time: 1_700_000_002.5,
  content: digest,
  answer: { jws: jwsOfAnswer('answer-example'), key },
}
const { answer: _, ...unanswered } = example

const own = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
const { x } = (await crypto.subtle.exportKey('jwk', own.publicKey)) as OkpPublicJwk
const jwk: OkpPublicJwk = { kty: 'OKP', crv: 'Ed25519', x }
const kid = await thumbprint(jwk)

async function sign(signingInput: string): Promise<string> {
  return `${signingInput}.${encodeBase64url(new Uint8Array(await crypto.subtle.sign('Ed25519', own.privateKey, bytes(signingInput))))}`
}

/** Evidence of an envelope that is signed here. */
async function signed(
  header: Partial<EnvelopeHeader>,
  payload: string,
  recorded: Partial<Evidence> = {},
): Promise<Evidence> {
  const whole: EnvelopeHeader = {
    ...{ typ: 'gnap-binding-jwsd', alg: 'Ed25519', kid, jwk, htm: 'POST', uri: 'https://rs.example/a?b' },
    ...{ created: 1_700_000_000, ath: 'a', jti: 'b' },
    ...header,
  }
  const request = await sign(`${encodeEnvelopeHeader(whole)}.${payload}`)
  return { request, thumbprint: kid, time: 1, content: payload, ...recorded }
}

/** Evidence of the example with an answer that is signed here. */
async function answered(header: Partial<AnswerHeader>, other: object = {}): Promise<Evidence> {
  const whole: AnswerHeader = {
    ...{ typ: 'countersign-answer', alg: 'Ed25519', kid: 'a', status: 204 },
    fields: { 'content-type': null, location: null },
    ...{ created: 1_700_000_001, req: await computeEnvelopeHash(detached) },
    ...header,
  }
  return {
    ...example,
    answer: { jws: await sign(`${encodeAnswerHeader(whole)}.`), key: { ...jwk, kid: 'a', alg: 'Ed25519', ...other } },
  }
}

async function expectInvalid(
  evidence: unknown,
  { reason, parameter }: { reason: string; parameter: string },
  expected?: unknown,
): Promise<CountersignError> {
  const error: unknown = await verifyEvidence(evidence as Evidence, expected as ExpectedEvidence).catch(
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(CountersignError)
  expect(error).toMatchObject({ code: 'ERR_EVIDENCE_INVALID', reason, parameter })
  return error as CountersignError
}

describe('verifyEvidence', () => {
  const report: EvidenceReport = {
    method: 'POST',
    uri: 'https://server.example.com/orders?x=1',
    created: 1_700_000_000,
    thumbprint: example.thumbprint,
    contentType: 'application/json',
    accessTokenHash: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  }
  const answer: NonNullable<EvidenceReport['answer']> = {
    status: 201,
    fields: { 'content-type': 'application/json', location: '/orders/7' },
    created: 1_700_000_001,
    kid: key.kid,
    isTrustedKey: false,
  }

  it('reports what the example says, and whether its key was expected', async () => {
    expect(await verifyEvidence(example)).toEqual({ ...report, answer })
    const expected = { content, answerContent, accessToken, thumbprint: example.thumbprint, keys }
    expect(await verifyEvidence(example, expected)).toEqual({ ...report, answer: { ...answer, isTrustedKey: true } })
    expect(await verifyEvidence(example, { content: undefined, keys: undefined })).toEqual({ ...report, answer })
  })

  it('reads evidence that was stored as JSON, and returns what nobody can change', async () => {
    const verified = await verifyEvidence(JSON.parse(JSON.stringify(example)))
    expect([verified, verified.answer, verified.answer?.fields].every(Object.isFrozen)).toBe(true)
  })

  it('reports a request without an answer, whatever the keys', async () => {
    expect(await verifyEvidence(unanswered, { keys: [] })).toStrictEqual(report)
  })

  it('reports an attached envelope', async () => {
    const verified = await verifyEvidence({ ...unanswered, request: attached }, { content, accessToken })
    expect(verified).toStrictEqual(report)
  })

  it.each([
    ['detached', 'gnap-binding-jwsd'],
    ['attached', 'gnap-binding-jws'],
  ] as const)('reports a %s envelope without content', async (_, typ) => {
    const evidence = await signed({ typ, htm: 'GET' }, '')
    const verified = await verifyEvidence(evidence, { content: new Uint8Array(), thumbprint: kid })
    expect(verified).toStrictEqual({
      ...{
        method: 'GET',
        uri: 'https://rs.example/a?b',
        created: 1_700_000_000,
        thumbprint: kid,
        accessTokenHash: 'a',
      },
    })
    await expectInvalid(evidence, { parameter: 'expected.content', reason: 'content' }, { content })
  })

  it('reports attached content that is as long as a digest', async () => {
    const text = 'x'.repeat(32)
    const header = { typ: 'gnap-binding-jws', cty: 'text/plain' } as const
    const recorded = { content: await computeEnvelopeDigest(bytes(text)) }
    const evidence = await signed(header, encodeBase64url(text), recorded)
    expect(await verifyEvidence(evidence, { content: bytes(text) })).toMatchObject({ contentType: 'text/plain' })
  })

  it('digests the part of a shared buffer that it is given', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(content.length + 2))
    shared.set(content, 1)
    expect(await verifyEvidence(example, { content: shared.subarray(1, -1) })).toMatchObject(report)
  })

  describe('refuses a request', () => {
    it.each([
      ['', 'ERR_JWS_INVALID'],
      ['a.b', 'ERR_JWS_INVALID'],
      ['..', 'ERR_JWS_INVALID'],
      [`${detached} `, 'ERR_ENVELOPE_MALFORMED'],
      [`${detached},`, 'ERR_ENVELOPE_DUPLICATE'],
      [detached.replace(digest, '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'), 'ERR_ENVELOPE_CONTENT_MISMATCH'],
      [example.answer.jws, 'ERR_ENVELOPE_TYP'],
    ])('that is malformed: %#', async (request, code) => {
      const error = await expectInvalid({ ...example, request }, { parameter: 'request', reason: 'malformed' })
      expect(error.cause).toMatchObject({ code })
    })

    it('that is a plain key proof of RFC 9635, without a key', async () => {
      const { envelope: request } = readVectors<{ envelope: string }>('envelope').vectors.find(
        ({ id }) => id === 'envelope-printed-gnap-attached-no-content',
      ) as { envelope: string }
      const error = await expectInvalid({ ...unanswered, request }, { parameter: 'request', reason: 'malformed' })
      expect(error.cause).toMatchObject({ code: 'ERR_ENVELOPE_JWK' })
    })

    it.each([
      ['uri', { uri: '/a' }],
      ['uri', { uri: 'https://rs.example/a#b' }],
      ['cty', { cty: 'text/plain' }],
      ['kid', { kid: 'a' }],
      ['key', { alg: 'ES256', jwk: { ...ecJwk, y: ecJwk.x } }],
    ] as const)('for its %s: %#', async (reason, header) => {
      const own = 'jwk' in header ? { kid: await thumbprint(header.jwk) } : {}
      const evidence = await signed({ ...own, ...header }, '')
      const recorded = { ...evidence, ...('kid' in own && { thumbprint: own.kid }) }
      await expectInvalid(recorded, { parameter: 'request', reason })
    })

    it('whose signature does not verify', async () => {
      const request = `${detached.slice(0, -4)}AAAA`
      await expectInvalid({ ...unanswered, request }, { parameter: 'request', reason: 'signature' })
    })

    it('of another key', async () => {
      await expectInvalid({ ...example, thumbprint: kid }, { parameter: 'thumbprint', reason: 'thumbprint' })
      const refusal = { parameter: 'expected.thumbprint', reason: 'thumbprint' }
      await expectInvalid(example, refusal, { thumbprint: kid })
      await expectInvalid(example, refusal, { thumbprint: '' })
    })

    it.each(['', 'a', `${digest}=`])('with a record of other content: %o', async (other) => {
      await expectInvalid({ ...example, content: other }, { parameter: 'content', reason: 'content' })
      const evidence = { ...unanswered, request: attached, content: other }
      await expectInvalid(evidence, { parameter: 'content', reason: 'content' })
    })

    it('that was made for other content or another token than is expected', async () => {
      const other = { parameter: 'expected.content', reason: 'content' }
      await expectInvalid(example, other, { content: answerContent })
      await expectInvalid(example, other, { content: new Uint8Array() })
      await expectInvalid(example, { parameter: 'expected.accessToken', reason: 'ath' }, { accessToken: 'a' })
      await expectInvalid(example, { parameter: 'expected.accessToken', reason: 'ath' }, { accessToken: '' })
    })
  })

  describe('refuses an answer', () => {
    it('that is not there', async () => {
      await expectInvalid(unanswered, { parameter: 'answer', reason: 'missing' }, { answerContent })
    })

    it.each(['', detached, `${example.answer.jws},`])('that is malformed: %#', async (jws) => {
      const evidence = { ...example, answer: { jws, key } }
      const error = await expectInvalid(evidence, { parameter: 'answer.jws', reason: 'malformed' })
      expect(error.cause).toMatchObject({ code: 'ERR_ENVELOPE_ANSWER_INVALID' })
    })

    it.each([
      ['kid', { kid: 'b' }],
      ['kid', { kid: undefined }],
      ['alg', { alg: 'EdDSA' }],
      ['alg', { alg: undefined }],
      ['key', { d: 'AA' }],
      ['key', { use: 'enc' }],
      ['key', { kty: 'EC' }],
      ['key', { x: 1 }],
    ])('for the %s of its key: %#', async (reason, members) => {
      await expectInvalid(await answered({}, members), { parameter: 'answer.key', reason })
    })

    it('by a key that the platform cannot import', async () => {
      const off = { kty: 'EC', crv: 'P-256', x: ecJwk.x, y: ecJwk.x, alg: 'ES256' }
      const error = await expectInvalid(await answered({ alg: 'ES256' }, off), {
        parameter: 'answer.key',
        reason: 'key',
      })
      expect(error.cause).toBeInstanceOf(DOMException)
    })

    it('whose signature does not verify', async () => {
      const jws = jwsOfAnswer('answer-signature-by-other-key')
      await expectInvalid({ ...example, answer: { jws, key } }, { parameter: 'answer.jws', reason: 'signature' })
    })

    it('to another request', async () => {
      const evidence = { ...example, request: attached }
      await expectInvalid(evidence, { parameter: 'answer.jws', reason: 'req' })
    })

    it('with other content', async () => {
      const refusal = { parameter: 'expected.answerContent', reason: 'digest' }
      await expectInvalid(example, refusal, { answerContent: content })
      await expectInvalid(example, refusal, { answerContent: new Uint8Array() })
      await expectInvalid(await answered({}), refusal, { answerContent })
      expect(await verifyEvidence(await answered({}), { answerContent: new Uint8Array() })).toMatchObject({
        answer: { status: 204 },
      })
    })

    it('by a key that is not expected', async () => {
      const refusal = { parameter: 'answer.key', reason: 'untrusted' }
      const evidence = await answered({})
      for (const expected of [
        [],
        keys,
        [{ ...key, kid: 'a' }],
        [{ ...jwk, kid: 'b' }],
        [{ ...jwk, kid: 'a', use: 'enc' }],
        [{ ...jwk, kid: 'a', alg: 'ES256' }],
        [null, 'a', 1, { kid: 'a' }],
      ]) {
        await expectInvalid(evidence, refusal, { keys: expected })
      }
      expect(await verifyEvidence(evidence, { keys: [{ kid: 'a' }, { ...jwk, kid: 'a' }] })).toMatchObject({
        answer: { isTrustedKey: true },
      })
    })

    it('without hiding a failure of the expected keys themselves', async () => {
      const failing = {
        kid: 'a',
        get kty(): string {
          throw new RangeError('The key store is gone')
        },
      }
      await expect(verifyEvidence(await answered({}), { keys: [failing] })).rejects.toThrow(RangeError)
    })
  })

  describe('refuses what is no evidence', () => {
    it.each([undefined, null, 1, 'a', true])('as a whole: %o', async (evidence) => {
      await expectInvalid(evidence, { parameter: 'evidence', reason: 'type' })
    })

    it.each([
      ['request', 'type', { request: undefined }],
      ['request', 'type', { request: [detached] }],
      ['thumbprint', 'type', { thumbprint: null }],
      ['content', 'type', { content: undefined }],
      ['time', 'type', { time: '1700000002' }],
      ['time', 'type', { time: undefined }],
      ['time', 'range', { time: Number.NaN }],
      ['time', 'range', { time: -1 }],
      ['time', 'range', { time: MAX_CREATED_SECONDS + 1 }],
      ['answer', 'type', { answer: null }],
      ['answer', 'type', { answer: example.answer.jws }],
      ['answer.jws', 'type', { answer: { key } }],
      ['answer.jws', 'type', { answer: { jws: 1, key } }],
      ['answer.key', 'type', { answer: { jws: example.answer.jws } }],
      ['answer.key', 'type', { answer: { jws: example.answer.jws, key: null } }],
      ['answer.key', 'kid', { answer: { jws: example.answer.jws, key: [] } }],
    ])('for its %s, %s: %#', async (parameter, reason, members) => {
      await expectInvalid({ ...example, ...members }, { parameter, reason })
    })
  })

  it.each([
    ['expected', null],
    ['expected', 'a'],
    ['expected.content', { content: 'a' }],
    ['expected.content', { content: null }],
    ['expected.answerContent', { answerContent: [1] }],
    ['expected.accessToken', { accessToken: 1 }],
    ['expected.thumbprint', { thumbprint: {} }],
    ['expected.keys', { keys: { keys } }],
  ])('does not compare with what is no %s: %#', async (parameter, expected) => {
    await expectInvalid(example, { parameter, reason: 'type' }, expected)
  })

  it('does not overlook an expectation for its name', async () => {
    const verified = verifyEvidence(example, { acessToken: 'a' } as ExpectedEvidence)
    await expect(verified).rejects.toMatchObject({ code: 'ERR_OPTION_UNKNOWN', parameter: 'expected.acessToken' })
  })
})
