// Signed answers: their encoding, and their decoding without trust. Every negative case is the example of
// spec/request-envelope.md with one thing changed.

import { describe, expect, it } from 'vitest'
import type { AnswerHeader } from '../src/answer.ts'
import { ANSWER_TYP, computeEnvelopeHash, decodeAnswer, encodeAnswerHeader } from '../src/answer.ts'
import { isAnswerField } from '../src/answer-field.ts'
import { encodeBase64url } from '../src/base64url.ts'
import { encodeJsonSegment } from '../src/jws.ts'
import { MAX_ANSWER_LENGTH, MAX_CREATED_SECONDS } from '../src/limits.ts'
import { expectRefusal } from './support.ts'
import { readVectors } from './vector-files.ts'

const [{ answer, envelope } = { answer: '', envelope: '' }] = readVectors<{ answer: string; envelope: string }>(
  'answer-jws',
).vectors
const code = 'ERR_ENVELOPE_ANSWER_INVALID'
const signature = 'A'.repeat(86)

const example: AnswerHeader = {
  typ: ANSWER_TYP,
  alg: 'Ed25519',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  status: 201,
  fields: { 'content-type': 'application/json', location: '/orders/7' },
  digest: 'rVWfTiIg7nMXMweH_gWgZfWiLkocqGa09IBVOTn1U-I',
  created: 1_700_000_001,
  req: 'OreI1tLhFnNUnVHOe4LkxOYstpypc0qzzn10nwKDR2Y',
}

const decode = (members: object) => decodeAnswer(`${encodeJsonSegment({ ...example, ...members })}..${signature}`)
const decodeText = (text: string) => decodeAnswer(`${encodeBase64url(text)}..${signature}`)

describe('decodeAnswer', () => {
  it('decodes the example of the specification', () => {
    const decoded = decodeAnswer(answer)
    expect(decoded.header).toEqual(example)
    expect(decoded.algorithm.alg).toBe('Ed25519')
    expect(`${decoded.signingInput}.${encodeBase64url(decoded.signature)}`).toBe(answer)
  })

  it('reads nothing but what it knows', () => {
    const { header } = decode({ digest: undefined, jwk: {}, iat: 1 })
    const { digest: _, ...rest } = example
    expect(header).toEqual(rest)
    expect(header).not.toHaveProperty('digest')
  })

  it('takes a comma for a second field, however long the whole is', () => {
    for (const text of [`${answer}, ${answer}`, ',', `${'A'.repeat(MAX_ANSWER_LENGTH)},`]) {
      expectRefusal(() => decodeAnswer(text), { code, reason: 'duplicate', parameter: 'Answer-JWS' })
    }
  })

  it('reads no answer beyond the limit', () => {
    const text = `AA..${'A'.repeat(MAX_ANSWER_LENGTH - 4)}`
    expectRefusal(() => decodeAnswer(text), { code, reason: 'syntax', parameter: 'header' })
    const error = expectRefusal(() => decodeAnswer(`${text}A`), { code, reason: 'size', parameter: 'Answer-JWS' })
    expect(error).toMatchObject({ expected: MAX_ANSWER_LENGTH, actual: MAX_ANSWER_LENGTH + 1 })
  })

  it.each([
    ['Answer-JWS', 'segments', ''],
    ['Answer-JWS', 'segments', 'AA.AA'],
    ['Answer-JWS', 'segments', `${answer}.`],
    ['payload', 'size', 'AA.AA.AA'],
    ['header', 'empty', '..AA'],
    ['header', 'base64url', ' AA..AA'],
    ['header', 'base64url', 'AB..AA'],
    ['signature', 'empty', 'AA..'],
    ['signature', 'base64url', 'AA..AA='],
    ['signature', 'base64url', 'AA..AB'],
  ])('refuses the shape of its %s, %s: %#', (parameter, reason, text) => {
    expectRefusal(() => decodeAnswer(text), { code, reason, parameter })
  })

  it.each([
    ['syntax', ' '],
    ['type', '[]'],
    ['duplicate_member', '{"typ":"a","typ":"countersign-answer"}'],
    ['lone_surrogate', '{"a":"\\ud800"}'],
  ])('refuses a header that is no strict JSON object: %s', (reason, text) => {
    const error = expectRefusal(() => decodeText(text), { code, reason, parameter: 'header' })
    expect(error.cause).toMatchObject({ code: 'ERR_JWS_INVALID' })
  })

  it.each([
    ['typ', 'missing', { typ: undefined }],
    ['typ', 'value', { typ: 'gnap-binding-jws' }],
    ['crit', 'forbidden', { crit: [] }],
    ['b64', 'forbidden', { b64: true }],
    ['alg', 'missing', { alg: undefined }],
    ['alg', 'value', { alg: 'none' }],
    ['alg', 'value', { alg: 'HS256' }],
    ['kid', 'missing', { kid: undefined }],
    ['kid', 'type', { kid: 1 }],
    ['kid', 'empty', { kid: '' }],
    ['status', 'missing', { status: undefined }],
    ['status', 'type', { status: '201' }],
    ['status', 'grammar', { status: 201.5 }],
    ['status', 'range', { status: 199 }],
    ['status', 'range', { status: 600 }],
    ['fields', 'missing', { fields: undefined }],
    ['fields', 'type', { fields: null }],
    ['fields', 'type', { fields: [] }],
    ['digest', 'type', { digest: null }],
    ['digest', 'empty', { digest: '' }],
    ['digest', 'grammar', { digest: 'A'.repeat(42) }],
    ['digest', 'grammar', { digest: `${'A'.repeat(42)}B` }],
    ['digest', 'digest_of_nothing', { digest: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' }],
    ['created', 'missing', { created: undefined }],
    ['created', 'range', { created: -1 }],
    ['created', 'range', { created: MAX_CREATED_SECONDS + 1 }],
    ['req', 'missing', { req: undefined }],
    ['req', 'grammar', { req: `${'A'.repeat(43)}=` }],
    ['req', 'digest_of_nothing', { req: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' }],
  ])('refuses for its %s, %s: %#', (parameter, reason, members) => {
    expectRefusal(() => decode(members), { code, reason, parameter })
  })

  it.each(['a', 'a b', 'a\tb', '', '~', '"a, b"'])('reads a field with the value %o', (value) => {
    const fields = { ...example.fields, 'x-note': value, etag: null }
    expect(decode({ fields }).header.fields).toEqual(fields)
  })

  it.each([' a', 'a ', '\ta', 'a\t', ' ', 'a\nb', 'a\r', '\0', '\x7f', 'é', '\ud83d\ude00'])(
    'refuses a field with the value %o',
    (value) => {
      const refusal = { code, reason: 'grammar', parameter: 'fields.location' } as const
      expectRefusal(() => decode({ fields: { ...example.fields, location: value } }), refusal)
    },
  )

  it.each([1, false, [], {}, ['a']])('refuses a field with a value that is no text: %o', (value) => {
    const refusal = { code, reason: 'type', parameter: 'fields.etag' } as const
    expectRefusal(() => decode({ fields: { ...example.fields, etag: value } }), refusal)
  })

  it.each(['', 'Location', 'set-cookie', 'x request', ':status'])('refuses a field of the name %o', (name) => {
    const error = expectRefusal(() => decode({ fields: { ...example.fields, [name]: null } }), {
      ...{ code, reason: 'name', parameter: 'fields' },
    } as const)
    expect(error.actual).toBe(name)
  })

  it.each(['content-type', 'location'])('refuses an answer that does not cover %s', (name) => {
    const fields = { ...example.fields, [name]: undefined }
    expectRefusal(() => decode({ fields }), { code, reason: 'missing', parameter: `fields.${name}` })
    expect(decode({ fields: { ...example.fields, [name]: null } }).header.fields[name]).toBeNull()
  })

  it('keeps a field of a name that objects have', () => {
    const text = JSON.stringify(example).replace('"location"', '"__proto__":"a","constructor":null,"location"')
    const { fields } = decodeText(text).header
    expect(Object.entries(fields)).toContainEqual(['__proto__', 'a'])
    expect(Object.getPrototypeOf(fields)).toBeNull()
  })

  it('does not blame a fault of ours on the sender', () => {
    expect(() => decodeAnswer(undefined as unknown as string)).toThrow(TypeError)
  })
})

describe('encodeAnswerHeader', () => {
  it('writes the header of the example, in the order of the specification', () => {
    const reversed = Object.fromEntries(Object.entries(example).reverse()) as unknown as AnswerHeader
    expect(encodeAnswerHeader(reversed)).toBe(answer.split('.')[0])
  })

  it('writes no parameter that it does not know', () => {
    expect(encodeAnswerHeader({ ...example, jwk: {} } as AnswerHeader)).toBe(answer.split('.')[0])
  })
})

describe('computeEnvelopeHash', () => {
  it('is the req of the example', async () => {
    expect(await computeEnvelopeHash(envelope)).toBe(example.req)
  })
})

describe('isAnswerField', () => {
  it.each(['content-type', 'location', 'etag', 'x-note', 'x_note', "!#$%&'*+-.^_`|~09az", 'cache-control'])(
    'takes %s',
    (name) => {
      expect(isAnswerField(name)).toBe(true)
    },
  )

  it.each(['', 'ETag', 'e tag', 'etag:', ':status', 'étag', 'etag\n', '"etag"'])('does not take %o', (name) => {
    expect(isAnswerField(name)).toBe(false)
  })

  it.each([
    ...['set-cookie', 'date', 'content-length', 'content-encoding', 'answer-jws'],
    ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-authenticate'],
    ...['traceparent', 'tracestate', 'baggage', 'x-request-id', 'b3', 'x-b3-traceid'],
  ])('does not take %s, which changes on the way or is covered by other means', (name) => {
    expect(isAnswerField(name)).toBe(false)
  })
})
