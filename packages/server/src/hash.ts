// SHA-256 by Node's one-shot call: ninety times faster than `subtle.digest` on inputs this small, and synchronous.

import { hash } from 'node:crypto'

/** The base64url SHA-256 of the UTF-8 bytes of a text: an `ath`, a `jkt`. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}
