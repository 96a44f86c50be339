// The DPoP proof JWT of RFC 9449 section 4.2: its types, its encoding, and its decoding without trust.
// A decoded proof says what its sender claims; only a verifier that has checked all of section 4.3 may believe it.

import type { AlgorithmEntry, JwsAlgorithm } from './algorithms.ts'
import { algorithmOf } from './algorithms.ts'
import type { RefusalCode } from './error-table.ts'
import type { CountersignError } from './errors.ts'
import { isCountersignError, refusal } from './errors.ts'
import type { JsonMembers } from './json.ts'
import type { PublicJwk } from './jwk.ts'
import { readPublicJwk } from './jwk.ts'
import type { CompactJws } from './jws.ts'
import { decodeJsonSegmentMembers, decodeSignatureSegment, encodeJsonSegment, splitCompactJws } from './jws.ts'
import { MAX_JTI_LENGTH, MAX_PROOF_LENGTH } from './limits.ts'

/** The `typ` of every DPoP proof. */
export const DPOP_PROOF_TYP = 'dpop+jwt'

/** The JOSE header of a DPoP proof. */
export interface DPoPProofHeader {
  readonly typ: typeof DPOP_PROOF_TYP
  readonly alg: JwsAlgorithm
  readonly jwk: PublicJwk
}

/** The claims of a DPoP proof. */
export interface DPoPProofClaims {
  /** Unique identifier of this proof. */
  readonly jti: string
  /** The HTTP method, exactly as sent. */
  readonly htm: string
  /** The target URI without query and fragment. */
  readonly htu: string
  /** Time of making, in seconds since the epoch. */
  readonly iat: number
  /** SHA-256 of the access token that accompanies the proof. */
  readonly ath?: string | undefined
  /** The server's most recent nonce. */
  readonly nonce?: string | undefined
}

/** A well-formed DPoP proof of which nothing has been verified. */
export interface UnverifiedDPoPProof {
  readonly header: DPoPProofHeader
  readonly claims: DPoPProofClaims
  /** The ASCII text that was signed. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/**
 * Splits a `DPoP` field value into the segments of a compact JWS.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_TOO_LARGE`, `ERR_DPOP_PROOF_MALFORMED`.
 */
export function splitDPoPProof(proof: string): CompactJws {
  if (proof.length > MAX_PROOF_LENGTH) {
    throw refused('ERR_DPOP_PROOF_TOO_LARGE', 'size', { expected: MAX_PROOF_LENGTH, actual: proof.length })
  }
  return asMalformed(() => splitCompactJws(proof))
}

/**
 * Decodes and checks the JOSE header of a proof.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_MALFORMED`, `ERR_DPOP_PROOF_TYP`, `ERR_DPOP_PROOF_CRIT`, `ERR_DPOP_PROOF_ALG` (not an
 *   implemented asymmetric algorithm), `ERR_DPOP_PROOF_JWK` (absent, private, weak, of an unknown type, or not fit for `alg`).
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3 RFC 9449, section 4.3, checks 4, 5 and 7}
 */
export function decodeDPoPProofHeader(segment: string): { header: DPoPProofHeader; algorithm: AlgorithmEntry } {
  const header = parseDPoPProofHeader(segment)
  checkDPoPProofTyp(header)
  checkDPoPProofCrit(header)
  const algorithm = readDPoPProofAlgorithm(header)
  const jwk = readDPoPProofJwk(header, algorithm)
  return { header: { typ: DPOP_PROOF_TYP, alg: algorithm.alg, jwk }, algorithm }
}

/**
 * The first step of {@link decodeDPoPProofHeader}, for whoever takes them one by one: the header is a JSON object.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_MALFORMED`.
 */
export function parseDPoPProofHeader(segment: string): JsonMembers {
  return asMalformed(() => decodeJsonSegmentMembers(segment, 'header'))
}

/**
 * The header says that it is that of a DPoP proof.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_TYP`.
 */
export function checkDPoPProofTyp(header: JsonMembers): void {
  if (header('typ') !== DPOP_PROOF_TYP) {
    throw refused('ERR_DPOP_PROOF_TYP', 'typ', { expected: DPOP_PROOF_TYP, actual: header('typ') })
  }
}

/**
 * RFC 7515 section 4.1.11: a critical parameter that is not understood refuses the JWS. None is.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_CRIT`.
 */
export function checkDPoPProofCrit(header: JsonMembers): void {
  if (header('crit') !== undefined) throw refused('ERR_DPOP_PROOF_CRIT', 'crit')
}

/**
 * The table's entry of `alg`.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_ALG` for one that is not an implemented asymmetric algorithm.
 */
export function readDPoPProofAlgorithm(header: JsonMembers): AlgorithmEntry {
  const algorithm = algorithmOf(header('alg'))
  if (algorithm === undefined) throw refused('ERR_DPOP_PROOF_ALG', 'alg', { actual: header('alg') })
  return algorithm
}

/**
 * The public key in `jwk`, fit for the algorithm.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_JWK`.
 */
export function readDPoPProofJwk(header: JsonMembers, algorithm: AlgorithmEntry): PublicJwk {
  try {
    return readPublicJwk(header('jwk'), algorithm)
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw refused('ERR_DPOP_PROOF_JWK', cause.parameter ?? 'jwk', { reason: cause.reason, cause })
  }
}

/**
 * Decodes the claims of a proof and checks their presence and types, not their values. Unknown claims are ignored.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_MALFORMED`, `ERR_DPOP_PROOF_CLAIM_MISSING`, `ERR_DPOP_PROOF_CLAIM_INVALID`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3 RFC 9449, section 4.3, check 3}
 */
export function decodeDPoPProofClaims(segment: string): DPoPProofClaims {
  const payload = asMalformed(() => decodeJsonSegmentMembers(segment, 'payload'))
  const jti = stringClaim(payload, 'jti')
  if (jti.length > MAX_JTI_LENGTH) {
    throw refused('ERR_DPOP_PROOF_CLAIM_INVALID', 'jti', {
      reason: 'size',
      expected: MAX_JTI_LENGTH,
      actual: jti.length,
    })
  }
  const htm = stringClaim(payload, 'htm')
  const htu = stringClaim(payload, 'htu')
  const iat = payload('iat')
  if (iat === undefined) throw refused('ERR_DPOP_PROOF_CLAIM_MISSING', 'iat')
  if (typeof iat !== 'number')
    throw refused('ERR_DPOP_PROOF_CLAIM_INVALID', 'iat', { reason: 'type', expected: 'number' })
  const claims: { -readonly [Claim in keyof DPoPProofClaims]: DPoPProofClaims[Claim] } = { jti, htm, htu, iat }
  if (payload('ath') !== undefined) claims.ath = stringClaim(payload, 'ath')
  if (payload('nonce') !== undefined) claims.nonce = stringClaim(payload, 'nonce')
  return claims
}

/**
 * Decodes the signature of a proof.
 *
 * @throws {CountersignError} `ERR_DPOP_PROOF_MALFORMED`.
 */
export function decodeDPoPProofSignature(segment: string): Uint8Array<ArrayBuffer> {
  return asMalformed(() => decodeSignatureSegment(segment))
}

/**
 * Decodes a whole proof. Verifies nothing: no signature, time, method, URI, token, nonce or binding.
 *
 * @throws {CountersignError} What {@link splitDPoPProof}, {@link decodeDPoPProofHeader}, {@link decodeDPoPProofClaims} and
 *   {@link decodeDPoPProofSignature} throw.
 */
export function decodeDPoPProof(proof: string): UnverifiedDPoPProof {
  const jws = splitDPoPProof(proof)
  return {
    header: decodeDPoPProofHeader(jws.header).header,
    claims: decodeDPoPProofClaims(jws.payload),
    signingInput: jws.signingInput,
    signature: decodeDPoPProofSignature(jws.signature),
  }
}

/** Encodes the JOSE header of a proof: the same text for every proof by one key, so a signer makes it once. */
export function encodeDPoPProofHeader(alg: JwsAlgorithm, jwk: PublicJwk): string {
  return encodeJsonSegment({ typ: DPOP_PROOF_TYP, alg, jwk })
}

/** Encodes the claims of a proof. */
export function encodeDPoPProofClaims(claims: DPoPProofClaims): string {
  const { jti, htm, htu, iat, ath, nonce } = claims
  return encodeJsonSegment({ jti, htm, htu, iat, ath, nonce })
}

function stringClaim(payload: JsonMembers, name: string): string {
  const value = payload(name)
  if (value === undefined) throw refused('ERR_DPOP_PROOF_CLAIM_MISSING', name)
  if (typeof value !== 'string')
    throw refused('ERR_DPOP_PROOF_CLAIM_INVALID', name, { reason: 'type', expected: 'string' })
  if (value === '') throw refused('ERR_DPOP_PROOF_CLAIM_INVALID', name, { reason: 'empty' })
  return value
}

function asMalformed<Result>(decode: () => Result): Result {
  try {
    return decode()
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw refused('ERR_DPOP_PROOF_MALFORMED', cause.parameter ?? 'proof', { reason: cause.reason, cause })
  }
}

function refused(
  code: RefusalCode,
  parameter: string,
  details: { reason?: string | undefined; expected?: unknown; actual?: unknown; cause?: unknown } = {},
): CountersignError {
  return refusal(code, `The DPoP proof is refused for its ${parameter}`, { parameter, ...details })
}
