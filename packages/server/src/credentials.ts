// Reading credentials from the raw header fields. Node joins repeated fields or silently keeps the first; a request whose
// credentials can be read in two ways is refused, so the parsed headers are never consulted.

import type { CountersignError } from '@countersign/shared'
import { refusal } from '@countersign/shared'
import { trimmed } from './field-value.ts'

/** Header fields as Node's `rawHeaders` has them: names and values in turn. */
export type RawHeaders = readonly string[]

/** A scheme of the Authorization field that is understood; which are accepted, a policy says. GNAP is that of RFC 9635. */
export type AuthenticationScheme = 'dpop' | 'bearer' | 'gnap'

/** The credentials of a request, unverified. */
export interface Credentials {
  readonly scheme: AuthenticationScheme
  readonly accessToken: string
  /** The value of the one `DPoP` field, if there is one. */
  readonly proof: string | undefined
  /** The value of the one `Detached-JWS` field, if there is one. */
  readonly detached: string | undefined
  readonly content: ContentFields
  /** Whether a signed answer is asked for: by one `Want-Answer-JWS` field with the value `?1`. */
  readonly wantsAnswer: boolean
}

/** What the header fields say of the content. */
export interface ContentFields {
  /** The value of `Content-Type`, without white space around it. */
  readonly type: string | undefined
  /** How many `Content-Type` fields there are. */
  readonly types: number
  /** Whether one of them is the media type of envelopes, `application/jose`. */
  readonly isJose: boolean
  /** Whether there is a `Content-Encoding`. */
  readonly isEncoded: boolean
  /** What `Content-Length` says. */
  readonly length: string | undefined
}

const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/
const JOSE = /^application\/jose[\t ]*(?:;|$)/i
const TOKEN68 = /^ +([A-Za-z0-9\-._~+/]+=*)$/

/**
 * Reads the access token and the proof of a request.
 *
 * @throws {CountersignError} `ERR_CREDENTIALS_MISSING`, `ERR_AUTHORIZATION_DUPLICATE`, `ERR_AUTHORIZATION_MALFORMED`,
 *   `ERR_SCHEME_NOT_ACCEPTED`, `ERR_DPOP_PROOF_DUPLICATE`, `ERR_ENVELOPE_DUPLICATE`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-7.1 RFC 9449, section 7.1}
 */
export function readCredentials(rawHeaders: RawHeaders): Credentials {
  const { authorization, proof, detached, wanted, content } = readFields(rawHeaders)
  if (authorization === undefined) {
    throw refusal('ERR_CREDENTIALS_MISSING', 'The request has no Authorization field')
  }
  const scheme = SCHEME.exec(authorization)?.[0] ?? ''
  const kind = scheme.toLowerCase()
  if (kind !== 'dpop' && kind !== 'bearer' && kind !== 'gnap') {
    throw refusal(
      scheme === '' ? 'ERR_AUTHORIZATION_MALFORMED' : 'ERR_SCHEME_NOT_ACCEPTED',
      'The scheme of the Authorization field is neither DPoP nor Bearer',
      { parameter: 'Authorization' },
    )
  }
  const accessToken = TOKEN68.exec(authorization.slice(scheme.length))?.[1]
  if (accessToken === undefined) {
    throw refusal('ERR_AUTHORIZATION_MALFORMED', 'The Authorization field is not a scheme and a token68', {
      parameter: 'Authorization',
      expected: `${scheme} <access token>`,
    })
  }
  return { scheme: kind, accessToken, proof, detached, content, wantsAnswer: wanted === '?1' }
}

interface Fields {
  readonly content: ContentFields
  readonly authorization: string | undefined
  readonly proof: string | undefined
  readonly detached: string | undefined
  /** The value of the one `Want-Answer-JWS` field; that of several is none. */
  readonly wanted: string | undefined
}

function readFields(rawHeaders: RawHeaders): Fields {
  let authorization: string | undefined
  let proof: string | undefined
  let detached: string | undefined
  let type: string | undefined
  let types = 0
  let isJose = false
  let isEncoded = false
  let length: string | undefined
  let wanted: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    const value = rawHeaders[index + 1] as string
    // The lengths of the names rule out most other fields without lower-casing them. A proxy may have joined two fields with a comma,
    // which no compact JWS holds.
    switch (name.length) {
      case 13:
        if (name.toLowerCase() !== 'authorization') break
        if (authorization !== undefined) throw duplicate('ERR_AUTHORIZATION_DUPLICATE', 'Authorization')
        authorization = value
        break
      case 4:
        if (name.toLowerCase() !== 'dpop') break
        if (proof !== undefined || value.includes(',')) throw duplicate('ERR_DPOP_PROOF_DUPLICATE', 'DPoP')
        proof = value
        break
      case 12: {
        const lower = name.toLowerCase()
        if (lower === 'content-type') {
          type = trimmed(value)
          isJose ||= JOSE.test(type)
          types++
        } else if (lower === 'detached-jws') {
          if (detached !== undefined || value.includes(',')) throw duplicate('ERR_ENVELOPE_DUPLICATE', 'Detached-JWS')
          detached = value
        }
        break
      }
      case 14:
        if (name.toLowerCase() === 'content-length') length = value
        break
      case 15:
        if (name.toLowerCase() === 'want-answer-jws') wanted = wanted === undefined ? value : ''
        break
      case 16:
        if (name.toLowerCase() === 'content-encoding') isEncoded = true
        break
    }
  }
  return { authorization, proof, detached, wanted, content: { type, types, isJose, isEncoded, length } }
}

function duplicate(
  code: 'ERR_AUTHORIZATION_DUPLICATE' | 'ERR_DPOP_PROOF_DUPLICATE' | 'ERR_ENVELOPE_DUPLICATE',
  parameter: string,
): CountersignError {
  return refusal(code, `The request has more than one ${parameter} field`, { parameter, expected: 1 })
}
