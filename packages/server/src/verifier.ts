// The verification of a request, without any framework: the way of a request, step by step. The Fastify plugin is a skin over it.

import { refusal } from '@countersign/shared'
import { createAnswers } from './answers.ts'
import type { Caller } from './caller.ts'
import { callerOf } from './caller.ts'
import { runAll, runNow } from './check.ts'
import type { AcceptedEnvelope, VerifiedContent } from './content/accepted-envelope.ts'
import { acceptedEnvelope, contentWithin, hasContent } from './content/accepted-envelope.ts'
import { contentOf } from './content/content-checks.ts'
import { contentDigest, readContent } from './content/read-content.ts'
import type { AnswerableResponse } from './content/signed-answer.ts'
import { createAnswerSigner } from './content/signed-answer.ts'
import { createUnsealer } from './content/unseal.ts'
import type { Credentials } from './credentials.ts'
import type { RequestForm, RequestMemory, VerifiableRequest } from './exchange.ts'
import { Exchange } from './exchange.ts'
import type { Explanation } from './explain.ts'
import { explain } from './explain.ts'
import type { PublishedMetadata } from './metadata.ts'
import { publishMetadata } from './metadata.ts'
import { createNonceAuthority } from './nonce.ts'
import type { VerifierOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import { reportOutcome, startOfReport } from './outcomes.ts'
import type { CompiledPolicy, RoutePolicy } from './policy.ts'
import { compilePolicy } from './policy.ts'
import type { IssuerProfileReport } from './profiles/profile-report.ts'
import { reportProfiles } from './profiles/profile-report.ts'
import type { ProofState } from './proofs/proof-kind.ts'
import { createMemoryReplayStore } from './replay/replay-memory.ts'
import { isReplayStore } from './replay/replay-store.ts'
import { createRequestChecks } from './request-checks.ts'
import { createRequestTargets } from './request-target.ts'
import { createTokenChecks } from './token/token-checks.ts'
import type { TokenState, VerifiedToken } from './token/token-state.ts'
import { createTokenCache } from './token-cache.ts'
import type { Way } from './ways.ts'
import { createWays, proofPresent } from './ways.ts'

export { RefusalError } from './answers.ts'
export type { Caller, CallerClaims } from './caller.ts'
export type { AcceptedEnvelope, VerifiedContent } from './content/accepted-envelope.ts'
export type { EnvelopeOptions } from './content/envelope-options.ts'
export { contentDigest } from './content/read-content.ts'
export type { AnswerableResponse } from './content/signed-answer.ts'
export type { RawHeaders } from './credentials.ts'
export type { RequestMemory, VerifiableRequest } from './exchange.ts'
export type { Explanation, Finding } from './explain.ts'
export type { IssuerOptions } from './issuers/issuer-options.ts'
export type { MetadataOptions, ProtectedResourceMetadata, PublishedMetadata } from './metadata.ts'
export type { NonceOptions } from './nonce-options.ts'
export type { TokenCacheOptions, VerifierOptions } from './options.ts'
export { VERIFICATION_CHANNEL, type VerificationOutcome } from './outcomes.ts'
export type { AcceptedWay, AnswerOptions, CompiledPolicy, RoutePolicy } from './policy.ts'
export type { ClaimSource, IssuerProfile, OptionalClaim } from './profiles/issuer-profile.ts'
export type { IssuerProfileReport } from './profiles/profile-report.ts'
export type { IssuerProfileName } from './profiles/profiles.ts'
export { issuerProfiles } from './profiles/profiles.ts'
export type { MemoryReplayStoreOptions } from './replay/replay-memory.ts'
export { createMemoryReplayStore } from './replay/replay-memory.ts'
export type { ReplayStore } from './replay/replay-store.ts'
export type { ServerKeyOptions } from './server-keys.ts'
export type { DecryptionKeyOptions, KeyManagementAlgorithm } from './token/decryption-keys.ts'
export type { IntrospectionOptions } from './token/introspection-options.ts'

/** A request that was accepted. */
export interface Verification {
  readonly caller: Caller
  /** Header fields to add to the response: a fresh nonce, when the client's has passed half its life. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** For a request with an envelope: the content that was verified, which takes the place of what was received. */
  readonly content?: VerifiedContent
  /** The envelope of the request, for {@link Verifier.signAnswer}. */
  readonly envelope?: AcceptedEnvelope
}

/** A request of which all is verified, or all but content that arrives beside its envelope. */
export type BegunVerification =
  | { readonly verification: Verification }
  | {
      /** Whether there is content by the envelope: if not, the first byte of any is one too many. */
      readonly hasContent: boolean
      /**
       * Ends the verification.
       *
       * @param digest - SHA-256 of the whole content in base64url, empty for no content; see {@link contentDigest}.
       * @throws {RefusalError} As {@link Verifier.verify}.
       */
      readonly finish: (digest: string) => Promise<Verification>
      /** Ends it when the content cannot be had: the refusal for what went wrong, or the error itself. */
      readonly refuse: (error: unknown) => unknown
    }

/** Verifies requests to one resource. */
export interface Verifier {
  /**
   * Verifies the access token and the proof of a request, and applies the policy of its route.
   *
   * A DPoP proof covers neither the content nor the query of the URL (RFC 9449 section 11.7); a request envelope covers both, and its
   * content is read and held, up to `envelope.maxContentBytes`. Does not ask the issuer whether the token was revoked, unless its
   * `introspection` says so.
   *
   * @param policy - Made by {@link Verifier.compilePolicy}. Default: a signed call and nothing more.
   * @param memory - An empty object that is given with every policy that is applied to one and the same request: its token and proof
   *   are then verified once, since a proof is good once. Default: the request is verified anew.
   * @throws {RefusalError} When the request is refused, with the whole answer.
   * @throws {Error} Anything else is a fault of the server: answer 500.
   */
  verify(request: VerifiableRequest, policy?: CompiledPolicy, memory?: RequestMemory): Promise<Verification>
  /**
   * As {@link Verifier.verify}, for whoever hands content on while it arrives: content beside a detached envelope is not read. Until
   * `finish` has returned, nothing of the request may be acted upon.
   */
  begin(request: VerifiableRequest, policy?: CompiledPolicy, memory?: RequestMemory): Promise<BegunVerification>
  /**
   * Signs a response to a request with an envelope (request-envelope.md, Signed answer), where the request or its policy asks for that,
   * and gives it to `envelope.onEvidence`.
   *
   * Does not look at content codings: what is signed is the content before any.
   *
   * @param envelope - That of the `Verification`, or of a `RefusalError` by the policy: any other refusal is not signed.
   * @returns Header fields to add to the response; none where it is not to be signed, or cannot be.
   */
  signAnswer(
    envelope: AcceptedEnvelope | undefined,
    response: AnswerableResponse,
  ): Promise<Readonly<Record<string, string>>>
  /**
   * Explains what {@link Verifier.verify} would say of a request: every check, whether it passes, what was expected and found, and
   * what to do. Uses neither nonce nor proof up, and remembers nothing. For developers and support; not for callers to see.
   *
   * Tokens, proofs, signatures and keys do not stand in it; claims that were compared with something do.
   *
   * @param policy - As for {@link Verifier.verify}.
   * @throws {Error} Only for faults of the server, such as a predicate that throws.
   */
  explain(request: VerifiableRequest, policy?: CompiledPolicy): Promise<Explanation>
  /**
   * Checks what a route demands, once, when it is declared.
   *
   * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, each with `parameter`.
   */
  compilePolicy(policy: RoutePolicy): CompiledPolicy
  /**
   * A nonce for the next proof (RFC 9449 section 8.2), to be handed out with any response that no cache keeps: for clients that must know
   * one before they send a body that they can send only once. `undefined` where nonces are off.
   */
  nonce(): string | undefined
  /** Whether nonces and replay protection hold for this process only: several replicas then refuse each other's clients, and replays pass. */
  readonly isLocal: boolean
  /** By which profile the tokens of each issuer are judged, and every way in which it accepts what RFC 9068 does not: log it at start. */
  readonly issuerProfiles: readonly IssuerProfileReport[]
  /** The RFC 9728 document and the server's own keys, and the URLs they belong at. */
  readonly metadata: PublishedMetadata
  /** Ends what is under way: fetches of key sets. */
  close(): void
}

/**
 * Creates a verifier.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`.
 * @example
 * const verifier = createVerifier({ resource: 'https://api.example.com', issuer: 'https://as.example.com' })
 * const { caller } = await verifier.verify({ method, target: request.url, rawHeaders: request.rawHeaders })
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const config = resolveOptions(options)
  const { clock, toleranceSeconds } = config
  const closing = new AbortController()
  const metadata = publishMetadata(config)
  const nonces =
    config.nonce && createNonceAuthority({ ...config.nonce, resource: config.resource, toleranceSeconds, clock })
  const answers = createAnswers(config, nonces && (() => nonces.current()), metadata.url)
  const targets = createRequestTargets(config.origins, config.basePath)
  const tokenCache = createTokenCache(config.tokenCache, clock)
  const store = isReplayStore(config.replay) ? config.replay : createMemoryReplayStore(config.replay, clock)

  const algorithms: ReadonlySet<string> = new Set(config.proofAlgorithms)
  const { maxContentBytes, maxContentSeconds, onEvidence } = config.envelope
  const limits = { maxContentBytes, maxContentSeconds }
  const requestChecks = createRequestChecks(targets)
  const tokenChecks = createTokenChecks(config.issuers, { toleranceSeconds, clock, signal: closing.signal })
  const wayOf = createWays(tokenChecks, {
    ...{ targets, algorithms, nonces, window: config.proofWindow },
    ...{ maxContentBytes, maxContentSeconds, unseal: createUnsealer(config.sealKeys) },
    ...{ store, noncesAreOn: nonces !== undefined, clock, toleranceSeconds },
  })
  const present = [proofPresent]
  const ofPolicy = requestChecks.filter(({ id }) => id === 'request.form' || id === 'request.scheme')
  const form = [tokenChecks.form]
  const signedCall = compilePolicy({}, config)
  const signAnswer = createAnswerSigner(config)

  return {
    async verify(request, policy = signedCall, memory) {
      const judged = judgement(request, policy)
      try {
        const proving = prove(judged, memory)
        if (proving !== undefined) await proving
        const { exchange } = judged
        if (!coversContent(exchange)) return await conclude(judged, memory)
        // Of several policies that judge one request, the first reads its content.
        const content = await contentBeside(exchange, memory)
        exchange.digest = contentDigest(content)
        return {
          ...(await conclude(judged, memory)),
          content: { bytes: content, type: exchange.credentials?.content.type },
        }
      } catch (error) {
        throw refusalOf(error, judged)
      }
    },
    async begin(request, policy = signedCall, memory) {
      const judged = judgement(request, policy)
      try {
        const proving = prove(judged, memory)
        if (proving !== undefined) await proving
        if (!coversContent(judged.exchange)) return { verification: await conclude(judged, memory) }
        // Whoever may not make this call need not send its content; of none, it is applied once, at the end.
        if (hasContent(judged.exchange)) await runAll(policy.checks, judged.exchange)
      } catch (error) {
        throw refusalOf(error, judged)
      }
      return {
        hasContent: hasContent(judged.exchange),
        refuse: (error) => refusalOf(error, judged),
        async finish(digest) {
          try {
            judged.exchange.digest = digest
            return await conclude(judged, memory)
          } catch (error) {
            throw refusalOf(error, judged)
          }
        },
      }
    },
    signAnswer,
    explain(request, policy = signedCall) {
      const exchange = new Exchange(request, policy, clock())
      const isBearer = () => exchange.credentials?.scheme === 'bearer'
      const way = () => wayOf(isBearer() ? 'bearer' : (exchange.form ?? 'dpop'))
      // What is remembered of the token is left aside: everything is looked at anew.
      return explain(exchange, answers, [
        () => requestChecks,
        () => (isBearer() ? form : [...present, ...form]),
        () => way().firstTime[exchange.token?.kind ?? 'jwt'],
        () => way().last,
        () => policy.checks,
      ])
    },
    compilePolicy: (policy) => compilePolicy(policy, config),
    nonce: () => nonces?.current(),
    isLocal: config.isLocal,
    issuerProfiles: reportProfiles(config.issuers),
    metadata,
    close: () => closing.abort(),
  }

  function judgement(request: VerifiableRequest, policy: CompiledPolicy): Judgement {
    return { exchange: new Exchange(request, policy, clock()), startedAt: startOfReport() }
  }

  /** Steps 1 to 5: the credentials are good, and belong to this request. Nothing is stored that was not found good. */
  function prove(judged: Judgement, memory: RequestMemory | undefined): undefined | Promise<unknown> {
    const { exchange } = judged
    if (memory?.proved !== undefined) return proveAgain(judged, memory.proved)
    const proving = authenticate(exchange)
    if (memory === undefined) return proving
    memory.proved = proving === undefined ? exchange : proving.then(() => exchange)
    return memory.proved instanceof Promise ? memory.proved : undefined
  }

  /** Under another policy than before. */
  async function proveAgain(judged: Judgement, proved: Exchange | Promise<Exchange>): Promise<void> {
    judged.exchange = (await proved).under(judged.exchange.policy)
    const { form } = judged.exchange
    await runAll(ofPolicy, judged.exchange)
    // What is content like any other to one policy is an envelope to another.
    if (judged.exchange.form !== form)
      throw refusal('ERR_ENVELOPE_NOT_ACCEPTED', 'The request was read otherwise before')
  }

  /** Steps 6 and 7: the proof is new, and the route allows the call. Answers at once unless something has to wait. */
  function conclude(judged: Judgement, memory: RequestMemory | undefined): Verification | Promise<Verification> {
    const claiming = claim(judged.exchange, memory)
    return claiming === undefined ? allow(judged, memory) : claiming.then(() => allow(judged, memory))
  }

  /** The proof is new: asked once for a request. */
  function claim(exchange: Exchange, memory: RequestMemory | undefined): undefined | Promise<void> {
    const { last } = wayOf(exchange.form as RequestForm)
    if (memory === undefined) return runAll(last, exchange)
    memory.claimed ??= runAll(last, exchange) ?? 'at once'
    return memory.claimed === 'at once' ? undefined : memory.claimed
  }

  function allow(judged: Judgement, memory: RequestMemory | undefined): Verification | Promise<Verification> {
    const { exchange } = judged
    exchange.envelope = acceptedEnvelope(exchange)
    const allowing = runAll(exchange.policy.checks, exchange)
    const keeping = allowing === undefined ? keep(exchange, memory) : allowing.then(() => keep(exchange, memory))
    return keeping === undefined ? verificationOf(judged) : keeping.then(() => verificationOf(judged))
  }

  /** Hands out evidence of an envelope, once for a request. */
  function keep({ envelope }: Exchange, memory: RequestMemory | undefined): undefined | Promise<void> {
    if (envelope === undefined || onEvidence === undefined || memory?.isKept === true) return undefined
    if (memory !== undefined) memory.isKept = true
    return Promise.resolve(onEvidence(envelope.evidence()))
  }

  function verificationOf({ exchange, startedAt }: Judgement): Verification {
    const { proof, envelope } = exchange
    const caller = callerOf(exchange.verified as VerifiedToken, proof)
    const headers = nonceHeaders(proof)
    reportOutcome(startedAt, exchange, undefined)
    if (envelope === undefined) return { caller, headers }
    const content = contentWithin(exchange)
    return { caller, headers, envelope, ...(content !== undefined && { content }) }
  }

  function refusalOf(error: unknown, { exchange, startedAt }: Judgement): unknown {
    const { policy, credentials, envelope } = exchange
    const refusal = answers.refusalOf(error, { scheme: credentials?.scheme ?? 'dpop', policy, envelope })
    reportOutcome(startedAt, exchange, refusal ?? error)
    return refusal ?? error
  }

  function coversContent({ form }: Exchange): boolean {
    return wayOf(form as RequestForm).coversContent
  }

  /** Content beside a detached envelope. */
  async function contentBeside(exchange: Exchange, memory: RequestMemory = {}): Promise<Buffer> {
    memory.content ??= readContent(contentOf(exchange), limits)
    return memory.content
  }

  function authenticate(exchange: Exchange): undefined | Promise<void> {
    // 1. The request can be read in one way only, and carries credentials of a kind that is accepted.
    runNow(requestChecks, exchange)
    const { scheme } = recall(exchange)
    if (scheme !== 'bearer') runNow(present, exchange)
    // 2. to 5. The proof, the token, and the signatures of both. Nothing is stored before all of it holds.
    const way = wayOf(exchange.form as RequestForm)
    return exchange.cached === undefined ? authenticateNewToken(way, exchange) : runAll(way.again, exchange)
  }

  async function authenticateNewToken({ firstTime }: Way, exchange: Exchange): Promise<void> {
    runNow(form, exchange)
    await runAll(firstTime[(exchange.token as TokenState).kind], exchange)
    remember(exchange)
  }

  /** Looks up what is remembered of the access token. */
  function recall(exchange: Exchange): Credentials {
    const credentials = exchange.credentials as Credentials
    exchange.cached = tokenCache.get(exchange.ath)
    if (exchange.cached === undefined) return credentials
    exchange.verified = exchange.cached.token
    exchange.token = exchange.cached.state
    return credentials
  }

  /** Remembers a token that was verified, of a caller that has proved itself. */
  function remember(exchange: Exchange): void {
    const { stillTrusted, maxAgeSeconds, token } = exchange.token as TokenState
    exchange.verified = token as VerifiedToken
    const entry = { token: exchange.verified, proofKey: exchange.proof?.key, stillTrusted }
    tokenCache.set(exchange.ath, entry, maxAgeSeconds)
  }

  /** A fresh nonce is due once the client's has passed half its life. */
  function nonceHeaders(proof: ProofState | undefined): Record<string, string> {
    if (nonces === undefined) return {}
    const isFresh = proof?.nonce !== undefined && (proof.acceptableUntil - clock()) * 2 > nonces.ttlSeconds
    return isFresh ? {} : { 'dpop-nonce': nonces.current() }
  }
}

/** A request on its way to a verdict. */
interface Judgement {
  exchange: Exchange
  readonly startedAt: number | undefined
}
