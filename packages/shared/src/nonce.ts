// The syntax of a nonce, RFC 9449 section 8.1.

import { MAX_NONCE_LENGTH } from './limits.ts'

const NQCHARS = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Tells whether a `DPoP-Nonce` value is one that may be sent back: `1*NQCHAR`, of bounded length. */
export function isNonce(value: string): boolean {
  return value.length <= MAX_NONCE_LENGTH && NQCHARS.test(value)
}
