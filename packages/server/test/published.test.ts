// What the server publishes of itself: the RFC 9728 document, derived from what it does and described by its application, and its keys.

import { createPrivateKey } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import { createLocalJWKSet, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { describe, expect, expectTypeOf, test } from 'vitest'
import countersign from '../src/index.ts'
import type { MetadataOptions, ProtectedResourceMetadata, ServerKeyOptions } from '../src/verifier.ts'
import { createVerifier } from '../src/verifier.ts'
import { useApps } from './plugin-support.ts'
import { RESOURCE } from './support.ts'

const { create, options, issuer } = useApps()
const METADATA = '/.well-known/oauth-protected-resource'
const JWKS = '/.well-known/jwks.json'

const verifierWith = (parts: object) => createVerifier({ resource: RESOURCE, issuer: issuer.options, ...parts })

async function keyPair(alg: string) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: await exportJWK(privateKey) }
}

describe('scopes', () => {
  async function scopesOf(metadata?: MetadataOptions): Promise<unknown> {
    const app = create()
    await app.register(countersign, options(metadata && { metadata }))
    app.get('/a', { config: { auth: { scope: 'b a' } } }, async () => '')
    app.get('/b', { config: { auth: { anyScope: ['c', 'a'] } } }, async () => '')
    app.get('/c', { config: { auth: false } }, async () => '')
    return (await app.inject(METADATA)).json().scopes_supported
  }

  test('are those that routes need', async () => {
    expect(await scopesOf()).toEqual(['a', 'b', 'c'])
  })

  test('are those that the application names, or none', async () => {
    expect(await scopesOf({ scopes_supported: ['x'] })).toEqual(['x'])
    expect(await scopesOf({ scopes_supported: [] })).toBeUndefined()
  })

  test('that no route needs are not there', () => {
    expect(verifierWith({}).metadata.document).not.toHaveProperty('scopes_supported')
  })
})

describe('the description', () => {
  test('stands in the document, in every language', () => {
    const metadata = {
      resource_name: 'Payments',
      'resource_name#de': 'Zahlungen',
      resource_documentation: 'https://docs.example.com/',
      'resource_policy_uri#fr-CA': 'https://example.com/fr/policy',
      resource_tos_uri: 'https://example.com/tos',
    }
    expect(verifierWith({ metadata }).metadata.document).toMatchObject({ resource: RESOURCE, ...metadata })
    expectTypeOf<ProtectedResourceMetadata['scopes_supported']>().toEqualTypeOf<readonly string[] | undefined>()
  })

  test.each([
    ['a text', 'x', 'metadata'],
    ['an empty name', { resource_name: '' }, 'metadata.resource_name'],
    [
      'a link by http',
      { resource_documentation: 'http://docs.example.com' },
      'metadata.resource_documentation',
      'ERR_URL_INSECURE',
    ],
    ['a link that is none', { resource_tos_uri: 'tos' }, 'metadata.resource_tos_uri'],
    ['what is derived', { resource: 'https://other.example' }, 'metadata.resource', 'ERR_OPTION_UNKNOWN'],
    ['an unknown member', { name: 'Payments' }, 'metadata.name', 'ERR_OPTION_UNKNOWN'],
    ['a language that is none', { 'resource_name#': 'x' }, 'metadata.resource_name#', 'ERR_OPTION_UNKNOWN'],
    ['scopes that are none', { scopes_supported: ['a b'] }, 'metadata.scopes_supported'],
    ['signed without a key', { signed: true }, 'keys'],
    ['signed by a word', { signed: 'yes' }, 'metadata.signed'],
  ] as [string, unknown, string, string?][])(
    '%s is refused at start',
    (_, metadata, parameter, code = 'ERR_OPTION_INVALID') => {
      expect(() => verifierWith({ metadata })).toThrow(expect.objectContaining({ code, parameter }))
    },
  )
})

describe('the keys', () => {
  test.each(['ES256', 'ES384', 'PS256', 'RS256', 'Ed25519'])(
    '%s: the public half is published, and no more',
    async (alg) => {
      const { privateKey } = await keyPair(alg)
      const app = create()
      await app.register(countersign, options({ keys: [{ key: privateKey as never, alg }] }))
      expect((await app.inject(METADATA)).json().jwks_uri).toBe(RESOURCE + JWKS)
      const response = await app.inject(JWKS)
      expect(response.headers['access-control-allow-origin']).toBe('*')
      const { keys } = response.json() as { keys: [JWK] }
      expect(keys).toHaveLength(1)
      expect(keys[0]).toMatchObject({ alg, use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) })
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv']) expect(keys[0]).not.toHaveProperty(member)
    },
  )

  test('may be a KeyObject, a CryptoKey or a JWK, whose own names count', async () => {
    const { privateKey, jwk } = await keyPair('ES256')
    const pem = createPrivateKey(await exportPKCS8(privateKey))
    const documents = (
      [{ key: pem }, { key: privateKey as never }, { key: jwk as never }] satisfies ServerKeyOptions[]
    ).map((key) => verifierWith({ keys: [key] }).metadata.jwks?.document.keys)
    expect(new Set(documents.map((keys) => JSON.stringify(keys))).size).toBe(1)
    const named = verifierWith({ keys: [{ key: { ...jwk, kid: 'mine' } }] }).metadata.jwks?.document.keys[0]
    expect(named).toMatchObject({ kid: 'mine', alg: 'ES256' })
  })

  test('without one there is no key set', async () => {
    const app = create()
    await app.register(countersign, options())
    expect((await app.inject(METADATA)).json()).not.toHaveProperty('jwks_uri')
    expect((await app.inject(JWKS)).statusCode).toBe(401)
  })

  test.each([
    ['no list', () => 'x', 'keys'],
    ['a key alone', ({ privateKey }) => [privateKey], 'keys.key'],
    ['a public key', ({ jwk: { d: _, ...key } }) => [{ key }], 'keys.key'],
    ['a secret', () => [{ key: { kty: 'oct', k: 'AA' } }], 'keys.key'],
    ['a key of another algorithm', ({ privateKey }) => [{ key: privateKey, alg: 'RS256' }], 'keys.key'],
    ['an algorithm that is none', ({ privateKey }) => [{ key: privateKey, alg: 'HS256' }], 'keys.alg'],
    ['a kid that is none', ({ privateKey }) => [{ key: privateKey, kid: '' }], 'keys.kid'],
    ['two of one name', ({ privateKey }) => [{ key: privateKey }, { key: privateKey }], 'keys.kid'],
    ['an unknown member', ({ privateKey }) => [{ key: privateKey, use: 'sig' }], 'keys.use', 'ERR_OPTION_UNKNOWN'],
  ] as [string, (pair: Awaited<ReturnType<typeof keyPair>>) => unknown, string, string?][])(
    '%s is refused at start',
    async (_, keys, parameter, code = 'ERR_OPTION_INVALID') => {
      const pair = await keyPair('ES256')
      expect(() => verifierWith({ keys: keys(pair) })).toThrow(expect.objectContaining({ code, parameter }))
    },
  )

  test('an RSA key needs its algorithm named, since it fits several', async () => {
    const { privateKey } = await keyPair('PS256')
    expect(() => verifierWith({ keys: [{ key: privateKey }] })).toThrow(
      expect.objectContaining({ parameter: 'keys.alg' }),
    )
  })
})

describe('signed metadata', () => {
  test('says what the document says, signed by the key that is published', async () => {
    const app = create()
    const [first, second] = [await keyPair('ES256'), await keyPair('PS256')]
    const keys = [{ key: first.privateKey as never }, { key: second.privateKey as never, alg: 'PS256' }]
    await app.register(countersign, options({ keys, metadata: { signed: true, resource_name: 'Payments' } }))
    app.get('/', { config: { auth: { scope: 'a' } } }, async () => '')
    const { signed_metadata: jwt, ...document } = (await app.inject(METADATA)).json()
    const jwks = (await app.inject(JWKS)).json() as JSONWebKeySet
    expect(jwks.keys).toHaveLength(2)
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(jwks), { issuer: RESOURCE })
    expect(protectedHeader).toMatchObject({ typ: 'oauth-protected-resource+jwt', alg: 'ES256' })
    expect(payload).toEqual({ iss: RESOURCE, ...document })
    expect(document).toMatchObject({ scopes_supported: ['a'], resource_name: 'Payments' })
  })
})

test('a resource with a path, in a prefixed scope, has its documents at the root; two have two', async () => {
  const app = create()
  const { privateKey } = await keyPair('ES256')
  for (const name of ['one', 'two']) {
    app.register(
      async (scope) => {
        const resource = `${RESOURCE}/${name}`
        await scope.register(
          countersign,
          options({ resource, audience: RESOURCE, keys: [{ key: privateKey as never }] }),
        )
        scope.get('/x', { config: { auth: { scope: name } } }, async () => name)
      },
      { prefix: `/${name}` },
    )
  }
  for (const name of ['one', 'two']) {
    const document = (await app.inject(`${METADATA}/${name}`)).json()
    expect(document).toMatchObject({
      resource: `${RESOURCE}/${name}`,
      scopes_supported: [name],
      jwks_uri: `${RESOURCE}${JWKS}/${name}`,
    })
    expect((await app.inject(`${JWKS}/${name}`)).json().keys).toHaveLength(1)
  }
})
