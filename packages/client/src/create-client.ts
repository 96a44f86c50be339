// The client: options in, a fetch out.

import type { Evidence, JwsAlgorithm } from '@countersign/shared'
import {
  algorithmOf,
  CountersignError,
  checkOptionNames,
  invalidOption,
  secureUrl,
  thumbprint,
} from '@countersign/shared'
import { decodeCredential } from './credential/credential.ts'
import { credentialToken } from './credential/credential-token.ts'
import { abortable } from './fetch/abort.ts'
import { adaptFetch } from './fetch/foreign-fetch.ts'
import { allowedOrigins } from './fetch/origins.ts'
import { createServers } from './fetch/servers.ts'
import type { SignedFetch, SignedRequestInit } from './fetch/signed-fetch.ts'
import { fetchWith } from './fetch/signed-fetch.ts'
import { setPartsOf } from './internals.ts'
import { generateSigner } from './keys/key-pair.ts'
import type { KeyStore } from './keys/key-store.ts'
import { storedSigner } from './keys/key-store.ts'
import type { Signer } from './keys/signer.ts'
import { checkSigner } from './keys/signer.ts'
import { once } from './once.ts'
import { createDPoPProver } from './proofs/dpop.ts'
import { createProofKinds } from './proofs/proof-kinds.ts'
import type { ProofOption } from './proofs/proof-option.ts'
import { readProofOption } from './proofs/proof-option.ts'
import { createProvingFetch } from './tokens/proving-fetch.ts'
import { createTokenManager } from './tokens/token-manager.ts'
import type { TokenContext, TokenSource } from './tokens/token-source.ts'

/** Options of {@link createClient}. */
export interface ClientOptions {
  /**
   * The resource identifier (RFC 9728): an absolute `https` URL, `http` only on a loopback host. Relative URLs are resolved against it,
   * the access token is requested for it, and only its origin ever sees that token. Required, unless a credential says it.
   */
  readonly resource?: string
  /** Where access tokens come from: `clientCredentials(…)`, or another source. Required, unless there is a credential. */
  readonly token?: TokenSource
  /**
   * A credential string of `createCredential` (`@countersign/client/node`), in the place of `resource` and `token`. Default, where neither
   * of them is given: the environment variable `COUNTERSIGN_CREDENTIAL`.
   */
  readonly credential?: string
  /** Further origins that may see the access token. Default: none. */
  readonly origins?: readonly string[]
  /** Algorithm of the key that is generated. Default ES256. */
  readonly algorithm?: JwsAlgorithm
  /** Where the generated key is kept. Default: in memory, so that each start has a new one. */
  readonly keyStore?: KeyStore
  /** A key to sign with instead of a generated one. */
  readonly signer?: Signer
  /** The fetch that requests go out with. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * How calls are proved. Default `'dpop'`; `'envelope'` or `{ envelope, seal, verifyResponse }`: by request envelopes, which sign the query and
   * the content too. Each call can say otherwise: `fetch(url, { proof })`.
   */
  readonly proof?: ProofOption
  /**
   * The public keys of the server, which it signs answers with and one seals to: trusted as long as the client lives. Default: those that its
   * metadata names, which are fetched again after ten minutes.
   */
  readonly serverKeys?: readonly object[] | { readonly keys: readonly object[] }
  /**
   * Called with what was signed, and what was verified of the answer, for an archive: once for each call with an envelope, when its response
   * is there and before the caller gets it. Awaited: what it throws, the call throws.
   */
  readonly onEvidence?: (evidence: Evidence) => void | Promise<void>
  /** Whether access tokens that are bound to no key are sent, without proof: to migrate. Default: they are refused. */
  readonly allowBearer?: boolean
}

/** A client of one resource. */
export interface Client {
  /**
   * As the platform's `fetch`, signed: every request carries the access token and a fresh proof; its own option `proof` says of what kind.
   *
   * Responses come back as the server gave them, whatever their status; `refusalOf(response)` says what a refusal means. A DPoP proof
   * covers method, URL without query, and token; not the query, the body, or other header fields.
   *
   * Redirects are followed by hand, so the platform checks `integrity` for a redirect too, and refuses it there.
   *
   * @throws {CountersignError} Before anything is sent: `ERR_ORIGIN_NOT_ALLOWED`, `ERR_CLIENT_CLOSED`, and what the token source
   *   throws; with an envelope, `ERR_OPTION_INVALID`, `ERR_ENVELOPE_CONTENT_TOO_LARGE`, and if it is sealed or its answer to be verified,
   *   `ERR_SERVER_KEY_MISSING`, `ERR_DISCOVERY_FAILED`.
   *   Later: `ERR_ENVELOPE_ANSWER_MISSING`, `_INVALID`, `_MISMATCH`, `_SIGNATURE`, and the former two where keys are looked for once more;
   *   `ERR_BODY_NOT_REPLAYABLE`, `ERR_REDIRECT_NOT_FOLLOWED`, `ERR_SIGNING_FAILED`. The platform's own errors stay as they are.
   */
  readonly fetch: SignedFetch
  /** The thumbprint of the client's key: the `cnf.jkt` of its tokens. */
  thumbprint(): Promise<string>
  /** Generates the key and obtains a token ahead of the first call. */
  ready(): Promise<void>
  /** Ends what is under way towards the authorization server; later calls fail. */
  close(): void
}

/** Longest time for one token request with all it needs, in milliseconds. */
const TOKEN_REQUEST_TIMEOUT = 30_000

const OPTION_NAMES: readonly (keyof ClientOptions)[] = [
  'resource',
  'token',
  'credential',
  'origins',
  'algorithm',
  'keyStore',
  'signer',
  'fetch',
  'proof',
  'serverKeys',
  'onEvidence',
  'allowBearer',
]

/**
 * Creates a client of one resource, with a key of its own that cannot be exported. Nothing is sent before the first call.
 *
 * @param options - Default: those of the credential in the environment variable `COUNTERSIGN_CREDENTIAL`.
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`;
 *   `ERR_CREDENTIAL_INVALID`.
 * @example
 * const api = createClient({ resource: 'https://api.example.com', token: clientCredentials({ clientId: 'partner-7', key }) })
 * const response = await api.fetch('/accounts')
 */
export function createClient(options: ClientOptions = {}): Client {
  checkOptions(options)
  const { algorithm, signer: given, keyStore } = options
  const { resource: resourceIdentifier, token } = withCredential(options)
  const resource = secureUrl(resourceIdentifier, 'resource')
  const fetch: typeof globalThis.fetch =
    options.fetch === undefined ? (input, init) => globalThis.fetch(input, init) : adaptFetch(options.fetch)
  const origins = allowedOrigins(resource, options.origins ?? [])
  const servers = createServers()
  const closing = new AbortController()
  const { signal: closed } = closing
  const signer = once(async (): Promise<Signer> => {
    if (given !== undefined) return checkSigner(given)
    return keyStore === undefined ? generateSigner(algorithm) : storedSigner(keyStore, algorithm)
  })
  const prover = once(async () => createDPoPProver(await signer()))
  const proving = (transport: typeof fetch) => createProvingFetch(prover, servers, transport)
  const provingFetch = proving(fetch)
  const jkt = once(async () => thumbprint((await signer()).publicJwk))

  const tokens = createTokenManager(async (replaces) => {
    const tooLong = new AbortController()
    const timer = setTimeout(() => tooLong.abort(tokenRequestTimedOut()), TOKEN_REQUEST_TIMEOUT)
    // A request under way keeps a process alive by itself; this timer must not.
    ;(timer as { unref?: () => void }).unref?.()
    const signal = AbortSignal.any([closed, tooLong.signal])
    try {
      const context = await abortable(contextFor(signal), signal)
      return await abortable(Promise.resolve(token({ ...context, replaces })), signal)
    } finally {
      clearTimeout(timer)
    }
  }, options.allowBearer)
  token.connect?.({ context: () => contextFor(closed), forget: tokens.forget })

  const { proof, serverKeys, onEvidence } = options
  const proofsOf = createProofKinds({
    ...{ prover, signer, proof, serverKeys, onEvidence },
    ...{ resource, resourceIdentifier, fetch, signal: closed },
  })
  const parts = {
    resource,
    origins,
    prover,
    tokens,
    servers,
    closed,
    provesByDPoP: readProofOption(proof) === undefined,
  }
  const signedFetch = fetchWith({ resource, origins, proofsOf, tokens, servers, fetch })
  const client: Client = {
    async fetch(input: RequestInfo | URL, init?: SignedRequestInit) {
      closed.throwIfAborted()
      return signedFetch(input, init)
    },
    thumbprint: async () => jkt(),
    async ready() {
      closed.throwIfAborted()
      await abortable(tokens.current(), closed)
    },
    close: () => closing.abort(new CountersignError('ERR_CLIENT_CLOSED', 'The client was closed')),
  }
  setPartsOf(client, parts)
  return client

  async function contextFor(signal: AbortSignal): Promise<TokenContext> {
    const clockOf = (url: URL) => servers(url.origin, 'authorization-server')
    const [{ algorithm }, thumbprint] = await Promise.all([signer(), jkt()])
    return { resource, resourceIdentifier, algorithm, thumbprint, fetch, provingFetch, proving, clockOf, signal }
  }
}

function tokenRequestTimedOut(): CountersignError {
  const message = `There was no access token within ${TOKEN_REQUEST_TIMEOUT / 1000} seconds`
  return new CountersignError('ERR_TOKEN_REQUEST_FAILED', message, { reason: 'timeout', retryable: true })
}

function checkOptions(options: ClientOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  const { origins, fetch, algorithm, signer, keyStore, allowBearer } = options
  if (origins !== undefined && !Array.isArray(origins)) throw invalidOption('origins', 'a list of URLs')
  if (fetch !== undefined && typeof fetch !== 'function') throw invalidOption('fetch', 'a function')
  if (algorithm !== undefined && algorithmOf(algorithm) === undefined)
    throw invalidOption('algorithm', 'an asymmetric JWS algorithm, such as "ES256"')
  if (allowBearer !== undefined && typeof allowBearer !== 'boolean') throw invalidOption('allowBearer', 'true or false')
  if (keyStore !== undefined && (typeof keyStore?.get !== 'function' || typeof keyStore.add !== 'function'))
    throw invalidOption('keyStore', '{ get, add }')
  if (signer === undefined) return
  checkSigner(signer)
  if (algorithm !== undefined) throw invalidOption('algorithm', 'absent beside a signer')
  if (keyStore !== undefined) throw invalidOption('keyStore', 'absent beside a signer')
}

/** Resource and token source as they are given, or as a credential has them. */
function withCredential({ resource, token, credential }: ClientOptions): { resource: string; token: TokenSource } {
  if (credential === undefined && (resource !== undefined || token !== undefined)) {
    if (typeof token !== 'function') throw invalidOption('token', 'a token source, such as clientCredentials(…)')
    return { resource: resource as string, token }
  }
  if (resource !== undefined) throw invalidOption('resource', 'absent beside a credential')
  if (token !== undefined) throw invalidOption('token', 'absent beside a credential')
  const decoded = decodeCredential(credential ?? environment()['COUNTERSIGN_CREDENTIAL'])
  return { resource: decoded.resource, token: credentialToken(decoded) }
}

function environment(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {}
}
