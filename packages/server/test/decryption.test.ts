// Encrypted access tokens: a JWE around the signed token, made by jose. Everything that is demanded of a token is demanded of what is inside.

import { createSecretKey, generateKeyPairSync, KeyObject, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { captureError, createKey } from '@countersign/testkit'
import type { CompactJWEHeaderParameters, CryptoKey, JWK } from 'jose'
import { CompactEncrypt, exportJWK, generateKeyPair, generateSecret } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { DecryptionKeyOptions, IssuerOptions, KeyManagementAlgorithm } from '../src/verifier.ts'
import { createVerifier } from '../src/verifier.ts'
import { createSubject, RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()

interface Pair {
  readonly alg: KeyManagementAlgorithm
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

async function createPair(alg: KeyManagementAlgorithm, crv?: string): Promise<Pair> {
  return { alg, ...(await generateKeyPair(alg, { extractable: true, ...(crv !== undefined && { crv }) })) }
}

let pair: Pair
let pairJwk: JWK
beforeAll(async () => {
  pair = await createPair('ECDH-ES+A256KW')
  pairJwk = await exportJWK(pair.privateKey)
})

const keyOf = ({ alg, privateKey }: Pair, kid?: string): DecryptionKeyOptions => ({
  key: KeyObject.from(privateKey as never),
  alg,
  ...(kid !== undefined && { kid }),
})

/** A verifier whose issuer encrypts to some keys. */
function subjectOf(decryptionKeys: readonly DecryptionKeyOptions[] | undefined, options: Partial<IssuerOptions> = {}) {
  const issuer = { issuer: context.issuer.issuer, ...(decryptionKeys && { decryptionKeys }), ...options }
  return createSubject(context, { issuer })
}

async function encrypt(
  token: string,
  { alg, publicKey }: Pair = pair,
  header: Partial<CompactJWEHeaderParameters> = {},
): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(token))
    .setProtectedHeader({ alg, enc: 'A256GCM', cty: 'JWT', ...header } as CompactJWEHeaderParameters)
    .encrypt(publicKey)
}

describe('is accepted', () => {
  const pairs: [KeyManagementAlgorithm, string?][] = [
    ['RSA-OAEP'],
    ['RSA-OAEP-256'],
    ['RSA-OAEP-384'],
    ['RSA-OAEP-512'],
    ['ECDH-ES'],
    ['ECDH-ES', 'P-384'],
    ['ECDH-ES', 'P-521'],
    ['ECDH-ES', 'X25519'],
    ...(['ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'] as const).flatMap((alg) =>
      ['P-256', 'P-384', 'P-521', 'X25519'].map((crv): [KeyManagementAlgorithm, string] => [alg, crv]),
    ),
  ]
  test.each(pairs)('encrypted with %s %s, cold and warm', async (alg, crv) => {
    const each = await createPair(alg, crv)
    const subject = subjectOf([keyOf(each)])
    const accessToken = await encrypt(await subject.bound({ claims: { scope: 'a' } }), each)
    expect((await subject.send({ accessToken })).caller).toMatchObject({ clientId: 'client-1', scopes: ['a'] })
    await subject.send({ accessToken })
  })

  test.each(['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'])(
    'with the content encrypted by %s',
    async (enc) => {
      const subject = subjectOf([keyOf(pair)])
      await subject.send({ accessToken: await encrypt(await subject.bound(), pair, { enc }) })
    },
  )

  test.each(['JWT', 'jwt', 'application/jwt', 'at+jwt'])('with the content type %s', async (cty) => {
    const subject = subjectOf([keyOf(pair)])
    await subject.send({ accessToken: await encrypt(await subject.bound(), pair, { cty }) })
  })

  test('whichever of two keys it was encrypted to, named or not', async () => {
    const older = await createPair('ECDH-ES+A256KW')
    const subject = subjectOf([keyOf(pair, 'new'), keyOf(older, 'old')])
    for (const [each, kid] of [
      [pair, 'new'],
      [older, 'old'],
    ] as const) {
      await subject.send({ accessToken: await encrypt(await subject.bound(), each, { kid }) })
      await subject.send({ accessToken: await encrypt(await subject.bound(), each) })
    }
  })

  test('by a key given as CryptoKey or as JWK', async () => {
    const { alg, privateKey } = pair
    for (const key of [privateKey, { ...(await exportJWK(privateKey)), kid: 'k' }]) {
      const subject = subjectOf([{ key: key as DecryptionKeyOptions['key'], alg }])
      await subject.send({ accessToken: await encrypt(await subject.bound(), pair, { kid: 'k' }) })
    }
  })

  test('beside plain ones, if encryption is optional', async () => {
    const subject = subjectOf([keyOf(pair)], { encryption: 'optional' })
    await subject.send({ accessToken: await encrypt(await subject.bound()) })
    await subject.send({})
  })
})

describe('is refused', () => {
  test('a plain token, where encryption was agreed upon', async () => {
    expect((await subjectOf([keyOf(pair)]).refusal({})).code).toBe('ERR_TOKEN_ENCRYPTION')
  })

  test('an encrypted token, where there is no key', async () => {
    const subject = subjectOf(undefined)
    const accessToken = await encrypt(await subject.bound())
    expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_MALFORMED')
  })

  test('an encrypted token of an issuer with which nothing was agreed', async () => {
    const issuer = [
      { issuer: context.issuer.issuer },
      { issuer: 'https://other.example', jwks: { keys: [context.key.jwk] }, decryptionKeys: [keyOf(pair)] },
    ]
    const subject = createSubject(context, { issuer })
    const accessToken = await encrypt(await subject.bound())
    expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_ENCRYPTION')
  })

  const cases: [string, (token: string) => Promise<string>, string][] = [
    ['to another key', async (token) => encrypt(token, await createPair(pair.alg)), 'plaintext'],
    ['to a key that is named otherwise', (token) => encrypt(token, pair, { kid: 'other' }), 'key'],
    ['with another alg than that of the key', async (token) => encrypt(token, { ...pair, alg: 'ECDH-ES' }), 'key'],
    ['with a critical parameter', async (token) => withHeader(await encrypt(token), { crit: ['x'], x: 1 }), 'crit'],
    ['compressed', async (token) => withHeader(await encrypt(token), { zip: 'DEF' }), 'zip'],
    ['without content type', (token) => encrypt(token, pair, { cty: undefined as never }), 'cty'],
    ['with another content type', (token) => encrypt(token, pair, { cty: 'application/json' }), 'cty'],
    ['with no content encryption', async (token) => withHeader(await encrypt(token), { enc: 'none' }), 'enc'],
    ['with a header that is none', async (token) => withSegment(await encrypt(token), 0, 'e30'), 'enc'],
    ['with a header that is no JSON', async (token) => withSegment(await encrypt(token), 0, 'AAAA'), 'header'],
    ['with a padded segment', async (token) => `${await encrypt(token)}=`, 'base64url'],
    ['with a flipped key', async (token) => flipped(await encrypt(token), 1), 'plaintext'],
    ['with a flipped initialisation vector', async (token) => flipped(await encrypt(token), 2), 'plaintext'],
    ['with a flipped ciphertext', async (token) => flipped(await encrypt(token), 3), 'plaintext'],
    ['with a flipped tag', async (token) => flipped(await encrypt(token), 4), 'plaintext'],
    ['with a header that was changed', async (token) => withHeader(await encrypt(token), { x: 1 }), 'plaintext'],
  ]
  test.each(cases)('%s', async (_, make, reason) => {
    const subject = subjectOf([keyOf(pair, 'key-1')])
    const refusal = await subject.refusal({ accessToken: await make(await subject.bound()) })
    expect(refusal).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', statusCode: 401, reason })
    expect(refusal.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  test('with a shared secret, a password or RSA1_5', async () => {
    const subject = subjectOf([keyOf(pair)])
    const token = await subject.bound()
    const secret = await generateSecret('A256GCM')
    const direct = await new CompactEncrypt(new TextEncoder().encode(token))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
      .encrypt(secret)
    for (const accessToken of [
      direct,
      withHeader(direct, { alg: 'PBES2-HS256+A128KW', p2c: 1_000_000_000, p2s: 'AA' }),
      withHeader(direct, { alg: 'RSA1_5' }),
    ]) {
      expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'key' })
    }
  })

  test('of six segments, or too large', async () => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound())
    expect((await subject.refusal({ accessToken: `${accessToken}.AA` })).code).toBe('ERR_TOKEN_MALFORMED')
    expect((await subject.refusal({ accessToken: `${accessToken}${'A'.repeat(16_384)}` })).code).toBe(
      'ERR_TOKEN_TOO_LARGE',
    )
  })

  test.each([
    ['expired', { claims: { exp: 1 } }, 'ERR_TOKEN_EXPIRED'],
    ['for another resource', { claims: { aud: 'https://other.example' } }, 'ERR_TOKEN_AUDIENCE'],
    ['an ID token', { header: { typ: 'JWT' } }, 'ERR_TOKEN_TYP'],
    ['bound to another key', { claims: { cnf: { jkt: 'A'.repeat(43) } } }, 'ERR_TOKEN_BINDING_MISMATCH'],
  ])('if what is inside is %s', async (_, parts, code) => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(parts))
    expect((await subject.refusal({ accessToken })).code).toBe(code)
  })

  test('if what is inside is signed by another, encrypted again, or no JWT', async () => {
    const subject = subjectOf([keyOf(pair)])
    const forged = await encrypt(await subject.bound({ key: await createKey() }))
    expect((await subject.refusal({ accessToken: forged })).code).toBe('ERR_TOKEN_SIGNATURE')
    const twice = await encrypt(await encrypt(await subject.bound()))
    expect((await subject.refusal({ accessToken: twice })).code).toBe('ERR_TOKEN_MALFORMED')
    expect((await subject.refusal({ accessToken: await encrypt('{"sub":"admin"}') })).code).toBe('ERR_TOKEN_MALFORMED')
  })

  test('before it is decrypted, if the proof is not signed by its key', async () => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(), await createPair(pair.alg))
    const { rawHeaders } = await subject.request({ accessToken })
    const [header, payload] = (rawHeaders.at(-1) as string).split('.')
    const forged = `${header}.${payload}.${'A'.repeat(86)}`
    expect((await subject.refusal({ accessToken, proof: forged })).code).toBe('ERR_DPOP_PROOF_SIGNATURE')
  })
})

describe('options', () => {
  const create = (decryptionKeys: unknown, more: object = {}) =>
    createVerifier({
      resource: RESOURCE,
      issuer: {
        issuer: 'https://as.example',
        ...(decryptionKeys !== undefined && { decryptionKeys: decryptionKeys as [] }),
        ...more,
      },
    })

  test.each([
    ['no list', () => 'x', 'issuer.decryptionKeys'],
    ['an empty list', () => [], 'issuer.decryptionKeys'],
    ['a key alone', () => [pair.privateKey], 'issuer.decryptionKeys.alg'],
    ['no alg', () => [{ key: pair.privateKey }], 'issuer.decryptionKeys.alg'],
    ['RSA1_5', () => [{ key: pair.privateKey, alg: 'RSA1_5' }], 'issuer.decryptionKeys.alg'],
    ['a public key', () => [{ key: pair.publicKey, alg: pair.alg }], 'issuer.decryptionKeys.key'],
    ['a key of another type', () => [{ key: pair.privateKey, alg: 'RSA-OAEP-256' }], 'issuer.decryptionKeys.key'],
    ['no key', () => [{ alg: pair.alg }], 'issuer.decryptionKeys.key'],
    ['a text', () => [{ key: '-----BEGIN PRIVATE KEY-----', alg: pair.alg }], 'issuer.decryptionKeys.key'],
    [
      'a secret in its place',
      () => [{ key: createSecretKey(randomBytes(32)), alg: pair.alg }],
      'issuer.decryptionKeys.key',
    ],
    ['nothing in its place', () => [{ key: null, alg: pair.alg }], 'issuer.decryptionKeys.key'],
    ['nothing among keys', () => [keyOf(pair), null], 'issuer.decryptionKeys'],
    ['an alg that shares a secret', () => [{ ...keyOf(pair), alg: 'A256KW' }], 'issuer.decryptionKeys.alg'],
    [
      'an alg that takes a password',
      () => [{ ...keyOf(pair), alg: 'PBES2-HS256+A128KW' }],
      'issuer.decryptionKeys.alg',
    ],
    ['dir', () => [{ ...keyOf(pair), alg: 'dir' }], 'issuer.decryptionKeys.alg'],
    ['an alg in lower case', () => [{ ...keyOf(pair), alg: 'ecdh-es' }], 'issuer.decryptionKeys.alg'],
    ['a kid of no characters', () => [keyOf(pair, '')], 'issuer.decryptionKeys.kid'],
    ['a kid that is none', () => [{ ...keyOf(pair), kid: 1 }], 'issuer.decryptionKeys.kid'],
    [
      'a kid in the JWK that is none',
      () => [{ key: { ...pairJwk, kid: 1 }, alg: pair.alg }],
      'issuer.decryptionKeys.kid',
    ],
    [
      'a JWK with another alg',
      () => [{ key: { ...pairJwk, alg: 'ECDH-ES' }, alg: pair.alg }],
      'issuer.decryptionKeys.key',
    ],
    ['a JWK for signatures', () => [{ key: { ...pairJwk, use: 'sig' }, alg: pair.alg }], 'issuer.decryptionKeys.key'],
    [
      'a JWK that only signs',
      () => [{ key: { ...pairJwk, key_ops: ['sign'] }, alg: pair.alg }],
      'issuer.decryptionKeys.key',
    ],
    [
      'a JWK whose key_ops are no list',
      () => [{ key: { ...pairJwk, key_ops: 'deriveBits' }, alg: pair.alg }],
      'issuer.decryptionKeys.key',
    ],
    ['an unknown member', () => [{ ...keyOf(pair), use: 'enc' }], 'issuer.decryptionKeys.use', 'ERR_OPTION_UNKNOWN'],
  ] as [string, () => unknown, string, string?][])(
    '%s is refused',
    (_, keys, parameter, code = 'ERR_OPTION_INVALID') => {
      expect(() => create(keys())).toThrow(expect.objectContaining({ code, parameter }))
    },
  )

  test.each([
    ['ec', { namedCurve: 'secp256k1' }, 'ECDH-ES'],
    ['ed25519', {}, 'ECDH-ES'],
    ['x448', {}, 'ECDH-ES'],
    ['rsa-pss', { modulusLength: 2048 }, 'RSA-OAEP-256'],
    ['rsa', { modulusLength: 2048 }, 'ECDH-ES'],
  ])('a key of type %s %j for %s is refused', (type, details, alg) => {
    const { privateKey: key } = generateKeyPairSync(type as 'ec', details as { namedCurve: string })
    expect(() => create([{ key, alg }])).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'issuer.decryptionKeys.key' }),
    )
  })

  test.each([
    [{ name: 'RSA-PSS', hash: 'SHA-256' }, ['sign', 'verify'], 'RSA-OAEP-256'],
    [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, ['sign', 'verify'], 'RSA-OAEP-256'],
    [{ name: 'RSA-OAEP', hash: 'SHA-256' }, ['decrypt', 'encrypt'], 'RSA-OAEP-512'],
    [{ name: 'RSA-OAEP', hash: 'SHA-256' }, ['decrypt', 'encrypt'], 'RSA-OAEP'],
    [{ name: 'ECDSA', namedCurve: 'P-256' }, ['sign', 'verify'], 'ECDH-ES'],
  ] as const)('a CryptoKey for %j is refused for %s', async (algorithm, usages, alg) => {
    const parameters = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), ...algorithm }
    const { privateKey: key } = await crypto.subtle.generateKey(parameters, true, usages)
    expect(() => create([{ key, alg }])).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'issuer.decryptionKeys.key' }),
    )
  })

  test('a CryptoKey and a JWK are taken with the algorithm they are for', async () => {
    for (const alg of ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512', 'ECDH-ES'] as const) {
      const { privateKey } = await createPair(alg)
      const operations = alg === 'ECDH-ES' ? ['deriveBits'] : ['unwrapKey']
      const jwk = { ...(await exportJWK(privateKey)), alg, use: 'enc', key_ops: operations }
      for (const key of [privateKey, jwk]) create([{ key, alg }])
    }
  })

  test('what is refused is not told: it may be a private key', async () => {
    const key = { ...pairJwk, use: 'sig' }
    const error = await captureError(() => create([{ key, alg: pair.alg }]))
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(pairJwk.d)
  })

  test('encryption without keys, or of another kind, is refused', () => {
    expect(() => create(undefined, { encryption: 'optional' })).toThrow(
      expect.objectContaining({ parameter: 'issuer.decryptionKeys' }),
    )
    expect(() => create([keyOf(pair)], { encryption: 'never' })).toThrow(
      expect.objectContaining({ parameter: 'issuer.encryption' }),
    )
    expect(() => create([keyOf(pair)], { encryption: 'none' })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'issuer.encryption' }),
    )
  })

  test('an RSA key that is too short is refused', async () => {
    const { privateKey } = await crypto.subtle.generateKey(
      { name: 'RSA-OAEP', modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
      true,
      ['decrypt', 'encrypt'],
    )
    expect(() => create([{ key: privateKey, alg: 'RSA-OAEP-256' }])).toThrow(
      expect.objectContaining({ parameter: 'issuer.decryptionKeys.key' }),
    )
  })
})

function withSegment(jwe: string, index: number, segment: string): string {
  return jwe
    .split('.')
    .map((each, at) => (at === index ? segment : each))
    .join('.')
}

function withHeader(jwe: string, members: object): string {
  const header = JSON.parse(Buffer.from(jwe.split('.')[0] as string, 'base64url').toString()) as JWK
  return withSegment(jwe, 0, Buffer.from(JSON.stringify({ ...header, ...members })).toString('base64url'))
}

function flipped(jwe: string, index: number): string {
  const bytes = Buffer.from(jwe.split('.')[index] as string, 'base64url')
  bytes[0] = (bytes[0] as number) ^ 1
  return withSegment(jwe, index, bytes.toString('base64url'))
}
