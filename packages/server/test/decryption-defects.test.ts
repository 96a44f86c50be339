// What a stranger can do with an encrypted access token: tokens that are whole but for one thing, other spellings of the same token, and
// what the refusals give away. Whatever jose can make, jose has made, and jose can open it; the rest is made by Node.

import { constants, createCipheriv, KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import { createKey, startServer } from '@countersign/testkit'
import type { CompactJWEHeaderParameters, CryptoKey, EncryptOptions } from 'jose'
import { base64url, CompactEncrypt, compactDecrypt, generateKeyPair, generateSecret } from 'jose'
import { ClientSecretBasic } from 'oauth4webapi'
import { beforeAll, describe, expect, test } from 'vitest'
import type { DecryptionKeyOptions, IssuerOptions, KeyManagementAlgorithm, RefusalError } from '../src/verifier.ts'
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
let rsa: Pair
beforeAll(async () => {
  pair = await createPair('ECDH-ES+A256KW')
  rsa = await createPair('RSA-OAEP-256')
})

const keyOf = ({ alg, privateKey }: Pair, kid?: string): DecryptionKeyOptions => ({
  key: KeyObject.from(privateKey as never),
  alg,
  ...(kid !== undefined && { kid }),
})

function subjectOf(
  decryptionKeys: readonly DecryptionKeyOptions[],
  options: Partial<IssuerOptions> = {},
  more: Partial<Parameters<typeof createSubject>[1]> = {},
) {
  const issuer = { issuer: context.issuer.issuer, decryptionKeys, ...options }
  return createSubject(context, { issuer, nonce: 'off', ...more })
}

interface Parts {
  readonly header?: object
  readonly to?: CryptoKey | Uint8Array
  readonly options?: EncryptOptions
}

/** The valid token, with changes of its header or of what it is encrypted to. */
async function encrypt(token: string, { alg, publicKey }: Pair, { header, to, options }: Parts = {}): Promise<string> {
  const parameters = { alg, enc: 'A256GCM', cty: 'JWT', ...header } as CompactJWEHeaderParameters
  return new CompactEncrypt(bytesOf(token)).setProtectedHeader(parameters).encrypt(to ?? publicKey, options)
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('whole, but for one thing', () => {
  test('it is compressed, if only a little', async () => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(), pair, { header: { zip: 'DEF' } })
    await compactDecrypt(accessToken, pair.privateKey)
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'zip' })
  })

  test('it demands an extension', async () => {
    const subject = subjectOf([keyOf(pair)])
    const parts = { header: { crit: ['urn:x'], 'urn:x': true }, options: { crit: { 'urn:x': true } } }
    const accessToken = await encrypt(await subject.bound(), pair, parts)
    await compactDecrypt(accessToken, pair.privateKey, { crit: { 'urn:x': true } })
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'crit' })
  })

  test.each(['dir', 'A256KW', 'A256GCMKW', 'PBES2-HS256+A128KW'])('it is encrypted by %s', async (alg) => {
    const subject = subjectOf([keyOf(pair)])
    const secret = await generateSecret('A256GCM', { extractable: true })
    const to = new Uint8Array(await crypto.subtle.exportKey('raw', secret as never))
    const accessToken = await encrypt(await subject.bound(), pair, { header: { alg }, to })
    await compactDecrypt(accessToken, to, { keyManagementAlgorithms: [alg] })
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'key' })
  })

  test('it is encrypted by RSA1_5 to the right key', async () => {
    const subject = subjectOf([keyOf(rsa)])
    const accessToken = sealByNode(await subject.bound(), { alg: 'RSA1_5' }, (cek) =>
      publicEncrypt({ key: KeyObject.from(rsa.publicKey as never), padding: constants.RSA_PKCS1_PADDING }, cek),
    )
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'key' })
  })

  test.each(['RSA-OAEP', 'RSA-OAEP-384', 'RSA-OAEP-512'] as const)(
    'it is encrypted by %s to a key that is for RSA-OAEP-256',
    async (alg) => {
      const { privateKey: key } = keyPairFor(rsa)
      const subject = subjectOf([{ key, alg: 'RSA-OAEP-256' }])
      const other = await sameKeyFor(alg)
      const accessToken = await encrypt(await subject.bound(), { ...rsa, alg }, { to: other.publicKey })
      await compactDecrypt(accessToken, other.privateKey)
      expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'key' })
    },
  )

  test('it is encrypted to a key of another curve', async () => {
    const subject = subjectOf([keyOf(await createPair(pair.alg, 'P-384'))])
    const accessToken = await encrypt(await subject.bound(), pair)
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'plaintext' })
  })

  test('it is encrypted to another key of the same name', async () => {
    const subject = subjectOf([keyOf(pair, 'k')])
    const accessToken = await encrypt(await subject.bound(), await createPair(pair.alg), { header: { kid: 'k' } })
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'plaintext' })
  })

  test.each(['K', ' k', 'k2', '', '__proto__', 'constructor'])('it names the key "k" as "%s"', async (kid) => {
    const subject = subjectOf([keyOf(pair, 'k')])
    const accessToken = await encrypt(await subject.bound(), pair, { header: { kid } })
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'key' })
  })

  test.each([1, null, true, ['k'], { k: 1 }])('it names a key by %j, which is no name', async (kid) => {
    for (const key of [keyOf(pair), keyOf(pair, 'k')]) {
      const subject = subjectOf([key])
      const accessToken = await encrypt(await subject.bound(), pair, { header: { kid } })
      expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'header' })
    }
  })

  test.each(['', 'JWS', 'JSON', 'text/jwt', 'application/json', 'at+jwt2', 'JWT ', 1, null, ['JWT']])(
    'it says that it holds %j',
    async (cty) => {
      const subject = subjectOf([keyOf(pair)])
      const accessToken = await encrypt(await subject.bound(), pair, { header: { cty } })
      expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'cty' })
    },
  )

  test.each([
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['two members of one name', '{"alg":"ECDH-ES+A256KW","enc":"A256GCM","cty":"JWT","alg":"dir"}'],
    ['a byte order mark', '\ufeff{"alg":"ECDH-ES+A256KW","enc":"A256GCM","cty":"JWT"}'],
    ['half a character', '{"alg":"ECDH-ES+A256KW","enc":"A256GCM","cty":"JWT","x":"\\ud800"}'],
  ])('its header is %s', async (_, header) => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = withSegment(await encrypt(await subject.bound(), pair), 0, base64url.encode(header))
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'header' })
  })

  test.each([undefined, 'none', 'a256gcm', 'A256CBC', '', 1, ['A256GCM']])('its enc is %j', async (enc) => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = withHeader(await encrypt(await subject.bound(), pair), { enc })
    expect(await subject.refusal({ accessToken })).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'enc' })
  })

  const offCurve = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }
  test.each([
    ['is absent', undefined],
    ['is null', null],
    ['is a text', 'x'],
    ['is of another type', { kty: 'RSA', n: 'AQ', e: 'AQAB' }],
    ['is a secret', { kty: 'oct', k: 'AA' }],
    ['is no point of its curve', offCurve],
    ['is of another curve', { ...offCurve, crv: 'P-521' }],
    ['is of no curve', { ...offCurve, crv: 'x' }],
    ['is of small order', { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }],
  ])('its ephemeral key %s', async (_, epk) => {
    for (const alg of ['ECDH-ES', 'ECDH-ES+A256KW'] as const) {
      for (const crv of ['P-256', 'X25519']) {
        const each = await createPair(alg, crv)
        const subject = subjectOf([keyOf(each)])
        const accessToken = withHeader(await encrypt(await subject.bound(), each), { epk })
        expect(await subject.refusal({ accessToken })).toMatchObject({
          code: 'ERR_TOKEN_DECRYPTION',
          reason: 'plaintext',
        })
      }
    }
  })

  test.each([
    ['signed by nobody', (jws: string) => jws.replace(/[^.]*$/, ''), 'ERR_TOKEN_MALFORMED'],
    ['of the wrong signature', flippedEnd, 'ERR_TOKEN_SIGNATURE'],
    ['of one segment', () => 'opaque', 'ERR_TOKEN_MALFORMED'],
    ['of no characters', () => '', 'ERR_TOKEN_MALFORMED'],
    ['with white space after it', (jws: string) => `${jws}\n`, 'ERR_TOKEN_MALFORMED'],
    ['with a character that is no ASCII', (jws: string) => `${jws}é`, 'ERR_TOKEN_MALFORMED'],
    ['in another spelling', (jws: string) => `${jws}=`, 'ERR_TOKEN_MALFORMED'],
    ['of claims without signature', () => '{"sub":"admin"}', 'ERR_TOKEN_MALFORMED'],
  ] as [string, (jws: string) => string, string][])('what is inside is %s', async (_, change, code) => {
    for (const encryption of ['required', 'optional'] as const) {
      const subject = subjectOf([keyOf(pair)], { encryption })
      const accessToken = await encrypt(change(await subject.bound()), pair)
      expect((await subject.refusal({ accessToken })).code).toBe(code)
    }
  })

  test.each([
    ['of another issuer', { claims: { iss: 'https://other.example' } }, 'ERR_TOKEN_ISSUER'],
    ['valid only later', { claims: { nbf: 4_102_444_800 } }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['bound to nothing', { claims: { cnf: undefined } }, 'ERR_TOKEN_UNBOUND'],
    ['without client', { claims: { client_id: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['a logout token', { header: { typ: 'logout+jwt' } }, 'ERR_TOKEN_TYP'],
    ['an answer to an introspection', { header: { typ: 'token-introspection+jwt' } }, 'ERR_TOKEN_TYP'],
    ['signed by an unknown key', { header: { kid: 'other' } }, 'ERR_TOKEN_KEY_UNKNOWN'],
  ])('what is inside is %s', async (_, parts, code) => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(parts), pair)
    expect((await subject.refusal({ accessToken })).code).toBe(code)
  })
})

describe('as a bearer token', () => {
  test('one that is bound to nothing is accepted, one that is bound is refused, cold and warm', async () => {
    const subject = subjectOf([keyOf(pair)], {}, { accept: ['dpop', 'bearer'] })
    const bearer = { scheme: 'Bearer', proof: null }
    const unbound = await encrypt(await subject.bound({ claims: { cnf: undefined } }), pair)
    const bound = await encrypt(await subject.bound(), pair)
    for (let call = 0; call < 2; call++) {
      expect((await subject.send({ ...bearer, accessToken: unbound })).caller.kind).toBe('bearer')
      expect((await subject.refusal({ ...bearer, accessToken: bound })).code).toBe('ERR_TOKEN_BOUND')
      await subject.send({ accessToken: bound })
      expect((await subject.refusal({ accessToken: unbound })).code).toBe('ERR_TOKEN_UNBOUND')
    }
  })

  test('one that came with its key before is refused with another', async () => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(), pair)
    await subject.send({ accessToken })
    expect((await subject.refusal({ accessToken, key: await createKey() })).code).toBe('ERR_TOKEN_BINDING_MISMATCH')
  })
})

describe('has one spelling', () => {
  /** A valid token each of whose segments ends with bits that encode nothing. */
  async function spellable(bound: (parts: object) => Promise<string>): Promise<string> {
    for (let length = 1; length < 50; length++) {
      const inner = await bound({ claims: { x: 'x'.repeat(length) } })
      for (let padding = 0; padding < 3; padding++) {
        const jwe = await encrypt(inner, pair, { header: { enc: 'A128CBC-HS256', y: 'y'.repeat(padding) } })
        if (jwe.split('.').every((segment) => segment.length % 4 !== 0)) return jwe
      }
    }
    throw new Error('No such token')
  }

  test('no segment with stray bits at its end, though it decodes to the same bytes', async () => {
    const subject = subjectOf([keyOf(pair)])
    const jwe = await spellable(subject.bound)
    await subject.send({ accessToken: jwe })
    for (let index = 0; index < 5; index++) {
      const segment = jwe.split('.')[index] as string
      const respelt = segment.slice(0, -1) + nextCharacter(segment.slice(-1))
      expect(Buffer.from(respelt, 'base64url')).toEqual(Buffer.from(segment, 'base64url'))
      const refusal = await subject.refusal({ accessToken: withSegment(jwe, index, respelt) })
      expect(refusal).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'base64url' })
    }
  })

  test('no segment with padding: the field cannot hold it but at its end', async () => {
    const subject = subjectOf([keyOf(pair)])
    const jwe = await spellable(subject.bound)
    for (let index = 0; index < 5; index++) {
      const accessToken = withSegment(jwe, index, `${jwe.split('.')[index]}=`)
      const code = index === 4 ? 'ERR_TOKEN_DECRYPTION' : 'ERR_AUTHORIZATION_MALFORMED'
      expect((await subject.refusal({ accessToken })).code).toBe(code)
    }
  })

  test('no segment in the other alphabet', async () => {
    const subject = subjectOf([keyOf(pair)])
    for (let tries = 0; tries < 500; tries++) {
      const jwe = await encrypt(await subject.bound(), pair)
      const accessToken = jwe.replaceAll('-', '+').replaceAll('_', '/')
      if (accessToken === jwe) continue
      const refusal = await subject.refusal({ accessToken })
      expect(refusal).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'base64url' })
      return
    }
    throw new Error('No token with a character in which the alphabets differ')
  })

  test('no segment more or less', async () => {
    const subject = subjectOf([keyOf(pair)])
    const jwe = await encrypt(await subject.bound(), pair)
    for (const accessToken of [`${jwe}.`, `.${jwe}`, `${jwe}.AA`, jwe.replace(/\.[^.]*$/, ''), jwe.replace('.', '')])
      expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_MALFORMED')
  })

  test('no character other than it is', async () => {
    const subject = subjectOf([keyOf(pair)])
    const jwe = await encrypt(await subject.bound(), pair)
    const codes = new Set<string>()
    for (let index = 0; index < jwe.length; index++) {
      const character = jwe[index] as string
      const accessToken =
        jwe.slice(0, index) + (character === '.' ? 'A' : nextCharacter(character)) + jwe.slice(index + 1)
      const refusal = await subject.refusal({ accessToken })
      expect(refusal.statusCode).toBe(401)
      codes.add(refusal.code)
    }
    // A dot less makes it a token of four segments.
    expect([...codes].sort()).toEqual(['ERR_TOKEN_DECRYPTION', 'ERR_TOKEN_MALFORMED'])
    await subject.send({ accessToken: jwe })
  })
})

describe('its refusals', () => {
  /** All that a caller, and the code that calls, can see of a refusal. */
  function seen(refusal: RefusalError) {
    const { code, message, reason, parameter, expected, actual, cause, statusCode } = refusal
    const { 'dpop-nonce': _, ...headers } = refusal.headers
    const { serverTime: __, ...problem } = refusal.problem as { serverTime?: number }
    return { code, message, reason, parameter, expected, actual, cause, statusCode, headers, problem }
  }

  const broken: [string, (jwe: string, each: Pair, token: string) => string | Promise<string>][] = [
    ['another key', async (_, { alg }, token) => encrypt(token, await createPair(alg))],
    ['a flipped key', (jwe) => flipped(jwe, 1)],
    ['a key that is cut', (jwe) => cut(jwe, 1)],
    ['no key', (jwe) => withSegment(jwe, 1, '')],
    ['a flipped initialisation vector', (jwe) => flipped(jwe, 2)],
    ['an initialisation vector that is cut', (jwe) => cut(jwe, 2)],
    ['no initialisation vector', (jwe) => withSegment(jwe, 2, '')],
    ['a flipped ciphertext', (jwe) => flipped(jwe, 3)],
    ['a ciphertext that is cut', (jwe) => cut(jwe, 3)],
    ['no ciphertext', (jwe) => withSegment(jwe, 3, '')],
    ['a flipped tag', (jwe) => flipped(jwe, 4)],
    ['a tag that is cut', (jwe) => cut(jwe, 4)],
    ['no tag', (jwe) => withSegment(jwe, 4, '')],
    ['another header', (jwe) => withHeader(jwe, { x: 1 })],
    ['another enc', (jwe) => withHeader(jwe, { enc: 'A128CBC-HS256' })],
  ]

  test.each(['minimal', 'full'] as const)(
    'are one and the same whatever is wrong once a key was chosen: diagnostics %s',
    async (diagnostics) => {
      for (const alg of ['RSA-OAEP-256', 'ECDH-ES+A256KW'] as const) {
        const each = await createPair(alg)
        const subject = subjectOf([keyOf(each, 'k')], {}, { diagnostics })
        const token = await subject.bound()
        const jwe = await encrypt(token, each)
        const refusals = await Promise.all(
          broken.map(async ([, change]) =>
            seen(await subject.refusal({ accessToken: await change(jwe, each, token) })),
          ),
        )
        const [first] = refusals
        for (const [index, refusal] of refusals.entries()) expect(refusal, broken[index]?.[0]).toEqual(first)
        expect(first).toMatchObject({ code: 'ERR_TOKEN_DECRYPTION', reason: 'plaintext', cause: undefined })
      }
    },
  )

  test('do not tell a padding of RSA that was wrong from a key of the wrong length', async () => {
    const subject = subjectOf([keyOf(rsa)])
    const token = await subject.bound()
    const key = KeyObject.from(rsa.publicKey as never)
    const wrapped = (bytes: Buffer, oaepHash = 'sha256') =>
      sealByNode(token, { alg: 'RSA-OAEP-256' }, (cek) => publicEncrypt({ key, oaepHash }, bytes.length ? bytes : cek))
    await subject.send({ accessToken: wrapped(Buffer.alloc(0)) })
    const refusals = []
    for (const accessToken of [
      wrapped(randomBytes(32)),
      wrapped(randomBytes(16)),
      wrapped(randomBytes(1)),
      wrapped(randomBytes(32), 'sha1'),
    ])
      refusals.push(seen(await subject.refusal({ accessToken })))
    expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1)
  })

  test('give a caller no reason at all, unless diagnostics are on', async () => {
    const subject = subjectOf([keyOf(pair, 'k')])
    const token = await subject.bound()
    const answers = []
    for (const header of [{ kid: 'other' }, { alg: 'ECDH-ES' }, { cty: 'x' }, { zip: 'DEF' }, { kid: 'k', x: 1 }]) {
      const to = 'x' in header ? (await createPair(pair.alg)).publicKey : pair.publicKey
      const { headers, problem } = seen(
        await subject.refusal({ accessToken: await encrypt(token, pair, { header, to }) }),
      )
      answers.push(JSON.stringify({ headers, problem }))
    }
    expect(new Set(answers).size).toBe(1)
  })
})

describe('a private key is used', () => {
  /** A key that counts how often jose takes it up. */
  function countedKey(each: Pair) {
    const { key } = keyOf(each) as { key: KeyObject }
    const count = { uses: 0, key }
    const toCryptoKey = key.toCryptoKey.bind(key)
    Object.defineProperty(key, 'toCryptoKey', {
      value(...parameters: Parameters<typeof toCryptoKey>) {
        count.uses++
        return toCryptoKey(...parameters)
      },
    })
    return count
  }

  test('for nobody who has not proved possession of a key', async () => {
    const counted = countedKey(pair)
    const subject = subjectOf([{ key: counted.key, alg: pair.alg, kid: 'k' }], {}, { nonce: 'required' })
    const accessToken = await encrypt(await subject.bound(), pair)
    const { rawHeaders } = await subject.request({ accessToken })
    const [header, payload] = (rawHeaders.at(-1) as string).split('.')
    for (const [changes, code] of [
      [{ proof: `${header}.${payload}.${'A'.repeat(86)}` }, 'ERR_DPOP_PROOF_SIGNATURE'],
      [{ proof: `${header}.${payload}.` }, 'ERR_DPOP_PROOF_MALFORMED'],
      [{ proof: null }, 'ERR_DPOP_PROOF_MISSING'],
      [{ claims: { nonce: undefined } }, 'ERR_DPOP_NONCE_REQUIRED'],
      [{ claims: { nonce: 'AAAA' } }, 'ERR_DPOP_NONCE_INVALID'],
      [{ claims: { htm: 'POST' } }, 'ERR_DPOP_PROOF_HTM_MISMATCH'],
      [{ claims: { htu: `${RESOURCE}/other` } }, 'ERR_DPOP_PROOF_HTU_MISMATCH'],
      [{ claims: { ath: 'A'.repeat(43) } }, 'ERR_DPOP_PROOF_ATH_MISMATCH'],
      [{ scheme: 'Bearer', proof: null }, 'ERR_SCHEME_NOT_ACCEPTED'],
    ] as const) {
      expect((await subject.refusal({ accessToken, ...changes })).code).toBe(code)
      expect(counted.uses).toBe(0)
    }
    await subject.send({ accessToken })
    expect(counted.uses).toBe(1)
  })

  test('for no token that it is not for', async () => {
    const counted = countedKey(pair)
    const subject = subjectOf([{ key: counted.key, alg: pair.alg, kid: 'k' }])
    const token = await subject.bound()
    for (const header of [{ kid: 'other' }, { alg: 'ECDH-ES' }, { cty: 'x' }, { zip: 'DEF' }])
      await subject.refusal({ accessToken: await encrypt(token, pair, { header }) })
    expect(counted.uses).toBe(0)
    await subject.send({ accessToken: await encrypt(token, pair, { header: { kid: 'k' } }) })
    expect(counted.uses).toBe(1)
  })

  test('whichever it is of four, by its name or without; more are refused at start', async () => {
    const pairs = await Promise.all(Array.from({ length: 5 }, () => createPair(pair.alg)))
    const keys = pairs.map((each, index) => keyOf(each, `k${index}`))
    const subject = subjectOf(keys.slice(0, 4))
    for (const [index, each] of pairs.slice(0, 4).entries()) {
      await subject.send({ accessToken: await encrypt(await subject.bound(), each, { header: { kid: `k${index}` } }) })
      await subject.send({ accessToken: await encrypt(await subject.bound(), each) })
    }
    expect(() => subjectOf(keys)).toThrow(expect.objectContaining({ parameter: 'issuer.decryptionKeys' }))
  })

  test('of the issuer whose token it is, and of no other', async () => {
    const [mine, theirs] = await Promise.all([createPair(pair.alg), createPair(pair.alg)])
    const issuer = [
      { issuer: context.issuer.issuer, decryptionKeys: [keyOf(mine)] },
      { issuer: 'https://other.example', decryptionKeys: [keyOf(theirs)] },
    ]
    const subject = createSubject(context, { issuer })
    await subject.send({ accessToken: await encrypt(await subject.bound(), mine) })
    const refusal = await subject.refusal({ accessToken: await encrypt(await subject.bound(), theirs) })
    expect(refusal.code).toBe('ERR_TOKEN_ENCRYPTION')
  })
})

describe('beside introspection', () => {
  async function asking(tokens: 'opaque' | 'all', decryptionKeys: readonly DecryptionKeyOptions[] | undefined) {
    const asked: (string | null)[] = []
    const answer = { active: true }
    const endpoint = await startServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      asked.push(new URLSearchParams(body).get('token'))
      const { jkt } = context.key
      const exp = Math.floor(Date.now() / 1000) + 60
      const said = { client_id: 'partner-7', aud: RESOURCE, exp, cnf: { jkt }, ...answer }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(said))
    })
    const clientAuthentication = ClientSecretBasic('secret')
    const introspection = { clientId: 'api', clientAuthentication, endpoint: endpoint.url, tokens, maxAgeSeconds: 0 }
    const issuer = { issuer: context.issuer.issuer, introspection, ...(decryptionKeys && { decryptionKeys }) }
    return { subject: createSubject(context, { issuer, nonce: 'off' }), asked, answer, stop: () => endpoint.stop() }
  }

  test('the issuer is asked about the token as it was sent, not about what was inside', async () => {
    const { subject, asked, answer, stop } = await asking('all', [keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(), pair)
    await subject.send({ accessToken })
    expect(asked).toEqual([accessToken])
    answer.active = false
    expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_INACTIVE')
    await stop()
  })

  test('the issuer is not asked about a token that cannot be decrypted, nor about one that is not its own', async () => {
    const { subject, asked, stop } = await asking('all', [keyOf(pair)])
    const token = await subject.bound()
    const foreign = await encrypt(token, await createPair(pair.alg))
    const forged = await encrypt(await subject.bound({ key: await createKey() }), pair)
    expect((await subject.refusal({ accessToken: foreign })).code).toBe('ERR_TOKEN_DECRYPTION')
    expect((await subject.refusal({ accessToken: forged })).code).toBe('ERR_TOKEN_SIGNATURE')
    expect(asked).toEqual([])
    await stop()
  })

  test('where there is no key, a token of five segments is opaque: its issuer knows what it is', async () => {
    const { subject, asked, stop } = await asking('opaque', undefined)
    const accessToken = await encrypt(await subject.bound(), pair)
    expect((await subject.send({ accessToken })).caller.clientId).toBe('partner-7')
    expect(asked).toEqual([accessToken])
    await stop()
  })
})

describe('is explained', () => {
  test('as it is verified, without what stands in it', async () => {
    const subject = subjectOf([keyOf(pair)])
    const token = await subject.bound({ claims: { diagnosis: 'confidential' } })
    const accessToken = await encrypt(token, pair)
    const explanation = await subject.verifier.explain(await subject.request({ accessToken }))
    expect(explanation.outcome).toBe('accepted')
    expect(explanation.findings.map(({ id, status }) => [id, status])).toContainEqual(['token.decryption', 'pass'])
    const text = JSON.stringify(explanation)
    for (const secret of [accessToken, token, 'confidential']) expect(text).not.toContain(secret)
  })

  test('if it cannot be decrypted: nothing is said of what was not seen', async () => {
    const subject = subjectOf([keyOf(pair)])
    const accessToken = await encrypt(await subject.bound(), await createPair(pair.alg))
    const { outcome, status, findings } = await subject.verifier.explain(await subject.request({ accessToken }))
    expect({ outcome, status }).toEqual({ outcome: 'ERR_TOKEN_DECRYPTION', status: 401 })
    const later = findings.slice(findings.findIndex(({ id }) => id === 'token.decryption') + 1)
    expect(later.map(({ id }) => id)).toContain('token.issuer')
    for (const finding of later) expect(finding, finding.id).toMatchObject({ status: 'skipped' })
  })
})

function keyPairFor({ publicKey, privateKey }: Pair) {
  return { publicKey: KeyObject.from(publicKey as never), privateKey: KeyObject.from(privateKey as never) }
}

/** The key of `rsa`, for jose to use with another hash. */
async function sameKeyFor(alg: string): Promise<{ publicKey: CryptoKey; privateKey: CryptoKey }> {
  const { publicKey, privateKey } = keyPairFor(rsa)
  const algorithm = { name: 'RSA-OAEP', hash: `SHA-${alg.slice('RSA-OAEP-'.length) || 1}` }
  return {
    publicKey: publicKey.toCryptoKey(algorithm, true, ['encrypt']) as CryptoKey,
    privateKey: privateKey.toCryptoKey(algorithm, true, ['decrypt']) as CryptoKey,
  }
}

/** A JWE with A256GCM by Node, its content encryption key wrapped in whichever way. */
function sealByNode(token: string, header: object, wrap: (cek: Buffer) => Buffer): string {
  const [cek, iv] = [randomBytes(32), randomBytes(12)]
  const protectedHeader = base64url.encode(JSON.stringify({ enc: 'A256GCM', cty: 'JWT', ...header }))
  const cipher = createCipheriv('aes-256-gcm', cek, iv).setAAD(Buffer.from(protectedHeader))
  const ciphertext = Buffer.concat([cipher.update(token), cipher.final()])
  return [
    protectedHeader,
    ...[wrap(cek), iv, ciphertext, cipher.getAuthTag()].map((each) => base64url.encode(each)),
  ].join('.')
}

function withSegment(jwe: string, index: number, segment: string): string {
  return jwe
    .split('.')
    .map((each, at) => (at === index ? segment : each))
    .join('.')
}

function withHeader(jwe: string, members: object): string {
  const header = JSON.parse(Buffer.from(jwe.split('.')[0] as string, 'base64url').toString())
  return withSegment(jwe, 0, base64url.encode(JSON.stringify({ ...header, ...members })))
}

function flipped(jwe: string, index: number): string {
  const bytes = Buffer.from(jwe.split('.')[index] as string, 'base64url')
  bytes[0] = (bytes[0] as number) ^ 1
  return withSegment(jwe, index, bytes.toString('base64url'))
}

function cut(jwe: string, index: number): string {
  const bytes = Buffer.from(jwe.split('.')[index] as string, 'base64url')
  return withSegment(jwe, index, bytes.subarray(0, -1).toString('base64url'))
}

/** A JWS whose signature differs in its first byte. */
function flippedEnd(jws: string): string {
  return flipped(jws, 2)
}

function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[(alphabet.indexOf(character) + 1) % alphabet.length] as string
}
