// Request envelopes as compact JWSs: their segments and payloads. Every negative case is an example of
// spec/request-envelope.md with one thing changed.

import { describe, expect, expectTypeOf, it } from 'vitest'
import type { EnvelopeHeader, EnvelopeHeaderOptions, GnapEnvelopeHeader } from '../src/envelope-header.ts'
import type { UnverifiedEnvelope } from '../src/jws-envelope.ts'
import { computeEnvelopeDigest, decodeEnvelope, decodeEnvelopePayload, splitEnvelope } from '../src/jws-envelope.ts'
import { MAX_DETACHED_JWS_LENGTH, MAX_ENVELOPE_HEADER_LENGTH } from '../src/limits.ts'
import { expectRefusal } from './support.ts'
import { readVectors } from './vector-files.ts'

const [detached = '', attached = ''] = readVectors<{ envelope: string }>('envelope').vectors.map(
  ({ envelope }) => envelope,
)
const gnap = readVectors<{ envelope: string }>('envelope').vectors.find(
  ({ id }) => id === 'envelope-printed-gnap-attached-no-content',
)
const digest = 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE'
const content = new TextEncoder().encode('{"hello": "world"}')
const malformed = 'ERR_ENVELOPE_MALFORMED'

describe('splitEnvelope', () => {
  it('splits and remembers the carrier', () => {
    const [header, payload, signature] = detached.split('.')
    const signingInput = `${header}.${payload}`
    expect(splitEnvelope(detached, 'field')).toEqual({ header, payload, signature, signingInput, carrier: 'field' })
    expect(splitEnvelope(attached, 'content').carrier).toBe('content')
  })

  it('takes a comma for a second field, however long the whole is', () => {
    for (const text of [`${detached}, ${detached}`, ',', `${'A'.repeat(MAX_DETACHED_JWS_LENGTH)},`]) {
      expectRefusal(() => splitEnvelope(text, 'field'), { code: 'ERR_ENVELOPE_DUPLICATE', parameter: 'Detached-JWS' })
    }
    const refusal = { code: malformed, reason: 'base64url', parameter: 'signature' } as const
    expectRefusal(() => splitEnvelope('AA.AA.AA,', 'content'), refusal)
  })

  it('reads the longest field allowed and none longer', () => {
    const longest = `AA..${'A'.repeat(MAX_DETACHED_JWS_LENGTH - 4)}`
    expect(splitEnvelope(longest, 'field').signature).toHaveLength(MAX_DETACHED_JWS_LENGTH - 4)
    const refusal = { code: 'ERR_ENVELOPE_TOO_LARGE', parameter: 'Detached-JWS' } as const
    const error = expectRefusal(() => splitEnvelope(`${longest}A`, 'field'), refusal)
    expect(error).toMatchObject({ expected: MAX_DETACHED_JWS_LENGTH, actual: MAX_DETACHED_JWS_LENGTH + 1 })
  })

  it('reads the longest header allowed in the content, and none longer; the rest is not bounded here', () => {
    const header = 'A'.repeat(MAX_ENVELOPE_HEADER_LENGTH)
    const payload = 'A'.repeat(2 * MAX_DETACHED_JWS_LENGTH)
    expect(splitEnvelope(`${header}.${payload}.AA`, 'content').payload).toBe(payload)
    const refusal = { code: 'ERR_ENVELOPE_TOO_LARGE', parameter: 'header' } as const
    const error = expectRefusal(() => splitEnvelope(`${header}AA.AA.AA`, 'content'), refusal)
    expect(error).toMatchObject({ expected: MAX_ENVELOPE_HEADER_LENGTH, actual: MAX_ENVELOPE_HEADER_LENGTH + 2 })
  })

  it.each(['', 'AA', 'AA.AA', 'AA.AA.AA.', 'AA.AA.AA.AA.AA'])(
    'refuses other numbers of segments than three: %o',
    (text) => {
      for (const carrier of ['field', 'content'] as const) {
        expectRefusal(() => splitEnvelope(text, carrier), {
          code: malformed,
          reason: 'segments',
          parameter: 'envelope',
        })
      }
    },
  )

  it.each([
    ['header', 'AA=.AA.AA'],
    ['header', ' AA.AA.AA'],
    ['payload', 'AA.AB.AA'],
    ['payload', 'AA.A\nA.AA'],
    ['payload', 'AA.A.AA'],
    ['signature', 'AA.AA.+A'],
    ['signature', 'AA.AA.AA\n'],
  ])('refuses another spelling of the %s: %o', (parameter, text) => {
    expectRefusal(() => splitEnvelope(text, 'content'), { code: malformed, reason: 'base64url', parameter })
    expectRefusal(() => splitEnvelope(text, 'field'), { code: malformed, reason: 'base64url', parameter })
  })

  it('refuses an empty signature', () => {
    expectRefusal(() => splitEnvelope('AA.AA.', 'content'), {
      code: malformed,
      reason: 'empty',
      parameter: 'signature',
    })
    expectRefusal(() => splitEnvelope('AA..', 'field'), { code: malformed, reason: 'empty', parameter: 'signature' })
  })

  it.each([42, 44, 58, 86])('refuses a payload of %i characters in the field', (length) => {
    const text = `AA.${'A'.repeat(length)}.AA`
    const error = expectRefusal(() => splitEnvelope(text, 'field'), {
      code: malformed,
      reason: 'size',
      parameter: 'payload',
    })
    expect(error).toMatchObject({ expected: 43, actual: length })
    expect(splitEnvelope(text, 'content').payload).toHaveLength(length)
  })

  it('does not blame a fault of ours on the sender', () => {
    expect(() => splitEnvelope(undefined as unknown as string, 'content')).toThrow(TypeError)
  })
})

describe('decodeEnvelopePayload', () => {
  const decode = (payload: string, carrier: 'field' | 'content') =>
    decodeEnvelopePayload(splitEnvelope(`AA.${payload}.AA`, carrier))
  const code = 'ERR_ENVELOPE_CONTENT_MISMATCH'
  const parameter = 'payload'

  it('tells what there is of content', () => {
    expect(decode('', 'field')).toEqual({ kind: 'none' })
    expect(decode(digest, 'field')).toEqual({ kind: 'digest', digest })
    expect(decode('AP8', 'content')).toEqual({ kind: 'content', content: Uint8Array.of(0, 255) })
    expect(decode(digest, 'content')).toMatchObject({ kind: 'content', content: { length: 32 } })
  })

  it('refuses the digest of no content in the field', async () => {
    const nothing = Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array())).toString('base64url')
    expectRefusal(() => decode(nothing, 'field'), { code, reason: 'digest_of_nothing', parameter })
    expect(decode(nothing, 'content')).toMatchObject({ kind: 'content' })
  })

  it('refuses an envelope in the content that holds none', () => {
    expectRefusal(() => decode('', 'content'), { code, reason: 'empty', parameter })
  })
})

describe('decodeEnvelope', () => {
  it.each([
    ['detached', detached, 'field', 'gnap-binding-jwsd', { kind: 'digest', digest }],
    ['attached', attached, 'content', 'gnap-binding-jws', { kind: 'content', content }],
  ] as const)('decodes the %s example of the specification', async (_, text, carrier, typ, payload) => {
    const envelope = decodeEnvelope(text, carrier)
    expect(envelope.header).toMatchObject({ typ, htm: 'POST', created: 1_700_000_000, cty: 'application/json' })
    expect(envelope.payload).toEqual(payload)
    const key = await crypto.subtle.importKey('jwk', { ...envelope.header.jwk }, 'Ed25519', false, ['verify'])
    expect(await crypto.subtle.verify('Ed25519', key, envelope.signature, Buffer.from(envelope.signingInput))).toBe(
      true,
    )
  })

  it('decodes a plain key proof of RFC 9635 where it is asked to', () => {
    const text = gnap?.envelope ?? ''
    const { header, payload } = decodeEnvelope(text, 'field', { profile: 'gnap' })
    expect(header).toMatchObject({ kid: 'test-key-ed25519', alg: 'EdDSA' })
    expect(payload).toEqual({ kind: 'none' })
    expectRefusal(() => decodeEnvelope(text, 'field'), { code: 'ERR_ENVELOPE_JWK', reason: 'type' })
  })

  it('says which profile was asked for', () => {
    expectTypeOf(decodeEnvelope(detached, 'field')).toEqualTypeOf<UnverifiedEnvelope>()
    const options: EnvelopeHeaderOptions = {}
    expectTypeOf(decodeEnvelope(detached, 'field', options).header).toEqualTypeOf<EnvelopeHeader | GnapEnvelopeHeader>()
  })
})

describe('computeEnvelopeDigest', () => {
  it('is the payload of the detached example', async () => {
    expect(await computeEnvelopeDigest(content)).toBe(digest)
  })

  it('is empty for no content', async () => {
    expect(await computeEnvelopeDigest(new Uint8Array())).toBe('')
  })

  it('digests the part of a buffer that it was given', async () => {
    const buffer = new TextEncoder().encode('x{"hello": "world"}x')
    expect(await computeEnvelopeDigest(buffer.subarray(1, -1))).toBe(digest)
  })
})
