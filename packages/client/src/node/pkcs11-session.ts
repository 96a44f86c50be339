// The way to a key in a token: slot, session, login, key, mechanism. It is gone once at the start, and again when a session is lost.

import { randomInt } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { AlgorithmEntry } from '@countersign/shared'
import { algorithmOf, isCountersignError, limits } from '@countersign/shared'
import type { Handle, PKCS11 } from 'pkcs11js'
import * as CK from './pkcs11-constants.ts'
import type { KeyUnavailable } from './pkcs11-errors.ts'
import { keyUnavailable } from './pkcs11-errors.ts'
import type { TokenKey, TokenSession } from './pkcs11-key.ts'
import { findPrivateKeys, generateKey, readKey } from './pkcs11-key.ts'
import type { SigningMechanism } from './pkcs11-mechanisms.ts'
import { signingMechanism } from './pkcs11-mechanisms.ts'
import type { Pkcs11Module } from './pkcs11-module.ts'
import type { Pkcs11SignerOptions } from './pkcs11-options.ts'
import { selectorsOf } from './pkcs11-options.ts'

/** A key that can be signed with, for as long as its session lives. */
export interface OpenKey extends TokenKey, TokenSession {
  readonly mechanism: SigningMechanism
  /** Closes the session, whether it lives or not. */
  close(): void
}

/** How often a key is created that other processes have created in the same moment. */
const CREATION_ATTEMPTS = 8
/** Longest pause after the first of these attempts; it doubles each time, until they no longer meet. */
const FIRST_PAUSE_MILLISECONDS = 100
/** How long it may take until one process sees what another has created. */
const SETTLING_MILLISECONDS = 200

/**
 * Opens a session and finds the key in it, or creates the key if that is asked for.
 *
 * @throws {CountersignError} `ERR_KEY_UNAVAILABLE`, `ERR_KEY_EXTRACTABLE`, and `ERR_OPTION_INVALID` for an RSA key without `algorithm`.
 */
export async function openKey(module: Pkcs11Module, options: Pkcs11SignerOptions, create: boolean): Promise<OpenKey> {
  const { library } = module
  stage('module', 'The PKCS#11 library cannot be initialised', () => module.initialise())
  const slot = stage('token', 'The slots of the PKCS#11 library cannot be listed', () =>
    findSlot(library, options.token),
  )
  const flags = CK.CKF_SERIAL_SESSION | (create ? CK.CKF_RW_SESSION : 0)
  const handle = stage('token', 'The token opens no session', () => library.C_OpenSession(slot, flags))
  module.opened(slot)
  const close = () => module.close(handle, slot)
  const session = { library, handle }
  try {
    const pin = await readPin(options)
    stage('pin', 'The token lets nobody log in', () => module.logIn(handle, slot, pin))
    const privateKey = await findOrCreate(session, options, create)
    return stage('key', 'The key in the token cannot be read', () => {
      const key = readKey(session, privateKey, options.algorithm)
      const mechanism = signingMechanism(key.entry, library.C_GetMechanismList(slot))
      if (mechanism === undefined) throw keyUnavailable('key', `The token has no mechanism for ${key.entry.alg}`)
      return { ...session, ...key, mechanism, close }
    })
  } catch (error) {
    close()
    throw error
  }
}

/**
 * The PIN.
 *
 * @throws {CountersignError} `ERR_KEY_UNAVAILABLE` with reason `pin` where there is none.
 */
export async function readPin({ pin }: Pkcs11SignerOptions): Promise<string> {
  let value: unknown
  try {
    value = typeof pin === 'function' ? await pin() : pin
  } catch (cause) {
    throw keyUnavailable('pin', 'The function "pin" failed', cause)
  }
  if (typeof value !== 'string' || value === '') throw keyUnavailable('pin', 'The function "pin" returned no PIN')
  return value
}

function findSlot(library: PKCS11, token: Pkcs11SignerOptions['token']): Handle {
  let failure: unknown
  const slots = library.C_GetSlotList(true).filter((slot) => {
    if (typeof token === 'number') return slotNumber(slot) === BigInt(token)
    try {
      const { label, serialNumber } = library.C_GetTokenInfo(slot)
      return 'label' in token ? label.trimEnd() === token.label : serialNumber.trimEnd() === token.serialNumber
    } catch (error) {
      // Another token that does not work is no reason not to use this one.
      failure = error
      return false
    }
  })
  const [slot, ...others] = slots
  if (slot === undefined) throw keyUnavailable('token', 'There is no such token', failure)
  if (others.length > 0) throw keyUnavailable('token', 'There are several such tokens')
  return slot
}

/** A `CK_SLOT_ID`, in the byte order of the machine and as long as it has it. */
function slotNumber(slot: Handle): bigint {
  const isBig = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0
  const hex = (isBig ? slot : Buffer.from(slot).reverse()).toString('hex')
  return BigInt(`0x${hex}`)
}

/**
 * The one key that fits; where there is none, and it is to be created, a new one.
 *
 * PKCS#11 has no way to create a key only if there is none. Of several processes that start at the same time one is to keep its key, and
 * the others are to find it: whoever has created one looks again once all have seen it, and destroys it if it is not the only one.
 */
async function findOrCreate(session: TokenSession, options: Pkcs11SignerOptions, create: boolean): Promise<Handle> {
  const { found } = selectorsOf(options)
  for (let attempt = 1; ; attempt++) {
    const [key, ...others] = findKeys(session, found)
    if (key !== undefined && others.length === 0) {
      // A key that was just created may be gone in a moment.
      if (!create || (await remainsAlone(session, found, key, 2 * SETTLING_MILLISECONDS))) return key
    } else if (key === undefined) {
      if (!create) throw keyUnavailable('key', 'The token has no such private key')
      const made = await createOnly(session, options)
      if (made !== undefined) return made
    }
    if (!create || attempt === CREATION_ATTEMPTS) throw keyUnavailable('key', 'The token has several such private keys')
    await setTimeout(randomInt(FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1)))
  }
}

/** Creates a key, and destroys it again if there is another by then. */
async function createOnly(session: TokenSession, options: Pkcs11SignerOptions): Promise<Handle | undefined> {
  const { library, handle } = session
  const { found, created } = selectorsOf(options)
  const { algorithm = 'ES256', create } = options
  const { modulusBits = limits.MIN_RSA_MODULUS_BITS } = typeof create === 'object' ? create : {}
  const { privateKey, publicKey } = stage('key', 'The token generates no such key', () =>
    generateKey(session, created, algorithmOf(algorithm) as AlgorithmEntry, modulusBits),
  )
  if (await remainsAlone(session, found, privateKey, SETTLING_MILLISECONDS)) return privateKey
  stage('key', 'The token does not destroy a key that there are several of', () => {
    library.C_DestroyObject(handle, privateKey)
    library.C_DestroyObject(handle, publicKey)
  })
  return undefined
}

/** Whether this is the only key that fits, now and after a pause. */
async function remainsAlone(
  session: TokenSession,
  found: ReturnType<typeof selectorsOf>['found'],
  key: Handle,
  milliseconds: number,
): Promise<boolean> {
  const isAlone = () => {
    const [first, ...others] = findKeys(session, found)
    return first?.equals(key) === true && others.length === 0
  }
  if (!isAlone()) return false
  await setTimeout(milliseconds)
  return isAlone()
}

function findKeys(session: TokenSession, found: ReturnType<typeof selectorsOf>['found']): readonly Handle[] {
  return stage('key', 'The token lists no keys', () => findPrivateKeys(session, found))
}

/** Does one step; what PKCS#11 says of its failure is the cause of an error that says which step it was. */
function stage<Result>(reason: KeyUnavailable, message: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw isCountersignError(error) ? error : keyUnavailable(reason, message, error)
  }
}
