// A JWK Set (RFC 7517 section 5) as keys that can verify.

import type { KeyObject } from 'node:crypto'
import type { AlgorithmEntry, JsonValue, PublicJwk } from '@countersign/shared'
import { isJsonObject, jwkFits, readPublicJwk, thumbprintInput } from '@countersign/shared'
import { importPublicKey } from '../keys.ts'

/** A key of an issuer. */
export interface IssuerKey {
  readonly kid: string | undefined
  readonly keyObject: KeyObject
  /** The JWK as published. */
  readonly jwk: Readonly<Record<string, unknown>>
  /** Whether the key is still in the issuer's key set. Tokens that it signed are worthless once it is not. */
  current: boolean
}

/** Keys tried for a token that names none. Each costs a signature verification. */
const MAX_CANDIDATES = 8
/** Keys read from a key set; a larger one is refused. */
const MAX_KEYS = 1_024

/** The keys of a set that can verify. */
export class KeySet {
  /** Keys by what makes a key the same one in another set. */
  readonly byIdentity: ReadonlyMap<string, IssuerKey>
  readonly #byKid = new Map<string, readonly IssuerKey[]>()

  constructor(byIdentity: ReadonlyMap<string, IssuerKey> = new Map()) {
    this.byIdentity = byIdentity
    for (const key of byIdentity.values()) {
      if (key.kid !== undefined) this.#byKid.set(key.kid, [...(this.#byKid.get(key.kid) ?? []), key])
    }
  }

  /** The keys that may have signed with an algorithm. Several only when no `kid` tells them apart. */
  candidates(kid: string | undefined, algorithm: AlgorithmEntry): readonly IssuerKey[] {
    const named = kid === undefined ? [...this.byIdentity.values()] : (this.#byKid.get(kid) ?? [])
    return named.filter((key) => jwkFits(key.jwk, algorithm)).slice(0, MAX_CANDIDATES)
  }
}

/**
 * Reads the `keys` of a key set.
 *
 * @throws {Error} For what is no list, has too many keys, or none that can verify.
 */
export function readKeySet(list: JsonValue | undefined): KeySet {
  if (!Array.isArray(list)) throw new Error('The key set has no "keys"')
  if (list.length > MAX_KEYS) throw new Error(`The key set has more than ${MAX_KEYS} keys`)
  const keys = new Map<string, IssuerKey>()
  for (const jwk of list) {
    const publicJwk = readPublicJwkOrNothing(jwk)
    const keyObject = publicJwk && importPublicKey(publicJwk)
    // Keys for encryption, of unknown types, too weak or malformed are not ours to complain about: they verify nothing.
    if (publicJwk === undefined || keyObject === undefined || !isJsonObject(jwk)) continue
    const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined
    keys.set(JSON.stringify([kid, jwk['alg'], thumbprintInput(publicJwk)]), { kid, keyObject, jwk, current: true })
  }
  // A set without any usable key would log everybody out: it is a failure of the issuer, and the keys at hand stay.
  if (keys.size === 0) throw new Error('The key set has no key that can verify')
  return new KeySet(keys)
}

function readPublicJwkOrNothing(jwk: unknown): PublicJwk | undefined {
  try {
    return readPublicJwk(jwk)
  } catch {
    return undefined
  }
}
