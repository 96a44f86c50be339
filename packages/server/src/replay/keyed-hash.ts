// A keyed hash for the replay store, several times faster than SHA-256 on texts this short: multilinear hashing. Every character is
// multiplied by a random number of its place, and all are added, in four lanes that share nothing.
//
// Two different texts meet in a lane only if the random number of a place where they differ is one of a few: of at most 2^7 in 2^32 for
// ASCII, of 2^16 for any text. So they meet in all four with a probability of at most 2^-100, or 2^-64, whatever the texts are. That
// holds for whoever does not know the numbers, and these never leave the process; a caller learns nothing of them but that a fresh proof
// was not taken for a copy. Two equal texts always meet: a copy is never missed. The high bits of a lane are the better ones: texts
// that are chosen to differ in the high bits of characters only agree in its lowest.

import { hash } from 'node:crypto'

/** Words of a fingerprint, of 32 bits each. */
export const FINGERPRINT_WORDS = 4

/** Longest text hashed as it is; of a longer one, its SHA-256. A thumbprint and the longest `jti` make 300. */
const MAX_LENGTH = 512

/** Hashes texts with numbers of its own. */
export interface KeyedHash {
  /** The fingerprint of the latest text. Overwritten by the next. */
  readonly fingerprint: Uint32Array
  /** A hash of the first characters of the latest text. */
  prefix: number
  /** Hashes a text. */
  take(text: string): void
}

/**
 * Creates a keyed hash.
 *
 * @param prefixLength - How many characters enter {@link KeyedHash.prefix}.
 */
export function createKeyedHash(prefixLength: number): KeyedHash {
  const numbers = crypto.getRandomValues(new Int32Array(MAX_LENGTH * FINGERPRINT_WORDS))
  const fingerprint = new Uint32Array(FINGERPRINT_WORDS)
  return {
    fingerprint,
    prefix: 0,
    take(given) {
      const text = given.length > MAX_LENGTH ? hash('sha256', given, 'base64url') : given
      let a = 0
      let b = 0
      let c = 0
      let d = 0
      let prefix: number | undefined
      for (let index = 0, at = 0; index < text.length; index++, at += FINGERPRINT_WORDS) {
        if (index === prefixLength) prefix = a
        // One more than its code: a text and the same with a zero behind it differ too.
        const character = text.charCodeAt(index) + 1
        a = (a + Math.imul(numbers[at] as number, character)) | 0
        b = (b + Math.imul(numbers[at + 1] as number, character)) | 0
        c = (c + Math.imul(numbers[at + 2] as number, character)) | 0
        d = (d + Math.imul(numbers[at + 3] as number, character)) | 0
      }
      this.prefix = (prefix ?? a) >>> 0
      fingerprint[0] = a
      fingerprint[1] = b
      fingerprint[2] = c
      fingerprint[3] = d
    },
  }
}
