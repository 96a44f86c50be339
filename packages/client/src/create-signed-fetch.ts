// The signed fetch alone, for whoever has a key and a token already, and counts bytes.

import { invalidOption, secureUrl } from '@countersign/shared'
import { allowedOrigins } from './fetch/origins.ts'
import { createServers } from './fetch/servers.ts'
import { fetchWith } from './fetch/signed-fetch.ts'
import type { Signer } from './keys/signer.ts'
import { createDPoPProver, dpopProofs } from './proofs/dpop.ts'
import type { HeldToken } from './tokens/token-manager.ts'

/** Options of {@link createSignedFetch}. */
export interface SignedFetchOptions {
  /** As `resource` of `createClient`. */
  readonly resource: string
  /** The key that the tokens are bound to. */
  readonly signer: Signer
  /**
   * Returns the access token; called for every call. `replaces` is one that a server has just refused: return another, or the same one to
   * say that there is no other.
   */
  readonly accessToken: (replaces?: string) => string | Promise<string>
  /** Further origins that may see the access token. Default: none. */
  readonly origins?: readonly string[]
  /** The fetch that requests go out with. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * Creates a function of the platform's `fetch` type that signs every call, as that of `createClient` does: with nonces, repetitions,
 * redirects and origins. It does not obtain tokens, remember them, or know when they expire; and it makes no request envelopes: a call whose
 * option `proof` asks for one is `ERR_OPTION_INVALID`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_URL_INSECURE`, each with `parameter`.
 * @example
 * const signedFetch = createSignedFetch({ resource: 'https://api.example.com', signer, accessToken: () => session.accessToken })
 */
export function createSignedFetch(options: SignedFetchOptions): typeof globalThis.fetch {
  const { signer, accessToken, origins = [], fetch = globalThis.fetch } = options
  const resource = secureUrl(options.resource, 'resource')
  if (typeof accessToken !== 'function') throw invalidOption('accessToken', 'a function that returns a token')
  const prover = createDPoPProver(signer)
  const begin = dpopProofs(() => prover)
  const held = (token: string) => ({ accessToken: token, isBearer: false }) as HeldToken
  return fetchWith({
    resource,
    origins: allowedOrigins(resource, origins),
    proofsOf(option) {
      if (option !== undefined && option !== 'dpop') throw invalidOption('proof', '"dpop": createClient has the others')
      return begin
    },
    servers: createServers(),
    fetch: (input, init) => fetch(input, init),
    tokens: {
      current: async () => held(await accessToken()),
      async renewed({ accessToken: refused }) {
        const renewed = await accessToken(refused)
        return renewed === refused ? undefined : held(renewed)
      },
    },
  })
}
