// The options of the verifier: their validation, their defaults, and what is derived from `resource`.
// Everything wrong fails here, at start, with a code and the option's name; an unknown name is wrong too.

import type { JwsAlgorithm } from '@countersign/shared'
import { checkOptionNames, invalidOption, normalizeHtu, secureUrl } from '@countersign/shared'
import type { EnvelopeConfig, EnvelopeOptions } from './content/envelope-options.ts'
import { readEnvelope } from './content/envelope-options.ts'
import type { UnsealingKey } from './content/seal-keys.ts'
import type { IssuerConfig, IssuerOptions } from './issuers/issuer-options.ts'
import { readIssuers } from './issuers/issuer-options.ts'
import type { MetadataOptions } from './metadata.ts'
import { readMetadata } from './metadata.ts'
import type { NonceConfig, NonceOptions } from './nonce-options.ts'
import { readNonce } from './nonce-options.ts'
import { algorithms, integer, oneOf, someStrings, strings } from './option-readers.ts'
import type { AcceptedWay } from './policy.ts'
import type { IssuerProfileName } from './profiles/profiles.ts'
import { issuerProfileNames } from './profiles/profiles.ts'
import type { MemoryReplayStoreOptions } from './replay/replay-memory.ts'
import type { ReplayStore } from './replay/replay-store.ts'
import { isReplayStore } from './replay/replay-store.ts'
import type { ServerKeyOptions, SigningKey } from './server-keys.ts'
import { readServerKeys } from './server-keys.ts'

/** Bounds of the cache of verified access tokens. */
export interface TokenCacheOptions {
  /** Most tokens kept. Default 10 000; 0 turns the cache off. */
  readonly maxEntries?: number
  /** Longest time a token is kept before it is verified again, in seconds. Default 300. Never beyond its `exp`. */
  readonly maxAgeSeconds?: number
}

/** Options of {@link createVerifier} and of the Fastify plugin. Only `resource` and `issuer` are required. */
export interface VerifierOptions {
  /**
   * The resource identifier (RFC 9728): an absolute `https` URL, `http` only on a loopback host. From it come the origin that proofs
   * must name and the audience that tokens must have. `Host` and `X-Forwarded-*` are never consulted.
   */
  readonly resource: string
  /** Whose access tokens are accepted. No request can add to this list. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /** Accepted members of `aud`, compared byte for byte. Default: `resource`. */
  readonly audience?: string | readonly string[]
  /** Further origins under which this server is reached, such as `https://eu.api.example.com`. Default: only that of `resource`. */
  readonly origins?: readonly string[]
  /** Path prefix that a proxy strips before the request arrives here, such as `/v1`. Default: none. */
  readonly basePath?: string
  /**
   * Ways of presenting a token. Default `['dpop', 'envelope']`: with a DPoP proof or a request envelope; `'bearer'` accepts unbound tokens
   * too, for a migration.
   */
  readonly accept?: readonly AcceptedWay[]
  /** Algorithms of proofs. Default ES256, EdDSA, Ed25519, PS256. */
  readonly proofAlgorithms?: readonly JwsAlgorithm[]
  /** Algorithms of access tokens. Default: every asymmetric one of RFC 7518 and RFC 8037. */
  readonly tokenAlgorithms?: readonly JwsAlgorithm[]
  /** Nonces of RFC 9449 section 9. Default `'required'`. */
  readonly nonce?: 'required' | 'off' | NonceOptions
  /** Where used proofs are remembered. Default: the memory of this process, which other replicas do not see. */
  readonly replay?: ReplayStore | MemoryReplayStoreOptions
  /** Bounds of the cache of verified tokens. */
  readonly tokenCache?: TokenCacheOptions
  /** Tolerated difference of clocks for `exp`, `nbf` and times in the future, in seconds, 0 to 300. Default 30. */
  readonly clockToleranceSeconds?: number
  /** Oldest `iat` of a proof without nonce, in seconds, 1 to 300. Default 60. With a valid nonce, the nonce's own time decides. */
  readonly maxProofAgeSeconds?: number
  /**
   * A set of defaults: `'fapi2'` narrows algorithms and clocks, `'mcp'` widens the proof window to five minutes; the name of an issuer
   * profile says what the tokens of all issuers look like that name none themselves. Default `'rfc9068'`.
   */
  readonly profile?: 'fapi2' | 'mcp' | IssuerProfileName
  /** What the application says of its resource in the RFC 9728 document, beside what is derived. */
  readonly metadata?: MetadataOptions
  /**
   * Keys of this server, published in its JWK Set: of those that sign metadata and answers, the first is used; those for `ECDH-ES` or
   * `ECDH-ES+A256KW` open sealed envelopes. Default: none, so that answers are not signed, and sealed envelopes are refused.
   */
  readonly keys?: readonly ServerKeyOptions[]
  /** Bounds of request envelopes, and what becomes of them. */
  readonly envelope?: EnvelopeOptions
  /** `'full'` tells callers which parameter was wrong and what was expected. Default `'minimal'`. */
  readonly diagnostics?: 'minimal' | 'full'
  /** The current time in seconds since the epoch. Default: the system clock. For tests. */
  readonly clock?: () => number
}

/** The options of a verifier with every default and derivation applied. */
export interface VerifierConfig {
  readonly resource: string
  readonly issuers: readonly IssuerConfig[]
  /** Normalised origins, that of `resource` first. */
  readonly origins: readonly string[]
  readonly basePath: string
  readonly accept: readonly AcceptedWay[]
  readonly proofAlgorithms: readonly JwsAlgorithm[]
  readonly nonce: NonceConfig | undefined
  readonly replay: ReplayStore | MemoryReplayStoreOptions
  readonly tokenCache: Required<TokenCacheOptions>
  readonly metadata: MetadataOptions
  readonly keys: readonly SigningKey[]
  readonly sealKeys: readonly UnsealingKey[]
  readonly envelope: EnvelopeConfig
  readonly toleranceSeconds: number
  readonly proofWindow: { readonly pastSeconds: number; readonly futureSeconds: number }
  readonly diagnostics: 'minimal' | 'full'
  readonly clock: () => number
  /** Whether nonce secrets or used proofs are known to this process only. */
  readonly isLocal: boolean
}

const OPTION_NAMES: readonly (keyof VerifierOptions)[] = [
  'resource',
  'issuer',
  'audience',
  'origins',
  'basePath',
  'accept',
  'proofAlgorithms',
  'tokenAlgorithms',
  'nonce',
  'replay',
  'tokenCache',
  'clockToleranceSeconds',
  'maxProofAgeSeconds',
  'profile',
  'metadata',
  'keys',
  'envelope',
  'diagnostics',
  'clock',
]

const PROOF_ALGORITHMS: readonly JwsAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256']
const TOKEN_ALGORITHMS: readonly JwsAlgorithm[] = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'EdDSA',
  'Ed25519',
]

interface Profile {
  readonly proofAlgorithms: readonly JwsAlgorithm[]
  readonly tokenAlgorithms: readonly JwsAlgorithm[]
  readonly pastSeconds: number
  readonly futureSeconds: number
  readonly toleranceSeconds: number
}

const rfc9068: Profile = {
  proofAlgorithms: PROOF_ALGORITHMS,
  tokenAlgorithms: TOKEN_ALGORITHMS,
  pastSeconds: 60,
  futureSeconds: 30,
  toleranceSeconds: 30,
}

const profiles = {
  rfc9068,
  /** FAPI 2.0 Security Profile sections 5.3.2.1 and 5.4.1: PS256, ES256 and EdDSA; ten seconds ahead. No RS256, unlike RFC 9068. */
  fapi2: { ...rfc9068, tokenAlgorithms: PROOF_ALGORITHMS, futureSeconds: 10, toleranceSeconds: 10 },
  /** MCP's SEP-1932: `iat` within five minutes. */
  mcp: { ...rfc9068, pastSeconds: 300, futureSeconds: 300 },
} satisfies Record<string, Profile>

/**
 * Validates options and applies the defaults.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`.
 */
export function resolveOptions(options: VerifierOptions): VerifierConfig {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  const { issuerProfile, ...profile } = profileOf(options.profile)
  // A URL object would be serialised with a slash that `aud` does not have.
  if (typeof options.resource !== 'string') throw invalidOption('resource', 'an absolute https URL, as a string')
  const resource = secureUrl(options.resource, 'resource')
  const tolerance = options.clockToleranceSeconds
  const tokenAlgorithms = algorithms(options.tokenAlgorithms, 'tokenAlgorithms') ?? profile.tokenAlgorithms
  const audiences = new Set(
    options.audience === undefined ? [options.resource] : someStrings(options.audience, 'audience'),
  )
  return {
    resource: options.resource,
    issuers: readIssuers(options.issuer, { algorithms: tokenAlgorithms, profile: issuerProfile, audiences }),
    origins: [resource.href, ...strings(options.origins ?? [], 'origins')].map(originOf),
    basePath: basePathOf(options.basePath),
    accept: acceptOf(options.accept),
    proofAlgorithms: algorithms(options.proofAlgorithms, 'proofAlgorithms') ?? profile.proofAlgorithms,
    nonce: readNonce(options.nonce),
    replay: replayOf(options.replay),
    tokenCache: tokenCacheOf(options.tokenCache),
    ...publishedOf(options),
    envelope: readEnvelope(options.envelope),
    toleranceSeconds: integer(tolerance, 'clockToleranceSeconds', 0, 300) ?? profile.toleranceSeconds,
    proofWindow: {
      pastSeconds: integer(options.maxProofAgeSeconds, 'maxProofAgeSeconds', 1, 300) ?? profile.pastSeconds,
      futureSeconds: tolerance ?? profile.futureSeconds,
    },
    diagnostics: oneOf(options.diagnostics, 'diagnostics', ['minimal', 'full']) ?? 'minimal',
    clock: clockOf(options.clock),
    isLocal: isLocal(options),
  }
}

function isLocal({ nonce, replay }: VerifierOptions): boolean {
  const ownSecret =
    nonce === undefined || nonce === 'required' || (typeof nonce === 'object' && nonce.secrets === undefined)
  return ownSecret || replay === undefined || !isReplayStore(replay)
}

function publishedOf(options: VerifierOptions): Pick<VerifierConfig, 'metadata' | 'keys' | 'sealKeys'> {
  const metadata = readMetadata(options.metadata)
  const { signing: keys, unsealing: sealKeys } = readServerKeys(options.keys)
  if (metadata.signed === true && keys.length === 0)
    throw invalidOption('keys', 'at least one key, to sign the metadata')
  return { metadata, keys, sealKeys }
}

function profileOf(value: unknown): Profile & { readonly issuerProfile: IssuerProfileName } {
  const name = oneOf(value, 'profile', ['fapi2', 'mcp', ...issuerProfileNames]) ?? 'rfc9068'
  if (name === 'fapi2' || name === 'mcp') return { ...profiles[name], issuerProfile: 'rfc9068' }
  return { ...profiles.rfc9068, issuerProfile: name }
}

/** What is neither a store nor the options of ours would silently be no store at all. */
function replayOf(value: unknown): ReplayStore | MemoryReplayStoreOptions {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || 'then' in value) {
    throw invalidOption('replay', 'a store with a "claim" function, or { maxEntries, maxEntriesPerKey }')
  }
  if (isReplayStore(value)) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if ('claim' in value || (prototype !== Object.prototype && prototype !== null)) {
    throw invalidOption('replay', 'a store with a "claim" function, or { maxEntries, maxEntriesPerKey }')
  }
  checkOptionNames(value, ['maxEntries', 'maxEntriesPerKey'], 'replay')
  return value
}

function tokenCacheOf(value: unknown): Required<TokenCacheOptions> {
  if (value !== undefined && (typeof value !== 'object' || value === null)) {
    throw invalidOption('tokenCache', '{ maxEntries, maxAgeSeconds }')
  }
  const { maxEntries, maxAgeSeconds } = (value ?? {}) as TokenCacheOptions
  checkOptionNames(value ?? {}, ['maxEntries', 'maxAgeSeconds'], 'tokenCache')
  return {
    maxEntries: integer(maxEntries, 'tokenCache.maxEntries', 0, 1_000_000) ?? 10_000,
    maxAgeSeconds: integer(maxAgeSeconds, 'tokenCache.maxAgeSeconds', 1, 86_400) ?? 300,
  }
}

function originOf(value: string): string {
  const { origin } = secureUrl(value, 'origins')
  try {
    return normalizeHtu(`${origin}/`).slice(0, -1)
  } catch {
    throw invalidOption('origins', 'URLs of real hosts, without wildcards')
  }
}

function basePathOf(value: unknown): string {
  if (value === undefined || value === '' || value === '/') return ''
  const wellFormed = typeof value === 'string' && /^(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@]+)+$/.test(value)
  if (!wellFormed || /\/\.\.?(?:\/|$)/.test(value))
    throw invalidOption('basePath', 'a path such as "/v1", without a slash at its end')
  return value
}

function acceptOf(value: unknown): readonly AcceptedWay[] {
  if (value === undefined) return ['dpop', 'envelope']
  const ways = [...new Set(strings(value, 'accept'))]
  if (!ways.includes('dpop') && !ways.includes('envelope'))
    throw invalidOption('accept', 'a list that contains "dpop" or "envelope"')
  return ways.map((way) => oneOf(way, 'accept', ['dpop', 'envelope', 'bearer']) as AcceptedWay)
}

function clockOf(value: unknown): () => number {
  if (value === undefined) return () => Date.now() / 1000
  if (typeof value !== 'function') throw invalidOption('clock', 'a function that returns seconds since the epoch')
  return value as () => number
}
