// The parameters of WebCrypto: that it takes them, and that keys and signatures are those of the algorithm.

import { describe, expect, it } from 'vitest'
import { algorithmOf, jwsAlgorithms } from '../src/algorithms.ts'
import { readPublicJwk } from '../src/jwk.ts'
import { webCryptoParameters } from '../src/web-crypto.ts'

describe('webCryptoParameters', () => {
  it.each([
    ['ES256', { name: 'ECDSA', hash: 'SHA-256' }],
    ['ES384', { name: 'ECDSA', hash: 'SHA-384' }],
    ['ES512', { name: 'ECDSA', hash: 'SHA-512' }],
    ['PS256', { name: 'RSA-PSS', saltLength: 32 }],
    ['PS384', { name: 'RSA-PSS', saltLength: 48 }],
    ['PS512', { name: 'RSA-PSS', saltLength: 64 }],
    ['RS256', { name: 'RSASSA-PKCS1-v1_5' }],
    ['EdDSA', { name: 'Ed25519' }],
    ['Ed25519', { name: 'Ed25519' }],
    ['ML-DSA-65', { name: 'ML-DSA-65' }],
  ])('sign with %s by its own parameters', (alg, parameters) => {
    const entry = algorithmOf(alg)
    if (entry === undefined) return expect.fail('No entry')
    expect(webCryptoParameters(entry).signParameters).toEqual(parameters)
  })

  it.each(jwsAlgorithms)('are what it takes to sign and verify with %s', async (alg) => {
    const entry = algorithmOf(alg)
    if (entry === undefined) return expect.fail('No entry')
    const { keyParameters, signParameters } = webCryptoParameters(entry)
    // The types of WebCrypto know no ML-DSA yet.
    const parameters = keyParameters as unknown as EcKeyGenParams
    const { privateKey, publicKey } = (await crypto.subtle.generateKey(parameters, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const data = new Uint8Array(8)
    const signature = await crypto.subtle.sign(signParameters, privateKey, data)
    expect(signature.byteLength).toBe(entry.signatureBytes ?? 256)
    expect(await crypto.subtle.verify(signParameters, publicKey, signature, data)).toBe(true)
    const jwk = (await crypto.subtle.exportKey('jwk', publicKey)) as Record<string, unknown>
    expect(jwk['kty']).toBe(entry.kty)
    expect(jwk['crv']).toBe(entry.crv)
    expect(readPublicJwk({ ...jwk, key_ops: ['verify'] }, entry)).toMatchObject({ kty: entry.kty })
    await crypto.subtle.importKey('jwk', jwk, parameters, true, ['verify'])
  })
})
