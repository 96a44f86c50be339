// @countersign/shared: what both ends of the wire must agree on, byte for byte. No I/O, no state, no Node modules.

// RFC 7515, 7517, 7518, 7638
export type { AlgorithmEntry, JwsAlgorithm } from './algorithms.ts'
export { algorithmOf, jwsAlgorithms } from './algorithms.ts'
// Signed answers, spec/request-envelope.md
export type { AnswerHeader, UnverifiedAnswer } from './answer.ts'
export { ANSWER_TYP, computeEnvelopeHash, decodeAnswer, encodeAnswerHeader } from './answer.ts'
export { isAnswerField } from './answer-field.ts'
// RFC 9449
export { computeAth } from './ath.ts'
// RFC 4648 and RFC 8259, strictly
export { decodeBase64url, decodeBase64urlToBinary, encodeBase64url, isBase64url } from './base64url.ts'
// RFC 9110 section 11, RFC 9457
export type { Challenge } from './challenge.ts'
export { formatChallenges, parseChallenges } from './challenge.ts'
export type { DPoPProofClaims, DPoPProofHeader, UnverifiedDPoPProof } from './dpop-proof.ts'
export {
  checkDPoPProofCrit,
  checkDPoPProofTyp,
  DPOP_PROOF_TYP,
  decodeDPoPProof,
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeDPoPProofSignature,
  encodeDPoPProofClaims,
  encodeDPoPProofHeader,
  parseDPoPProofHeader,
  readDPoPProofAlgorithm,
  readDPoPProofJwk,
  splitDPoPProof,
} from './dpop-proof.ts'
// Request envelopes, RFC 9635 section 7.3
export type {
  DecodedEnvelopeHeader,
  EnvelopeCarrier,
  EnvelopeHeader,
  EnvelopeHeaderOptions,
  EnvelopeSegments,
  GnapEnvelopeHeader,
} from './envelope-header.ts'
export {
  ATTACHED_ENVELOPE_TYP,
  DETACHED_ENVELOPE_TYP,
  decodeEnvelopeHeader,
  ENVELOPE_MEDIA_TYPE,
  encodeEnvelopeHeader,
} from './envelope-header.ts'
// Errors and limits
export type { ErrorCode, ErrorEntry, ErrorFamily, OAuthError, RefusalCode } from './error-table.ts'
export { errorTable } from './error-table.ts'
export type { ErrorDetails } from './errors.ts'
export { CountersignError, isCountersignError, refusal, withoutStack } from './errors.ts'
export type { Evidence, EvidenceReport, ExpectedEvidence } from './evidence.ts'
export { verifyEvidence } from './evidence.ts'
export { normalizeHtu } from './htu.ts'
export type { JsonMembers, JsonObject, JsonValue } from './json.ts'
export { isJsonObject, parseJson, parseJsonBytes, parseJsonObject } from './json.ts'
export type { AkpPublicJwk, EcPublicJwk, OkpPublicJwk, PublicJwk, RsaPublicJwk } from './jwk.ts'
export { jwkFits, publicMembersOf, readPublicJwk } from './jwk.ts'
export type { CompactJws } from './jws.ts'
export {
  decodeJsonSegment,
  decodeSignatureSegment,
  encodeJsonSegment,
  splitCompactJws,
} from './jws.ts'
export type { EnvelopePayload, UnverifiedEnvelope } from './jws-envelope.ts'
export { computeEnvelopeDigest, decodeEnvelope, decodeEnvelopePayload, splitEnvelope } from './jws-envelope.ts'
export type { SignedText } from './jws-signature.ts'
export { verifyJwsSignature } from './jws-signature.ts'
export * as limits from './limits.ts'
export { mediaTypeEssence } from './media-type.ts'
export { isNonce } from './nonce.ts'
// Options
export { checkOptionNames, invalidOption } from './options.ts'
export type { ProblemDetails } from './problem.ts'
export { errorDocumentation, PROBLEM_MEDIA_TYPE } from './problem.ts'
export type { SealHeader, SealSegments } from './seal.ts'
export { decodeSealHeader, decodeSealPlaintext, isSealed, splitSeal } from './seal.ts'
export type { SealAlgorithm, SealJwk, SealKey } from './seal-key.ts'
export { readSealKey, sealAlgorithms } from './seal-key.ts'
export { secureUrl } from './secure-url.ts'
export { normalizeTargetUri } from './target-uri.ts'
export { thumbprint, thumbprintInput } from './thumbprint.ts'
export type { WebCryptoParameters } from './web-crypto.ts'
export { webCryptoParameters } from './web-crypto.ts'
