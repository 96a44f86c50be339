// DPoP proofs: the checks of RFC 9449 section 4.3 that need no cryptography, in the order of their cost.
// The proof is attacker-controlled throughout; each member is read once, by the strict decoders of @countersign/shared.

import type { CompactJws, DPoPProofClaims } from '@countersign/shared'
import {
  CountersignError,
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeDPoPProofSignature,
  isCountersignError,
  normalizeHtu,
  splitDPoPProof,
  thumbprintInput,
} from '@countersign/shared'
import { shownUri } from '../diagnostics.ts'
import { sha256 } from '../hash.ts'
import type { OpenedProof, ProofContext, ProofKind } from './proof-kind.ts'

/** What is shown of an `htm` that is another: something else may have been put there by mistake, even a token. */
const METHOD = /^[A-Za-z-]{1,32}$/

/** The DPoP proof of RFC 9449. It covers the method, the URI without its query, the token, and the server's nonce. */
export const dpop: ProofKind = {
  kind: 'dpop',

  detect: ({ proof }) => proof,

  open(proof, context) {
    const jws = splitDPoPProof(proof) // checks 1 and 2
    const header = openHeader(jws, context) // checks 4, 5 and 7
    const claims = decodeDPoPProofClaims(jws.payload) // check 3
    checkMethod(claims, context) // check 8
    checkUri(claims, context) // check 9
    const acceptableUntil = checkFreshness(claims, context) // checks 10 and 11
    checkToken(claims, context) // check 12a
    return {
      ...header,
      headerSegment: jws.header,
      signingInput: jws.signingInput,
      signature: decodeDPoPProofSignature(jws.signature),
      jti: claims.jti,
      nonce: claims.nonce,
      acceptableUntil,
    }
  },
}

/** The header of the proof that came with this token before needs no second look: the same text was found good. */
function openHeader(jws: CompactJws, context: ProofContext): Pick<OpenedProof, 'algorithm' | 'jkt' | 'known' | 'jwk'> {
  const { known } = context
  if (known !== undefined && known.headerSegment === jws.header) {
    return { algorithm: known.algorithm, jkt: known.jkt, known, jwk: undefined }
  }
  const { header, algorithm } = decodeDPoPProofHeader(jws.header)
  if (!context.algorithms.has(header.alg)) {
    throw refused('ERR_DPOP_PROOF_ALG', 'alg', [...context.algorithms], header.alg)
  }
  return { algorithm, jkt: sha256(thumbprintInput(header.jwk)), known: undefined, jwk: header.jwk }
}

function checkMethod({ htm }: DPoPProofClaims, { method }: ProofContext): void {
  // Methods are case-sensitive (RFC 9110 section 9.1).
  if (htm !== method) throw refused('ERR_DPOP_PROOF_HTM_MISMATCH', 'htm', method, METHOD.test(htm) ? htm : 'no method')
}

function checkUri({ htu }: DPoPProofClaims, { targets, path }: ProofContext): void {
  if (!targets.matches(normalizedOrNothing(htu), path)) {
    throw refused('ERR_DPOP_PROOF_HTU_MISMATCH', 'htu', targets.uriOf(path), shownUri(htu))
  }
}

/** An `htu` that cannot be compared names no URI of ours. */
function normalizedOrNothing(htu: string): string {
  try {
    return normalizeHtu(htu)
  } catch (error) {
    if (!isCountersignError(error, 'ERR_HTU_INVALID')) throw error
    return ''
  }
}

/**
 * Checks that the proof is recent: by the time in our own nonce where nonces are on, else by `iat`.
 *
 * @returns The second until which it is.
 */
function checkFreshness(claims: DPoPProofClaims, { nonces, now, window }: ProofContext): number {
  if (nonces !== undefined) {
    if (claims.nonce === undefined) throw refused('ERR_DPOP_NONCE_REQUIRED', 'nonce')
    const verdict = nonces.check(claims.nonce)
    if (verdict === 'invalid') throw refused('ERR_DPOP_NONCE_INVALID', 'nonce')
    if (verdict === 'expired') throw refused('ERR_DPOP_NONCE_EXPIRED', 'nonce')
    return verdict.issuedAt + nonces.ttlSeconds
  }
  const { iat } = claims
  if (iat < now - window.pastSeconds) throw refused('ERR_DPOP_PROOF_EXPIRED', 'iat', now, iat)
  if (iat > now + window.futureSeconds) throw refused('ERR_DPOP_PROOF_NOT_YET_VALID', 'iat', now, iat)
  return iat + window.pastSeconds
}

function checkToken({ ath }: DPoPProofClaims, context: ProofContext): void {
  if (ath === undefined) throw refused('ERR_DPOP_PROOF_CLAIM_MISSING', 'ath')
  // Neither side is secret: both are hashes of what the caller itself sent.
  if (ath !== context.ath) throw refused('ERR_DPOP_PROOF_ATH_MISMATCH', 'ath')
}

function refused(
  code: `ERR_DPOP_${string}` & ConstructorParameters<typeof CountersignError>[0],
  parameter: string,
  expected?: unknown,
  actual?: unknown,
): CountersignError {
  return new CountersignError(code, `The DPoP proof is refused for its ${parameter}`, { parameter, expected, actual })
}
