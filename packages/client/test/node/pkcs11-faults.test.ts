// What other modules do that SoftHSM does not: they are slow to lock, offer less, and fail. SoftHSM with one thing changed.

import { algorithmOf } from '@countersign/shared'
import type * as Pkcs11js from 'pkcs11js'
import type { Handle, PKCS11 } from 'pkcs11js'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Pkcs11SignerOptions } from '../../src/node/index.ts'
import { createPkcs11Signer } from '../../src/node/index.ts'
import * as CK from '../../src/node/pkcs11-constants.ts'
import { toJwsSignature } from '../../src/node/pkcs11-mechanisms.ts'
import { data, describeWithToken, isSignedBy, PIN, pkcs11js, sessionOf, signerOf, useTokens } from './softhsm.ts'
import { expectNothingOf, failureOf } from './support.ts'

type Method = Extract<keyof PKCS11, `C_${string}`>
type Call = (...parameters: never[]) => unknown

/** What happens in the place of a method; `pass` is the method. */
const changed = new Map<Method, (pass: Call, ...parameters: never[]) => unknown>()
const calls: Method[] = []
const callsOf = (method: Method) => calls.filter((each) => each === method).length

vi.mock('pkcs11js', async (importOriginal) => {
  const { default: original } = (await importOriginal()) as { default: typeof Pkcs11js }
  class Changed extends original.PKCS11 {
    constructor(library?: string) {
      super(library)
      const methods = this as unknown as Record<Method, Call>
      for (const name of Object.keys(this) as Method[]) {
        if (!name.startsWith('C_')) continue
        const pass: Call = methods[name].bind(this)
        methods[name] = (...parameters) => {
          calls.push(name)
          const change = changed.get(name)
          return change === undefined ? pass(...parameters) : change(pass, ...parameters)
        }
      }
    }
  }
  return { default: { ...original, PKCS11: Changed } }
})

beforeEach(() => {
  changed.clear()
  calls.length = 0
})

/** Fails with a return value of PKCS#11, so many times. */
function fail(method: Method, value: string, times = Number.POSITIVE_INFINITY): void {
  let left = times
  changed.set(method, (pass, ...parameters) => {
    if (left-- <= 0) return pass(...parameters)
    const error = new Error(`${value}:48`)
    if (method.endsWith('Async')) return Promise.reject(error)
    throw error
  })
}

describeWithToken('a module', () => {
  const tokens = useTokens('partner-7', 'other')
  const create = (more: Partial<Pkcs11SignerOptions> = {}) => tokens.options('partner-7', { create: true, ...more })

  describe('whose session is lost', () => {
    test.each([
      'CKR_DEVICE_REMOVED',
      'CKR_TOKEN_NOT_PRESENT',
      'CKR_SESSION_HANDLE_INVALID',
      'CKR_SESSION_CLOSED',
      'CKR_DEVICE_ERROR',
    ])('once, with %s, is asked again', async (value) => {
      const signer = await signerOf(create())
      for (const method of ['C_SignAsync', 'C_SignInit'] as const) {
        calls.length = 0
        fail(method, value, 1)
        expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
        expect([callsOf('C_OpenSession'), callsOf('C_Login'), callsOf('C_SignInit')]).toEqual([1, 1, 2])
      }
    })

    test('twice is not asked a third time, and is asked again for the next signature', async () => {
      const signer = await signerOf(create())
      fail('C_SignAsync', 'CKR_DEVICE_REMOVED', 2)
      const error = await failureOf(() => signer.sign(data))
      expect(error).toMatchObject({
        code: 'ERR_SIGNING_FAILED',
        cause: { message: expect.stringContaining('CKR_DEVICE_REMOVED') },
      })
      expectNothingOf(PIN, error, 4)
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    })

    test('and that has another PIN now, says so, and is not asked with the old one twice', async () => {
      let pin = PIN
      const signer = await signerOf(create({ pin: () => pin }))
      pin = '1618033988'
      fail('C_SignAsync', 'CKR_SESSION_HANDLE_INVALID', 1)
      for (let round = 0; round < 3; round++) {
        const error = await failureOf(() => signer.sign(data))
        expect(error).toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', reason: 'pin' })
        expectNothingOf(pin, error, 4)
      }
      expect(callsOf('C_Login')).toBe(2)
      pin = PIN
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    })
  })

  test('that fails to sign is not asked again, and not in the same session', async () => {
    const signer = await signerOf(create())
    for (const method of ['C_SignInit', 'C_SignAsync'] as const) {
      calls.length = 0
      fail(method, 'CKR_FUNCTION_FAILED', 1)
      expect(await failureOf(() => signer.sign(data))).toMatchObject({ code: 'ERR_SIGNING_FAILED' })
      expect(callsOf('C_SignInit')).toBe(1)
      expect(callsOf('C_OpenSession')).toBe(0)
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
      expect(callsOf('C_OpenSession')).toBe(1)
    }
  })

  test.each<[string, Method, string, string]>([
    ['is not initialised', 'C_Initialize', 'CKR_GENERAL_ERROR', 'module'],
    ['lists no slots', 'C_GetSlotList', 'CKR_GENERAL_ERROR', 'token'],
    ['opens no session', 'C_OpenSession', 'CKR_SESSION_COUNT', 'token'],
    ['has a locked PIN', 'C_Login', 'CKR_PIN_LOCKED', 'pin'],
    ['has an expired PIN', 'C_Login', 'CKR_PIN_EXPIRED', 'pin'],
    ['has no PIN', 'C_Login', 'CKR_USER_PIN_NOT_INITIALIZED', 'pin'],
    ['lets nobody log in', 'C_Login', 'CKR_FUNCTION_FAILED', 'pin'],
    ['lists no keys', 'C_FindObjectsInit', 'CKR_GENERAL_ERROR', 'key'],
    ['reads no attributes', 'C_GetAttributeValue', 'CKR_GENERAL_ERROR', 'key'],
    ['generates no keys', 'C_GenerateKeyPair', 'CKR_TOKEN_WRITE_PROTECTED', 'key'],
    ['starts no signature', 'C_SignInit', 'CKR_KEY_FUNCTION_NOT_PERMITTED', 'key'],
    ['makes no signature', 'C_SignAsync', 'CKR_FUNCTION_FAILED', 'key'],
  ])('that %s', async (_, method, value, reason) => {
    fail(method, value)
    const key = { label: `unused ${method}` }
    const error = await failureOf(() => createPkcs11Signer(tokens.options('other', { key, create: true })))
    expect(error).toMatchObject({
      code: 'ERR_KEY_UNAVAILABLE',
      reason,
      cause: { message: expect.stringContaining(value) },
    })
    expectNothingOf(PIN, error, 4)
    expect(callsOf('C_CloseSession')).toBe(method === 'C_OpenSession' ? 0 : callsOf('C_OpenSession'))
  })

  test('whose attributes are not what it says counts as the worst', async () => {
    await signerOf(create())
    for (const type of [CK.CKA_EXTRACTABLE, CK.CKA_SENSITIVE, CK.CKA_NEVER_EXTRACTABLE]) {
      changed.set('C_GetAttributeValue', (pass, ...parameters) => {
        const [, , [attribute]] = parameters as unknown as [Handle, Handle, [{ type: number }]]
        if (attribute.type === type) throw new Error('CKR_ATTRIBUTE_TYPE_INVALID:18')
        return pass(...parameters)
      })
      expect(await failureOf(() => createPkcs11Signer(create()))).toMatchObject({ code: 'ERR_KEY_EXTRACTABLE' })
    }
  })

  test.each([
    ['PS256', CK.CKM_RSA_PKCS_PSS],
    ['PS384', CK.CKM_RSA_PKCS_PSS],
    ['PS512', CK.CKM_RSA_PKCS_PSS],
    ['RS256', CK.CKM_RSA_PKCS],
  ] as const)('that hashes itself for %s', async (algorithm, outside) => {
    changed.set('C_GetMechanismList', (pass, ...parameters) =>
      (pass(...parameters) as number[]).filter((mechanism) => mechanism !== outside),
    )
    const signer = await signerOf(create({ key: { label: 'rsa' }, algorithm }))
    expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    expect(callsOf('C_SignAsync')).toBe(2)
  })

  test('that has no mechanism for the algorithm', async () => {
    changed.set('C_GetMechanismList', () => [CK.CKM_RSA_PKCS])
    expect(await failureOf(() => createPkcs11Signer(create()))).toMatchObject({
      code: 'ERR_KEY_UNAVAILABLE',
      reason: 'key',
    })
  })

  test('that signs something else', async () => {
    changed.set('C_SignAsync', async (pass, ...parameters) => {
      const signature = (await pass(...parameters)) as Buffer
      signature.writeUInt8(signature.readUInt8(40) ^ 1, 40)
      return signature
    })
    expect(await failureOf(() => createPkcs11Signer(create()))).toMatchObject({
      code: 'ERR_KEY_UNAVAILABLE',
      reason: 'key',
    })
  })

  test('that may be called by several threads signs on another one', async () => {
    const signer = await signerOf(create())
    await signer.sign(data)
    expect([callsOf('C_SignAsync'), callsOf('C_Sign')]).toEqual([2, 0])
  })

  test('is initialised for several threads once, however many signers there are', async () => {
    const { p11 } = await sessionOf('partner-7')
    p11.C_Finalize()
    calls.length = 0
    const initialised: unknown[] = []
    changed.set('C_Initialize', (pass, ...parameters) => {
      const result = pass(...parameters)
      initialised.push(parameters)
      return result
    })
    await Promise.all([signerOf(create()), signerOf(create()), signerOf(create({ token: { label: 'other' } }))])
    expect(initialised).toEqual([[{ flags: CK.CKF_OS_LOCKING_OK }]])
  })
})

describeWithToken('a module that must not be called by several threads', () => {
  const tokens = useTokens('partner-7')

  test.each(['CKR_CANT_LOCK', 'CKR_NEED_TO_CREATE_THREADS'])(
    'says so with %s, and signs on this one',
    async (value) => {
      vi.resetModules()
      const { createPkcs11Signer } = await import('../../src/node/index.ts')
      const p11 = new (await pkcs11js()).PKCS11()
      p11.load(tokens.library)
      try {
        p11.C_Finalize()
      } catch {
        // It was not initialised.
      }
      changed.set('C_Initialize', (pass, ...parameters) => {
        if ((parameters as unknown[]).length > 0) throw new Error(`${value}:10`)
        return pass(...parameters)
      })
      calls.length = 0
      const signer = await createPkcs11Signer(tokens.options('partner-7', { create: true }))
      expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
      expect([callsOf('C_SignAsync'), callsOf('C_Sign')]).toEqual([0, 2])
      await signer.close()
    },
  )

  test('because it was initialised before by somebody else', async () => {
    vi.resetModules()
    const { createPkcs11Signer } = await import('../../src/node/index.ts')
    await sessionOf('partner-7')
    calls.length = 0
    const signer = await createPkcs11Signer(tokens.options('partner-7', { create: true }))
    expect(await isSignedBy(signer, await signer.sign(data))).toBe(true)
    expect([callsOf('C_SignAsync'), callsOf('C_Sign')]).toEqual([0, 2])
    await signer.close()
  })
})

test('a signature without its leading zeros is filled up', () => {
  const es256 = algorithmOf('ES256') as NonNullable<ReturnType<typeof algorithmOf>>
  const [r, s] = [new Uint8Array(31).fill(1), new Uint8Array(31).fill(2)]
  expect(toJwsSignature(Uint8Array.of(...r, ...s), es256)).toEqual(Uint8Array.of(0, ...r, 0, ...s))
  const whole = Uint8Array.of(...r, 9, ...s, 9)
  expect(toJwsSignature(whole, es256)).toEqual(whole)
  const ed25519 = algorithmOf('Ed25519') as NonNullable<ReturnType<typeof algorithmOf>>
  expect(toJwsSignature(whole.subarray(2), ed25519)).toHaveLength(62)
})
