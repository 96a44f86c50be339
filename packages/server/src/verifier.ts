// The verification of a request, without any framework: the way of a request, step by step. The Fastify plugin is a skin over it.

import { CountersignError, isCountersignError } from '@countersign/shared'
import { createAnswers, type RefusalContext } from './answers.ts'
import type { Caller } from './caller.ts'
import { callerOf } from './caller.ts'
import type { Credentials, RawHeaders } from './credentials.ts'
import { readCredentials } from './credentials.ts'
import { sha256 } from './hash.ts'
import { importPublicKey } from './keys.ts'
import type { ProtectedResourceMetadata } from './metadata.ts'
import { metadataUrl, protectedResourceMetadata } from './metadata.ts'
import { createNonceAuthority } from './nonce.ts'
import type { VerifierOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import type { CompiledPolicy, RoutePolicy } from './policy.ts'
import { applyPolicy, compilePolicy } from './policy.ts'
import type { OpenedProof, ProofKind } from './proofs/proof-kind.ts'
import { proofKinds } from './proofs/proof-kinds.ts'
import { createMemoryReplayStore } from './replay/replay-memory.ts'
import type { ReplayStore } from './replay/replay-store.ts'
import { isReplayStore } from './replay/replay-store.ts'
import { createRequestTargets } from './request-target.ts'
import { verifySignature } from './signature.ts'
import type { TokenVerification, VerifiedToken } from './token/access-token.ts'
import { createAccessTokens } from './token/access-token.ts'
import type { CachedToken, ProofKey } from './token-cache.ts'
import { createTokenCache } from './token-cache.ts'

export { RefusalError } from './answers.ts'
export type { Caller, CallerClaims } from './caller.ts'
export type { RawHeaders } from './credentials.ts'
export type { ProtectedResourceMetadata } from './metadata.ts'
export type { IssuerOptions, NonceOptions, TokenCacheOptions, VerifierOptions } from './options.ts'
export type { CompiledPolicy, RoutePolicy } from './policy.ts'
export type { MemoryReplayStoreOptions } from './replay/replay-memory.ts'
export { createMemoryReplayStore } from './replay/replay-memory.ts'
export type { ReplayStore } from './replay/replay-store.ts'

/** What is verified of a request. */
export interface VerifiableRequest {
  /** The method, exactly as received. */
  readonly method: string
  /** The request target exactly as received, before any rewriting: the second word of the request line. */
  readonly target: string
  /** The header fields as received, names and values in turn: Node's `rawHeaders`. */
  readonly rawHeaders: RawHeaders
}

/** A request that was accepted. */
export interface Verification {
  readonly caller: Caller
  /** Header fields to add to the response: a fresh nonce, when the client's has passed half its life. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** Verifies requests to one resource. */
export interface Verifier {
  /**
   * Verifies the access token and the proof of a request, and applies the policy of its route.
   *
   * Does not look at the body, nor at the query of the URL: a DPoP proof covers neither (RFC 9449 section 11.7). Does not ask the
   * issuer whether the token was revoked.
   *
   * @param policy - Made by {@link Verifier.compilePolicy}. Default: a signed call and nothing more.
   * @throws {RefusalError} When the request is refused, with the whole answer.
   * @throws {Error} Anything else is a fault of the server: answer 500.
   */
  verify(request: VerifiableRequest, policy?: CompiledPolicy): Promise<Verification>
  /**
   * Checks what a route demands, once, when it is declared.
   *
   * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_NOT_IMPLEMENTED`, each with `parameter`.
   */
  compilePolicy(policy: RoutePolicy): CompiledPolicy
  /** Whether nonces and replay protection hold for this process only: several replicas then refuse each other's clients, and replays pass. */
  readonly isLocal: boolean
  /** The RFC 9728 document, and the URL it belongs at. */
  readonly metadata: { readonly url: string; readonly document: ProtectedResourceMetadata }
  /** Ends what is under way: fetches of key sets. */
  close(): void
}

/** Longest time a replay store may take: a request must not hang with it. */
const STORE_TIMEOUT_MILLISECONDS = 2_000

/** A second way of presenting a token (RFC 6750 section 2.3). */
const TOKEN_IN_QUERY = /\?(?:.*&)?access_token=/s

/**
 * Creates a verifier.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, `ERR_NOT_IMPLEMENTED`, each with
 *   `parameter`.
 * @example
 * const verifier = createVerifier({ resource: 'https://api.example.com', issuer: 'https://as.example.com' })
 * const { caller } = await verifier.verify({ method, target: request.url, rawHeaders: request.rawHeaders })
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const config = resolveOptions(options)
  const { clock, toleranceSeconds } = config
  const closing = new AbortController()
  const metadata = { url: metadataUrl(config.resource), document: protectedResourceMetadata(config) }
  const nonces =
    config.nonce && createNonceAuthority({ ...config.nonce, resource: config.resource, toleranceSeconds, clock })
  const answers = createAnswers(config, nonces && (() => nonces.current()), metadata.url)
  const targets = createRequestTargets(config.origins, config.basePath)
  const accessTokens = createAccessTokens(config, closing.signal)
  const tokenCache = createTokenCache(config.tokenCache, clock)
  const proofAlgorithms: ReadonlySet<string> = new Set(config.proofAlgorithms)
  const replayStore = isReplayStore(config.replay) ? config.replay : createMemoryReplayStore(config.replay, clock)

  const signedCall = compilePolicy({}, config.accept)

  return {
    async verify(request, policy = signedCall) {
      const context: { -readonly [Name in keyof RefusalContext]: RefusalContext[Name] } = { scheme: 'dpop', policy }
      try {
        const path = targets.pathOf(request.target)
        const credentials = readCredentials(request.rawHeaders)
        context.scheme = credentials.scheme
        if (TOKEN_IN_QUERY.test(request.target)) {
          throw new CountersignError('ERR_TOKEN_IN_QUERY', 'The query has an access token too', {
            parameter: 'access_token',
          })
        }
        checkScheme(credentials, policy)
        const verification =
          credentials.scheme === 'dpop'
            ? await verifyProven(request.method, path, credentials)
            : await verifyBearer(credentials)
        applyPolicy(policy, verification.token, clock(), toleranceSeconds)
        return {
          caller: callerOf(verification.token, verification.proof),
          headers: nonceHeaders(verification.proof?.nonce),
        }
      } catch (error) {
        throw answers.refusalOf(error, context) ?? error
      }
    },
    compilePolicy: (policy) => compilePolicy(policy, config.accept),
    isLocal: config.isLocal,
    metadata,
    close: () => closing.abort(),
  }

  function checkScheme({ scheme }: Credentials, policy: CompiledPolicy): void {
    if (!policy.accept.includes(scheme)) {
      throw new CountersignError('ERR_SCHEME_NOT_ACCEPTED', 'The scheme is not accepted here', {
        parameter: 'Authorization',
        expected: policy.accept,
        actual: scheme,
      })
    }
  }

  /** A token with a proof of possession: nothing is stored before everything else holds. */
  async function verifyProven(
    method: string,
    path: string,
    credentials: Credentials,
  ): Promise<{ token: VerifiedToken; proof: OpenedProof & { kind: ProofKind['kind'] } }> {
    const { accessToken } = credentials
    const { kind, text } = detectProof(credentials)
    const ath = sha256(accessToken)
    const cached = tokenCache.get(ath)
    const proof = kind.open(text, {
      method,
      path,
      targets,
      algorithms: proofAlgorithms,
      nonces,
      window: config.proofWindow,
      now: clock(),
      ath,
      known: cached?.proofKey,
    })
    const checkBinding = (jkt: string | undefined) => checkBoundTo(jkt, proof.jkt)
    const verification = await verifyToken(accessToken, cached, checkBinding)
    const proofKey = proof.known ?? importProofKey(proof)
    await checkSignature(proof, proofKey)
    if (cached === undefined) tokenCache.set(ath, { verification, proofKey })
    await claim(proof)
    return { token: verification.token, proof: { ...proof, kind: kind.kind } }
  }

  /** A token without proof, on its way out: only if it is bound to nothing. */
  async function verifyBearer({ accessToken }: Credentials): Promise<{ token: VerifiedToken; proof: undefined }> {
    const checkUnbound = (jkt: string | undefined) => {
      if (jkt !== undefined) throw new CountersignError('ERR_TOKEN_BOUND', 'The access token is bound to a key')
    }
    const ath = sha256(accessToken)
    const cached = tokenCache.get(ath)
    const verification = await verifyToken(accessToken, cached, checkUnbound)
    if (cached === undefined) tokenCache.set(ath, { verification, proofKey: undefined })
    return { token: verification.token, proof: undefined }
  }

  /** A token that was verified before is as good as then, if it is still of this time and bound as it must be. */
  function verifyToken(
    accessToken: string,
    cached: CachedToken | undefined,
    checkBinding: (jkt: string | undefined) => void,
  ): TokenVerification | Promise<TokenVerification> {
    if (cached === undefined) return accessTokens.verify(accessToken, checkBinding)
    accessTokens.checkTime(cached.verification.token)
    checkBinding(cached.verification.token.jkt)
    return cached.verification
  }

  async function claim(proof: OpenedProof): Promise<void> {
    // Remembered for as long as the proof could be accepted, by us or by a replica whose clock is behind. A proof that was fresh when it
    // arrived, but waited longer than that for the issuer's keys, could no longer be told from its copies.
    const rememberUntil = Math.floor(proof.acceptableUntil) + toleranceSeconds + 1
    if (clock() >= rememberUntil) {
      const [code, parameter] =
        nonces === undefined
          ? (['ERR_DPOP_PROOF_EXPIRED', 'iat'] as const)
          : (['ERR_DPOP_NONCE_EXPIRED', 'nonce'] as const)
      throw new CountersignError(code, 'The proof became too old while it was verified', { parameter })
    }
    const isNew = await claimed(replayStore, `${proof.jkt}.${proof.jti}`, rememberUntil)
    if (!isNew) throw new CountersignError('ERR_DPOP_PROOF_REPLAYED', 'The proof was used before', { parameter: 'jti' })
  }

  /** A fresh nonce is due once the client's has passed half its life. */
  function nonceHeaders(used: string | undefined): Record<string, string> {
    if (nonces === undefined) return {}
    const verdict = used === undefined ? 'invalid' : nonces.check(used)
    const fresh = typeof verdict === 'object' && (clock() - verdict.issuedAt) * 2 < nonces.ttlSeconds
    return fresh ? {} : { 'dpop-nonce': nonces.current() }
  }
}

/** The kind of proof that a request carries, and the proof as it stands in the request. */
function detectProof(credentials: Credentials): { kind: ProofKind; text: string } {
  for (const kind of proofKinds) {
    const text = kind.detect(credentials)
    if (text !== undefined) return { kind, text }
  }
  throw new CountersignError('ERR_DPOP_PROOF_MISSING', 'The request has no proof', { parameter: 'DPoP' })
}

function checkBoundTo(jkt: string | undefined, expected: string): void {
  if (jkt === undefined) {
    throw new CountersignError('ERR_TOKEN_UNBOUND', 'The access token is not bound to a key', { parameter: 'cnf' })
  }
  // Thumbprints of public keys: nothing secret is compared.
  if (jkt !== expected) {
    throw new CountersignError('ERR_TOKEN_BINDING_MISMATCH', 'The access token is bound to another key', {
      parameter: 'cnf.jkt',
      expected,
      actual: jkt,
    })
  }
}

function importProofKey({ headerSegment, algorithm, jkt, jwk }: OpenedProof): ProofKey {
  const keyObject = jwk && importPublicKey(jwk)
  if (keyObject === undefined) {
    throw new CountersignError('ERR_DPOP_PROOF_JWK', 'The key of the proof is not a valid one', {
      parameter: 'jwk',
      reason: 'key',
    })
  }
  // A copy: the segment is a slice, and would keep the whole proof in memory.
  const copy = Buffer.from(headerSegment, 'latin1').toString('latin1')
  return { headerSegment: copy, algorithm, keyObject, jkt }
}

async function checkSignature({ signingInput, signature }: OpenedProof, key: ProofKey): Promise<void> {
  const valid = verifySignature(key.algorithm, key.keyObject, signingInput, signature)
  if (valid !== true && (await valid) !== true) {
    throw new CountersignError('ERR_DPOP_PROOF_SIGNATURE', 'The signature of the proof does not verify', {
      parameter: 'signature',
    })
  }
}

/** A store that fails, or that answers anything but a boolean, cannot vouch for a proof: 503, never an acceptance. */
async function claimed(store: ReplayStore, key: string, expiresAt: number): Promise<boolean> {
  let answer: unknown
  try {
    answer = store.claim(key, expiresAt)
    if (typeof answer !== 'boolean') answer = await withTimeout(Promise.resolve(answer), STORE_TIMEOUT_MILLISECONDS)
  } catch (cause) {
    if (isCountersignError(cause, 'ERR_REPLAY_STORE_FULL') || isCountersignError(cause, 'ERR_REPLAY_QUOTA_EXCEEDED'))
      throw cause
    throw new CountersignError('ERR_REPLAY_STORE_UNAVAILABLE', 'The replay store failed', { cause })
  }
  if (typeof answer !== 'boolean') {
    throw new CountersignError('ERR_REPLAY_STORE_UNAVAILABLE', 'The replay store did not answer with a boolean')
  }
  return answer
}

async function withTimeout(promise: Promise<unknown>, milliseconds: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${milliseconds} ms`)), milliseconds)
    timer.unref()
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
