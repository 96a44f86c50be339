// Keys of an issuer that are given as an option: nothing is fetched, and nothing changes.

import type { JsonValue } from '@countersign/shared'
import { invalidOption, refusal } from '@countersign/shared'
import { plainObject } from '../option-readers.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import type { KeySet } from './key-set.ts'
import { readKeySet } from './key-set.ts'

/**
 * Reads the option `issuer.jwks`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`.
 */
export function readStaticKeys(value: unknown): KeySet {
  const expected = 'a JWK Set with at least one public key that can verify'
  const { keys } = plainObject(value, 'issuer.jwks', expected)
  try {
    return readKeySet(JSON.parse(JSON.stringify(keys)) as JsonValue)
  } catch {
    // What stands in the set stays out of the error: it may be a private key that was pasted by mistake.
    throw invalidOption('issuer.jwks', expected)
  }
}

/** The keys of an issuer that are given. */
export function createStaticKeys(keys: KeySet): IssuerKeys {
  return {
    async find(kid, algorithm) {
      const found = keys.candidates(kid, algorithm)
      if (found.length > 0) return found
      throw refusal('ERR_TOKEN_KEY_UNKNOWN', 'The issuer has no such key', { parameter: 'kid' })
    },
    findAnew: async () => undefined,
    recent: () => true,
  }
}
