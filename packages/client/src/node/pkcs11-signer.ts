// A signer whose private key is in a security module or on a smart card, and never leaves it (PKCS#11).

import type { AlgorithmEntry, PublicJwk } from '@countersign/shared'
import { isCountersignError, thumbprintInput, webCryptoParameters } from '@countersign/shared'
import type { Signer } from '../keys/signer.ts'
import * as CK from './pkcs11-constants.ts'
import { keyUnavailable, returnValueOf, signingFailed } from './pkcs11-errors.ts'
import { toJwsSignature } from './pkcs11-mechanisms.ts'
import type { Pkcs11Module } from './pkcs11-module.ts'
import { loadModule } from './pkcs11-module.ts'
import type { Pkcs11SignerOptions } from './pkcs11-options.ts'
import { checkPkcs11Options } from './pkcs11-options.ts'
import type { OpenKey } from './pkcs11-session.ts'
import { openKey, readPin } from './pkcs11-session.ts'

/** A signer with a key in a token. */
export interface Pkcs11Signer extends Signer {
  /** Closes its session after what is being signed, and logs out of the token if no other signer uses it. It cannot sign any more. */
  close(): Promise<void>
}

/** Largest signature, in bytes: that of the largest RSA key. */
const MAX_SIGNATURE_BYTES = 1024

/** What a session is lost with: it was closed, the user logged out, the token was taken out, the library was ended. */
const LOST: readonly string[] = [
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
]

/**
 * Creates a signer whose private key is in a token, for `createClient({ signer })`. Needs the package `pkcs11js`.
 *
 * The key is found, or generated in the token where `create` says so. One that is extractable, or ever was, or that was imported is
 * refused: a copy of it may be elsewhere. The signer has one session, and signs one thing after the other. A session that is lost is
 * opened again once for each signature. Signing happens on another thread; opening, login and generation block this one.
 *
 * Does not check that the module says the truth about its keys, nor that it is the one it claims to be: it is code of this process.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, each with `parameter`; `ERR_KEY_UNAVAILABLE` with reason `module`,
 *   `token`, `pin` or `key`; `ERR_KEY_EXTRACTABLE` with reason `extractable`, `sensitive` or `history`. From `sign`: `ERR_SIGNING_FAILED`,
 *   and `ERR_KEY_UNAVAILABLE` where a lost session cannot be opened again. The PIN is in none of them.
 * @example
 * const signer = await createPkcs11Signer({
 *   module: '/usr/lib/softhsm/libsofthsm2.so',
 *   token: { label: 'partner-7' },
 *   pin: () => readFile('/run/secrets/pin', 'utf8').then((pin) => pin.trim()),
 *   key: { label: 'dpop' },
 *   create: true,
 * })
 */
export async function createPkcs11Signer(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  checkPkcs11Options(options)
  const own = { ...options }
  const module = await loadModule(own.module)
  const create = own.create !== undefined && own.create !== false
  let open: OpenKey | undefined = await openKey(module, own, create)
  const { entry, publicJwk } = open
  let isClosed = false
  let last: Promise<unknown> = Promise.resolve()

  await checkThatItSigns()
  return {
    algorithm: entry.alg,
    publicJwk,
    sign(data) {
      const copy = data.slice()
      return inTurn(() => signWithReopening(copy))
    },
    close: () =>
      inTurn(async () => {
        isClosed = true
        discard()
      }),
  }

  /** A session does one thing at a time. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }

  async function signWithReopening(data: Uint8Array): Promise<Uint8Array> {
    if (isClosed) throw signingFailed('The signer was closed')
    if (open !== undefined) {
      try {
        return await signIn(open, data)
      } catch (error) {
        if (!LOST.includes(returnValueOf(error))) throw asFailure(error)
      }
    }
    open = await reopened()
    try {
      return await signIn(open, data)
    } catch (error) {
      throw asFailure(error)
    }
  }

  async function reopened(): Promise<OpenKey> {
    const found = await openKey(module, own, false)
    if (thumbprintInput(found.publicJwk) === thumbprintInput(publicJwk)) return found
    found.close()
    throw keyUnavailable('key', 'The token has another key than before')
  }

  /** A session in which something failed may be in the middle of something: it is not used again. */
  async function signIn(key: OpenKey, data: Uint8Array): Promise<Uint8Array> {
    try {
      return toJwsSignature(await signInToken(module, key, own, data), entry)
    } catch (error) {
      discard()
      throw error
    }
  }

  function discard(): void {
    open?.close()
    open = undefined
  }

  /** Objects in a token are found by labels that anybody may give. What is signed must verify, or no server will take it. */
  async function checkThatItSigns(): Promise<void> {
    try {
      const data = new TextEncoder().encode('countersign')
      const signature = await signIn(open as OpenKey, data)
      if (await verifies(publicJwk, entry, signature, data)) return
    } catch (cause) {
      discard()
      throw isCountersignError(cause) ? cause : keyUnavailable('key', `The key does not sign with ${entry.alg}`, cause)
    }
    discard()
    throw keyUnavailable('key', 'The public key in the token is not that of the private key')
  }
}

async function signInToken(
  { isThreadSafe }: Pkcs11Module,
  { library, handle, privateKey, mechanism, needsPin }: OpenKey,
  options: Pkcs11SignerOptions,
  data: Uint8Array,
): Promise<Uint8Array> {
  const input = mechanism.prepare(data)
  const output = Buffer.alloc(MAX_SIGNATURE_BYTES)
  // The other thread has their addresses, and nobody else would keep the collector from them.
  const held = [input, output]
  library.C_SignInit(handle, mechanism.mechanism, privateKey)
  if (needsPin) library.C_Login(handle, CK.CKU_CONTEXT_SPECIFIC, await readPin(options))
  if (!isThreadSafe) return library.C_Sign(handle, input, output)
  try {
    return await library.C_SignAsync(handle, input, output)
  } finally {
    held.length = 0
  }
}

async function verifies(
  jwk: PublicJwk,
  entry: AlgorithmEntry,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const { keyParameters, signParameters } = webCryptoParameters(entry)
  const material = { ...jwk } as JsonWebKey
  const key = await crypto.subtle.importKey('jwk', material, keyParameters as unknown as Algorithm, true, ['verify'])
  return crypto.subtle.verify(
    signParameters,
    key,
    signature as Uint8Array<ArrayBuffer>,
    data as Uint8Array<ArrayBuffer>,
  )
}

function asFailure(error: unknown): Error {
  return isCountersignError(error) ? error : signingFailed('The token did not sign', error)
}
