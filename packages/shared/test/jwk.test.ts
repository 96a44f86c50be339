// Public keys out of untrusted JWKs. Every negative case is a valid key with one thing changed.

import { describe, expect, it } from 'vitest'
import type { JwsAlgorithm } from '../src/algorithms.ts'
import { algorithmOf, jwsAlgorithms } from '../src/algorithms.ts'
import { encodeBase64url } from '../src/base64url.ts'
import { parseJson } from '../src/json.ts'
import { jwkFits, publicMembersOf, readPublicJwk } from '../src/jwk.ts'
import { MAX_RSA_MODULUS_BITS, MIN_RSA_MODULUS_BITS } from '../src/limits.ts'
import { akpJwk, ecJwk, expectRefusal, okpJwk, rsaJwk } from './support.ts'

const code = 'ERR_JWK_INVALID'
const keys = [ecJwk, rsaJwk, okpJwk, akpJwk]

function entryOf(alg: JwsAlgorithm) {
  return algorithmOf(alg) ?? expect.fail('No entry')
}

/** The base64url of an odd number of exactly this many bits. */
function oddNumber(bits: number): string {
  const bytes = new Uint8Array(Math.ceil(bits / 8))
  bytes[bytes.length - 1] = 1
  bytes[0] = (bytes[0] ?? 0) | (1 << ((bits - 1) % 8))
  return encodeBase64url(bytes)
}

describe('readPublicJwk', () => {
  it.each(keys)('reads an $kty key', (jwk) => {
    expect(readPublicJwk(jwk)).toEqual(jwk)
    expect(readPublicJwk(parseJson(JSON.stringify(jwk)))).toEqual(jwk)
  })

  it.each(keys)('returns the identifying members of an $kty key and no others', (jwk) => {
    const wordy = { ...jwk, kid: 'a', use: 'sig', key_ops: ['verify'], x5c: ['b'], ext: true, ['__proto__']: 1 }
    expect(readPublicJwk(wordy)).toStrictEqual(jwk)
  })

  it.each([
    ['P-384', 64],
    ['P-521', 88],
  ])('reads a key on %s', (crv, length) => {
    const jwk = { kty: 'EC', crv, x: 'A'.repeat(length), y: 'A'.repeat(length) }
    expect(readPublicJwk(jwk)).toEqual(jwk)
    for (const member of ['x', 'y']) {
      expectRefusal(() => readPublicJwk({ ...jwk, [member]: ecJwk.x }), { code, reason: 'length', parameter: member })
    }
  })

  it.each([
    ['ML-DSA-44', 1750],
    ['ML-DSA-65', 2603],
    ['ML-DSA-87', 3456],
  ])('reads a key of %s', (alg, length) => {
    const jwk = { kty: 'AKP', alg, pub: 'A'.repeat(length) }
    expect(readPublicJwk(jwk)).toEqual(jwk)
    const shorter = { ...jwk, pub: 'A'.repeat(length - 4) }
    expectRefusal(() => readPublicJwk(shorter), { code, reason: 'length', parameter: 'pub' })
  })

  it.each([undefined, null, 'EC', 1, true, [], [ecJwk]])('refuses %o, which is no object', (value) => {
    expectRefusal(() => readPublicJwk(value), { code, reason: 'type', parameter: 'jwk' })
  })

  it.each(keys)('refuses an $kty key with anything private in it', (jwk) => {
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']) {
      for (const value of ['AA', '', null, [], false]) {
        expectRefusal(() => readPublicJwk({ ...jwk, [member]: value }), { code, reason: 'private', parameter: member })
      }
    }
  })

  it.each([undefined, null, '', 'oct', 'ec', 'EC2', 'toString', ['EC']])('refuses the key type %o', (kty) => {
    expectRefusal(() => readPublicJwk({ ...ecJwk, kty }), { code, reason: 'kty', parameter: 'kty' })
  })

  it('refuses a symmetric key', () => {
    expectRefusal(() => readPublicJwk({ kty: 'oct', k: 'AA' }), { code, reason: 'private', parameter: 'k' })
  })

  it.each([undefined, null, 'P-192', 'p-256', 'secp256k1', 'Ed25519', ['P-256']])('refuses the EC curve %o', (crv) => {
    expectRefusal(() => readPublicJwk({ ...ecJwk, crv }), { code, reason: 'crv', parameter: 'crv' })
  })

  it.each([undefined, null, 'Ed448', 'X25519', 'ed25519', 'P-256'])('refuses the OKP curve %o', (crv) => {
    expectRefusal(() => readPublicJwk({ ...okpJwk, crv }), { code, reason: 'crv', parameter: 'crv' })
  })

  it.each([undefined, null, 'ES256', 'Ed25519', 'ML-DSA-45', 'ml-dsa-44', 44])(
    'refuses the AKP algorithm %o',
    (alg) => {
      expectRefusal(() => readPublicJwk({ ...akpJwk, alg }), { code, reason: 'alg', parameter: 'alg' })
    },
  )

  it.each([
    [ecJwk, 'x'],
    [ecJwk, 'y'],
    [okpJwk, 'x'],
    [akpJwk, 'pub'],
  ] as const)('refuses another spelling of the octets of a member ($0.kty, $1)', (jwk, member) => {
    const value = (jwk as Readonly<Record<string, string>>)[member] as string
    const refuse = (changed: unknown, reason: string) =>
      expectRefusal(() => readPublicJwk({ ...jwk, [member]: changed }), { code, reason, parameter: member })
    refuse(undefined, 'type')
    refuse(null, 'type')
    refuse(1, 'type')
    refuse([value], 'type')
    refuse('', 'length')
    refuse(`${value}=`, 'length')
    refuse(` ${value}`, 'length')
    refuse(`AAAA${value}`, 'length')
    refuse(value.slice(4), 'length')
    refuse(`+${value.slice(1)}`, 'encoding')
    refuse(`${value.slice(0, -1)}=`, 'encoding')
    refuse(`${value.slice(0, -1)}B`, 'encoding')
    refuse(`${value.slice(0, -1)}\n`, 'encoding')
  })

  it.each(['n', 'e'])('refuses another spelling of the number %s', (member) => {
    const value = (rsaJwk as Readonly<Record<string, string>>)[member] as string
    const refuse = (changed: unknown, reason: string) =>
      expectRefusal(() => readPublicJwk({ ...rsaJwk, [member]: changed }), { code, reason, parameter: member })
    refuse(undefined, 'type')
    refuse(null, 'type')
    refuse(65_537, 'type')
    refuse('', 'type')
    refuse(`${value}=`, 'encoding')
    refuse(`${value.slice(0, -1)}/`, 'encoding')
    refuse('A', 'encoding')
    refuse(`AAAA${value}`, 'encoding')
    refuse(encodeBase64url(Uint8Array.of(0, ...Buffer.from(value, 'base64url'))), 'encoding')
    refuse('A'.repeat(100_000), 'length')
  })

  it('reads RSA moduli of the sizes allowed and no others', () => {
    for (const bits of [MIN_RSA_MODULUS_BITS, MIN_RSA_MODULUS_BITS + 1, 3072, 4096, MAX_RSA_MODULUS_BITS]) {
      const jwk = { ...rsaJwk, n: oddNumber(bits) }
      expect(readPublicJwk(jwk)).toEqual(jwk)
    }
    for (const bits of [1, 1024, MIN_RSA_MODULUS_BITS - 1, MIN_RSA_MODULUS_BITS - 8, MAX_RSA_MODULUS_BITS + 1]) {
      const jwk = { ...rsaJwk, n: oddNumber(bits) }
      expectRefusal(() => readPublicJwk(jwk), { code, reason: 'length', parameter: 'n' })
    }
  })

  it('reads odd RSA exponents from three to four bytes and no others', () => {
    for (const bytes of [[3], [17], [255], [1, 1], [1, 0, 1], [255, 255, 255, 255]]) {
      const jwk = { ...rsaJwk, e: encodeBase64url(Uint8Array.from(bytes)) }
      expect(readPublicJwk(jwk)).toEqual(jwk)
    }
    for (const bytes of [[1], [2], [1, 0], [1, 0, 0, 0, 1]]) {
      const jwk = { ...rsaJwk, e: encodeBase64url(Uint8Array.from(bytes)) }
      expectRefusal(() => readPublicJwk(jwk), { code, reason: 'length', parameter: 'e' })
    }
  })

  it.each([null, '', 'enc', 'SIG', ['sig']])('refuses the use %o', (use) => {
    expectRefusal(() => readPublicJwk({ ...ecJwk, use }), { code, reason: 'use', parameter: 'use' })
  })

  it.each([null, [], 'verify', ['sign'], ['VERIFY'], [['verify']]])('refuses the operations %o', (operations) => {
    const jwk = { ...ecJwk, key_ops: operations }
    expectRefusal(() => readPublicJwk(jwk), { code, reason: 'key_ops', parameter: 'key_ops' })
  })

  it('reads a key whose own alg is one for its type and curve', () => {
    for (const alg of ['PS256', 'PS384', 'PS512', 'RS256']) expect(readPublicJwk({ ...rsaJwk, alg })).toEqual(rsaJwk)
    for (const alg of ['EdDSA', 'Ed25519']) expect(readPublicJwk({ ...okpJwk, alg })).toEqual(okpJwk)
    expect(readPublicJwk({ ...ecJwk, alg: 'ES256' })).toEqual(ecJwk)
  })

  it.each([
    [ecJwk, [null, '', 'ES384', 'PS256', 'EdDSA', 'ECDH-ES', 'none', 'HS256']],
    [rsaJwk, [null, 'ES256', 'RSA-OAEP', 'RS1']],
    [okpJwk, [null, 'ES256', 'Ed448', 'HS256']],
  ] as const)('refuses a key whose own alg is for another: $0.kty', (jwk, algs) => {
    for (const alg of algs) {
      expectRefusal(() => readPublicJwk({ ...jwk, alg }), { code, reason: 'alg', parameter: 'alg' })
    }
  })

  it('reads a key for an algorithm it fits and refuses it for any other', () => {
    const fitting = [
      [ecJwk, ['ES256']],
      [rsaJwk, ['PS256', 'PS384', 'PS512', 'RS256']],
      [okpJwk, ['EdDSA', 'Ed25519']],
      [akpJwk, ['ML-DSA-44']],
    ] as const
    for (const [jwk, algs] of fitting) {
      for (const alg of jwsAlgorithms) {
        if ((algs as readonly string[]).includes(alg)) expect(readPublicJwk(jwk, entryOf(alg))).toEqual(jwk)
        else expectRefusal(() => readPublicJwk(jwk, entryOf(alg)), { code, reason: 'alg', parameter: 'alg' })
      }
    }
  })

  it('refuses a key for an algorithm that is not its own alg', () => {
    const jwk = { ...rsaJwk, alg: 'PS256' }
    expect(readPublicJwk(jwk, entryOf('PS256'))).toEqual(rsaJwk)
    expectRefusal(() => readPublicJwk(jwk, entryOf('RS256')), { code, reason: 'alg', parameter: 'alg' })
  })
})

describe('jwkFits', () => {
  it('compares type and curve', () => {
    expect(jwkFits(ecJwk, entryOf('ES256'))).toBe(true)
    expect(jwkFits({ ...ecJwk, crv: 'P-384' }, entryOf('ES256'))).toBe(false)
    expect(jwkFits(okpJwk, entryOf('ES256'))).toBe(false)
    expect(jwkFits(akpJwk, entryOf('ML-DSA-44'))).toBe(true)
    expect(jwkFits({ ...akpJwk, alg: undefined }, entryOf('ML-DSA-44'))).toBe(false)
  })

  it('compares the own alg of a key', () => {
    expect(jwkFits({ ...ecJwk, alg: 'ES256' }, entryOf('ES256'))).toBe(true)
    expect(jwkFits({ ...rsaJwk, alg: 'PS256' }, entryOf('PS384'))).toBe(false)
    expect(jwkFits({ ...ecJwk, alg: 'ECDH-ES' }, entryOf('ES256'))).toBe(false)
  })

  it('takes EdDSA and Ed25519 for one algorithm, and nothing else for it', () => {
    for (const alg of ['EdDSA', 'Ed25519'] as const) {
      expect(jwkFits({ ...okpJwk, alg: 'EdDSA' }, entryOf(alg))).toBe(true)
      expect(jwkFits({ ...okpJwk, alg: 'Ed25519' }, entryOf(alg))).toBe(true)
      for (const own of ['ES256', 'RS256', 'HS256', 'Ed448', 'none', null, '']) {
        expect(jwkFits({ ...okpJwk, alg: own }, entryOf(alg))).toBe(false)
      }
    }
  })
})

describe('publicMembersOf', () => {
  it.each([
    ['ES256', ecJwk],
    ['PS256', rsaJwk],
    ['Ed25519', okpJwk],
    [akpJwk.alg, akpJwk],
  ] as const)('picks what identifies a key of %s, and leaves what is private', (alg, jwk) => {
    const whole = { ...jwk, d: 'secret', p: 'secret', priv: 'secret', kid: 'a', key_ops: ['sign'] }
    expect(publicMembersOf(whole, entryOf(alg))).toStrictEqual(jwk)
  })

  it('picks nothing of a key of another kind, or that is incomplete', () => {
    expect(publicMembersOf(ecJwk, entryOf('ES384'))).toBeUndefined()
    expect(publicMembersOf(rsaJwk, entryOf('ES256'))).toBeUndefined()
    expect(publicMembersOf({ ...ecJwk, y: undefined }, entryOf('ES256'))).toBeUndefined()
    expect(publicMembersOf({ ...ecJwk, x: 1 }, entryOf('ES256'))).toBeUndefined()
  })
})
