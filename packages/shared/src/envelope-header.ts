// The protected header of a request envelope (spec/request-envelope.md, "Protected header"): its types, its encoding,
// and its decoding without trust. The segments come from `splitEnvelope`; a decoded header says what its sender claims.

import type { AlgorithmEntry, JwsAlgorithm } from './algorithms.ts'
import { algorithmOf } from './algorithms.ts'
import { asMalformed, refused } from './envelope-refusal.ts'
import { isCountersignError } from './errors.ts'
import type { ParameterReason } from './header-parameters.ts'
import { readCreated, readString } from './header-parameters.ts'
import type { JsonMembers } from './json.ts'
import type { PublicJwk } from './jwk.ts'
import { readPublicJwk } from './jwk.ts'
import type { CompactJws } from './jws.ts'
import { decodeJsonSegmentMembers, encodeJsonSegment } from './jws.ts'
import { MAX_CTY_LENGTH, MAX_JTI_LENGTH, MAX_NONCE_LENGTH } from './limits.ts'
import { mediaTypeEssence } from './media-type.ts'
import { isNonce } from './nonce.ts'

/** The `typ` of an attached envelope: its payload is the content, or empty. */
export const ATTACHED_ENVELOPE_TYP = 'gnap-binding-jws'

/** The `typ` of a detached envelope: its payload is the SHA-256 of the content, or empty. */
export const DETACHED_ENVELOPE_TYP = 'gnap-binding-jwsd'

/** The media type of content that is an attached or sealed envelope. */
export const ENVELOPE_MEDIA_TYPE = 'application/jose'

/** The media type of the JSON serialisations, which are not used. */
const JSON_SERIALISATION_MEDIA_TYPE = 'application/jose+json'

/** Where an envelope travels: in the `Detached-JWS` field, or as the content of the request. */
export type EnvelopeCarrier = 'field' | 'content'

/** The segments of an envelope, still encoded, and where they came from. */
export interface EnvelopeSegments extends CompactJws {
  readonly carrier: EnvelopeCarrier
}

/** The protected header of a request envelope. */
export interface EnvelopeHeader {
  readonly typ: typeof ATTACHED_ENVELOPE_TYP | typeof DETACHED_ENVELOPE_TYP
  readonly alg: JwsAlgorithm
  /** The thumbprint of `jwk`. */
  readonly kid: string
  readonly jwk: PublicJwk
  /** The HTTP method, exactly as sent. */
  readonly htm: string
  /** The target URI with its query, without fragment. */
  readonly uri: string
  /** Time of signing, in whole seconds since the epoch. */
  readonly created: number
  /** SHA-256 of the access token that accompanies the envelope. */
  readonly ath: string
  /** Unique identifier of this envelope. */
  readonly jti: string
  /** The server's most recent nonce. */
  readonly nonce?: string
  /** The media type of the content. */
  readonly cty?: string
}

/**
 * The protected header of a plain key proof of RFC 9635, sections 7.3.3 and 7.3.4. Its key is the one that the verifier
 * expects.
 */
export interface GnapEnvelopeHeader extends Omit<EnvelopeHeader, 'jwk' | 'jti'> {
  /** The `kid` of the key that the access token is bound to. */
  readonly kid: string
  readonly jti?: string
}

/** A decoded header and the table's entry of its `alg`. */
export interface DecodedEnvelopeHeader<Header = EnvelopeHeader> {
  readonly header: Header
  readonly algorithm: AlgorithmEntry
}

/** How to decode a header. */
export interface EnvelopeHeaderOptions {
  /**
   * `gnap` also reads plain key proofs of RFC 9635: `jwk` is ignored, and `jti` and `cty` may be absent. Omitted, the
   * whole of spec/request-envelope.md is asked for.
   */
  readonly profile?: 'gnap' | undefined
}

/**
 * Decodes and checks the protected header of an envelope. Parameters that are not listed in {@link EnvelopeHeader} are
 * ignored.
 *
 * Checks presence, type, size and grammar, and that `typ` fits the carrier. What has one right value is not compared
 * with it: the verifier compares `alg` with the algorithms it accepts, `kid` with the thumbprint of `jwk` (which is a
 * digest, and asynchronous on the web), `htm`, `uri` and `ath` with the request, `cty` with its `Content-Type`,
 * `created` with the clock, `nonce` with those it issued. Whether a `nonce` is required it knows alone, and so it does
 * whether a detached envelope needs a `cty`.
 *
 * @throws {CountersignError} In this order: `ERR_ENVELOPE_MALFORMED`; `ERR_ENVELOPE_TYP`; `ERR_ENVELOPE_CRIT` for a
 *   `crit` or `b64` of any value; `ERR_ENVELOPE_ALG` (not an implemented asymmetric algorithm); `ERR_ENVELOPE_JWK`
 *   (absent, private, weak, of an unknown type, or not fit for `alg`); for the others `ERR_ENVELOPE_PARAMETER_MISSING`,
 *   or `ERR_ENVELOPE_PARAMETER_INVALID`, whose `reason` is one of `type`, `empty`, `size`, `range`, `grammar`.
 * @see spec/request-envelope.md, "Protected header" and "Verification", step 4
 */
export function decodeEnvelopeHeader(
  segments: EnvelopeSegments,
  options?: { readonly profile?: undefined },
): DecodedEnvelopeHeader
export function decodeEnvelopeHeader(
  segments: EnvelopeSegments,
  options: { readonly profile: 'gnap' },
): DecodedEnvelopeHeader<GnapEnvelopeHeader>
export function decodeEnvelopeHeader(
  segments: EnvelopeSegments,
  options?: EnvelopeHeaderOptions,
): DecodedEnvelopeHeader<EnvelopeHeader | GnapEnvelopeHeader>
export function decodeEnvelopeHeader(
  segments: EnvelopeSegments,
  { profile }: EnvelopeHeaderOptions = {},
): DecodedEnvelopeHeader<EnvelopeHeader | GnapEnvelopeHeader> {
  const header = asMalformed(() => decodeJsonSegmentMembers(segments.header, 'header'))
  const typ = readTyp(header, segments)
  for (const name of ['crit', 'b64']) if (header(name) !== undefined) throw refused('ERR_ENVELOPE_CRIT', name)
  const algorithm = algorithmOf(header('alg'))
  if (algorithm === undefined) throw refused('ERR_ENVELOPE_ALG', 'alg', { actual: header('alg') })
  const jwk = profile === 'gnap' ? undefined : readEnvelopeJwk(header('jwk'), algorithm)
  const needsCty = typ === ATTACHED_ENVELOPE_TYP && segments.payload !== '' && profile !== 'gnap'
  return {
    header: {
      typ,
      alg: algorithm.alg,
      kid: readString(header, 'kid', invalid),
      ...(jwk !== undefined && { jwk }),
      htm: readString(header, 'htm', invalid),
      uri: readString(header, 'uri', invalid),
      created: readCreated(header, invalid),
      ath: readString(header, 'ath', invalid),
      ...((profile !== 'gnap' || header('jti') !== undefined) && {
        jti: readString(header, 'jti', invalid, MAX_JTI_LENGTH),
      }),
      ...(header('nonce') !== undefined && { nonce: readNonce(header) }),
      ...((needsCty || header('cty') !== undefined) && { cty: readCty(header) }),
    },
    algorithm,
  }
}

/**
 * Encodes the protected header of an envelope, with its parameters in the order of the specification and no others.
 *
 * Does not check them: the signer puts together what {@link decodeEnvelopeHeader} will accept.
 */
export function encodeEnvelopeHeader(header: EnvelopeHeader | GnapEnvelopeHeader): string {
  const { typ, alg, kid, jwk, htm, uri, created, ath, jti, nonce, cty } = header as EnvelopeHeader
  return encodeJsonSegment({ typ, alg, kid, jwk, htm, uri, created, ath, jti, nonce, cty })
}

/** `gnap-binding-jwsd` comes in `Detached-JWS` only, `gnap-binding-jws` in the content or with an empty payload. */
function readTyp(header: JsonMembers, { carrier, payload }: EnvelopeSegments): EnvelopeHeader['typ'] {
  const typ = header('typ')
  const detached = typ === DETACHED_ENVELOPE_TYP && carrier === 'field'
  if (detached || (typ === ATTACHED_ENVELOPE_TYP && (carrier === 'content' || payload === ''))) return typ
  const expected = carrier === 'field' ? DETACHED_ENVELOPE_TYP : ATTACHED_ENVELOPE_TYP
  throw refused('ERR_ENVELOPE_TYP', 'typ', { expected, actual: typ })
}

function readEnvelopeJwk(value: unknown, algorithm: AlgorithmEntry): PublicJwk {
  try {
    return readPublicJwk(value, algorithm)
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    throw refused('ERR_ENVELOPE_JWK', cause.parameter ?? 'jwk', { reason: cause.reason, cause })
  }
}

function readNonce(header: JsonMembers): string {
  const nonce = readString(header, 'nonce', invalid, MAX_NONCE_LENGTH)
  if (!isNonce(nonce)) throw invalid('nonce', 'grammar')
  return nonce
}

function readCty(header: JsonMembers): string {
  const cty = readString(header, 'cty', invalid, MAX_CTY_LENGTH)
  const essence = mediaTypeEssence(cty)
  if (essence === undefined || essence === ENVELOPE_MEDIA_TYPE || essence === JSON_SERIALISATION_MEDIA_TYPE) {
    throw invalid('cty', 'grammar', undefined, cty)
  }
  return cty
}

function invalid(parameter: string, reason: ParameterReason, expected?: unknown, actual?: unknown) {
  if (reason === 'missing') return refused('ERR_ENVELOPE_PARAMETER_MISSING', parameter)
  return refused('ERR_ENVELOPE_PARAMETER_INVALID', parameter, { reason, expected, actual })
}
