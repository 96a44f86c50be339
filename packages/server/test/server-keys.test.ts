// The option `keys`, one wrong thing at a time, and what is signed with them, verified by jose.

import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { captureError, createKey } from '@countersign/testkit'
import type { JSONWebKeySet } from 'jose'
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import countersign from '../src/index.ts'
import type { ServerKeyOptions } from '../src/verifier.ts'
import { createVerifier } from '../src/verifier.ts'
import { useSignedCalls } from './signed-calls.ts'
import { RESOURCE } from './support.ts'

const { create, options } = useSignedCalls()

const publishedKeys = (...keys: unknown[]) =>
  createVerifier({ resource: RESOURCE, issuer: 'https://as.example.com', keys: keys as ServerKeyOptions[] }).metadata
    .jwks?.document.keys as JSONWebKeySet['keys']

const ecKey = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey
const rsaKey = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength }).privateKey
const jwkOf = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' })
const cryptoKey = async (algorithm: object, usages: readonly KeyUsage[]): Promise<CryptoKey> => {
  const pair = await crypto.subtle.generateKey(algorithm as EcKeyGenParams, true, [...usages])
  return pair.privateKey
}
const RSA = { hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }

describe('a key is refused that', () => {
  const other = jwkOf(ecKey('P-256'))
  const entries: [string, () => unknown, string][] = [
    ['is nothing', () => null, 'keys'],
    ['is missing', () => ({}), 'keys.key'],
    ['is null', () => ({ key: null }), 'keys.key'],
    ['is a PEM text', () => ({ key: ecKey('P-256').export({ type: 'pkcs8', format: 'pem' }) }), 'keys.key'],
    ['is public', () => ({ key: generateKeyPairSync('ed25519').publicKey }), 'keys.key'],
    ['is no point of its curve', () => ({ key: { ...other, y: other.x } }), 'keys.key'],
    ['has the halves of two keys', () => ({ key: { ...jwkOf(ecKey('P-256')), d: other.d } }), 'keys.key'],
    ['has no usable private half', () => ({ key: { ...other, d: 'A' } }), 'keys.key'],
    ['is for encryption', () => ({ key: { ...other, use: 'enc' } }), 'keys.key'],
    ['is for key agreement', () => ({ key: { ...other, key_ops: ['deriveBits'] } }), 'keys.key'],
    ['names another algorithm', () => ({ key: { ...jwkOf(rsaKey()), alg: 'RS256' }, alg: 'PS256' }), 'keys.key'],
    [
      'names an algorithm for encryption that opens no envelopes',
      () => ({ key: { ...other, alg: 'RSA-OAEP' } }),
      'keys.alg',
    ],
    ['is for envelopes, and on another curve', () => ({ key: ecKey('P-384'), alg: 'ECDH-ES' }), 'keys.key'],
    ['is for envelopes, and says that it signs', () => ({ key: { ...other, use: 'sig' }, alg: 'ECDH-ES' }), 'keys.key'],
    ['is too short', () => ({ key: rsaKey(1024), alg: 'PS256' }), 'keys.key'],
    ['is of another curve', () => ({ key: ecKey('P-256'), alg: 'ES384' }), 'keys.key'],
    ['is of a curve without an algorithm', () => ({ key: ecKey('secp256k1') }), 'keys.alg'],
    ['is of a curve that JWK does not know', () => ({ key: ecKey('brainpoolP256r1'), alg: 'ES256' }), 'keys.key'],
    ['is for X25519', () => ({ key: generateKeyPairSync('x25519').privateKey }), 'keys.alg'],
    [
      'is for RSA-PSS alone',
      () => ({ key: generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, alg: 'PS256' }),
      'keys.key',
    ],
    [
      'is for DSA',
      () => ({ key: generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey, alg: 'ES256' }),
      'keys.key',
    ],
    ['has a number for its name', () => ({ key: { ...other, kid: 7 } }), 'keys.kid'],
    ['has a number for its algorithm', () => ({ key: other, alg: 7 }), 'keys.alg'],
    ['is to sign nothing', () => ({ key: other, alg: 'none' }), 'keys.alg'],
  ]
  test.each(entries)('%s', async (_, entry, parameter) => {
    const error = await captureError(() => publishedKeys(entry()))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter })
  })

  const usages: [string, object, readonly KeyUsage[], string][] = [
    ['ECDH', { name: 'ECDH', namedCurve: 'P-256' }, ['deriveBits'], 'ES256'],
    ['RSA-OAEP', { name: 'RSA-OAEP', ...RSA }, ['decrypt', 'encrypt'], 'PS256'],
    ['another padding', { name: 'RSASSA-PKCS1-v1_5', ...RSA }, ['sign', 'verify'], 'PS256'],
    ['another digest', { name: 'RSA-PSS', ...RSA }, ['sign', 'verify'], 'PS384'],
  ]
  test.each(usages)('is a CryptoKey for %s', async (_, algorithm, permitted, alg) => {
    const key = await cryptoKey(algorithm, permitted)
    const error = await captureError(() => publishedKeys({ key, alg }))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'keys.key' })
  })

  test('is named in no error', async () => {
    const jwk = jwkOf(ecKey('P-256'))
    const error = await captureError(() => publishedKeys({ key: { ...jwk, use: 'enc' } }))
    const { message, stack } = error as Error
    for (const text of [message, stack, JSON.stringify(error)]) {
      for (const member of [jwk.d, jwk.x] as string[]) expect(text).not.toContain(member)
    }
  })
})

describe('a key is published', () => {
  test.each([
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
  ])('of %s for %s, since it fits no other', (curve, alg) => {
    expect(publishedKeys({ key: ecKey(curve) })).toMatchObject([{ crv: curve, alg, use: 'sig' }])
  })

  test('under its thumbprint, its own name, or the one it is given', async () => {
    const { privateJwk, jkt } = await createKey()
    expect(publishedKeys({ key: privateJwk })).toMatchObject([{ kid: jkt }])
    expect(publishedKeys({ key: { ...privateJwk, kid: 'own' } })).toMatchObject([{ kid: 'own' }])
    expect(publishedKeys({ key: { ...privateJwk, kid: 'own' }, kid: 'given' })).toMatchObject([{ kid: 'given' }])
  })

  test('that a JWK describes with use, operations and algorithm', async () => {
    const { privateJwk, jwk } = await createKey()
    const described = { ...privateJwk, use: 'sig', key_ops: ['sign'], alg: 'ES256' }
    expect(publishedKeys({ key: described })).toEqual([
      { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' },
    ])
  })

  test('that WebCrypto has exported', async () => {
    const key = await cryptoKey({ name: 'RSASSA-PKCS1-v1_5', ...RSA }, ['sign', 'verify'])
    expect(publishedKeys({ key: await crypto.subtle.exportKey('jwk', key) })).toMatchObject([{ alg: 'RS256' }])
  })

  test('in the order in which keys are given', async () => {
    const [first, second] = [await createKey(), await createKey('Ed25519')]
    const keys = publishedKeys({ key: first.privateJwk }, { key: second.privateJwk, alg: 'EdDSA' })
    expect(keys).toMatchObject([
      { kid: first.jkt, alg: 'ES256' },
      { kid: second.jkt, alg: 'EdDSA' },
    ])
  })
})

describe('signed metadata verifies', () => {
  const forms: [string, (key: Awaited<ReturnType<typeof createKey>>) => unknown][] = [
    ['a CryptoKey', ({ privateKey }) => privateKey],
    ['a JWK', ({ privateJwk }) => privateJwk],
    ['a KeyObject', ({ privateJwk }) => createPrivateKey({ key: privateJwk as JsonWebKey, format: 'jwk' })],
  ]
  const algorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'PS512', 'RS256', 'Ed25519', 'EdDSA']
  test.each(algorithms.flatMap((alg) => forms.map(([form, formOf]) => [alg, form, formOf] as const)))(
    '%s, from %s',
    async (alg, _, formOf) => {
      const app = create()
      const keys = [{ key: formOf(await createKey(alg)), alg }] as ServerKeyOptions[]
      await app.register(countersign, options({ keys, metadata: { signed: true } }))
      const { signed_metadata: jwt, ...document } = (await app.inject('/.well-known/oauth-protected-resource')).json()
      const jwks = (await app.inject(new URL(document.jwks_uri).pathname)).json() as JSONWebKeySet
      const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(jwks), { issuer: RESOURCE })
      expect(protectedHeader).toEqual({ typ: 'oauth-protected-resource+jwt', alg, kid: jwks.keys[0]?.kid })
      expect(payload).toEqual({ iss: RESOURCE, ...document })
    },
  )
})

test('scopes are a list', () => {
  expect(() =>
    createVerifier({
      resource: RESOURCE,
      issuer: 'https://as.example.com',
      metadata: { scopes_supported: 'accounts:read' as never },
    }),
  ).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'metadata.scopes_supported' }))
})

test('documents are public, for HEAD too, and to scripts of any origin', async () => {
  const app = create()
  await app.register(countersign, options({ keys: [{ key: (await createKey()).privateJwk }] }))
  for (const name of ['jwks.json', 'oauth-protected-resource']) {
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, headers } = await app.inject({ method, url: `/.well-known/${name}` })
      expect(statusCode).toBe(200)
      expect(headers).toMatchObject({ 'access-control-allow-origin': '*' })
      // A nonce comes with what is asked for nothing else, and is kept by no cache.
      const withNonce = method === 'HEAD' && name === 'oauth-protected-resource'
      expect('dpop-nonce' in headers).toBe(withNonce)
      expect(headers['cache-control']).toBe(withNonce ? 'no-store' : 'max-age=300')
    }
  }
})
