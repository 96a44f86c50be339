// Reading credentials from the raw header fields. Node joins repeated fields or silently keeps the first; a request whose
// credentials can be read in two ways is refused, so the parsed headers are never consulted.

import { CountersignError } from '@countersign/shared'

/** Header fields as Node's `rawHeaders` has them: names and values in turn. */
export type RawHeaders = readonly string[]

/** The credentials of a request, unverified. */
export interface Credentials {
  readonly scheme: 'dpop' | 'bearer'
  readonly accessToken: string
  /** The value of the one `DPoP` field, if there is one. */
  readonly proof: string | undefined
}

const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/
const TOKEN68 = /^ +([A-Za-z0-9\-._~+/]+=*)$/

/**
 * Reads the access token and the proof of a request.
 *
 * @throws {CountersignError} `ERR_CREDENTIALS_MISSING`, `ERR_AUTHORIZATION_DUPLICATE`, `ERR_AUTHORIZATION_MALFORMED`,
 *   `ERR_SCHEME_NOT_ACCEPTED`, `ERR_DPOP_PROOF_DUPLICATE`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-7.1 RFC 9449, section 7.1}
 */
export function readCredentials(rawHeaders: RawHeaders): Credentials {
  const { authorization, proof } = readFields(rawHeaders)
  if (authorization === undefined) {
    throw new CountersignError('ERR_CREDENTIALS_MISSING', 'The request has no Authorization field')
  }
  const scheme = SCHEME.exec(authorization)?.[0] ?? ''
  const kind = scheme.toLowerCase()
  if (kind !== 'dpop' && kind !== 'bearer') {
    throw new CountersignError(
      scheme === '' ? 'ERR_AUTHORIZATION_MALFORMED' : 'ERR_SCHEME_NOT_ACCEPTED',
      'The scheme of the Authorization field is neither DPoP nor Bearer',
      { parameter: 'Authorization' },
    )
  }
  const accessToken = TOKEN68.exec(authorization.slice(scheme.length))?.[1]
  if (accessToken === undefined) {
    throw new CountersignError('ERR_AUTHORIZATION_MALFORMED', 'The Authorization field is not a scheme and a token68', {
      parameter: 'Authorization',
      expected: `${scheme} <access token>`,
    })
  }
  return { scheme: kind, accessToken, proof }
}

function readFields(rawHeaders: RawHeaders): { authorization: string | undefined; proof: string | undefined } {
  let authorization: string | undefined
  let proof: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    const value = rawHeaders[index + 1] as string
    // The lengths of the two names rule out nearly every other field without lower-casing it.
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      if (authorization !== undefined) throw duplicate('ERR_AUTHORIZATION_DUPLICATE', 'Authorization')
      authorization = value
    } else if (name.length === 4 && name.toLowerCase() === 'dpop') {
      // A proxy may have joined two fields with a comma, which no compact JWS holds.
      if (proof !== undefined || value.includes(',')) throw duplicate('ERR_DPOP_PROOF_DUPLICATE', 'DPoP')
      proof = value
    }
  }
  return { authorization, proof }
}

function duplicate(
  code: 'ERR_AUTHORIZATION_DUPLICATE' | 'ERR_DPOP_PROOF_DUPLICATE',
  parameter: string,
): CountersignError {
  return new CountersignError(code, `The request has more than one ${parameter} field`, { parameter, expected: 1 })
}
