// The table of algorithms: what is in it, and that nothing else is.

import { describe, expect, it } from 'vitest'
import { algorithmOf, jwsAlgorithms } from '../src/algorithms.ts'

describe('jwsAlgorithms', () => {
  it('names the implemented algorithms, most preferred first', () => {
    expect(jwsAlgorithms).toEqual([
      'ES256',
      'ES384',
      'ES512',
      'PS256',
      'PS384',
      'PS512',
      'RS256',
      'EdDSA',
      'Ed25519',
      'ML-DSA-44',
      'ML-DSA-65',
      'ML-DSA-87',
    ])
  })

  it.each(jwsAlgorithms)('has an entry for %s that names itself', (alg) => {
    expect(algorithmOf(alg)?.alg).toBe(alg)
  })
})

describe('algorithmOf', () => {
  it.each([
    ['ES256', { kty: 'EC', crv: 'P-256', hash: 'SHA-256', signatureBytes: 64 }],
    ['ES384', { kty: 'EC', crv: 'P-384', hash: 'SHA-384', signatureBytes: 96 }],
    ['ES512', { kty: 'EC', crv: 'P-521', hash: 'SHA-512', signatureBytes: 132 }],
    ['PS256', { kty: 'RSA', hash: 'SHA-256' }],
    ['PS384', { kty: 'RSA', hash: 'SHA-384' }],
    ['PS512', { kty: 'RSA', hash: 'SHA-512' }],
    ['RS256', { kty: 'RSA', hash: 'SHA-256' }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 }],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 }],
    ['ML-DSA-44', { kty: 'AKP', signatureBytes: 2420 }],
    ['ML-DSA-65', { kty: 'AKP', signatureBytes: 3309 }],
    ['ML-DSA-87', { kty: 'AKP', signatureBytes: 4627 }],
  ])('knows what %s asks of its key and signature', (alg, entry) => {
    expect(algorithmOf(alg)).toMatchObject(entry)
  })

  it.each([
    'none',
    'nOnE',
    'None',
    '',
    'HS256',
    'HS512',
    'RS384',
    'RS512',
    'RS1',
    'ES256K',
    'Ed448',
    'es256',
    'ES256 ',
    'ES256\0',
    '__proto__',
    'constructor',
    'toString',
  ])('knows no %j', (alg) => {
    expect(algorithmOf(alg)).toBeUndefined()
  })

  it.each([undefined, null, 256, ['ES256'], { alg: 'ES256' }, new String('ES256')])('knows nothing by %o', (alg) => {
    expect(algorithmOf(alg)).toBeUndefined()
  })
})
