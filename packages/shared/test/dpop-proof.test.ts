// DPoP proofs, encoded and decoded without trust. Every negative case is the proof of RFC 9449 section 7.1 with one thing changed.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { jwsAlgorithms } from '../src/algorithms.ts'
import { encodeBase64url } from '../src/base64url.ts'
import {
  DPOP_PROOF_TYP,
  decodeDPoPProof,
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeDPoPProofSignature,
  encodeDPoPProofClaims,
  encodeDPoPProofHeader,
  splitDPoPProof,
} from '../src/dpop-proof.ts'
import { CountersignError } from '../src/errors.ts'
import { encodeJsonSegment } from '../src/jws.ts'
import { MAX_JTI_LENGTH, MAX_PROOF_LENGTH } from '../src/limits.ts'
import { akpJwk, ecJwk, expectRefusal, okpJwk, rfcClaims, rfcProof, rsaJwk } from './support.ts'

const rfcHeader = { typ: 'dpop+jwt', alg: 'ES256', jwk: ecJwk }
const decodeHeader = (change: Readonly<Record<string, unknown>>) =>
  decodeDPoPProofHeader(encodeJsonSegment({ ...rfcHeader, ...change }))
const decodeClaims = (change: Readonly<Record<string, unknown>>) =>
  decodeDPoPProofClaims(encodeJsonSegment({ ...rfcClaims, ...change }))

afterEach(() => {
  vi.restoreAllMocks()
})

describe('decodeDPoPProof', () => {
  it('decodes the proof of RFC 9449, section 7.1', async () => {
    const { header, claims, signingInput, signature } = decodeDPoPProof(rfcProof)
    expect(header).toEqual(rfcHeader)
    expect(claims).toEqual(rfcClaims)
    expect(signingInput).toBe(rfcProof.slice(0, rfcProof.lastIndexOf('.')))
    const parameters = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('jwk', ecJwk, parameters, false, ['verify'])
    expect(await crypto.subtle.verify(parameters, key, signature, Buffer.from(signingInput))).toBe(true)
  })

  it('ignores header parameters and claims it does not know', () => {
    expect(decodeHeader({ kid: 'a', jku: 'https://evil.example', b64: false }).header).toEqual(rfcHeader)
    expect(decodeClaims({ exp: 1, admin: true, ['__proto__']: { ath: 'a' } })).toStrictEqual(rfcClaims)
  })

  it('does not take a member for a claim that JSON did not hold', () => {
    expect('nonce' in decodeClaims({})).toBe(false)
    const { ath: _, ...without } = rfcClaims
    expect('ath' in decodeDPoPProofClaims(encodeJsonSegment(without))).toBe(false)
  })
})

describe('splitDPoPProof', () => {
  it('accepts the longest proof allowed and none longer', () => {
    const longest = `a.b.${'A'.repeat(MAX_PROOF_LENGTH - 4)}`
    expect(splitDPoPProof(longest).signature).toHaveLength(MAX_PROOF_LENGTH - 4)
    const code = 'ERR_DPOP_PROOF_TOO_LARGE'
    const error = expectRefusal(() => splitDPoPProof(`${longest}A`), { code, parameter: 'size' })
    expect(error).toMatchObject({ expected: MAX_PROOF_LENGTH, actual: MAX_PROOF_LENGTH + 1 })
  })

  it.each([
    ['no dot', 'a'],
    ['one dot', rfcProof.slice(0, rfcProof.lastIndexOf('.'))],
    ['three dots', `${rfcProof}.`],
    ['the five segments of a JWE', `${rfcProof}.a.b`],
    ['nothing', ''],
  ])('refuses %s', (_, proof) => {
    const code = 'ERR_DPOP_PROOF_MALFORMED'
    expectRefusal(() => splitDPoPProof(proof), { code, reason: 'segments', parameter: 'proof' })
    expectRefusal(() => decodeDPoPProof(proof), { code, reason: 'segments', parameter: 'proof' })
  })
})

describe('a proof in another spelling', () => {
  const [header = '', payload = '', signature = ''] = rfcProof.split('.')
  const code = 'ERR_DPOP_PROOF_MALFORMED'

  it.each([
    ['header', `${header}=.${payload}.${signature}`],
    ['header', ` ${header}.${payload}.${signature}`],
    ['payload', `${header}.${payload}=.${signature}`],
    ['payload', `${header}.${payload.slice(0, 8)} ${payload.slice(8)}.${signature}`],
    ['signature', `${header}.${payload}.${signature}==`],
    ['signature', `${header}.${payload}.${signature}\n`],
    ['signature', `${header}.${payload}.${signature.slice(0, -1)}B`],
    ['signature', `${header}.${payload}.${signature}, ${rfcProof}`.replace(/, .*/, ', ')],
  ])('is refused for its %s (%#)', (parameter, proof) => {
    expectRefusal(() => decodeDPoPProof(proof), { code, reason: 'base64url', parameter })
  })

  it('is refused when two fields were joined', () => {
    expectRefusal(() => decodeDPoPProof(`${rfcProof}, ${rfcProof}`), { code, reason: 'segments' })
  })

  it('is refused without signature', () => {
    expectRefusal(() => decodeDPoPProof(`${header}.${payload}.`), { code, reason: 'empty', parameter: 'signature' })
  })
})

describe('decodeDPoPProofHeader', () => {
  it.each([
    ['base64url', '='],
    ['syntax', ''],
    ['type', encodeBase64url('[]')],
    ['duplicate_member', encodeBase64url('{"typ":"dpop+jwt","typ":"dpop+jwt"}')],
    ['utf8', encodeBase64url(Uint8Array.of(0x7b, 0xff, 0x7d))],
  ])('refuses what is malformed: %s', (reason, segment) => {
    const refusal = { code: 'ERR_DPOP_PROOF_MALFORMED', reason, parameter: 'header' } as const
    expectRefusal(() => decodeDPoPProofHeader(segment), refusal)
  })

  it.each([undefined, null, '', 'JWT', 'at+jwt', 'DPOP+JWT', 'application/dpop+jwt', 'dpop+jwt ', ['dpop+jwt']])(
    'refuses the typ %o',
    (typ) => {
      const error = expectRefusal(() => decodeHeader({ typ }), { code: 'ERR_DPOP_PROOF_TYP', parameter: 'typ' })
      expect(error).toMatchObject({ expected: DPOP_PROOF_TYP, actual: typ })
    },
  )

  it.each([[[]], [['b64']], [null], ['b64'], [false]])('refuses the crit %o', (crit) => {
    expectRefusal(() => decodeHeader({ crit }), { code: 'ERR_DPOP_PROOF_CRIT', parameter: 'crit' })
  })

  it.each([undefined, null, '', 'none', 'HS256', 'es256', 'ES256K', ['ES256'], 256])('refuses the alg %o', (alg) => {
    expectRefusal(() => decodeHeader({ alg }), { code: 'ERR_DPOP_PROOF_ALG', parameter: 'alg' })
  })

  it.each([
    ['type', 'jwk', undefined],
    ['type', 'jwk', null],
    ['type', 'jwk', JSON.stringify(ecJwk)],
    ['private', 'd', { ...ecJwk, d: 'AA' }],
    ['private', 'k', { kty: 'oct', k: 'AA' }],
    ['alg', 'alg', { ...ecJwk, kty: 'oct' }],
    ['alg', 'alg', { ...ecJwk, crv: 'P-384' }],
    ['alg', 'alg', { ...ecJwk, alg: 'ES384' }],
    ['alg', 'alg', rsaJwk],
    ['alg', 'alg', okpJwk],
    ['use', 'use', { ...ecJwk, use: 'enc' }],
    ['encoding', 'x', { ...ecJwk, x: ecJwk.x.replace('-', '+') }],
    ['length', 'y', { ...ecJwk, y: '' }],
  ])('refuses for its %s (%s) the jwk %o', (reason, parameter, jwk) => {
    const error = expectRefusal(() => decodeHeader({ jwk }), { code: 'ERR_DPOP_PROOF_JWK', reason, parameter })
    expect(error.cause).toMatchObject({ code: 'ERR_JWK_INVALID' })
  })

  it('returns the entry of the algorithm', () => {
    expect(decodeHeader({}).algorithm.alg).toBe('ES256')
    expect(decodeHeader({ alg: 'EdDSA', jwk: { ...okpJwk, alg: 'Ed25519' } }).header).toEqual({
      typ: DPOP_PROOF_TYP,
      alg: 'EdDSA',
      jwk: okpJwk,
    })
  })

  it('never returns more of the jwk than identifies it', () => {
    expect(decodeHeader({ jwk: { ...ecJwk, kid: 'a', x5u: 'https://evil.example' } }).header.jwk).toStrictEqual(ecJwk)
  })
})

describe('decodeDPoPProofClaims', () => {
  it.each(['jti', 'htm', 'htu', 'iat'])('refuses a proof without %s', (name) => {
    expectRefusal(() => decodeClaims({ [name]: undefined }), { code: 'ERR_DPOP_PROOF_CLAIM_MISSING', parameter: name })
  })

  it.each(['jti', 'htm', 'htu', 'ath', 'nonce'])('refuses a %s that is not a string, or empty', (parameter) => {
    const code = 'ERR_DPOP_PROOF_CLAIM_INVALID'
    for (const value of [null, 1, true, ['a'], {}]) {
      expectRefusal(() => decodeClaims({ [parameter]: value }), { code, reason: 'type', parameter })
    }
    expectRefusal(() => decodeClaims({ [parameter]: '' }), { code, reason: 'empty', parameter })
  })

  it.each([null, '1562262618', true, [1_562_262_618], {}])('refuses the iat %o', (iat) => {
    const refusal = { code: 'ERR_DPOP_PROOF_CLAIM_INVALID', reason: 'type', parameter: 'iat' } as const
    expectRefusal(() => decodeClaims({ iat }), refusal)
  })

  it('refuses an infinite iat', () => {
    const segment = encodeBase64url(JSON.stringify(rfcClaims).replace('1562262618', '1e999'))
    const refusal = { code: 'ERR_DPOP_PROOF_MALFORMED', reason: 'number', parameter: 'payload' } as const
    expectRefusal(() => decodeDPoPProofClaims(segment), refusal)
  })

  it('reads the longest jti allowed and none longer', () => {
    expect(decodeClaims({ jti: 'a'.repeat(MAX_JTI_LENGTH) }).jti).toHaveLength(MAX_JTI_LENGTH)
    const refusal = { code: 'ERR_DPOP_PROOF_CLAIM_INVALID', reason: 'size', parameter: 'jti' } as const
    const error = expectRefusal(() => decodeClaims({ jti: 'a'.repeat(MAX_JTI_LENGTH + 1) }), refusal)
    expect(error).toMatchObject({ expected: MAX_JTI_LENGTH, actual: MAX_JTI_LENGTH + 1 })
  })

  it('refuses two claims of one name', () => {
    const segment = encodeBase64url(JSON.stringify(rfcClaims).replace('{', '{"htm":"POST",'))
    const refusal = { code: 'ERR_DPOP_PROOF_MALFORMED', reason: 'duplicate_member', parameter: 'payload' } as const
    expectRefusal(() => decodeDPoPProofClaims(segment), refusal)
  })
})

describe('decodeDPoPProofSignature', () => {
  it('decodes to bytes', () => {
    expect(decodeDPoPProofSignature('AP8')).toEqual(Uint8Array.of(0, 0xff))
  })

  it.each([
    ['empty', ''],
    ['base64url', 'AP9'],
  ])('refuses a signature: %s', (reason, segment) => {
    const refusal = { code: 'ERR_DPOP_PROOF_MALFORMED', reason, parameter: 'signature' } as const
    expectRefusal(() => decodeDPoPProofSignature(segment), refusal)
  })
})

describe('encodeDPoPProofHeader and encodeDPoPProofClaims', () => {
  const keyOf = (kty: string | undefined) => [ecJwk, rsaJwk, okpJwk, akpJwk].find((jwk) => jwk.kty === kty) ?? ecJwk

  it.each(jwsAlgorithms.filter((alg) => !/^(ES384|ES512|ML-DSA-65|ML-DSA-87)$/.test(alg)))(
    'write a header for %s that is read back',
    (alg) => {
      const kty = alg.startsWith('ES') ? 'EC' : alg.startsWith('Ed') ? 'OKP' : alg.startsWith('ML') ? 'AKP' : 'RSA'
      const header = { typ: DPOP_PROOF_TYP, alg, jwk: keyOf(kty) }
      expect(decodeDPoPProofHeader(encodeDPoPProofHeader(alg, keyOf(kty))).header).toEqual(header)
    },
  )

  it('write claims that are read back', () => {
    for (const claims of [rfcClaims, { ...rfcClaims, nonce: 'n-0S6_WzA2Mj' }, { ...rfcClaims, jti: 'é😀"\\' }]) {
      expect(decodeDPoPProofClaims(encodeDPoPProofClaims(claims))).toStrictEqual(claims)
    }
  })

  it('write no claims but these', () => {
    const claims = { ...rfcClaims, admin: true }
    expect(encodeDPoPProofClaims(claims)).toBe(encodeDPoPProofClaims(rfcClaims))
  })
})

describe('a fault of ours', () => {
  it('is not blamed on the sender', () => {
    expect(() => decodeDPoPProofHeader(undefined as unknown as string)).toThrow(TypeError)
    expect(() => decodeDPoPProofClaims(undefined as unknown as string)).toThrow(TypeError)
  })

  it('is not blamed on the key either', () => {
    vi.spyOn(Math, 'clz32').mockImplementation(() => {
      throw new RangeError('a fault')
    })
    expect(() => decodeHeader({ alg: 'PS256', jwk: rsaJwk })).toThrow(RangeError)
  })

  it('names the jwk where its cause names no member', () => {
    vi.spyOn(Math, 'clz32').mockImplementation(() => {
      throw new CountersignError('ERR_JWK_INVALID', 'A refusal')
    })
    const refusal = { code: 'ERR_DPOP_PROOF_JWK', parameter: 'jwk' } as const
    expectRefusal(() => decodeHeader({ alg: 'PS256', jwk: rsaJwk }), refusal)
  })
})
