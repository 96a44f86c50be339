// The JWS compact serialisation, RFC 7515 section 7.1, decoded strictly and without trust.

import { decodeBase64url, decodeBase64urlToBinary, encodeBase64url } from './base64url.ts'
import { isCountersignError, refusal } from './errors.ts'
import type { JsonMembers, JsonObject } from './json.ts'
import { parseJsonMembersOfBinary, parseJsonObjectOfBinary } from './json.ts'

/** The three segments of a compact JWS, still encoded, and where the signing input ends. */
export interface CompactJws {
  readonly header: string
  readonly payload: string
  readonly signature: string
  /** `header.payload`, the ASCII text that is signed (RFC 7515 section 5.1). */
  readonly signingInput: string
}

/**
 * Splits a compact JWS into its segments. Does not decode them: their alphabet is checked when they are decoded.
 *
 * @throws {CountersignError} `ERR_JWS_INVALID` with reason `segments` unless there are exactly three.
 */
export function splitCompactJws(text: string): CompactJws {
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first === -1 || second === -1 || text.includes('.', second + 1)) {
    throw refusal('ERR_JWS_INVALID', 'A compact JWS has exactly three segments', { reason: 'segments' })
  }
  return {
    header: text.slice(0, first),
    payload: text.slice(first + 1, second),
    signature: text.slice(second + 1),
    signingInput: text.slice(0, second),
  }
}

/**
 * Decodes a segment that holds a JSON object: the protected header, or the payload of a JWT.
 *
 * @param parameter - What the segment is, for the error.
 * @throws {CountersignError} `ERR_JWS_INVALID`; `reason` is `base64url` or that of the JSON parser.
 */
export function decodeJsonSegment(segment: string, parameter: 'header' | 'payload'): JsonObject {
  return decodeSegment(segment, parameter, parseJsonObjectOfBinary)
}

/**
 * As {@link decodeJsonSegment}, for whoever reads a few members: nothing is copied.
 *
 * @throws {CountersignError} `ERR_JWS_INVALID`, as {@link decodeJsonSegment}.
 */
export function decodeJsonSegmentMembers(segment: string, parameter: 'header' | 'payload'): JsonMembers {
  return decodeSegment(segment, parameter, parseJsonMembersOfBinary)
}

function decodeSegment<Parsed>(segment: string, parameter: string, parse: (binary: string) => Parsed): Parsed {
  try {
    return parse(decodeBase64urlToBinary(segment))
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    const reason = cause.code === 'ERR_BASE64URL_INVALID' ? 'base64url' : cause.reason
    throw refusal('ERR_JWS_INVALID', `The ${parameter} of the JWS is malformed`, {
      parameter,
      reason,
      cause,
    })
  }
}

/**
 * Decodes the signature segment.
 *
 * @throws {CountersignError} `ERR_JWS_INVALID` with reason `base64url`, or `empty` (an unsecured JWS has an empty signature).
 */
export function decodeSignatureSegment(segment: string): Uint8Array<ArrayBuffer> {
  const parameter = 'signature'
  if (segment === '') {
    throw refusal('ERR_JWS_INVALID', 'The JWS has no signature', { parameter, reason: 'empty' })
  }
  try {
    return decodeBase64url(segment)
  } catch (cause) {
    throw refusal('ERR_JWS_INVALID', 'The signature is malformed', {
      parameter,
      reason: 'base64url',
      cause,
    })
  }
}

/** Encodes a header or payload as a segment. */
export function encodeJsonSegment(object: Readonly<Record<string, unknown>>): string {
  return encodeBase64url(JSON.stringify(object))
}
