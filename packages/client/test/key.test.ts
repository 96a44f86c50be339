// The client's key cannot be exported, and nothing of the client gives it away.

import { thumbprint } from '@countersign/shared'
import { compactVerify, importJWK } from 'jose'
import { expect, test } from 'vitest'
import * as publicApi from '../src/index.ts'
import { createProof, generateSigner } from '../src/index.ts'
import { clientOf } from './support.ts'

test('the public interface', () => {
  expect(Object.keys(publicApi).sort()).toEqual([
    'CountersignError',
    'accessToken',
    'authorizationCode',
    'clientCredentials',
    'createClient',
    'createProof',
    'createSignedFetch',
    'createSigner',
    'generateSigner',
    'isCountersignError',
    'jwtBearer',
    'refreshToken',
    'refusalOf',
    'tokenExchange',
    'verifyEvidence',
  ])
})

test.each(['ES256', 'ES384', 'PS256', 'RS256', 'Ed25519', 'EdDSA'] as const)(
  'a %s signer signs what jose verifies',
  async (algorithm) => {
    const signer = await generateSigner(algorithm)
    const proof = await createProof({
      signer,
      method: 'GET',
      url: new URL('https://api.example.com/a?b'),
      accessToken: 't',
      nonce: 'n',
    })
    const key = await importJWK({ ...signer.publicJwk }, algorithm)
    const { payload } = await compactVerify(proof, key)
    expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({
      htm: 'GET',
      htu: 'https://api.example.com/a',
      nonce: 'n',
    })
  },
)

test('a signer shows its public key, and holds no CryptoKey where one could be taken', async () => {
  const signer = await generateSigner()
  expect(Object.keys(signer)).toEqual(['algorithm', 'publicJwk', 'sign'])
  expect(Object.keys(signer.publicJwk)).toEqual(['kty', 'crv', 'x', 'y'])
  const client = clientOf('https://api.example.com', { signer })
  expect(Object.keys(client)).toEqual(['fetch', 'thumbprint', 'ready', 'close'])
  expect(await client.thumbprint()).toBe(await thumbprint(signer.publicJwk))
})

test('the platform is asked for a key that cannot be exported', async () => {
  const asked: unknown[][] = []
  const { subtle } = crypto
  const generateKey = subtle.generateKey
  subtle.generateKey = ((...parameters: unknown[]) => {
    asked.push(parameters)
    return (generateKey as (...all: unknown[]) => Promise<CryptoKeyPair>).apply(subtle, parameters)
  }) as typeof subtle.generateKey
  try {
    await generateSigner()
  } finally {
    subtle.generateKey = generateKey
  }
  expect(asked).toHaveLength(1)
  expect(asked[0]?.[1]).toBe(false)
})
