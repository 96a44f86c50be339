// The table of algorithms: what is in it, that nothing else is, and that WebCrypto takes its parameters.

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
    ['PS256', { kty: 'RSA', hash: 'SHA-256', signParameters: { name: 'RSA-PSS', saltLength: 32 } }],
    ['PS384', { kty: 'RSA', hash: 'SHA-384', signParameters: { name: 'RSA-PSS', saltLength: 48 } }],
    ['PS512', { kty: 'RSA', hash: 'SHA-512', signParameters: { name: 'RSA-PSS', saltLength: 64 } }],
    ['RS256', { kty: 'RSA', hash: 'SHA-256', signParameters: { name: 'RSASSA-PKCS1-v1_5' } }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 }],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 }],
    ['ML-DSA-44', { kty: 'AKP', publicKeyBytes: 1312, signatureBytes: 2420 }],
    ['ML-DSA-65', { kty: 'AKP', publicKeyBytes: 1952, signatureBytes: 3309 }],
    ['ML-DSA-87', { kty: 'AKP', publicKeyBytes: 2592, signatureBytes: 4627 }],
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

  it.each(jwsAlgorithms)('gives WebCrypto what it needs to sign and verify with %s', async (alg) => {
    const entry = algorithmOf(alg)
    if (entry === undefined) return expect.fail('No entry')
    // The types of WebCrypto know no ML-DSA yet.
    const parameters = entry.keyParameters as unknown as EcKeyGenParams
    const { privateKey, publicKey } = (await crypto.subtle.generateKey(parameters, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const data = new Uint8Array(8)
    const signature = await crypto.subtle.sign(entry.signParameters, privateKey, data)
    expect(signature.byteLength).toBe(entry.signatureBytes ?? 256)
    expect(await crypto.subtle.verify(entry.signParameters, publicKey, signature, data)).toBe(true)
    const jwk = (await crypto.subtle.exportKey('jwk', publicKey)) as Record<string, unknown>
    expect(jwk['kty']).toBe(entry.kty)
    expect(jwk['crv']).toBe(entry.crv)
    if (entry.publicKeyBytes !== undefined) {
      expect(Buffer.from(String(jwk['pub']), 'base64url')).toHaveLength(entry.publicKeyBytes)
    }
    await crypto.subtle.importKey('jwk', jwk, parameters, true, ['verify'])
  })
})
