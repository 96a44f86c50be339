// The compact serialisation of RFC 7515 section 7.1.

import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../src/base64url.ts'
import { decodeJsonSegment, decodeSignatureSegment, encodeJsonSegment, splitCompactJws } from '../src/jws.ts'
import { expectRefusal, rfcProof } from './support.ts'

const code = 'ERR_JWS_INVALID'

describe('splitCompactJws', () => {
  it('splits at the two dots', () => {
    expect(splitCompactJws('a.b.c')).toEqual({ header: 'a', payload: 'b', signature: 'c', signingInput: 'a.b' })
    expect(splitCompactJws('..')).toEqual({ header: '', payload: '', signature: '', signingInput: '.' })
  })

  it('loses nothing', () => {
    const { header, payload, signature, signingInput } = splitCompactJws(rfcProof)
    expect(`${header}.${payload}.${signature}`).toBe(rfcProof)
    expect(`${signingInput}.${signature}`).toBe(rfcProof)
  })

  it.each(['', 'a', 'a.b', '.', 'a.b.c.d', 'a.b.c.', '...', 'a.b.c.d.e'])('refuses %j', (text) => {
    expectRefusal(() => splitCompactJws(text), { code, reason: 'segments' })
  })
})

describe('decodeJsonSegment', () => {
  it('decodes what encodeJsonSegment encodes', () => {
    const object = { alg: 'ES256', 'é😀': ['\0'], n: 1.5 }
    expect({ ...decodeJsonSegment(encodeJsonSegment(object), 'header') }).toEqual(object)
  })

  it.each([
    ['base64url', 'e30='],
    ['base64url', 'e3 0'],
    ['base64url', 'e31'],
    ['syntax', ''],
    ['syntax', encodeBase64url('{')],
    ['syntax', encodeBase64url('\ufeff{}')],
    ['type', encodeBase64url('[]')],
    ['type', encodeBase64url('null')],
    ['duplicate_member', encodeBase64url('{"alg":"none","alg":"ES256"}')],
    ['lone_surrogate', encodeBase64url('{"a":"\\ud800"}')],
    ['number', encodeBase64url('{"a":1e400}')],
    ['depth', encodeBase64url(`{"a":${'['.repeat(64)}`)],
    ['utf8', encodeBase64url(Uint8Array.of(0x22, 0xff, 0x22))],
  ])('refuses for its %s the segment %j', (reason, segment) => {
    for (const parameter of ['header', 'payload'] as const) {
      expectRefusal(() => decodeJsonSegment(segment, parameter), { code, reason, parameter })
    }
  })

  it('keeps the cause', () => {
    const error = expectRefusal(() => decodeJsonSegment('=', 'header'), { code, reason: 'base64url' })
    expect(error.cause).toMatchObject({ code: 'ERR_BASE64URL_INVALID' })
  })

  it('does not blame the sender for a fault of ours', () => {
    expect(() => decodeJsonSegment(undefined as unknown as string, 'header')).toThrow(TypeError)
  })
})

describe('decodeSignatureSegment', () => {
  it('decodes to bytes', () => {
    expect(decodeSignatureSegment('AP8')).toEqual(Uint8Array.of(0, 0xff))
  })

  it('refuses the empty signature of an unsecured JWS', () => {
    expectRefusal(() => decodeSignatureSegment(''), { code, reason: 'empty', parameter: 'signature' })
  })

  it.each(['AP8=', 'AP9', 'A', 'A/8', 'AP 8'])('refuses %j', (segment) => {
    expectRefusal(() => decodeSignatureSegment(segment), { code, reason: 'base64url', parameter: 'signature' })
  })
})
