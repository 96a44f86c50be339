// A request envelope as a compact JWS (spec/request-envelope.md, "Serialisations"): its segments, its payload, and its
// decoding without trust. Only a verifier that has made every check of the specification may believe a decoded
// envelope.

import { decodeBase64url, isBase64url } from './base64url.ts'
import type {
  EnvelopeCarrier,
  EnvelopeHeader,
  EnvelopeHeaderOptions,
  EnvelopeSegments,
  GnapEnvelopeHeader,
} from './envelope-header.ts'
import { decodeEnvelopeHeader } from './envelope-header.ts'
import { asMalformed, refused } from './envelope-refusal.ts'
import { splitCompactJws } from './jws.ts'
import { MAX_DETACHED_JWS_LENGTH, MAX_ENVELOPE_HEADER_LENGTH } from './limits.ts'
import { sha256Base64url } from './sha256.ts'

/** What the payload of an envelope says of the content of the request. */
export type EnvelopePayload =
  /** There is none. */
  | { readonly kind: 'none' }
  /** It has this SHA-256, in base64url. */
  | { readonly kind: 'digest'; readonly digest: string }
  /** It is this. */
  | { readonly kind: 'content'; readonly content: Uint8Array<ArrayBuffer> }

/** A well-formed envelope of which nothing has been verified. */
export interface UnverifiedEnvelope<Header = EnvelopeHeader> {
  readonly header: Header
  readonly payload: EnvelopePayload
  /** The ASCII text that was signed. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Length of the SHA-256 of anything, in characters of base64url. */
export const DIGEST_LENGTH = 43
/** The SHA-256 of the empty text. No content is an empty payload, never this. */
export const DIGEST_OF_NOTHING = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'

/**
 * Splits an envelope into segments and checks their shape: canonical base64url, a signature that is not empty and, in
 * `Detached-JWS`, a payload that is empty or as long as a digest.
 *
 * Does not decode the header. Does not bound the whole of an envelope in the content: whoever reads that knows the
 * configured limit. Five segments are a sealed envelope and are refused here like any other number than three.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_DUPLICATE` for a field with a comma, which is two that were joined;
 *   `ERR_ENVELOPE_TOO_LARGE` for a field or a header beyond its limit; `ERR_ENVELOPE_MALFORMED`, whose `reason` is one
 *   of `segments`, `base64url`, `empty`, `size`.
 * @see spec/request-envelope.md, "Verification", step 3
 */
export function splitEnvelope(text: string, carrier: EnvelopeCarrier): EnvelopeSegments {
  if (carrier === 'field') checkField(text)
  const jws = asMalformed(() => splitCompactJws(text))
  const { header, payload, signature } = jws
  if (header.length > MAX_ENVELOPE_HEADER_LENGTH) {
    throw refused('ERR_ENVELOPE_TOO_LARGE', 'header', { expected: MAX_ENVELOPE_HEADER_LENGTH, actual: header.length })
  }
  for (const [name, segment] of Object.entries({ header, payload, signature })) {
    if (!isBase64url(segment)) throw refused('ERR_ENVELOPE_MALFORMED', name, { reason: 'base64url' })
  }
  if (signature === '') throw refused('ERR_ENVELOPE_MALFORMED', 'signature', { reason: 'empty' })
  if (carrier === 'field' && payload !== '' && payload.length !== DIGEST_LENGTH) {
    const details = { reason: 'size', expected: DIGEST_LENGTH, actual: payload.length }
    throw refused('ERR_ENVELOPE_MALFORMED', 'payload', details)
  }
  return { ...jws, carrier }
}

/**
 * Decodes the payload of an envelope. Does not compare it with the content that was received, and does not look into
 * that content.
 *
 * @param segments - What {@link splitEnvelope} returned.
 * @throws {CountersignError} `ERR_ENVELOPE_CONTENT_MISMATCH`; `reason` is `digest_of_nothing` for the digest of no
 *   content, `empty` for an envelope in the content that has none.
 * @see spec/request-envelope.md, "Serialisations"
 */
export function decodeEnvelopePayload({ carrier, payload }: EnvelopeSegments): EnvelopePayload {
  if (carrier === 'content') {
    if (payload === '') throw refused('ERR_ENVELOPE_CONTENT_MISMATCH', 'payload', { reason: 'empty' })
    return { kind: 'content', content: decodeBase64url(payload) }
  }
  if (payload === '') return { kind: 'none' }
  if (payload === DIGEST_OF_NOTHING) {
    throw refused('ERR_ENVELOPE_CONTENT_MISMATCH', 'payload', { reason: 'digest_of_nothing' })
  }
  return { kind: 'digest', digest: payload }
}

/**
 * Decodes a whole envelope. Verifies nothing: no signature, time, method, URI, token, nonce, key, media type or
 * content.
 *
 * @throws {CountersignError} What {@link splitEnvelope}, {@link decodeEnvelopeHeader} and {@link decodeEnvelopePayload}
 *   throw.
 */
export function decodeEnvelope(
  text: string,
  carrier: EnvelopeCarrier,
  options?: { readonly profile?: undefined },
): UnverifiedEnvelope
export function decodeEnvelope(
  text: string,
  carrier: EnvelopeCarrier,
  options: EnvelopeHeaderOptions,
): UnverifiedEnvelope<EnvelopeHeader | GnapEnvelopeHeader>
export function decodeEnvelope(
  text: string,
  carrier: EnvelopeCarrier,
  options: EnvelopeHeaderOptions = {},
): UnverifiedEnvelope<EnvelopeHeader | GnapEnvelopeHeader> {
  const segments = splitEnvelope(text, carrier)
  return {
    header: decodeEnvelopeHeader(segments, options).header,
    payload: decodeEnvelopePayload(segments),
    signingInput: segments.signingInput,
    signature: decodeBase64url(segments.signature),
  }
}

/**
 * The payload segment of a detached envelope: the SHA-256 of the content in base64url, or empty if there is no content.
 *
 * The content is what is sent, after any content coding and before any transfer coding.
 */
export async function computeEnvelopeDigest(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return content.length === 0 ? '' : sha256Base64url(content)
}

function checkField(text: string): void {
  if (text.includes(',')) throw refused('ERR_ENVELOPE_DUPLICATE', 'Detached-JWS')
  if (text.length > MAX_DETACHED_JWS_LENGTH) {
    const details = { expected: MAX_DETACHED_JWS_LENGTH, actual: text.length }
    throw refused('ERR_ENVELOPE_TOO_LARGE', 'Detached-JWS', details)
  }
}
