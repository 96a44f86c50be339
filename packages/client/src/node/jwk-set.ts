// The JWK Set to register: what an authorization server has to know of the keys that a client authenticates with.

import type { JwsAlgorithm, PublicJwk } from '@countersign/shared'

/** A public key as it is registered. */
export type RegisteredJwk = PublicJwk & { readonly kid: string; readonly alg: JwsAlgorithm; readonly use: 'sig' }

/** A JWK Set (RFC 7517 section 5). */
export interface JwkSet {
  readonly keys: readonly RegisteredJwk[]
}

/** What is known of a key that can be registered: an imported one has it all. */
export interface RegistrableKey {
  readonly publicJwk: PublicJwk
  readonly algorithm: JwsAlgorithm
  readonly kid: string
}

/**
 * The JWK Set of some keys, for the registration of a client (`jwks`, RFC 7591 section 2).
 *
 * @param keys - Those of `importPrivateKey`; while one replaces another, both.
 */
export function jwksOf(...keys: readonly RegistrableKey[]): JwkSet {
  return {
    keys: keys.map(({ publicJwk, kid, algorithm: alg }) => ({ ...publicJwk, kid, alg, use: 'sig' }) as RegisteredJwk),
  }
}
