// The protected header of request envelopes. Every negative case is the header of the detached example of
// spec/request-envelope.md with one thing changed.

import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { encodeBase64url } from '../src/base64url.ts'
import type {
  EnvelopeHeader,
  EnvelopeHeaderOptions,
  EnvelopeSegments,
  GnapEnvelopeHeader,
} from '../src/envelope-header.ts'
import {
  ATTACHED_ENVELOPE_TYP,
  DETACHED_ENVELOPE_TYP,
  decodeEnvelopeHeader,
  encodeEnvelopeHeader,
} from '../src/envelope-header.ts'
import { CountersignError } from '../src/errors.ts'
import { encodeJsonSegment } from '../src/jws.ts'
import { MAX_CREATED_SECONDS, MAX_CTY_LENGTH, MAX_JTI_LENGTH, MAX_NONCE_LENGTH } from '../src/limits.ts'
import { ecJwk, expectRefusal, okpJwk, rsaJwk } from './support.ts'

const example: EnvelopeHeader = {
  typ: DETACHED_ENVELOPE_TYP,
  alg: 'Ed25519',
  kid: 'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U',
  jwk: { kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' },
  htm: 'POST',
  uri: 'https://server.example.com/orders?x=1',
  created: 1_700_000_000,
  ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  jti: 'a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d',
  nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v',
  cty: 'application/json',
}

/** The header of the detached example, as printed. */
const printed =
  'eyJ0eXAiOiJnbmFwLWJpbmRpbmctandzZCIsImFsZyI6IkVkMjU1MTkiLCJraWQiOiJwb3FrTEdpeW1oX1cwdVA2UFpGdy1kdmV6M1FKVDVTb2xxWEJDVzM4cjBVIiwiandrIjp7Imt0eSI6Ik9LUCIsImNydiI6IkVkMjU1MTkiLCJ4IjoiSnJRTGo1UF84OWlYRVM5LXZGZ3JJeTI5Y2xGOUNDX29QUHN3M2M1RDBicyJ9LCJodG0iOiJQT1NUIiwidXJpIjoiaHR0cHM6Ly9zZXJ2ZXIuZXhhbXBsZS5jb20vb3JkZXJzP3g9MSIsImNyZWF0ZWQiOjE3MDAwMDAwMDAsImF0aCI6ImZVSHlPMnIyWjNEWjUzRXNOcldCYjB4V1hvYU55NTlJaUtDQXFrc21RRW8iLCJqdGkiOiJhMWIyYzNkNC1lNWY2LTRhN2ItOGM5ZC0wZTFmMmEzYjRjNWQiLCJub25jZSI6ImV5SjdTX3pHLmV5SkgwLVouSFg0dy03diIsImN0eSI6ImFwcGxpY2F0aW9uL2pzb24ifQ'

const segmentsOf = (header: string, change: Partial<EnvelopeSegments> = {}): EnvelopeSegments => ({
  header,
  payload: 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE',
  signature: 'AA',
  signingInput: `${header}.X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE`,
  carrier: 'field',
  ...change,
})

type Change = Readonly<Record<string, unknown>>
const decode = (change: Change, segments: Partial<EnvelopeSegments> = {}, options: EnvelopeHeaderOptions = {}) =>
  decodeEnvelopeHeader(segmentsOf(encodeJsonSegment({ ...example, ...change }), segments), options).header
const decodeGnap = (change: Change, segments: Partial<EnvelopeSegments> = {}) =>
  decode(change, segments, { profile: 'gnap' })

afterEach(() => {
  vi.restoreAllMocks()
})

describe('decodeEnvelopeHeader', () => {
  it('decodes the example of the specification', () => {
    const { header, algorithm } = decodeEnvelopeHeader(segmentsOf(printed))
    expect(header).toStrictEqual(example)
    expect(algorithm.alg).toBe('Ed25519')
  })

  it('ignores parameters it does not know, and members of the jwk that do not identify the key', () => {
    const { jwk } = example
    expect(decode({ jku: 'https://evil.example', x5c: [1], jwk: { ...jwk, kid: 'a' } })).toStrictEqual(example)
  })

  it('does not take a parameter for one that JSON did not hold', () => {
    const header = decode({ nonce: undefined, cty: undefined })
    expect('nonce' in header || 'cty' in header).toBe(false)
  })

  it.each([
    ['base64url', '='],
    ['syntax', ''],
    ['type', encodeBase64url('[]')],
    ['duplicate_member', encodeBase64url('{"typ":"a","typ":"a"}')],
    ['utf8', encodeBase64url(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['number', encodeBase64url('{"created":1e999}')],
  ])('refuses what is malformed: %s', (reason, segment) => {
    const refusal = { code: 'ERR_ENVELOPE_MALFORMED', reason, parameter: 'header' } as const
    expectRefusal(() => decodeEnvelopeHeader(segmentsOf(segment)), refusal)
  })

  it('does not blame a fault of ours on the sender', () => {
    expect(() => decodeEnvelopeHeader(segmentsOf(undefined as unknown as string))).toThrow(TypeError)
  })
})

describe('typ', () => {
  const code = 'ERR_ENVELOPE_TYP'
  const typ = ATTACHED_ENVELOPE_TYP
  const content = { carrier: 'content' } as const

  it('fits the carrier', () => {
    expect(decode({}).typ).toBe(DETACHED_ENVELOPE_TYP)
    expect(decode({ typ }, content).typ).toBe(typ)
    expect(decode({ cty: undefined }, { payload: '' }).typ).toBe(DETACHED_ENVELOPE_TYP)
    expect(decode({ typ, cty: undefined }, { payload: '' }).typ).toBe(typ)
    const inField = expectRefusal(() => decode({ typ }), { code, parameter: 'typ' })
    expect(inField).toMatchObject({ expected: DETACHED_ENVELOPE_TYP, actual: typ })
    const inContent = expectRefusal(() => decode({}, content), { code, parameter: 'typ' })
    expect(inContent).toMatchObject({ expected: typ, actual: DETACHED_ENVELOPE_TYP })
  })

  it.each([
    undefined,
    null,
    '',
    'JWT',
    'dpop+jwt',
    'countersign-answer',
    'gnap-binding+jwsd',
    'gnap-binding+jws',
    'gnap-binding-rotation-jwsd',
    'gnap-binding-rotation-jws',
    'GNAP-binding-jwsd',
    'application/gnap-binding-jwsd',
    'gnap-binding-jwsd ',
    ['gnap-binding-jwsd'],
  ])('is not %o', (other) => {
    for (const carrier of ['field', 'content'] as const) {
      expectRefusal(() => decode({ typ: other }, { carrier }), { code, parameter: 'typ' })
      expectRefusal(() => decodeGnap({ typ: other }, { carrier, payload: '' }), { code, parameter: 'typ' })
    }
  })
})

describe('crit, b64, alg and jwk', () => {
  it.each([[[]], [['b64']], [null], ['b64'], [false], [true]])('refuses crit and b64 of the value %o', (value) => {
    for (const parameter of ['crit', 'b64']) {
      expectRefusal(() => decode({ [parameter]: value }), { code: 'ERR_ENVELOPE_CRIT', parameter })
      expectRefusal(() => decodeGnap({ [parameter]: value }), { code: 'ERR_ENVELOPE_CRIT', parameter })
    }
  })

  it.each([undefined, null, '', 'none', 'HS256', 'ed25519', ['Ed25519'], -8])('refuses the alg %o', (alg) => {
    expectRefusal(() => decode({ alg }), { code: 'ERR_ENVELOPE_ALG', parameter: 'alg' })
    expectRefusal(() => decodeGnap({ alg }), { code: 'ERR_ENVELOPE_ALG', parameter: 'alg' })
  })

  it.each([
    ['type', 'jwk', undefined],
    ['type', 'jwk', null],
    ['type', 'jwk', JSON.stringify(okpJwk)],
    ['private', 'd', { ...okpJwk, d: 'AA' }],
    ['alg', 'alg', ecJwk],
    ['alg', 'alg', rsaJwk],
    ['alg', 'alg', { ...okpJwk, alg: 'ES256' }],
    ['use', 'use', { ...okpJwk, use: 'enc' }],
    ['key_ops', 'key_ops', { ...okpJwk, key_ops: ['sign'] }],
    ['length', 'x', { ...okpJwk, x: '' }],
  ])('refuses for its %s (%s) the jwk %o', (reason, parameter, jwk) => {
    const error = expectRefusal(() => decode({ jwk }), { code: 'ERR_ENVELOPE_JWK', reason, parameter })
    expect(error.cause).toMatchObject({ code: 'ERR_JWK_INVALID' })
  })

  it('does not compare kid with the thumbprint', () => {
    expect(decode({ kid: 'another' }).kid).toBe('another')
  })

  it('does not blame a fault of ours on the key, and names the jwk where its cause names no member', () => {
    const key = { alg: 'PS256', jwk: rsaJwk }
    const clz32 = vi.spyOn(Math, 'clz32').mockImplementation(() => {
      throw new RangeError('a fault')
    })
    expect(() => decode(key)).toThrow(RangeError)
    clz32.mockImplementation(() => {
      throw new CountersignError('ERR_JWK_INVALID', 'A refusal')
    })
    expectRefusal(() => decode(key), { code: 'ERR_ENVELOPE_JWK', parameter: 'jwk' })
  })
})

describe('the other parameters', () => {
  const code = 'ERR_ENVELOPE_PARAMETER_INVALID'

  it.each(['kid', 'htm', 'uri', 'created', 'ath', 'jti'])('refuses an envelope without %s', (parameter) => {
    expectRefusal(() => decode({ [parameter]: undefined }), { code: 'ERR_ENVELOPE_PARAMETER_MISSING', parameter })
  })

  it.each(['kid', 'htm', 'uri', 'ath', 'jti', 'nonce', 'cty'])(
    'refuses a %s that is not a string, or empty',
    (parameter) => {
      for (const value of [null, 1, true, ['a'], {}]) {
        expectRefusal(() => decode({ [parameter]: value }), { code, reason: 'type', parameter })
        expectRefusal(() => decodeGnap({ [parameter]: value }), { code, reason: 'type', parameter })
      }
      expectRefusal(() => decode({ [parameter]: '' }), { code, reason: 'empty', parameter })
    },
  )

  it.each(['uri', 'ath'])('does not compare %s with anything', (parameter) => {
    expect(decode({ [parameter]: 'x' })).toMatchObject({ [parameter]: 'x' })
  })

  it.each([
    ['type', null],
    ['type', '1700000000'],
    ['type', true],
    ['type', [1]],
    ['type', {}],
    ['grammar', 0.5],
    ['grammar', 1_700_000_000.5],
    ['range', -1],
    ['range', MAX_CREATED_SECONDS + 1],
    ['range', 1_700_000_000_000],
    ['range', 1e300],
  ])('refuses for its %s the created %o', (reason, created) => {
    expectRefusal(() => decode({ created }), { code, reason, parameter: 'created' })
  })

  it('reads the smallest and the largest created, however they are written', () => {
    expect(decode({ created: 0 }).created).toBe(0)
    expect(decode({ created: MAX_CREATED_SECONDS }).created).toBe(MAX_CREATED_SECONDS)
    const segment = encodeBase64url(JSON.stringify(example).replace('1700000000', '17.0e8'))
    expect(decodeEnvelopeHeader(segmentsOf(segment)).header.created).toBe(1_700_000_000)
  })

  it.each([
    ['jti', MAX_JTI_LENGTH],
    ['nonce', MAX_NONCE_LENGTH],
  ])('reads the longest %s and none longer', (parameter, longest) => {
    const value = 'a'.repeat(longest)
    expect(decode({ [parameter]: value })).toMatchObject({ [parameter]: value })
    const error = expectRefusal(() => decode({ [parameter]: `${value}a` }), { code, reason: 'size', parameter })
    expect(error).toMatchObject({ expected: longest, actual: longest + 1 })
  })

  it.each([' ', 'a b', '"', '\\', 'é', 'a\n'])('refuses the nonce %o', (nonce) => {
    expectRefusal(() => decode({ nonce }), { code, reason: 'grammar', parameter: 'nonce' })
  })

  it.each(['json', 'a/b c', 'a/b ', 'application/jose', 'Application/Jose; x=y', 'application/jose+json'])(
    'refuses the cty %o',
    (cty) => {
      expectRefusal(() => decode({ cty }), { code, reason: 'grammar', parameter: 'cty' })
    },
  )

  it('reads a cty with parameters, as it is, up to the longest', () => {
    expect(decode({ cty: 'Text/Plain; Charset="UTF-8"' }).cty).toBe('Text/Plain; Charset="UTF-8"')
    const longest = `a/${'b'.repeat(MAX_CTY_LENGTH - 2)}`
    expect(decode({ cty: longest }).cty).toBe(longest)
    expectRefusal(() => decode({ cty: `${longest}b` }), { code, reason: 'size', parameter: 'cty' })
  })

  it('demands a cty for attached content only', () => {
    const attached = { typ: ATTACHED_ENVELOPE_TYP, cty: undefined }
    const refusal = { code: 'ERR_ENVELOPE_PARAMETER_MISSING', parameter: 'cty' } as const
    expectRefusal(() => decode(attached, { carrier: 'content' }), refusal)
    expect('cty' in decode(attached, { carrier: 'content', payload: '' })).toBe(false)
    expect('cty' in decode(attached, { payload: '' })).toBe(false)
    expect('cty' in decode({ cty: undefined })).toBe(false)
    expect('cty' in decodeGnap(attached, { carrier: 'content' })).toBe(false)
  })
})

describe('profile gnap', () => {
  it('does without jwk, jti, nonce and cty', () => {
    const absent = { jwk: undefined, jti: undefined, nonce: undefined, cty: undefined }
    const { jwk: _, jti: __, nonce: ___, cty: ____, ...present } = example
    expect(decodeGnap(absent)).toStrictEqual(present)
    expectRefusal(() => decode(absent), { code: 'ERR_ENVELOPE_JWK', reason: 'type', parameter: 'jwk' })
  })

  it('reads jti, nonce and cty where they are, and never the jwk', () => {
    const { jwk: _, ...present } = example
    for (const jwk of [example.jwk, ecJwk, { ...okpJwk, d: 'AA' }, 'none', null]) {
      expect(decodeGnap({ jwk })).toStrictEqual(present)
    }
    const code = 'ERR_ENVELOPE_PARAMETER_INVALID'
    expectRefusal(() => decodeGnap({ jti: 'a'.repeat(MAX_JTI_LENGTH + 1) }), { code, reason: 'size', parameter: 'jti' })
    expectRefusal(() => decodeGnap({ nonce: '"' }), { code, reason: 'grammar', parameter: 'nonce' })
    expectRefusal(() => decodeGnap({ cty: 'json' }), { code, reason: 'grammar', parameter: 'cty' })
  })

  it.each(['kid', 'htm', 'uri', 'created', 'ath'])('demands %s all the same', (parameter) => {
    expectRefusal(() => decodeGnap({ [parameter]: undefined }), { code: 'ERR_ENVELOPE_PARAMETER_MISSING', parameter })
  })

  it('is told by its type', () => {
    const segments = segmentsOf(printed)
    expectTypeOf(decodeEnvelopeHeader(segments).header).toEqualTypeOf<EnvelopeHeader>()
    expectTypeOf(decodeEnvelopeHeader(segments, { profile: 'gnap' }).header).toEqualTypeOf<GnapEnvelopeHeader>()
    expectTypeOf(decodeEnvelopeHeader(segments, {} as EnvelopeHeaderOptions).header).toEqualTypeOf<
      EnvelopeHeader | GnapEnvelopeHeader
    >()
  })
})

describe('encodeEnvelopeHeader', () => {
  it('writes the example of the specification', () => {
    expect(encodeEnvelopeHeader(example)).toBe(printed)
    expect(
      encodeEnvelopeHeader(Object.fromEntries(Object.entries(example).reverse()) as unknown as EnvelopeHeader),
    ).toBe(printed)
  })

  it('writes no parameters but these', () => {
    expect(encodeEnvelopeHeader({ ...example, crit: ['exp'], admin: true } as EnvelopeHeader)).toBe(printed)
  })

  it('writes the header of a plain key proof that is read back', () => {
    const { jwk: _, jti: __, nonce: ___, cty: ____, ...gnap } = example
    expect(decodeEnvelopeHeader(segmentsOf(encodeEnvelopeHeader(gnap)), { profile: 'gnap' }).header).toStrictEqual(gnap)
  })
})
