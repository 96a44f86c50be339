// No API of the client gives the private key away: whatever can be reached from what it returns, and from what it hands to a token source
// or a key store, is no private key that can be read.

import { createPrivateKey, generateKeyPairSync, KeyObject } from 'node:crypto'
import { types } from 'node:util'
import * as client from '@countersign/client'
import { createClient, createProof, createSigner, generateSigner } from '@countersign/client'
import { indexedDBKeyStore } from '@countersign/client/indexeddb'
import * as node from '@countersign/client/node'
import { createCredential, createPkcs11Signer, importPrivateKey, jwksOf } from '@countersign/client/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeWithToken, useTokens } from './softhsm.ts'
import { failureOf } from './support.ts'

/** Everything that can be reached: properties and symbols, own and inherited, getters, entries of collections. */
function reachable(root: unknown): Set<unknown> {
  const found = new Set<unknown>()
  const left: unknown[] = [root]
  while (left.length > 0) {
    const value = left.pop()
    if (found.has(value)) continue
    found.add(value)
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) continue
    if (value instanceof Map) left.push(...value.entries())
    if (value instanceof Set) left.push(...value.values())
    for (let owner: object | null = value; owner !== null; owner = Object.getPrototypeOf(owner)) {
      left.push(owner)
      for (const name of Reflect.ownKeys(owner)) left.push(read(value, name))
    }
  }
  return found
}

function read(value: object, name: PropertyKey): unknown {
  try {
    return Reflect.get(value, name)
  } catch {
    return undefined
  }
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'priv', 'k']
const FORMATS = ['jwk', 'pkcs8', 'raw', 'spki'] as const

/** What of all that can be reached is a private key that can be read. */
async function leaksOf(root: unknown, secret?: KeyObject): Promise<string[]> {
  const leaks: string[] = []
  const texts = secret === undefined ? [] : spellingsOf(secret)
  for (const value of reachable(root)) {
    if (types.isCryptoKey(value) && value.type !== 'public') {
      if (value.extractable) leaks.push('a CryptoKey that is extractable')
      for (const format of FORMATS) {
        const exported = await crypto.subtle
          .exportKey(format as 'jwk', value as unknown as CryptoKey)
          .catch(() => undefined)
        if (exported !== undefined) leaks.push(`a CryptoKey that is exported as ${format}`)
      }
    }
    if (types.isKeyObject(value) && value.type !== 'public') leaks.push('a KeyObject')
    if (typeof value === 'object' && value !== null && 'kty' in value)
      for (const member of PRIVATE_MEMBERS) if (member in value) leaks.push(`a JWK with "${member}"`)
    const text = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
    if (typeof text === 'string' && texts.some((spelling) => text.includes(spelling))) leaks.push('the key as text')
  }
  return leaks
}

/** The private key as it might be written somewhere: the middle of it, so that line breaks and encodings around it do not matter. */
function spellingsOf(key: KeyObject): string[] {
  const { d = '' } = key.export({ format: 'jwk' })
  const hex = Buffer.from(d, 'base64url').toString('hex')
  return [d.slice(4, 40), hex.slice(4, 60), ...['pkcs8', 'sec1'].flatMap((type) => base64Of(key, type as 'pkcs8'))]
}

function base64Of(key: KeyObject, type: 'pkcs8'): string[] {
  const text = key.export({ format: 'der', type }).toString('base64')
  return [text.slice(52, 84)]
}

test('the public interface of the entry point for Node', () => {
  expect(Object.keys(node).sort()).toEqual(['createCredential', 'createPkcs11Signer', 'importPrivateKey', 'jwksOf'])
})

describe('what looks for private keys finds', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extractable = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']))
    .privateKey
  const jwk = privateKey.export({ format: 'jwk' })
  class WithGetter {
    get key() {
      return extractable
    }
  }
  test.each<[string, unknown]>([
    ['an extractable key', { a: [{ b: extractable }] }],
    ['one behind a symbol', { [Symbol('key')]: extractable }],
    ['one that is not enumerable', Object.defineProperty({}, 'key', { value: extractable })],
    ['one in a collection', new Map([['key', new Set([extractable])]])],
    ['one of a function', Object.assign(() => undefined, { key: extractable })],
    ['one of a prototype', Object.create({ key: extractable })],
    ['one of a getter', new WithGetter()],
    ['a JWK', { jwk }],
    ['a KeyObject', { privateKey }],
    ['the key as text', { text: `key=${jwk.d}` }],
    ['the key as PEM', privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')],
    ['the key as bytes', { bytes: privateKey.export({ format: 'der', type: 'sec1' }) }],
  ])('%s', async (_, root) => {
    expect(await leaksOf(root, privateKey)).not.toEqual([])
  })
})

test.each(['ES256', 'PS256', 'Ed25519'] as const)('a generated %s key cannot be had', async (algorithm) => {
  const signer = await generateSigner(algorithm)
  await signer.sign(new Uint8Array(8))
  expect(
    await leaksOf([
      signer,
      await createProof({ signer, method: 'GET', url: new URL('https://a.example'), accessToken: 't' }),
    ]),
  ).toEqual([])
})

test('the key of a client cannot be had, by its owner, a token source, a fetch or a key store', async () => {
  const seen: unknown[] = []
  const stored: CryptoKeyPair[] = []
  const keyStore: client.KeyStore = {
    get: async () => stored[0],
    async add(keyPair) {
      stored.push(keyPair)
      seen.push(keyPair)
      return keyPair
    },
  }
  const api = createClient({
    resource: 'https://api.example.com',
    keyStore,
    token(context) {
      seen.push(context)
      return 'token'
    },
    async fetch(input, init) {
      seen.push(input, init)
      return new Response('ok')
    },
  })
  onTestFinished(() => api.close())
  const response = await api.fetch('/accounts', { method: 'POST', body: 'x' })
  const everything = [api, response, await api.thumbprint(), keyStore, seen, stored]
  expect(stored).toHaveLength(1)
  expect(seen.length).toBeGreaterThanOrEqual(3)
  expect(reachable(everything)).toContain(stored[0]?.privateKey)
  expect(await leaksOf(everything)).toEqual([])
})

test('the key of a key store that falls back to memory cannot be had', async () => {
  const keyStore = indexedDBKeyStore()
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  await keyStore.add(pair)
  expect(await keyStore.get()).toBe(pair)
  expect(await leaksOf([keyStore, await keyStore.get()])).toEqual([])
})

test('a key pair that can be exported becomes no signer', async () => {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  expect(await failureOf(() => createSigner(pair))).toMatchObject({ code: 'ERR_KEY_EXTRACTABLE' })
})

test('an imported key cannot be had, nor from a client that it authenticates and signs for', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const seen: unknown[] = []
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
  const encrypted = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'passphrase' } as const
  const imported = await Promise.all([
    importPrivateKey(pem),
    importPrivateKey(privateKey.export({ format: 'der', type: 'sec1' })),
    importPrivateKey(privateKey.export({ format: 'jwk' }) as JsonWebKey),
    importPrivateKey(privateKey.export(encrypted), { passphrase: 'passphrase' }),
  ])
  const [key] = imported
  const api = createClient({
    resource: 'https://api.example.com',
    signer: key,
    token: client.clientCredentials({ clientId: 'partner-7', issuer: 'https://as.example.com', key }),
    async fetch(input, init) {
      seen.push(input, init)
      return new Response('down', { status: 503 })
    },
  })
  onTestFinished(() => api.close())
  const error = await failureOf(() => api.fetch('/accounts'))
  const everything = [imported, api, jwksOf(...imported), seen, error]
  expect(reachable(everything)).toContain(key.key)
  expect(await leaksOf(everything, privateKey)).toEqual([])
})

test('the key of a credential can be had from the credential, and from nothing that is made of it', async () => {
  const options = { clientId: 'partner-7', issuer: 'https://as.example.com', resource: 'https://api.example.com' }
  const { credential, jwks } = await createCredential(options)
  const { jwk } = JSON.parse(Buffer.from(credential.slice(9, -6), 'base64url').toString())
  const secret = createPrivateKey({ key: jwk, format: 'jwk' })
  const seen: unknown[] = []
  const api = createClient({
    credential,
    async fetch(input, init) {
      seen.push(input, init)
      return new Response('down', { status: 503 })
    },
  })
  onTestFinished(() => api.close())
  const error = await failureOf(() => api.fetch('/accounts'))
  expect(await leaksOf({ jwk }, secret)).not.toEqual([])
  expect(await leaksOf([api, jwks, seen, error], secret)).toEqual([])
})

test('what the entry points export is no way to a key', async () => {
  expect(await leaksOf([client, node, indexedDBKeyStore])).toEqual([])
})

test('Node has a way around that: docs/keys.md has to change when it is gone', async () => {
  const { key } = await importPrivateKey(
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
  )
  const { noDeprecation } = process
  process.noDeprecation = true
  onTestFinished(() => {
    process.noDeprecation = noDeprecation === true
  })
  await expect(crypto.subtle.exportKey('jwk', key)).rejects.toThrow('not extractable')
  expect(KeyObject.from(key as never).export({ format: 'jwk' })).toHaveProperty('d')
})

describeWithToken('a key in a token', () => {
  const tokens = useTokens('kept')

  test('is not even near: what signs with it holds no key, and no PIN', async () => {
    const signer = await createPkcs11Signer(tokens.options('kept', { create: true }))
    onTestFinished(() => signer.close())
    await signer.sign(new Uint8Array(8))
    expect(Object.keys(signer).sort()).toEqual(['algorithm', 'close', 'publicJwk', 'sign'])
    expect(await leaksOf(signer)).toEqual([])
    const values = [...reachable(signer)]
    expect(values.filter((value) => types.isCryptoKey(value) || types.isKeyObject(value))).toEqual([])
    expect(
      values.filter((value) => typeof value === 'string' && value.includes(tokens.options('kept').pin as string)),
    ).toEqual([])
  })
})
