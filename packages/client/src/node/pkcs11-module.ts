// PKCS#11 libraries of this process. A library is initialised once for the whole process, and a user is logged in to a token for all
// sessions of the process: both belong to everybody who uses the library here, not to one signer.

import { createHmac, randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import type { Handle, PKCS11 } from 'pkcs11js'
import * as CK from './pkcs11-constants.ts'
import { keyUnavailable, returnValueOf } from './pkcs11-errors.ts'

/** A PKCS#11 library. */
export interface Pkcs11Module {
  readonly library: PKCS11
  /** Whether it may be called by several threads, so that it can work while this one goes on. */
  readonly isThreadSafe: boolean
  /** Initialises it, unless that was done: it may have been ended since, by somebody else in this process. */
  initialise(): void
  /**
   * Logs in to the token of a session, unless this process is logged in to it already.
   *
   * @throws {CountersignError} `ERR_KEY_UNAVAILABLE` with reason `pin`.
   */
  logIn(session: Handle, slot: Handle, pin: string): void
  /** Says that there is a session more. */
  opened(slot: Handle): void
  /** Closes a session, lost or not. The last one of a token logs out, if it was this package that logged in. */
  close(session: Handle, slot: Handle): void
}

const modules = new Map<string, Promise<Pkcs11Module>>()

/** What a PIN is refused with that will not become the right one. */
const WRONG_PIN: readonly string[] = ['CKR_PIN_INCORRECT', 'CKR_PIN_INVALID', 'CKR_PIN_LEN_RANGE']

/** PINs are compared, so that a wrong one is not tried again; what is kept of them is of no use outside this process. */
const secret = randomBytes(32)
const digestOf = (pin: string) => createHmac('sha256', secret).update(pin).digest('base64')

/**
 * Loads a PKCS#11 library, once for the process. It stays loaded and initialised: others in this process may use it too.
 *
 * @throws {CountersignError} `ERR_KEY_UNAVAILABLE` with reason `module`.
 */
export function loadModule(path: string): Promise<Pkcs11Module> {
  const name = realPath(path)
  let module = modules.get(name)
  if (module === undefined) {
    module = load(path)
    modules.set(name, module)
    // A library that is not there now may be there later.
    module.catch(() => modules.delete(name))
  }
  return module
}

async function load(path: string): Promise<Pkcs11Module> {
  let pkcs11js: typeof import('pkcs11js')
  try {
    const imported = (await import('pkcs11js')) as { default?: typeof import('pkcs11js') } & typeof import('pkcs11js')
    pkcs11js = imported.default ?? imported
  } catch (cause) {
    throw keyUnavailable('module', 'The package "pkcs11js" is not installed, or was not compiled', cause)
  }
  try {
    const library = new pkcs11js.PKCS11()
    library.load(path)
    return new LoadedModule(library)
  } catch (cause) {
    throw keyUnavailable('module', 'The PKCS#11 library cannot be loaded', cause)
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

class LoadedModule implements Pkcs11Module {
  readonly library: PKCS11
  isThreadSafe = false
  /** How many sessions there are, by slot. */
  readonly #sessions = new Map<string, number>()
  /** What this package logged in with, by slot. */
  readonly #loggedIn = new Map<string, string>()
  /** What was refused, by slot and PIN: a token locks itself after a few wrong PINs. */
  readonly #refused = new Set<string>()

  constructor(library: PKCS11) {
    this.library = library
  }

  initialise(): void {
    try {
      this.library.C_Initialize({ flags: CK.CKF_OS_LOCKING_OK })
      this.isThreadSafe = true
    } catch (error) {
      const value = returnValueOf(error)
      // Whoever initialised it may not have asked for locks, without which it must not be called by two threads.
      if (value === 'CKR_CRYPTOKI_ALREADY_INITIALIZED') return
      if (value !== 'CKR_CANT_LOCK' && value !== 'CKR_NEED_TO_CREATE_THREADS') throw error
      this.library.C_Initialize()
      this.isThreadSafe = false
    }
  }

  logIn(session: Handle, slot: Handle, pin: string): void {
    const token = slot.toString('hex')
    const digest = digestOf(pin)
    if (this.#refused.has(token + digest)) throw keyUnavailable('pin', 'The token refused this PIN before')
    try {
      this.library.C_Login(session, CK.CKU_USER, pin)
    } catch (error) {
      const value = returnValueOf(error)
      if (value === 'CKR_USER_ALREADY_LOGGED_IN') {
        // The token does not look at the PIN then. A wrong one must not work for as long as somebody else has the right one.
        const known = this.#loggedIn.get(token)
        if (known === undefined || known === digest) return
        throw keyUnavailable('pin', 'This process is logged in to the token with another PIN')
      }
      if (!value.includes('PIN')) throw error
      if (WRONG_PIN.includes(value)) this.#refused.add(token + digest)
      throw keyUnavailable('pin', 'The token refuses the PIN', error)
    }
    this.#loggedIn.set(token, digest)
  }

  opened(slot: Handle): void {
    const token = slot.toString('hex')
    this.#sessions.set(token, (this.#sessions.get(token) ?? 0) + 1)
  }

  close(session: Handle, slot: Handle): void {
    const token = slot.toString('hex')
    const others = (this.#sessions.get(token) ?? 1) - 1
    this.#sessions.set(token, others)
    if (others === 0 && this.#loggedIn.delete(token)) attempt(() => this.library.C_Logout(session))
    attempt(() => this.library.C_CloseSession(session))
  }
}

/** Ends something that may have ended already. */
function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // There is nothing left to end.
  }
}
