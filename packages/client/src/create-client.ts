// The client: options in, a fetch out.

import type { JwsAlgorithm } from '@countersign/shared'
import {
  algorithmOf,
  CountersignError,
  checkOptionNames,
  invalidOption,
  secureUrl,
  thumbprint,
} from '@countersign/shared'
import { abortable } from './fetch/abort.ts'
import { adaptFetch } from './fetch/foreign-fetch.ts'
import { createNonceCache } from './fetch/nonce-cache.ts'
import { allowedOrigins } from './fetch/origins.ts'
import { createSignedFetch } from './fetch/signed-fetch.ts'
import type { Signer } from './keys/signer.ts'
import { checkSigner, generateSigner } from './keys/signer.ts'
import { once } from './once.ts'
import { createDPoPProver } from './proofs/dpop.ts'
import type { Prover } from './proofs/proof-kind.ts'
import { createBoundedFetch } from './tokens/bounded-fetch.ts'
import { createProvingFetch } from './tokens/proving-fetch.ts'
import { createTokenManager } from './tokens/token-manager.ts'
import type { TokenSource } from './tokens/token-source.ts'

/** Options of {@link createClient}. */
export interface ClientOptions {
  /**
   * The resource identifier (RFC 9728): an absolute `https` URL, `http` only on a loopback host. Relative URLs are resolved against it,
   * the access token is requested for it, and only its origin ever sees that token.
   */
  readonly resource: string
  /** Where access tokens come from: `clientCredentials(…)`, or a function that returns a token bound to this client's key. */
  readonly token: TokenSource
  /** Further origins that may see the access token. Default: none. */
  readonly origins?: readonly string[]
  /** Algorithm of the key that is generated. Default ES256. */
  readonly algorithm?: JwsAlgorithm
  /** A key to sign with instead of a generated one. */
  readonly signer?: Signer
  /** The fetch that requests go out with. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch
}

/** A client of one resource. */
export interface Client {
  /**
   * As the platform's `fetch`, signed: every request carries the access token and a fresh proof.
   *
   * Responses come back as the server gave them, whatever their status. A DPoP proof covers method, URL without query, and token; not
   * the query, the body, or other header fields.
   *
   * @throws {CountersignError} Before anything is sent: `ERR_ORIGIN_NOT_ALLOWED`, `ERR_CLIENT_CLOSED`, and what the token source
   *   throws. Later: `ERR_BODY_NOT_REPLAYABLE`, `ERR_REDIRECT_NOT_FOLLOWED`, `ERR_SIGNING_FAILED`. The platform's own errors stay as
   *   they are.
   */
  readonly fetch: typeof globalThis.fetch
  /** The thumbprint of the client's key: the `cnf.jkt` of its tokens. */
  thumbprint(): Promise<string>
  /** Generates the key and obtains a token ahead of the first call. */
  ready(): Promise<void>
  /** Ends what is under way towards the authorization server; later calls fail. */
  close(): void
}

/** Longest time for one token request with all it needs, in milliseconds. */
const TOKEN_REQUEST_TIMEOUT = 30_000

const OPTION_NAMES: readonly (keyof ClientOptions)[] = ['resource', 'token', 'origins', 'algorithm', 'signer', 'fetch']

/**
 * Creates a client of one resource, with a key of its own that cannot be exported. Nothing is sent before the first call.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`.
 * @example
 * const api = createClient({ resource: 'https://api.example.com', token: clientCredentials({ clientId: 'partner-7', key }) })
 * const response = await api.fetch('/accounts')
 */
export function createClient(options: ClientOptions): Client {
  checkOptions(options)
  const { resource: resourceIdentifier, token, algorithm, signer: given } = options
  const resource = secureUrl(resourceIdentifier, 'resource')
  const fetch: typeof globalThis.fetch =
    options.fetch === undefined ? (input, init) => globalThis.fetch(input, init) : adaptFetch(options.fetch)
  const boundedFetch = createBoundedFetch(fetch)
  const nonces = createNonceCache()
  const closing = new AbortController()
  const signer = once(async (): Promise<Signer> => given ?? generateSigner(algorithm))
  const prover = once(async (): Promise<Prover> => createDPoPProver(await signer()))
  const noncesOf = (role: Parameters<typeof nonces.of>[1]) => (origin: string) => nonces.of(origin, role)
  const provingFetch = createProvingFetch({ prover, noncesOf: noncesOf('authorization-server'), fetch: boundedFetch })

  const tokens = createTokenManager(async () => {
    const tooLong = new AbortController()
    const timer = setTimeout(() => tooLong.abort(tokenRequestTimedOut()), TOKEN_REQUEST_TIMEOUT)
    // A request under way keeps a process alive by itself; this timer must not.
    ;(timer as { unref?: () => void }).unref?.()
    const signal = AbortSignal.any([closing.signal, tooLong.signal])
    try {
      const { algorithm } = await signer()
      const context = { resource, resourceIdentifier, fetch: boundedFetch, provingFetch, algorithm, signal }
      return await abortable(Promise.resolve(token(context)), signal)
    } finally {
      clearTimeout(timer)
    }
  })
  const signedFetch = createSignedFetch({
    resource,
    origins: allowedOrigins(resource, options.origins ?? []),
    prover,
    tokens,
    noncesOf: noncesOf('resource-server'),
    fetch,
  })

  return {
    async fetch(input, init) {
      closing.signal.throwIfAborted()
      return signedFetch(input, init)
    },
    thumbprint: async () => thumbprint(checkSigner(await signer()).publicJwk),
    async ready() {
      closing.signal.throwIfAborted()
      await abortable(tokens.current(), closing.signal)
    },
    close: () => closing.abort(new CountersignError('ERR_CLIENT_CLOSED', 'The client was closed')),
  }
}

function tokenRequestTimedOut(): CountersignError {
  const message = `There was no access token within ${TOKEN_REQUEST_TIMEOUT / 1000} seconds`
  return new CountersignError('ERR_TOKEN_REQUEST_FAILED', message, { reason: 'timeout' })
}

function checkOptions(options: ClientOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  if (typeof options.token !== 'function') throw invalidOption('token', 'a token source, such as clientCredentials(…)')
  if (options.origins !== undefined && !Array.isArray(options.origins)) throw invalidOption('origins', 'a list of URLs')
  if (options.fetch !== undefined && typeof options.fetch !== 'function') throw invalidOption('fetch', 'a function')
  if (options.algorithm !== undefined && algorithmOf(options.algorithm) === undefined) {
    throw invalidOption('algorithm', 'an asymmetric JWS algorithm, such as "ES256"')
  }
  if (options.signer !== undefined) checkSigner(options.signer)
  if (options.signer !== undefined && options.algorithm !== undefined)
    throw invalidOption('algorithm', 'absent beside a signer')
}
