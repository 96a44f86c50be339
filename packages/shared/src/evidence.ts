// Evidence of a call: the envelope that was sent, what was recorded with it, and the signed answer, verified long after
// the call and by whoever holds it. Nothing here knows a clock, a nonce, or what was received before.

import type { AlgorithmEntry } from './algorithms.ts'
import { algorithmOf } from './algorithms.ts'
import { computeEnvelopeHash, decodeAnswer } from './answer.ts'
import { computeAth } from './ath.ts'
import type { EnvelopeCarrier } from './envelope-header.ts'
import { ATTACHED_ENVELOPE_TYP } from './envelope-header.ts'
import { decodeOr } from './envelope-refusal.ts'
import { CountersignError, isCountersignError } from './errors.ts'
import { isObject } from './is-object.ts'
import type { PublicJwk } from './jwk.ts'
import { readPublicJwk } from './jwk.ts'
import { decodeJsonSegmentMembers, splitCompactJws } from './jws.ts'
import type { EnvelopePayload, UnverifiedEnvelope } from './jws-envelope.ts'
import { computeEnvelopeDigest, decodeEnvelope } from './jws-envelope.ts'
import type { SignedText } from './jws-signature.ts'
import { verifyJwsSignature } from './jws-signature.ts'
import { MAX_CREATED_SECONDS } from './limits.ts'
import { checkOptionNames } from './options.ts'
import { normalizeTargetUri } from './target-uri.ts'
import { thumbprint, thumbprintInput } from './thumbprint.ts'

/** What is kept of a call with a request envelope. It is plain JSON. */
export interface Evidence {
  /** The compact JWS of the request; of a sealed envelope, the one inside. */
  readonly request: string
  /** The thumbprint of the key that signed the request. */
  readonly thumbprint: string
  /** When it was recorded, in seconds since the epoch, by the clock of who recorded it. Nothing attests it. */
  readonly time: number
  /** SHA-256 of the content of the request in base64url; empty for no content. */
  readonly content: string
  /** The signed answer, and the key of the server that it was verified with. */
  readonly answer?: { readonly jws: string; readonly key: PublicJwk & { readonly kid: string; readonly alg: string } }
}

/** What evidence is compared with. What is omitted is not compared; the report says what the evidence itself claims. */
export interface ExpectedEvidence {
  /** The content of the request; empty for none. */
  readonly content?: Uint8Array | undefined
  /** The content of the response, without content codings; empty for none. The evidence must have an answer then. */
  readonly answerContent?: Uint8Array | undefined
  /** The access token that accompanied the request. */
  readonly accessToken?: string | undefined
  /** The thumbprint of the key that is to have signed the request. */
  readonly thumbprint?: string | undefined
  /** Public JWKs of the server, as its key set has them, of which one is to have signed the answer, if there is one. */
  readonly keys?: readonly object[] | undefined
}

/** What verified evidence says. */
export interface EvidenceReport {
  /** The method of the request. */
  readonly method: string
  /** The target URI with its query. */
  readonly uri: string
  /** When the request was signed, in seconds since the epoch, by the clock of the signer. */
  readonly created: number
  /** The thumbprint of the key that signed the request. */
  readonly thumbprint: string
  /** The media type of the content; absent if there is no content, or none was given. */
  readonly contentType?: string
  /** SHA-256 of the access token that accompanied the request. */
  readonly accessTokenHash: string
  /** What the server signed; absent if the evidence has no answer. */
  readonly answer?: {
    readonly status: number
    readonly fields: Readonly<Record<string, string | null>>
    /** When the answer was signed, in seconds since the epoch, by the clock of the server. */
    readonly created: number
    readonly kid: string
    /** Whether the key is one of those expected. `false` when none were named: the evidence brought its own. */
    readonly isTrustedKey: boolean
  }
}

/** Members of {@link ExpectedEvidence}, and what they hold. */
const EXPECTATIONS: Readonly<Record<keyof ExpectedEvidence, (value: unknown) => boolean>> = {
  content: isBytes,
  answerContent: isBytes,
  accessToken: isString,
  thumbprint: isString,
  keys: Array.isArray,
}

/**
 * Verifies evidence of a call, offline: that the request is a well-formed envelope, signed by the key in it, whose
 * thumbprint is the recorded one; that the recorded hash of the content is the signed one; that the answer is signed by
 * its key and was made for this request; and all that is expected besides.
 *
 * Does not know who held the key: that is for the authorization server to say. Does not check `time`, `created`, `nonce`
 * and `jti` beyond their form: whether the request was fresh, and the only one of its kind, its verifier knew then. Does
 * not check that an answer's key belongs to the server, unless `keys` are given. Plain key proofs of RFC 9635 have no key
 * in them and are not evidence here.
 *
 * @throws {CountersignError} `ERR_EVIDENCE_INVALID`; `parameter` is the member of the evidence or of `expected` (then with
 *   `expected.` before it), `reason` is one of `type`, `range`, `malformed`, `uri`, `cty`, `kid`, `thumbprint`,
 *   `content`, `ath`, `key`, `signature`, `missing`, `alg`, `req`, `digest`, `untrusted`. `ERR_OPTION_UNKNOWN` for a
 *   member of `expected` that does not exist.
 * @see spec/request-envelope.md, "Security considerations"
 * @example
 * const { method, uri, answer } = await verifyEvidence(evidence, { content, keys: jwks.keys })
 */
export async function verifyEvidence(evidence: Evidence, expected: ExpectedEvidence = {}): Promise<EvidenceReport> {
  checkEvidence(evidence)
  checkExpected(expected)
  const { request, answer } = evidence
  const { header } = await verifyRequest(evidence, expected)
  const { htm: method, uri, created, ath: accessTokenHash, kid, cty } = header
  if (answer === undefined && expected.answerContent !== undefined) throw invalid('answer', 'missing')
  const verified = answer === undefined ? undefined : await verifyAnswer(request, answer, expected)
  return Object.freeze({
    ...{ method, uri, created, thumbprint: kid, accessTokenHash },
    ...(cty !== undefined && { contentType: cty }),
    ...(verified !== undefined && { answer: verified }),
  })
}

/** The envelope: its form, its key, its signature, its content, its token. */
async function verifyRequest(
  { request, thumbprint: recorded, content }: Evidence,
  expected: ExpectedEvidence,
): Promise<UnverifiedEnvelope> {
  const envelope = decodeOr(
    () => decodeEnvelope(request, carrierOf(request)),
    (cause) => invalid('request', 'malformed', cause),
  )
  const { header, payload, signingInput, signature } = envelope
  decodeOr(
    () => normalizeTargetUri(header.uri),
    (cause) => invalid('request', 'uri', cause),
  )
  if (payload.kind === 'none' && header.cty !== undefined) throw invalid('request', 'cty')
  if ((await thumbprint(header.jwk)) !== header.kid) throw invalid('request', 'kid')
  if (recorded !== header.kid) throw invalid('thumbprint', 'thumbprint')
  if ((expected.thumbprint ?? header.kid) !== header.kid) throw invalid('expected.thumbprint', 'thumbprint')
  const { jwk, alg } = header
  await checkSignature('request', { algorithm: algorithmOf(alg) as AlgorithmEntry, jwk, signingInput, signature })
  const signed = await signedHash(payload)
  if (content !== signed) throw invalid('content', 'content')
  if (expected.content !== undefined && (await digestOf(expected.content)) !== signed) {
    throw invalid('expected.content', 'content')
  }
  if (expected.accessToken !== undefined && (await computeAth(expected.accessToken)) !== header.ath) {
    throw invalid('expected.accessToken', 'ath')
  }
  return envelope
}

/** Where the envelope travelled: only as content has an attached one a payload. */
function carrierOf(request: string): EnvelopeCarrier {
  const { header, payload } = splitCompactJws(request)
  const isAttached = decodeJsonSegmentMembers(header, 'header')('typ') === ATTACHED_ENVELOPE_TYP
  return isAttached && payload !== '' ? 'content' : 'field'
}

async function signedHash(payload: EnvelopePayload): Promise<string> {
  if (payload.kind === 'content') return computeEnvelopeDigest(payload.content)
  return payload.kind === 'digest' ? payload.digest : ''
}

/** The answer: its form, its key, its signature, its request, its content. */
async function verifyAnswer(
  request: string,
  { jws, key }: NonNullable<Evidence['answer']>,
  { answerContent, keys }: ExpectedEvidence,
): Promise<NonNullable<EvidenceReport['answer']>> {
  const answer = decodeOr(
    () => decodeAnswer(jws),
    (cause) => invalid('answer.jws', 'malformed', cause),
  )
  const { header, algorithm } = answer
  const { status, fields, digest, created, kid, req } = header
  if (key.kid !== kid) throw invalid('answer.key', 'kid')
  if (key.alg !== header.alg) throw invalid('answer.key', 'alg')
  const jwk = decodeOr(
    () => readPublicJwk(key, algorithm),
    (cause) => invalid('answer.key', 'key', cause),
  )
  await checkSignature('answer', { ...answer, jwk })
  if (req !== (await computeEnvelopeHash(request))) throw invalid('answer.jws', 'req')
  if (answerContent !== undefined && (await digestOf(answerContent)) !== (digest ?? '')) {
    throw invalid('expected.answerContent', 'digest')
  }
  const isTrustedKey = keys?.some((each) => isKey(each, { kid, jwk, algorithm })) ?? false
  if (keys !== undefined && !isTrustedKey) throw invalid('answer.key', 'untrusted')
  return Object.freeze({ status, fields: Object.freeze(fields), created, kid, isTrustedKey })
}

/** Whether a JWK of a key set is this key: of this name, for this algorithm, and with these public members. */
function isKey(
  value: object,
  { kid, jwk, algorithm }: { readonly kid: string; readonly jwk: PublicJwk; readonly algorithm: AlgorithmEntry },
): boolean {
  if ((value as { readonly kid?: unknown } | null)?.kid !== kid) return false
  try {
    return thumbprintInput(readPublicJwk(value, algorithm)) === thumbprintInput(jwk)
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return false
  }
}

async function checkSignature(member: 'request' | 'answer', signed: SignedText): Promise<void> {
  const verifies = await verifyJwsSignature(signed).catch((cause) => {
    throw invalid(member === 'answer' ? 'answer.key' : member, 'key', cause)
  })
  if (!verifies) throw invalid(member === 'answer' ? 'answer.jws' : member, 'signature')
}

/** Bytes of any memory, as WebCrypto takes them. */
function digestOf(bytes: Uint8Array): Promise<string> {
  return computeEnvelopeDigest(new Uint8Array(bytes))
}

/** Evidence comes from an archive: its members may be anything. */
function checkEvidence(evidence: unknown): void {
  if (!isObject(evidence)) throw invalid('evidence', 'type')
  const { request, thumbprint: recorded, time, content, answer } = evidence
  for (const [name, value] of Object.entries({ request, thumbprint: recorded, content })) {
    if (typeof value !== 'string') throw invalid(name, 'type')
  }
  if (typeof time !== 'number') throw invalid('time', 'type')
  if (!(time >= 0 && time <= MAX_CREATED_SECONDS)) throw invalid('time', 'range')
  if (answer === undefined) return
  if (!isObject(answer)) throw invalid('answer', 'type')
  if (typeof answer['jws'] !== 'string') throw invalid('answer.jws', 'type')
  if (!isObject(answer['key'])) throw invalid('answer.key', 'type')
}

function checkExpected(expected: unknown): void {
  if (!isObject(expected)) throw invalid('expected', 'type')
  checkOptionNames(expected, Object.keys(EXPECTATIONS), 'expected')
  for (const [name, holds] of Object.entries(EXPECTATIONS)) {
    const value = expected[name]
    if (value !== undefined && !holds(value)) throw invalid(`expected.${name}`, 'type')
  }
}

function isString(value: unknown): boolean {
  return typeof value === 'string'
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array
}

function invalid(parameter: string, reason: string, cause?: unknown): CountersignError {
  const message = `The evidence does not hold for its ${parameter}`
  return new CountersignError('ERR_EVIDENCE_INVALID', message, { parameter, reason, cause })
}
