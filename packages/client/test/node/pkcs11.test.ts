// Keys in a security module, against SoftHSM: what is signed, what is refused, what survives, and that the key never leaves.

import { execFile } from 'node:child_process'
import { mkdir, rename, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { AlgorithmEntry } from '@countersign/shared'
import { algorithmOf, thumbprint, webCryptoParameters } from '@countersign/shared'
import { compactVerify, importJWK } from 'jose'
import type { Attribute, Handle, PKCS11 } from 'pkcs11js'
import { describe, expect, test } from 'vitest'
import { createProof } from '../../src/index.ts'
import type { Pkcs11SignerOptions } from '../../src/node/index.ts'
import { createPkcs11Signer } from '../../src/node/index.ts'
import * as CK from '../../src/node/pkcs11-constants.ts'
import { data, describeWithToken, isSignedBy, PIN, pkcs11js, sessionOf, signerOf, useTokens } from './softhsm.ts'
import { expectNothingOf, failureOf } from './support.ts'

describeWithToken('a key in a token', () => {
  const tokens = useTokens('partner-7', 'other')
  const create = (label: string, more: Partial<Pkcs11SignerOptions> = {}) =>
    tokens.options('partner-7', { key: { label }, create: true, ...more })

  const keysOf = (p11: PKCS11, session: Handle, label: string, kind = CK.CKO_PRIVATE_KEY): Handle[] => {
    p11.C_FindObjectsInit(session, [
      { type: CK.CKA_CLASS, value: kind },
      { type: CK.CKA_LABEL, value: label },
    ])
    const found = p11.C_FindObjects(session, 10)
    p11.C_FindObjectsFinal(session)
    return found
  }

  describe('signs', () => {
    test.each(['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'Ed25519', 'EdDSA'] as const)(
      'with %s what jose verifies',
      async (algorithm) => {
        const signer = await signerOf(create(algorithm, { algorithm }))
        expect(signer.algorithm).toBe(algorithm)
        const proof = await createProof({
          signer,
          method: 'GET',
          url: new URL('https://api.example.com/a'),
          accessToken: 't',
        })
        const { payload } = await compactVerify(proof, await importJWK({ ...signer.publicJwk }, algorithm))
        expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({ htm: 'GET' })
        // A leading zero of r or s occurs in one of 128 signatures.
        const count = algorithm === 'ES256' ? 600 : 20
        for (let index = 0; index < count; index++) expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
      },
    )

    test('data of any length, and of a view into something longer', async () => {
      for (const algorithm of ['ES256', 'PS256', 'Ed25519'] as const) {
        const signer = await signerOf(create(algorithm, { algorithm }))
        const large = new Uint8Array(100_000).fill(7)
        for (const bytes of [large, large.subarray(5, 6), large.subarray(3, 90_000)]) {
          const signature = await signer.sign(bytes)
          const { keyParameters, signParameters } = webCryptoParameters(algorithmOf(algorithm) as AlgorithmEntry)
          const key = await crypto.subtle.importKey(
            'jwk',
            { ...signer.publicJwk } as JsonWebKey,
            keyParameters as never,
            true,
            ['verify'],
          )
          expect(await crypto.subtle.verify(signParameters, key, signature as Uint8Array<ArrayBuffer>, bytes)).toBe(
            true,
          )
        }
      }
    })

    test('what it was given, whatever becomes of that afterwards', async () => {
      const signer = await signerOf(create('ES256'))
      const mutable = data.slice()
      const signing = signer.sign(mutable)
      mutable.fill(0)
      expect(await isSignedBy(signer, await signing)).toBe(true)
    })

    test('many things at once, one after the other, while the collector runs', async () => {
      const signer = await signerOf(create('PS256', { algorithm: 'PS256' }))
      const signatures = await Promise.all(Array.from({ length: 100 }, () => signer.sign(data)))
      for (const signature of signatures) expect(await isSignedBy(signer, signature)).toBe(true)
    })

    test('on another thread: this one goes on meanwhile', async () => {
      const signer = await signerOf(create('rsa-4096', { algorithm: 'PS256', create: { modulusBits: 4096 } }))
      expect((signer.publicJwk as { n: string }).n).toHaveLength(683)
      let turns = 0
      let isDone = false
      const turn = () => {
        turns++
        if (!isDone) setImmediate(turn)
      }
      setImmediate(turn)
      await Promise.all(Array.from({ length: 10 }, () => signer.sign(data)))
      isDone = true
      expect(turns).toBeGreaterThan(10)
    })
  })

  describe('is found', () => {
    test('again by its label, by its identifier, and in its slot or by the serial number of its token', async () => {
      const id = Buffer.from('0badcafe', 'hex')
      const made = await signerOf(create('found', { create: { id } }))
      const jkt = await thumbprint(made.publicJwk)
      const { p11, slot } = await sessionOf('partner-7')
      const number = Number(slot.readBigUInt64LE())
      const { serialNumber } = p11.C_GetTokenInfo(slot)
      for (const more of [
        {},
        { create: true },
        { key: { id } },
        { key: { id: new Uint8Array(id) }, create: { label: 'found' } },
        { token: number },
        { token: { serialNumber: serialNumber.trim() } },
        { pin: () => PIN },
        { pin: async () => PIN },
        { algorithm: 'ES256' as const },
      ]) {
        const signer = await signerOf(tokens.options('partner-7', { key: { label: 'found' }, ...more }))
        expect(await thumbprint(signer.publicJwk)).toBe(jkt)
        expect(await isSignedBy(made, await signer.sign(data))).toBe(true)
      }
    })

    test('with the attributes that it was created with', async () => {
      await signerOf(create('attributes', { key: { id: Buffer.of(1, 2, 3) }, create: { label: 'attributes' } }))
      const { p11, session } = await sessionOf('partner-7')
      const [key] = keysOf(p11, session, 'attributes') as [Handle]
      expect(p11.C_GetAttributeValue(session, key, [{ type: CK.CKA_ID }])[0]?.value).toEqual(Buffer.of(1, 2, 3))
      const flag = (type: number) => p11.C_GetAttributeValue(session, key, [{ type }])[0]?.value
      for (const type of [CK.CKA_TOKEN, CK.CKA_PRIVATE, CK.CKA_SENSITIVE, CK.CKA_NEVER_EXTRACTABLE, CK.CKA_SIGN])
        expect([type, flag(type)]).toEqual([type, Buffer.of(1)])
      for (const type of [CK.CKA_EXTRACTABLE, CK.CKA_DECRYPT, CK.CKA_UNWRAP, CK.CKA_DERIVE])
        expect([type, flag(type)]).toEqual([type, Buffer.of(0)])
    })
  })

  test('cannot be had from the token: not as an attribute, not wrapped, not by changing or copying it', async () => {
    const { CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_COEFFICIENT, CKA_VALUE, ...constants } =
      await pkcs11js()
    const { p11, session } = await sessionOf('partner-7')
    const wrapping = p11.C_GenerateKey(session, { mechanism: constants.CKM_AES_KEY_GEN }, [
      { type: constants.CKA_VALUE_LEN, value: 32 },
      { type: constants.CKA_WRAP, value: true },
    ])
    for (const [algorithm, secrets] of [
      ['ES256', [CKA_VALUE]],
      ['Ed25519', [CKA_VALUE]],
      ['PS256', [CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_COEFFICIENT]],
    ] as const) {
      await signerOf(create(`kept ${algorithm}`, { algorithm }))
      const [key] = keysOf(p11, session, `kept ${algorithm}`) as [Handle]
      for (const type of secrets)
        expect(() => p11.C_GetAttributeValue(session, key, [{ type }])).toThrow(/CKR_ATTRIBUTE_SENSITIVE/)
      for (const mechanism of [constants.CKM_AES_KEY_WRAP, constants.CKM_AES_KEY_WRAP_PAD])
        expect(() => p11.C_WrapKey(session, { mechanism }, wrapping, key, Buffer.alloc(8192))).toThrow(
          /CKR_KEY_UNEXTRACTABLE/,
        )
      for (const change of [
        { type: CK.CKA_EXTRACTABLE, value: true },
        { type: CK.CKA_SENSITIVE, value: false },
      ]) {
        expect(() => p11.C_SetAttributeValue(session, key, [change])).toThrow(/CKR_/)
        expect(() => p11.C_CopyObject(session, key, [change])).toThrow(/CKR_/)
      }
    }
  })

  describe('is refused', () => {
    const EC_PARAMS = Buffer.from('06082a8648ce3d030107', 'hex')
    const pair = async (
      label: string,
      privateMore: Attribute[] = [],
      { mechanism = CK.CKM_EC_KEY_PAIR_GEN, kind = [{ type: CK.CKA_EC_PARAMS, value: EC_PARAMS }] as Attribute[] } = {},
    ) => {
      const { p11, session } = await sessionOf('partner-7')
      const common = [
        { type: CK.CKA_TOKEN, value: true },
        { type: CK.CKA_LABEL, value: label },
        { type: CK.CKA_ID, value: Buffer.from(label) },
      ]
      const changed = (type: number) => privateMore.some((attribute) => attribute.type === type)
      const usual = [
        { type: CK.CKA_PRIVATE, value: true },
        { type: CK.CKA_SENSITIVE, value: true },
        { type: CK.CKA_EXTRACTABLE, value: false },
        { type: CK.CKA_SIGN, value: true },
      ].filter(({ type }) => !changed(type))
      const keys = p11.C_GenerateKeyPair(
        session,
        { mechanism },
        [...common, ...kind],
        [...common, ...usual, ...privateMore],
      )
      return { p11, session, ...keys }
    }
    const refusal = (label: string, more: Partial<Pkcs11SignerOptions> = {}) =>
      failureOf(() => createPkcs11Signer(tokens.options('partner-7', { key: { label }, ...more })))

    test('nothing that was made in the usual way', async () => {
      await pair('usual')
      const signer = await signerOf(tokens.options('partner-7', { key: { label: 'usual' } }))
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    })

    test('where it is extractable', async () => {
      await pair('extractable', [{ type: CK.CKA_EXTRACTABLE, value: true }])
      expect(await refusal('extractable')).toMatchObject({
        code: 'ERR_KEY_EXTRACTABLE',
        parameter: 'key',
        reason: 'extractable',
      })
    })

    test('where it is extractable, even if it is found in the place of one to create', async () => {
      await pair('extractable too', [{ type: CK.CKA_EXTRACTABLE, value: true }])
      expect(await refusal('extractable too', { create: true })).toMatchObject({ code: 'ERR_KEY_EXTRACTABLE' })
    })

    test('where it was extractable once', async () => {
      const { p11, session, privateKey } = await pair('once', [{ type: CK.CKA_EXTRACTABLE, value: true }])
      p11.C_SetAttributeValue(session, privateKey, [{ type: CK.CKA_EXTRACTABLE, value: false }])
      expect(await refusal('once')).toMatchObject({ code: 'ERR_KEY_EXTRACTABLE', reason: 'history' })
    })

    test('where it is not sensitive', async () => {
      await pair('not sensitive', [{ type: CK.CKA_SENSITIVE, value: false }])
      expect(await refusal('not sensitive')).toMatchObject({ code: 'ERR_KEY_EXTRACTABLE', reason: 'sensitive' })
    })

    test('but not where it was not sensitive once, and never extractable', async () => {
      const { p11, session, privateKey } = await pair('sensitive later', [{ type: CK.CKA_SENSITIVE, value: false }])
      p11.C_SetAttributeValue(session, privateKey, [{ type: CK.CKA_SENSITIVE, value: true }])
      const signer = await signerOf(tokens.options('partner-7', { key: { label: 'sensitive later' } }))
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    })

    test('where it was imported', async () => {
      const { p11, session } = await sessionOf('partner-7')
      const { CKA_VALUE } = await pkcs11js()
      const generated = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
      const { d = '' } = await crypto.subtle.exportKey('jwk', generated.privateKey)
      p11.C_CreateObject(session, [
        { type: CK.CKA_CLASS, value: CK.CKO_PRIVATE_KEY },
        { type: CK.CKA_KEY_TYPE, value: CK.CKK_EC },
        { type: CK.CKA_TOKEN, value: true },
        { type: CK.CKA_PRIVATE, value: true },
        { type: CK.CKA_SENSITIVE, value: true },
        { type: CK.CKA_EXTRACTABLE, value: false },
        { type: CK.CKA_SIGN, value: true },
        { type: CK.CKA_LABEL, value: 'imported' },
        { type: CK.CKA_EC_PARAMS, value: EC_PARAMS },
        { type: CKA_VALUE, value: Buffer.from(d, 'base64url') },
      ])
      expect(await refusal('imported')).toMatchObject({ code: 'ERR_KEY_EXTRACTABLE', reason: 'history' })
    })

    test.each<[string, string, Partial<Pkcs11SignerOptions>?]>([
      ['where there is none', 'there is none'],
      ['where there are several', 'several'],
      ['where there are several, in the place of one to create', 'several', { create: true }],
      ['where it is not for the algorithm', 'several', { key: { id: Buffer.from('usual') }, algorithm: 'ES384' }],
      ['where it may not sign', 'no signing'],
      ['where its curve has no algorithm', 'secp256k1'],
      ['where its modulus is short', 'rsa-1024', { algorithm: 'PS256' }],
      ['where its public key is missing', 'alone'],
      ['where its public key is that of another', 'exchanged'],
    ])('%s', async (_, label, more) => {
      const { p11, session } = await sessionOf('partner-7')
      const isThere = (name: string) => keysOf(p11, session, name).length > 0
      if (!isThere('usual')) await pair('usual')
      if (label === 'several' && !isThere(label)) await Promise.all([pair('several'), pair('several')])
      if (label === 'no signing') await pair(label, [{ type: CK.CKA_SIGN, value: false }])
      if (label === 'secp256k1')
        await pair(label, [], { kind: [{ type: CK.CKA_EC_PARAMS, value: Buffer.from('06052b8104000a', 'hex') }] })
      if (label === 'rsa-1024')
        await pair(label, [], {
          mechanism: CK.CKM_RSA_PKCS_KEY_PAIR_GEN,
          kind: [
            { type: CK.CKA_MODULUS_BITS, value: 1024 },
            { type: CK.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
          ],
        })
      if (label === 'alone' || label === 'exchanged') {
        const { publicKey } = await pair(label)
        p11.C_DestroyObject(session, publicKey)
      }
      if (label === 'exchanged') {
        // Public objects can be changed by whoever has the PIN: here one has the identifier of another key.
        const { publicKey } = await pair('exchanging')
        p11.C_SetAttributeValue(session, publicKey, [{ type: CK.CKA_ID, value: Buffer.from(label) }])
      }
      expect(await refusal(label, more)).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'key' })
    })

    test('where it is one of RSA and no algorithm is named', async () => {
      await signerOf(create('rsa', { algorithm: 'RS256' }))
      expect(await refusal('rsa')).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'algorithm' })
    })
  })

  test('of RSA needs no public key beside it', async () => {
    const label = 'rsa alone'
    const made = await signerOf(create(label, { algorithm: 'PS256' }))
    const { p11, session } = await sessionOf('partner-7')
    for (const publicKey of keysOf(p11, session, label, CK.CKO_PUBLIC_KEY)) p11.C_DestroyObject(session, publicKey)
    const signer = await signerOf(tokens.options('partner-7', { key: { label }, algorithm: 'PS256' }))
    expect(signer.publicJwk).toEqual(made.publicJwk)
  })

  test('that asks for the PIN for each signature gets it', async () => {
    const { p11, session } = await sessionOf('partner-7')
    const common = [
      { type: CK.CKA_TOKEN, value: true },
      { type: CK.CKA_LABEL, value: 'asks' },
      { type: CK.CKA_ID, value: Buffer.of(9) },
    ]
    p11.C_GenerateKeyPair(
      session,
      { mechanism: CK.CKM_EC_KEY_PAIR_GEN },
      [...common, { type: CK.CKA_EC_PARAMS, value: Buffer.from('06082a8648ce3d030107', 'hex') }],
      [
        ...common,
        { type: CK.CKA_PRIVATE, value: true },
        { type: CK.CKA_SENSITIVE, value: true },
        { type: CK.CKA_EXTRACTABLE, value: false },
        { type: CK.CKA_SIGN, value: true },
        { type: CK.CKA_ALWAYS_AUTHENTICATE, value: true },
      ],
    )
    let asked = 0
    const pin = async () => {
      asked++
      return PIN
    }
    const signer = await signerOf(tokens.options('partner-7', { key: { label: 'asks' }, pin }))
    const before = asked
    const signatures = await Promise.all([signer.sign(data), signer.sign(data)])
    for (const signature of signatures) expect(await isSignedBy(signer, signature)).toBe(true)
    expect(asked - before).toBe(2)
  })

  describe('cannot be reached', () => {
    const failure = async (more: Partial<Pkcs11SignerOptions>) => {
      const error = await failureOf(() => createPkcs11Signer(tokens.options('partner-7', { create: true, ...more })))
      expectNothingOf(PIN, error, 4)
      return error
    }

    test.each([
      ['/nowhere/libpkcs11.so'],
      [process.execPath],
      [import.meta.filename],
      [path.dirname(import.meta.filename)],
    ])('by the library %s', async (module) => {
      expect(await failure({ module })).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'module' })
    })

    test.each<[string, Pkcs11SignerOptions['token']]>([
      ['a label that no token has', { label: 'nobody' }],
      ['the beginning of a label', { label: 'partner' }],
      ['a serial number that no token has', { serialNumber: 'ffff' }],
      ['a slot that does not exist', 4711],
    ])('in the token of %s', async (_, token) => {
      expect(await failure({ token })).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'token' })
    })

    test('in one of two tokens with one label', async () => {
      await tokens.add('twin')
      await tokens.add('twin')
      await reinitialise()
      expect(await failure({ token: { label: 'twin' } })).toMatchObject({
        code: 'ERR_KEY_UNAVAILABLE',
        reason: 'token',
      })
    })

    test.each<[string, Pkcs11SignerOptions['pin']]>([
      [
        'that throws',
        () => {
          throw new Error('The vault is sealed')
        },
      ],
      [
        'that rejects',
        async () => {
          throw new Error('The vault is sealed')
        },
      ],
      ['that returns nothing', () => undefined as unknown as string],
      ['that returns an empty text', () => ''],
    ])('with a function "pin" %s', async (_, pin) => {
      expect(await failure({ pin })).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'pin' })
    })

    test('with a wrong PIN, which is tried once', async () => {
      const wrong = { token: { label: 'other' }, pin: '314159265' }
      for (const first of [true, false]) {
        const error = await failure(wrong)
        expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'pin' })
        expectNothingOf(wrong.pin, error, 4)
        expect((error as Error).cause === undefined).toBe(!first)
      }
      const right = await signerOf(tokens.options('other', { create: true }))
      expect(await isSignedBy(right, await right.sign(data))).toBe(true)
    })

    test('with a wrong PIN, though another signer is logged in', async () => {
      await signerOf(tokens.options('partner-7', { create: true }))
      expect(await failure({ pin: '271828' })).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'pin' })
    })
  })

  /** Ends the library and begins anew, as somebody else in this process might. */
  async function reinitialise(): Promise<void> {
    const { p11 } = await sessionOf('partner-7')
    p11.C_Finalize()
    p11.C_Initialize({ flags: 2 })
  }

  describe('survives', () => {
    test.each<[string, (at: { p11: PKCS11; slot: Handle; session: Handle }) => void]>([
      ['that its session is closed', ({ p11, slot }) => p11.C_CloseAllSessions(slot)],
      ['that the user is logged out', ({ p11, session }) => p11.C_Logout(session)],
      ['that the library is ended', ({ p11 }) => p11.C_Finalize()],
      [
        'that the library is begun anew',
        ({ p11 }) => {
          p11.C_Finalize()
          p11.C_Initialize({ flags: 2 })
        },
      ],
    ])('%s', async (_, harm) => {
      const signer = await signerOf(create('survivor'))
      const other = await signerOf(create('other survivor'))
      for (let round = 0; round < 3; round++) {
        harm(await sessionOf('partner-7'))
        const signatures = await Promise.all([signer.sign(data), signer.sign(data), other.sign(data)])
        expect(await isSignedBy(signer, signatures[0] as Uint8Array)).toBe(true)
        expect(await isSignedBy(signer, signatures[1] as Uint8Array)).toBe(true)
        expect(await isSignedBy(other, signatures[2] as Uint8Array)).toBe(true)
      }
    })

    test('that its token is taken out, once it is back', async () => {
      await tokens.add('card')
      await reinitialise()
      const signer = await signerOf(tokens.options('card', { create: true }))
      const [taken, back] = [path.join(tokens.directory, 'taken'), path.join(tokens.directory, 'tokens')]
      await rename(back, taken)
      await mkdir(back)
      await reinitialiseEmpty()
      for (let round = 0; round < 2; round++)
        expect(await failureOf(() => signer.sign(data))).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'token' })
      await rmdir(back)
      await rename(taken, back)
      await reinitialiseEmpty()
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    })

    /** As `reinitialise`, where there may be no token. */
    async function reinitialiseEmpty(): Promise<void> {
      const p11 = new (await pkcs11js()).PKCS11()
      p11.load(tokens.library)
      p11.C_Finalize()
      p11.C_Initialize({ flags: 2 })
    }

    test('not that another key takes its place', async () => {
      const signer = await signerOf(create('replaced'))
      const { p11, slot, session } = await sessionOf('partner-7')
      for (const kind of [CK.CKO_PRIVATE_KEY, CK.CKO_PUBLIC_KEY])
        for (const key of keysOf(p11, session, 'replaced', kind)) p11.C_DestroyObject(session, key)
      expect(await failureOf(() => signer.sign(data))).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'key' })
      const successor = await signerOf(create('replaced'))
      expect(successor.publicJwk).not.toEqual(signer.publicJwk)
      p11.C_CloseAllSessions(slot)
      expect(await failureOf(() => signer.sign(data))).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'key' })
      expect(await isSignedBy(successor, await successor.sign(data))).toBe(true)
    })
  })

  describe('is let go of', () => {
    test('by close: later signatures fail, earlier ones are made', async () => {
      const signer = await createPkcs11Signer(create('closed'))
      const signing = signer.sign(data)
      await Promise.all([signer.close(), signer.close()])
      expect(await isSignedBy(signer, await signing)).toBe(true)
      expect(await failureOf(() => signer.sign(data))).toMatchObject({ code: 'ERR_SIGNING_FAILED' })
    })

    test('with the login, by the last signer of a token', async () => {
      await reinitialise()
      const [first, second] = [await createPkcs11Signer(create('a')), await createPkcs11Signer(create('b'))]
      const { p11, slot } = await sessionOf('partner-7')
      const stateOf = () => {
        const session = p11.C_OpenSession(slot, 4)
        const { state } = p11.C_GetSessionInfo(session)
        p11.C_CloseSession(session)
        return state
      }
      const [publicState, userState] = [0, 1]
      expect(stateOf()).toBe(userState)
      await first.close()
      expect(stateOf()).toBe(userState)
      expect(await isSignedBy(second, await second.sign(data))).toBe(true)
      await second.close()
      expect(stateOf()).toBe(publicState)
      const third = await signerOf(create('a'))
      expect(third.publicJwk).toEqual(first.publicJwk)
    })

    test('but not with a login that somebody else in the process has made', async () => {
      await reinitialise()
      const { p11, session } = await sessionOf('partner-7')
      const signer = await createPkcs11Signer(create('guest'))
      await signer.close()
      expect(p11.C_GetSessionInfo(session).state).toBe(3)
    })
  })

  test('is created once by several processes that start together', async () => {
    await tokens.add('cluster')
    const options = JSON.stringify({ ...tokens.options('cluster'), create: true })
    const script = `
      import { createPkcs11Signer } from '@countersign/client/node'
      const signer = await createPkcs11Signer(${options})
      console.log(JSON.stringify(signer.publicJwk))`
    const parameters = ['--conditions=@countersign/source', '--input-type=module', '--eval', script]
    const cwd = path.resolve(import.meta.dirname, '../../../..')
    const run = async () => {
      // SoftHSM does not see a token whose file another process writes in that moment, as it does at each login.
      for (let attempt = 1; ; attempt++) {
        try {
          return (await promisify(execFile)(process.execPath, parameters, { cwd })).stdout
        } catch (error) {
          if (attempt === 4 || !String(error).includes('There is no such token')) throw error
        }
      }
    }
    const found = await Promise.all([run(), run(), run(), run()])
    expect(new Set(found).size).toBe(1)
    await reinitialise()
    const signer = await signerOf(tokens.options('cluster'))
    expect(JSON.stringify(signer.publicJwk)).toBe(found[0]?.trim())
  })
})

test.each<[string, unknown, string?]>([
  ['module', '', 'module'],
  ['module', undefined, 'module'],
  ['token', 'partner-7'],
  ['token', {}],
  ['token', { label: 'a', serialNumber: 'b' }],
  ['token', { name: 'a' }],
  ['token', -1],
  ['token', 1.5],
  ['pin', ''],
  ['pin', undefined],
  ['pin', 1234],
  ['key', {}],
  ['key', { label: '' }],
  ['key', { id: 'ab' }],
  ['key', { id: new Uint8Array() }],
  ['key', { label: 'a', id: Uint8Array.of(1) }],
  ['algorithm', 'HS256'],
  ['algorithm', 'ML-DSA-44'],
  ['create', 'yes'],
  ['create', { id: [] }, 'create.id'],
  ['create', { label: 7 }, 'create.label'],
  ['create', { modulusBits: 1024 }, 'create.modulusBits'],
  ['create', { modulusBits: 16_384 }, 'create.modulusBits'],
])('the option %s cannot be %o', async (name, value, parameter = name) => {
  const options = { module: '/m.so', token: 0, pin: PIN, key: { label: 'dpop' }, [name]: value } as Pkcs11SignerOptions
  const error = await failureOf(() => createPkcs11Signer(options))
  expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter })
  expectNothingOf(PIN, error, 4)
})

test.each([
  [{ slot: 0 }, 'slot'],
  [{ create: { bits: 2048 } }, 'create.bits'],
])('there is no option %o', async (more, parameter) => {
  const options = { module: '/m.so', token: 0, pin: PIN, key: { label: 'dpop' }, ...more } as Pkcs11SignerOptions
  expect(await failureOf(() => createPkcs11Signer(options))).toMatchObject({ code: 'ERR_OPTION_UNKNOWN', parameter })
})
