// importPrivateKey: every form of a private key, whatever an environment variable did to it; and what is pasted in its place.

import type { KeyObject } from 'node:crypto'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { clientCredentials, createClient } from '@countersign/client'
import type { AlgorithmEntry } from '@countersign/shared'
import { algorithmOf, isCountersignError, thumbprint, webCryptoParameters } from '@countersign/shared'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { stopAfterwards } from '../../../../test/support.ts'
import { createProof } from '../../src/index.ts'
import { derElements, derSequence } from '../../src/node/der.ts'
import type { ImportPrivateKeyOptions } from '../../src/node/index.ts'
import { importPrivateKey, jwksOf } from '../../src/node/index.ts'
import { importClientKey } from '../../src/tokens/client-key.ts'
import * as pasted from './pasted.ts'
import { expectNothingOf, failureOf, startFor } from './support.ts'

stopAfterwards()

const PASSPHRASE = 'correct horse battery staple'
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ed = generateKeyPairSync('ed25519').privateKey
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8', passphrase?: string) =>
  key.export({
    format: 'pem',
    type,
    ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
  } as never) as unknown as string
const der = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8') =>
  key.export({ format: 'der', type } as never) as unknown as Buffer
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' }) as JsonWebKey
const base64 = (text: string | Uint8Array) => Buffer.from(text as string).toString('base64')

type Input = Parameters<typeof importPrivateKey>[0]
type Form = readonly [name: string, input: string, options?: ImportPrivateKeyOptions]

const texts: readonly Form[] = [
  ['PKCS#8', pem(ec)],
  ['SEC 1', pem(ec, 'sec1')],
  [
    'SEC 1 after its parameters',
    `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem(ec, 'sec1')}`,
  ],
  ['PKCS#8 beside its certificate', `${pasted.CERTIFICATE}\n${pem(ec)}`],
  ['PKCS#8 of an Ed25519 key', pem(ed)],
  ['PKCS#1', pem(rsa, 'pkcs1'), { algorithm: 'PS256' }],
  ['encrypted PKCS#8', pem(ec, 'pkcs8', PASSPHRASE), { passphrase: PASSPHRASE }],
  ['SEC 1, encrypted as OpenSSL did once', pem(ec, 'sec1', PASSPHRASE), { passphrase: PASSPHRASE }],
  ['a JWK', JSON.stringify(jwkOf(ec))],
  ['a JWK on several lines', JSON.stringify({ ...jwkOf(rsa), alg: 'RS256' }, null, 2)],
]

/** What environment variables, .env files, YAML, Docker and secret stores do to a text. */
const manglings: Readonly<Record<string, (text: string) => string>> = {
  nothing: (text) => text,
  'no line break at the end': (text) => text.trimEnd(),
  'white space around it': (text) => ` \t\n${text}\n\n `,
  'line breaks of Windows': (text) => text.replaceAll('\n', '\r\n'),
  'line breaks that are written out': (text) => text.replaceAll('\n', '\\n'),
  'line breaks of Windows that are written out': (text) => text.replaceAll('\n', '\\r\\n'),
  'line breaks that are written out twice': (text) => text.replaceAll('\n', '\\\\n'),
  'line breaks that are continued': (text) => text.replaceAll('\n', '\\\n'),
  'spaces for line breaks': (text) => text.replaceAll('\n', ' '),
  'indented lines': (text) => text.replaceAll('\n', '\n    '),
  'quotation marks': (text) => `"${text}"`,
  apostrophes: (text) => `'${text}'`,
  'quotation marks and line breaks that are written out': (text) => `"${text.replaceAll('\n', '\\n')}"\n`,
  'quotation marks in apostrophes': (text) => `'"${text}"'`,
  'quotation marks of JSON': (text) => JSON.stringify(text),
  'quotation marks of JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)),
  'a byte order mark': (text) => `\ufeff${text}`,
  base64: base64,
  'base64 in lines': (text) => base64(text).replace(/.{76}/g, '$&\n'),
  'base64 in lines that are written out': (text) => base64(text).replace(/.{76}/g, '$&\\n'),
  'base64url without padding': (text) => Buffer.from(text).toString('base64url'),
  'base64 of base64': (text) => base64(base64(text)),
  'base64 of quotation marks': (text) => base64(`"${text}"`),
}

for (const [name, text, options] of texts) {
  test.each(Object.keys(manglings))(`${name}, with %s`, async (mangling) => {
    const key = await importPrivateKey(manglings[mangling]?.(text), options)
    await expectSignatureOf(key, name.includes('Ed25519') ? ed : /PKCS#1|several/.test(name) ? rsa : ec)
  })
}

test('a PEM that lost its line breaks', async () => {
  for (const text of [pem(ec), pem(ec, 'sec1'), pem(ed)])
    await expectSignatureOf(await importPrivateKey(text.replaceAll('\n', '')), text === pem(ed) ? ed : ec)
})

test.each<[string, Input, KeyObject, ImportPrivateKeyOptions?]>([
  ['PKCS#8', der(ec), ec],
  ['SEC 1', der(ec, 'sec1'), ec],
  ['PKCS#1', der(rsa, 'pkcs1'), rsa, { algorithm: 'RS256' }],
  ['PKCS#8 of RSA', der(rsa), rsa, { algorithm: 'PS512' }],
  ['PEM', Buffer.from(pem(ec)), ec],
  ['bytes of a JWK', new TextEncoder().encode(JSON.stringify(jwkOf(ed))), ed],
  ['base64 of DER', base64(der(ec)), ec],
  ['base64url of DER', der(ec).toString('base64url'), ec],
  ['base64 of base64 of DER', base64(base64(der(ec))), ec],
  ['a JWK', jwkOf(ec), ec],
  ['a JWK of RSA', jwkOf(rsa), rsa, { algorithm: 'PS384' }],
  ['a JWK that may sign', { ...jwkOf(ec), use: 'sig', key_ops: ['sign'], ext: true, alg: 'ES256' }, ec],
  ['a JWK of EdDSA', { ...jwkOf(ed), alg: 'EdDSA' }, ed],
])('%s', async (_, input, of, options) => {
  await expectSignatureOf(await importPrivateKey(input, options), of)
})

async function expectSignatureOf(key: Awaited<ReturnType<typeof importPrivateKey>>, of: KeyObject): Promise<void> {
  expect(Object.keys(key).sort()).toEqual(['algorithm', 'key', 'kid', 'publicJwk', 'sign'])
  expect(key.key).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] })
  const { d: _, p: __, q: ___, dp: ____, dq: _____, qi: ______, ...publicJwk } = jwkOf(of) as Record<string, string>
  expect(key.publicJwk).toEqual(publicJwk)
  const proof = await createProof({
    signer: key,
    method: 'GET',
    url: new URL('https://api.example.com'),
    accessToken: 't',
  })
  await compactVerify(proof, await importJWK(publicJwk, key.algorithm))
}

test.each<[string, KeyObject, ImportPrivateKeyOptions | undefined, string]>([
  ['P-256', ec, undefined, 'ES256'],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, undefined, 'ES384'],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey, undefined, 'ES512'],
  ['Ed25519', ed, undefined, 'Ed25519'],
  ['Ed25519 by its old name', ed, { algorithm: 'EdDSA' }, 'EdDSA'],
  ['RSA for PS256', rsa, { algorithm: 'PS256' }, 'PS256'],
  ['RSA for PSS with SHA-384 only', restricted('sha384'), undefined, 'PS384'],
  ['RSA for PSS', restricted(undefined), { algorithm: 'PS512' }, 'PS512'],
])('the algorithm of a key: %s', async (_, key, options, algorithm) => {
  const imported = await importPrivateKey(pem(key), options)
  expect(imported.algorithm).toBe(algorithm)
  const data = new TextEncoder().encode('data')
  const { keyParameters, signParameters } = webCryptoParameters(algorithmOf(algorithm) as AlgorithmEntry)
  const jwk = { ...imported.publicJwk } as JsonWebKey
  const publicKey = await crypto.subtle.importKey('jwk', jwk, keyParameters as never, true, ['verify'])
  const signature = (await imported.sign(data)) as Uint8Array<ArrayBuffer>
  expect(await crypto.subtle.verify(signParameters, publicKey, signature, data)).toBe(true)
})

function restricted(hash: string | undefined): KeyObject {
  const hashes = hash === undefined ? {} : { hashAlgorithm: hash, mgf1HashAlgorithm: hash }
  return generateKeyPairSync('rsa-pss', { modulusLength: 2048, ...hashes }).privateKey
}

test.each<[string, KeyObject, string]>([
  ['an EC key', ec, 'PS256'],
  ['an EC key on another curve', ec, 'ES384'],
  ['an RSA key', rsa, 'ES256'],
  ['an Ed25519 key', ed, 'ES256'],
  ['an RSA key for PSS with SHA-384 only', restricted('sha384'), 'PS256'],
  ['an RSA key for PSS', restricted(undefined), 'RS256'],
])('%s is not for %s', async (_, key, algorithm) => {
  const error = await failureOf(() => importPrivateKey(pem(key), { algorithm: algorithm as 'ES256' }))
  expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'algorithm' })
})

test('a JWK is for its own algorithm only', async () => {
  const error = await failureOf(() => importPrivateKey({ ...jwkOf(rsa), alg: 'RS256' }, { algorithm: 'PS256' }))
  expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'algorithm' })
})

test('the key identifier: the option, else that of the JWK, else the thumbprint', async () => {
  const named = { ...jwkOf(ec), kid: 'of-the-jwk' } as JsonWebKey
  expect((await importPrivateKey(named, { kid: 'of-the-option' })).kid).toBe('of-the-option')
  expect((await importPrivateKey(named)).kid).toBe('of-the-jwk')
  const { kid, publicJwk } = await importPrivateKey(pem(ec))
  expect(kid).toBe(await thumbprint(publicJwk))
  expect(kid).toBe(await calculateJwkThumbprint(jwkOf(ec) as never))
})

test('the JWK Set to register names the key as the client does', async () => {
  const [first, second] = [
    await importPrivateKey(pem(ec)),
    await importPrivateKey(pem(rsa), { algorithm: 'PS256', kid: 'k2' }),
  ]
  expect(jwksOf(first, second)).toEqual({
    keys: [
      { ...first.publicJwk, kid: first.kid, alg: 'ES256', use: 'sig' },
      { ...second.publicJwk, kid: 'k2', alg: 'PS256', use: 'sig' },
    ],
  })
})

test('an imported key authenticates a client, and signs its calls', async () => {
  const key = await importPrivateKey(pem(rsa).replaceAll('\n', '\\n'), { algorithm: 'PS256' })
  const { issuer, api } = await startFor(() => ({ clientId: 'partner-7', jwks: jwksOf(key) }))
  const token = clientCredentials({ clientId: 'partner-7', issuer, key, scope: 'accounts:read' })
  for (const options of [{}, { signer: key }]) {
    const client = createClient({ resource: api, token, ...options })
    onTestFinished(() => client.close())
    expect((await client.fetch('/accounts')).status).toBe(200)
  }
  expect(await createClient({ resource: api, token, signer: key }).thumbprint()).toBe(key.kid)
})

test('an imported key is a client key with its identifier', async () => {
  const key = await importPrivateKey(pem(ec), { kid: 'k1' })
  expect(await importClientKey(key)).toEqual({ key: key.key, kid: 'k1' })
})

const dsa = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey
const agreement = generateKeyPairSync('x25519').privateKey
const generate = generateKeyPairSync as (type: string, options: object) => { privateKey: KeyObject }
const dh = generate('dh', { group: 'modp14' }).privateKey
const faults: [name: string, reason: string, input: unknown, options?: ImportPrivateKeyOptions][] = [
  ['nothing', 'empty', undefined],
  ['null', 'empty', null],
  ['an empty variable', 'empty', ''],
  ['quotation marks with nothing between them', 'empty', ' "" '],
  ['no bytes', 'empty', new Uint8Array()],
  ['a number', 'type', 7],
  ['a list', 'type', [pem(ec)]],
  ['a KeyObject', 'type', ec],
  ['a CryptoKey', 'type', await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])],
  ['a word', 'unknown', 'changeme'],
  ['a sentence', 'unknown', 'the key is in the vault'],
  ['a JWT', 'unknown', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'],
  ['random bytes', 'unknown', Buffer.from('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 'hex')],
  ['JSON of something else', 'unknown', '{"type":"service_account","client_email":"a@example.com"}'],
  ['a public key', 'public', createPublicKey(ec).export({ format: 'pem', type: 'spki' })],
  ['a public key of PKCS#1', 'public', createPublicKey(rsa).export({ format: 'pem', type: 'pkcs1' })],
  ['a public JWK', 'public', createPublicKey(ec).export({ format: 'jwk' })],
  ['a public JWK as JSON', 'public', JSON.stringify(createPublicKey(ec).export({ format: 'jwk' }))],
  ['a public key in DER', 'public', createPublicKey(rsa).export({ format: 'der', type: 'spki' })],
  ['a public key of PKCS#1 in DER', 'public', createPublicKey(rsa).export({ format: 'der', type: 'pkcs1' })],
  ['a certificate', 'certificate', pasted.CERTIFICATE],
  ['a certificate with written line breaks', 'certificate', pasted.CERTIFICATE.replaceAll('\n', '\\n')],
  ['a certificate in DER', 'certificate', derOf(pasted.CERTIFICATE)],
  ['certificates in PKCS#7', 'certificate', pasted.PKCS7],
  ['certificates in PKCS#7 in DER', 'certificate', derOf(pasted.PKCS7)],
  ['a certificate signing request', 'certificate_request', pasted.CERTIFICATE_REQUEST],
  ['a certificate signing request in DER', 'certificate_request', derOf(pasted.CERTIFICATE_REQUEST)],
  ['a private key of OpenSSH', 'ssh_private', pasted.OPENSSH_PRIVATE_KEY],
  ['a private key of OpenSSH on one line', 'ssh_private', pasted.OPENSSH_PRIVATE_KEY.replaceAll('\n', ' ')],
  ['a private key of PuTTY', 'ssh_private', pasted.PUTTY_PRIVATE_KEY],
  ['a public key of OpenSSH', 'ssh_public', pasted.OPENSSH_PUBLIC_KEY],
  ['a public key of SSH', 'ssh_public', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3Nz\n---- END SSH2 PUBLIC KEY ----'],
  ['a key of OpenPGP', 'pgp', pasted.PGP_PRIVATE_KEY],
  ['PKCS#12', 'pkcs12', Buffer.from(pasted.PKCS12, 'base64')],
  ['PKCS#12 in base64', 'pkcs12', pasted.PKCS12],
  ['a JWK Set', 'jwk_set', { keys: [jwkOf(ec)] }],
  ['a JWK Set as JSON', 'jwk_set', JSON.stringify({ keys: [jwkOf(ec)] })],
  ['a list of JWKs as JSON', 'jwk_set', JSON.stringify([jwkOf(ec)])],
  ['a symmetric JWK', 'symmetric', { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0' }],
  ['a credential string', 'credential', `csk_1AAGz${base64('{"client_id":"partner-7"}')}`],
  ['two keys', 'several', pem(ec) + pem(other)],
  ['a path', 'path', '/etc/partner-7/signing-key.pem'],
  ['a path without an ending', 'path', '/run/secrets/partner-7-signing-key'],
  ['a relative path', 'path', './secrets/partner-7'],
  ['a path of a home directory', 'path', '~/keys/partner-7'],
  ['a path of Windows', 'path', 'C:\\keys\\new\\partner-7.key'],
  ['the name of a file', 'path', 'partner-7-signing.p8'],
  ['a file URL', 'path', 'file:///etc/partner-7/signing-key'],
  ['an encrypted key without passphrase', 'passphrase_missing', pem(ec, 'pkcs8', PASSPHRASE)],
  ['an encrypted key with an empty passphrase', 'passphrase_missing', pem(ec, 'pkcs8', PASSPHRASE), { passphrase: '' }],
  ['an old encrypted key without passphrase', 'passphrase_missing', pem(ec, 'sec1', PASSPHRASE)],
  ['a wrong passphrase', 'passphrase_wrong', pem(ec, 'pkcs8', PASSPHRASE), { passphrase: 'Correct horse' }],
  [
    'a wrong passphrase of an old encrypted key',
    'passphrase_wrong',
    pem(ec, 'sec1', PASSPHRASE),
    { passphrase: 'Correct horse' },
  ],
  ['a key that is encrypted in an outdated way', 'encryption', pasted.OUTDATED_ENCRYPTION, { passphrase: 'x' }],
  [
    'a short RSA key',
    'size',
    pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
    { algorithm: 'PS256' },
  ],
  [
    'a short RSA key as a JWK',
    'size',
    { ...jwkOf(generateKeyPairSync('rsa', { modulusLength: 1536 }).privateKey), alg: 'PS256' },
  ],
  ['an RSA key without algorithm', 'alg', pem(rsa)],
  ['an RSA JWK without algorithm', 'alg', jwkOf(rsa)],
  ['a JWK for encryption by its alg', 'alg', { ...jwkOf(rsa), alg: 'RSA-OAEP' }],
  ['a JWK of a wrong alg', 'alg', { ...jwkOf(ec), alg: 'ES384' }],
  ['a JWK for encryption', 'usage', { ...jwkOf(ec), use: 'enc' }],
  ['a JWK that only verifies', 'usage', { ...jwkOf(ec), key_ops: ['verify'] }],
  ['secp256k1', 'curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey)],
  ['secp256k1 as a JWK', 'curve', jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey)],
  ['brainpool', 'curve', pem(generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).privateKey)],
  ['Ed448', 'curve', pem(generateKeyPairSync('ed448').privateKey)],
  ['X25519', 'key_agreement', pem(agreement)],
  ['X25519 as a JWK', 'key_agreement', jwkOf(agreement)],
  ['X448', 'key_agreement', pem(generateKeyPairSync('x448').privateKey)],
  ['DH', 'key_agreement', pem(dh)],
  ['DSA', 'dsa', pem(dsa)],
  ['DSA as OpenSSL had it once', 'dsa', traditionalDsa()],
  ['the first half of a PEM', 'cut', pem(ec).slice(0, 120)],
  ['the second half of a PEM', 'cut', pem(ec).slice(60)],
  ['the first half of DER', 'import', der(ec).subarray(0, 60)],
  ['a PEM that lacks a line', 'import', pem(rsa).split('\n').toSpliced(4, 1).join('\n')],
  ['a PEM with other characters', 'import', pem(ec).replace('M', '*')],
  ['a JWK that is damaged', 'import', { ...jwkOf(ec), d: 'AAAA' }],
  ['a JWK whose JSON is damaged', 'import', JSON.stringify(jwkOf(ec)).slice(0, -1)],
  ['a JWK with a kid that is no text', 'import', { ...jwkOf(ec), kid: 7 }],
  [
    'an RSA JWK without its primes',
    'import',
    { kty: 'RSA', n: jwkOf(rsa).n, e: 'AQAB', d: jwkOf(rsa).d, alg: 'PS256' },
  ],
  [
    'an Ed25519 JWK with the public key of another',
    'mismatch',
    { ...jwkOf(ed), x: jwkOf(generateKeyPairSync('ed25519').privateKey).x },
  ],
  ['an RSA JWK with another exponent', 'mismatch', { ...jwkOf(rsa), alg: 'PS256', e: 'AQAD' }],
  [
    'an RSA JWK with the modulus of another',
    'mismatch',
    { ...jwkOf(rsa), alg: 'PS256', n: jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey).n },
  ],
  ['a SEC 1 key with the public key of another', 'import', withPublicKeyOf(other)],
]

test.each(faults)('%s is refused: %s', async (_, reason, input, options) => {
  const error = await failureOf(() => importPrivateKey(input as Input, options))
  expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'key', reason })
  expect(isCountersignError(error)).toBe(true)
  expect((error as Error).cause).toBeUndefined()
  for (const secret of secretsIn(input)) expectNothingOf(secret, error, 10)
  expectNothingOf(PASSPHRASE, error)
})

/** The parts of an input that must not come back: its lines, its bytes, its members. */
function secretsIn(input: unknown): string[] {
  if (typeof input === 'string')
    return input.split(/\s|\\n/).filter((line) => !/BEGIN|END|^[A-Z]+-----|-----/.test(line))
  if (input instanceof Uint8Array)
    return [base64(input), Buffer.from(input).toString('hex'), Buffer.from(input).toString('latin1')]
  if (typeof input !== 'object' || input === null) return []
  return Object.values(input).flatMap(secretsIn)
}

test('what is pasted in base64 is recognised too', async () => {
  for (const [name, reason, input, options] of faults) {
    if (typeof input !== 'string' || ['empty', 'path', 'unknown', 'credential'].includes(reason)) continue
    const error = await failureOf(() => importPrivateKey(base64(input), options))
    expect([name, (error as { reason: string }).reason]).toEqual([name, reason])
  }
})

test.each<[string, unknown]>([
  ['algorithm', 'HS256'],
  ['passphrase', 7],
  ['kid', ''],
])('the option %s cannot be %s', async (parameter, value) => {
  const error = await failureOf(() => importPrivateKey(pem(ec), { [parameter]: value }))
  expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter })
})

test('an option that does not exist', async () => {
  const error = await failureOf(() => importPrivateKey(pem(ec), { password: 'x' } as never))
  expect(error).toMatchObject({ code: 'ERR_OPTION_UNKNOWN', parameter: 'password' })
})

test('a key that was changed anywhere is refused or is another key, and never shows', async () => {
  const text = pem(ec)
  const { kid } = await importPrivateKey(text)
  for (let index = 28; index < text.length - 26; index++) {
    const changed = text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
    let found: string
    try {
      found = (await importPrivateKey(changed)).kid
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'key' })
      expectNothingOf(changed.slice(28, -26).replaceAll('\n', ''), error)
      continue
    }
    // What may change without consequence are line breaks and the version number of the inner structure.
    expect([kid]).toContain(found)
  }
})

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----.*?-----|\s/g, ''), 'base64')
}

/** The SEC 1 form of the EC key, with the public key of another in it. */
function withPublicKeyOf(other: KeyObject): Buffer {
  return Buffer.concat([der(ec, 'sec1').subarray(0, -64), der(other, 'sec1').subarray(-64)])
}

/** Version, p, q, g, y and x in a row, as OpenSSL wrote DSA keys before PKCS#8. */
function traditionalDsa(): Buffer {
  const [, algorithm, key] = derSequence(der(dsa)) ?? []
  const [, parameters] = derElements(algorithm?.content ?? Buffer.of()) ?? []
  const spki = createPublicKey(dsa).export({ format: 'der', type: 'spki' })
  const y = derSequence(spki)?.at(-1)?.content.subarray(1) ?? Buffer.of()
  const content = Buffer.concat([
    Buffer.of(2, 1, 0),
    parameters?.content ?? Buffer.of(),
    y,
    key?.content ?? Buffer.of(),
  ])
  return Buffer.concat([Buffer.of(0x30, 0x82, content.length >> 8, content.length & 255), content])
}
