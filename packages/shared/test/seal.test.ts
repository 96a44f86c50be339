// Sealed envelopes as compact JWEs: their segments, their header, their keys. Every negative case is a vector that is right, with
// one thing changed.

import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../src/base64url.ts'
import { encodeJsonSegment } from '../src/jws.ts'
import { MAX_SEAL_HEADER_LENGTH } from '../src/limits.ts'
import { decodeSealHeader, decodeSealPlaintext, isSealed, splitSeal } from '../src/seal.ts'
import { readSealKey, sealAlgorithms } from '../src/seal-key.ts'
import { expectRefusal, okpJwk } from './support.ts'
import { readVectors } from './vector-files.ts'

const { vectors, server } = readVectors<{ envelope: string; jws: string }>('jwe-envelope')
const [{ envelope: sealed, jws } = { envelope: '', jws: '' }] = vectors
const code = 'ERR_ENVELOPE_SEAL_INVALID'
const iv = 'A'.repeat(16)
const tag = 'A'.repeat(22)
const keys = server['keys'] as Readonly<Record<string, unknown>>[]
const publicKeys = keys.map(({ d: _, ...members }) => members)
const [p256 = {}, , x25519 = {}] = publicKeys
const { kid: _, alg: __, use: ___, ...epk } = p256

describe('isSealed', () => {
  it.each([
    ['', false],
    ['a.b.c', false],
    ['a.b.c.d', false],
    ['....', true],
    ['a.b.c.d.e', true],
    ['a.b.c.d.e.', false],
    ['.'.repeat(100_000), false],
  ])('tells by the number of segments: %#', (text, expected) => {
    expect(isSealed(text)).toBe(expected)
  })
})

describe('splitSeal', () => {
  it('splits without loss', () => {
    const { header, encryptedKey, iv: vector, ciphertext, tag: authentication } = splitSeal(sealed)
    expect([header, encryptedKey, vector, ciphertext, authentication].join('.')).toBe(sealed)
    expect(encryptedKey).toBe('')
  })

  it.each(['', 'AA', `AA.${iv}`, jws, `${sealed}.`, `${sealed}.AA`])(
    'refuses other numbers of segments: %#',
    (text) => {
      expectRefusal(() => splitSeal(text), { code, reason: 'segments', parameter: 'envelope' })
    },
  )

  it('reads the longest header allowed, and none longer', () => {
    const longest = 'A'.repeat(MAX_SEAL_HEADER_LENGTH)
    expect(splitSeal(`${longest}..${iv}.AA.${tag}`).header).toBe(longest)
    const refusal = { code: 'ERR_ENVELOPE_TOO_LARGE', parameter: 'header' } as const
    const error = expectRefusal(() => splitSeal(`${longest}AA..${iv}.AA.${tag}`), refusal)
    expect(error).toMatchObject({ expected: MAX_SEAL_HEADER_LENGTH, actual: MAX_SEAL_HEADER_LENGTH + 2 })
  })

  it.each([
    ['header', 'base64url', `AB..${iv}.AA.${tag}`],
    ['encrypted_key', 'base64url', `AA.AA=.${iv}.AA.${tag}`],
    ['iv', 'base64url', `AA..${'A'.repeat(15)}+.AA.${tag}`],
    ['ciphertext', 'base64url', `AA..${iv}.A\nA.${tag}`],
    ['tag', 'base64url', `AA..${iv}.AA.${'A'.repeat(21)}B`],
    ['iv', 'size', `AA..${'A'.repeat(15)}.AA.${tag}`],
    ['iv', 'size', `AA..${iv}AA.AA.${tag}`],
    ['iv', 'size', `AA...AA.${tag}`],
    ['ciphertext', 'empty', `AA..${iv}..${tag}`],
    ['tag', 'size', `AA..${iv}.AA.`],
    ['tag', 'size', `AA..${iv}.AA.${tag}AA`],
  ])('refuses a %s for its %s: %#', (parameter, reason, text) => {
    expectRefusal(() => splitSeal(text), { code, reason, parameter })
  })
})

describe('decodeSealHeader', () => {
  const right = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'jose', kid: 'a', epk }
  const decode = (members: object, encryptedKey = '') =>
    decodeSealHeader({ header: encodeJsonSegment({ ...right, ...members }), encryptedKey, iv, ciphertext: 'AA', tag })

  it('decodes the example of the specification', () => {
    expect(decodeSealHeader(splitSeal(sealed))).toEqual({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      cty: 'jose',
      kid: 'Vy57XrArUrW0NbpI12tEzDHABxMwrTh6HHXRenSpnCo',
      epk: {
        kty: 'EC',
        crv: 'P-256',
        x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
        y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
      },
    })
  })

  it('reads nothing but what it knows', () => {
    const { kid: _, alg: __, use: ___, ...other } = x25519
    const header = decode(
      { alg: 'ECDH-ES+A256KW', epk: { ...other, use: 'sig' }, typ: 'a', jku: 'b', b64: false },
      'AA',
    )
    expect(header).toEqual({ ...right, alg: 'ECDH-ES+A256KW', epk: other })
  })

  it.each([
    ['zip', 'forbidden', { zip: 'DEF' }],
    ['crit', 'forbidden', { crit: null }],
    ['apu', 'forbidden', { apu: '' }],
    ['apv', 'forbidden', { apv: 'QQ' }],
    ['alg', 'missing', { alg: undefined }],
    ['alg', 'type', { alg: 1 }],
    ['alg', 'value', { alg: 'dir' }],
    ['enc', 'missing', { enc: undefined }],
    ['enc', 'value', { enc: 'A128GCM' }],
    ['cty', 'empty', { cty: '' }],
    ['cty', 'value', { cty: 'JOSE' }],
    ['kid', 'missing', { kid: undefined }],
    ['kid', 'empty', { kid: '' }],
    ['kid', 'type', { kid: ['a'] }],
    ['epk', 'missing', { epk: undefined }],
    ['epk', 'key', { epk: null }],
    ['epk', 'key', { epk: 'a' }],
    ['epk', 'key', { epk: { ...epk, d: null } }],
    ['epk', 'key', { epk: { ...epk, y: undefined } }],
    ['epk', 'key', { epk: { ...epk, x: 'A'.repeat(42) } }],
    ['epk', 'key', { epk: { ...epk, x: `${'A'.repeat(42)}B` } }],
    ['epk', 'key', { epk: { ...epk, crv: 'P-384' } }],
    ['epk', 'key', { epk: { ...x25519, x: 1 } }],
    ['epk', 'key', { epk: okpJwk }],
    ['encrypted_key', 'size', { alg: 'ECDH-ES+A256KW' }],
  ])('refuses for its %s, %s: %#', (parameter, reason, members) => {
    expectRefusal(() => decode(members), { code, reason, parameter })
  })

  it('refuses an encrypted key that the algorithm does not have', () => {
    expectRefusal(() => decode({}, 'AA'), { code, reason: 'size', parameter: 'encrypted_key' })
  })

  it.each([
    ['syntax', ''],
    ['type', '[]'],
    ['duplicate_member', '{"alg":"dir","alg":"ECDH-ES"}'],
  ])('refuses a header that is no strict JSON object: %s', (reason, text) => {
    const header = encodeBase64url(text)
    const error = expectRefusal(() => decodeSealHeader({ header, encryptedKey: '', iv, ciphertext: 'AA', tag }), {
      ...{ code, reason, parameter: 'header' },
    } as const)
    expect(error.cause).toMatchObject({ code: 'ERR_JWS_INVALID' })
  })
})

describe('decodeSealPlaintext', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)

  it('reads the envelope that was sealed', () => {
    expect(decodeSealPlaintext(bytes(jws))).toBe(jws)
    expect(decodeSealPlaintext(bytes('a..b'))).toBe('a..b')
  })

  it.each(['', 'a.b', '.b.c', 'a.b.', 'a.b.c.', sealed, ` ${jws}`, `${jws}\n`, `\ufeff${jws}`, `${jws}=`, '{}'])(
    'refuses what is no compact JWS: %#',
    (text) => {
      expectRefusal(() => decodeSealPlaintext(bytes(text)), { code, reason: 'segments', parameter: 'plaintext' })
    },
  )

  it('refuses what is no text', () => {
    const plaintext = Uint8Array.of(0x61, 0x2e, 0x2e, 0xff)
    expectRefusal(() => decodeSealPlaintext(plaintext), { code, reason: 'segments', parameter: 'plaintext' })
  })
})

describe('readSealKey', () => {
  it('reads the public members of keys for encryption', () => {
    expect(publicKeys.map(readSealKey)).toEqual(
      publicKeys.map(({ kid, alg, use, ...jwk }) => (use === 'enc' ? { kid, alg, jwk } : undefined)),
    )
    expect(readSealKey({ ...p256, key_ops: [], x5c: ['a'] })).toEqual({ kid: p256['kid'], alg: 'ECDH-ES', jwk: epk })
    expect(sealAlgorithms).toEqual(['ECDH-ES', 'ECDH-ES+A256KW'])
  })

  it.each([
    ...keys,
    ...[undefined, null, 1, 'a', [], {}, okpJwk],
    { ...p256, use: undefined },
    { ...p256, use: 'sig' },
    { ...p256, alg: undefined },
    { ...p256, alg: 'ECDH-ES+A128KW' },
    { ...p256, kid: undefined },
    { ...p256, kid: '' },
    { ...p256, kid: 1 },
    { ...p256, crv: 'P-521' },
    { ...p256, kty: 'OKP' },
    { ...x25519, kty: 'EC' },
    { ...x25519, x: `${'A'.repeat(42)}=` },
  ])('does not take another value for one: %#', (value) => {
    expect(readSealKey(value)).toBeUndefined()
  })
})
