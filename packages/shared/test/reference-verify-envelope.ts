// The steps 3 to 8 of spec/request-envelope.md written out plainly, for the vectors: the shared functions, WebCrypto
// and comparisons, nothing cached and nothing clever. The server's verifier is tested against the same vectors by
// itself.

import type {
  AlgorithmEntry,
  EnvelopeCarrier,
  EnvelopeHeader,
  EnvelopePayload,
  ErrorCode,
  GnapEnvelopeHeader,
  PublicJwk,
} from '@countersign/shared'
import {
  CountersignError,
  computeAth,
  computeEnvelopeDigest,
  decodeBase64url,
  decodeEnvelopeHeader,
  decodeEnvelopePayload,
  isCountersignError,
  normalizeTargetUri,
  readPublicJwk,
  splitEnvelope,
  thumbprint,
  webCryptoParameters,
} from '@countersign/shared'

/** The header of either profile; `jwk` is there unless the profile is `gnap`. */
type Header = GnapEnvelopeHeader & Partial<EnvelopeHeader>

/** What a resource server knows when an envelope arrives. */
export interface EnvelopeVerification {
  readonly nowSeconds: number
  readonly profile?: 'gnap'
  readonly carrier: EnvelopeCarrier
  readonly request: {
    readonly method: string
    readonly uri: string
    readonly contentType?: string
    /** The content in base64url, unless it is the envelope. */
    readonly content?: string
  }
  readonly accessToken: string
  /** The thumbprint that the access token is bound to. */
  readonly jkt?: string
  /** With profile `gnap`, the key that the access token is bound to. */
  readonly key?: Readonly<Record<string, unknown>>
  /** `off`, or the one nonce that is valid. */
  readonly nonce: string
  readonly envelope: string
  readonly allowedAlgorithms: readonly string[]
  readonly maxAgeSeconds: number
  readonly maxFutureSeconds: number
}

/** What the application sees in the place of an envelope that was the content of the request. */
export interface OpenedContent {
  readonly content: Uint8Array
  readonly contentType: string
}

/** Verifies an envelope, or throws the error of the first check that fails. */
export async function referenceVerifyEnvelope(verification: EnvelopeVerification): Promise<OpenedContent | undefined> {
  const { envelope, carrier, profile, request, accessToken, allowedAlgorithms } = verification
  const segments = splitEnvelope(envelope, carrier)
  const decoded = decodeEnvelopeHeader(segments, { profile })
  const header: Header = decoded.header
  check(allowedAlgorithms.includes(header.alg), 'ERR_ENVELOPE_ALG')
  const { jwk, bound } = await expectedKey(header, decoded.algorithm, verification)
  check(header.htm === request.method, 'ERR_ENVELOPE_HTM_MISMATCH')
  check(isSameTarget(header.uri, request.uri), 'ERR_ENVELOPE_URI_MISMATCH')
  if (segments.payload === '') check(header.cty === undefined, 'ERR_ENVELOPE_CTY_MISMATCH')
  else if (carrier === 'field') checkMediaType(header, verification)
  checkFreshness(header, verification)
  check(header.ath === (await computeAth(accessToken)), 'ERR_ENVELOPE_ATH_MISMATCH')
  const payload = decodeEnvelopePayload(segments)
  check(bound, 'ERR_TOKEN_BINDING_MISMATCH')
  const key = await importKey(jwk, decoded.algorithm)
  const octets = decodeBase64url(segments.signature)
  const signed = new TextEncoder().encode(segments.signingInput)
  const { signParameters } = webCryptoParameters(decoded.algorithm)
  check(await crypto.subtle.verify(signParameters, key, octets, signed), 'ERR_ENVELOPE_SIGNATURE')
  if (payload.kind === 'content') return { content: payload.content, contentType: header.cty ?? 'application/json' }
  await checkContent(payload, decodeBase64url(request.content ?? ''))
  return undefined
}

/** The key to verify with, and whether the access token is bound to it. */
async function expectedKey(
  { kid, jwk }: Header,
  algorithm: AlgorithmEntry,
  { key, jkt }: EnvelopeVerification,
): Promise<{ jwk: PublicJwk; bound: boolean }> {
  if (key !== undefined) {
    check(key['alg'] === algorithm.alg, 'ERR_ENVELOPE_ALG')
    check(key['kid'] === kid, 'ERR_ENVELOPE_KID_MISMATCH')
    return { jwk: readPublicJwk(key, algorithm), bound: true }
  }
  const own = await thumbprint(jwk as PublicJwk)
  check(kid === own, 'ERR_ENVELOPE_KID_MISMATCH')
  return { jwk: jwk as PublicJwk, bound: jkt === own }
}

/**
 * For content beside its envelope. The `cty` of attached content is demanded when the header is decoded, and compared
 * with nothing.
 */
function checkMediaType({ cty }: Header, { profile, request }: EnvelopeVerification): void {
  if (cty === undefined && profile === 'gnap') return
  const contentType = request.contentType?.replace(/^[\t ]+|[\t ]+$/g, '')
  check(contentType === undefined || cty !== undefined, 'ERR_ENVELOPE_PARAMETER_MISSING')
  check(cty === contentType, 'ERR_ENVELOPE_CTY_MISMATCH')
}

function checkFreshness({ created, nonce }: Header, { nonce: expected, profile, ...rest }: EnvelopeVerification): void {
  if (expected !== 'off' && (nonce !== undefined || profile !== 'gnap')) {
    check(nonce !== undefined, 'ERR_DPOP_NONCE_REQUIRED')
    check(nonce === expected, 'ERR_DPOP_NONCE_INVALID')
    return
  }
  check(created >= rest.nowSeconds - rest.maxAgeSeconds, 'ERR_ENVELOPE_EXPIRED')
  check(created <= rest.nowSeconds + rest.maxFutureSeconds, 'ERR_ENVELOPE_NOT_YET_VALID')
}

/** A `uri` that cannot be compared was made for another URI than this one. */
function isSameTarget(signed: string, uri: string): boolean {
  const expected = normalizeTargetUri(uri)
  try {
    return normalizeTargetUri(signed) === expected
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return false
  }
}

async function checkContent(payload: EnvelopePayload, content: Uint8Array<ArrayBuffer>): Promise<void> {
  const digest = payload.kind === 'digest' ? payload.digest : ''
  check(digest === (await computeEnvelopeDigest(content)), 'ERR_ENVELOPE_CONTENT_MISMATCH')
}

/** WebCrypto refuses a point that is not on its curve. */
async function importKey(jwk: PublicJwk, algorithm: AlgorithmEntry): Promise<CryptoKey> {
  try {
    const parameters = webCryptoParameters(algorithm).keyParameters as unknown as EcKeyImportParams
    return await crypto.subtle.importKey('jwk', { ...jwk }, parameters, false, ['verify'])
  } catch (cause) {
    throw new CountersignError('ERR_ENVELOPE_JWK', 'The key cannot be imported', { cause })
  }
}

function check(condition: boolean, code: ErrorCode): asserts condition {
  if (!condition) throw new CountersignError(code, 'The envelope does not verify')
}
