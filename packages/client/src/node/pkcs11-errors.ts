// What goes wrong at a security module, as errors of Countersign. A PIN is in none of them.

import { CountersignError } from '@countersign/shared'

/** Why a key of a security module cannot be used. */
export type KeyUnavailable = 'module' | 'token' | 'pin' | 'key'

/** `ERR_KEY_UNAVAILABLE`. */
export function keyUnavailable(reason: KeyUnavailable, message: string, cause?: unknown): CountersignError {
  return new CountersignError('ERR_KEY_UNAVAILABLE', message, { parameter: reason, reason, cause })
}

/** `ERR_SIGNING_FAILED`. */
export function signingFailed(message: string, cause?: unknown): CountersignError {
  return new CountersignError('ERR_SIGNING_FAILED', message, { cause })
}

/** The name of the return value of PKCS#11 that an error is about, such as `CKR_PIN_INCORRECT`; empty for another error. */
export function returnValueOf(error: unknown): string {
  return /\bCKR_\w+/.exec(error instanceof Error ? error.message : '')?.[0] ?? ''
}
