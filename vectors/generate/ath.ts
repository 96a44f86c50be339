// The access token hash of a DPoP proof: RFC 9449 section 4.2.

import { createHash } from 'node:crypto'
import { ath, base64url, fromBase64url, sha256 } from './encoding.ts'
import type { Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

/** The token of RFC 9449, section 7.1, and its `ath` as printed there. */
export const RFC9449_TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
export const RFC9449_ATH = 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo'

/** A JWT access token by the Ed25519 key of RFC 8037, bound to that of RFC 9421. */
export const JWT_TOKEN = [
  'eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsifQ',
  'eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUuY29tIiwic3ViIjoidXNlci0xIiwiYXVkIjoiaHR0cHM6Ly9hcGkuZXhhbXBsZS5jb20vIiwiZXhwIj' +
    'o0MTAyNDQ0ODAwLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6ImF0LTAwMDEiLCJjbGllbnRfaWQiOiJjbGllbnQtMSIsInNjb3BlIjoib3JkZXJzOnJl' +
    'YWQgb3JkZXJzOndyaXRlIiwiY25mIjp7ImprdCI6InBvcWtMR2l5bWhfVzB1UDZQWkZ3LWR2ZXozUUpUNVNvbHFYQkNXMzhyMFUifX0',
  'gYjj7rGjPTfRpr3Pe0F_yaTaMAZULLGOsO7oonjvYTGDrqC0hWV4scAI21QIIsvjKXIvenVuiyLkzrqlvtP8Aw',
].join('.')
export const JWT_ATH = 'DKodjPr1MOLJggG5yDnYUVBY-BAYQBJsXNeJB4dpfZQ'

const notes = {
  input: 'The hash is of something other than the characters of the token.',
  spelling: 'The right hash in another spelling.',
}

const common = { rfc: ['9449#section-4.2'], flags: [] }

function valid(id: string, comment: string, accessToken: string, printed?: string): Vector {
  const value = ath(accessToken)
  if (printed !== undefined && printed !== value) throw new Error(`The ath of ${id} is not the printed one`)
  return vector(`ath-${id}`, comment, common, { accessToken, ath: value }, 'valid')
}

function different(
  id: string,
  comment: string,
  flag: keyof typeof notes,
  value: string,
  accessToken = RFC9449_TOKEN,
): Vector {
  const input = { accessToken, ath: value }
  return vector(`ath-${id}`, comment, { ...common, flags: [flag] }, input, 'ERR_DPOP_PROOF_ATH_MISMATCH')
}

const digest = sha256(RFC9449_TOKEN)
const [, payload] = JWT_TOKEN.split('.') as [string, string, string]

/** An `ath` with characters that base64 and base64url write differently. */
const spelt = 'token-12'

/** `ath.json` */
export const athFile: VectorFile = {
  kind: 'ath',
  description: 'Compute the `ath` of `accessToken` and compare it with `ath`, character by character.',
  notes,
  vectors: [
    valid('rfc9449', 'The token of RFC 9449, section 7.1', RFC9449_TOKEN, RFC9449_ATH),
    valid('jwt', 'A JWT as access token, hashed as it stands', JWT_TOKEN, JWT_ATH),
    valid('one-character', 'A token of one character', 'a'),
    valid('token68-alphabet', 'Every kind of character a token may have', 'AZaz09-._~+/=='),
    valid('padding-is-part-of-the-token', 'The equals sign of a token68 is part of it', `${RFC9449_TOKEN}=`),
    valid('hyphen-and-underscore', 'An ath with characters outside plain base64', spelt),
    valid('longest-token', 'A token of 16384 characters', 'a'.repeat(16_384)),
    different('other-token', 'The hash of another token', 'input', ath('another-token')),
    different('lower-case-token', 'The hash of the token in lower case', 'input', ath(RFC9449_TOKEN.toLowerCase())),
    different('with-scheme', 'The hash of the whole Authorization value', 'input', ath(`DPoP ${RFC9449_TOKEN}`)),
    different('with-line-feed', 'The hash of the token and a line feed', 'input', ath(`${RFC9449_TOKEN}\n`)),
    different('empty-input', 'The hash of nothing', 'input', ath('')),
    different('quoted', 'The hash of the token in quotation marks', 'input', ath(`"${RFC9449_TOKEN}"`)),
    different(
      'utf-16',
      'The hash of the token in UTF-16',
      'input',
      base64url(sha256(Buffer.from(RFC9449_TOKEN, 'utf16le'))),
    ),
    different('token-itself', 'The token in the place of its hash', 'input', RFC9449_TOKEN),
    different('twice', 'The hash of the hash', 'input', base64url(sha256(digest))),
    different(
      'jwt-payload',
      'The hash of the decoded payload of a JWT',
      'input',
      base64url(sha256(fromBase64url(payload))),
      JWT_TOKEN,
    ),
    different('jwt-payload-segment', 'The hash of the encoded payload of a JWT', 'input', ath(payload), JWT_TOKEN),
    different(
      'sha-512',
      'SHA-512 in the place of SHA-256',
      'input',
      createHash('sha512').update(RFC9449_TOKEN).digest('base64url'),
    ),
    different(
      'left-half',
      'The left half of the hash, as at_hash of OpenID Connect',
      'input',
      base64url(digest.subarray(0, 16)),
    ),
    different('padded', 'With padding', 'spelling', `${RFC9449_ATH}=`),
    different('hexadecimal', 'In hexadecimal', 'spelling', digest.toString('hex')),
    different('trailing-bits', 'With spare bits set', 'spelling', `${RFC9449_ATH.slice(0, -1)}p`),
    different('lower-case', 'In lower case', 'spelling', RFC9449_ATH.toLowerCase()),
    different('leading-space', 'With a space before', 'spelling', ` ${RFC9449_ATH}`),
    different('line-feed', 'With a line feed after', 'spelling', `${RFC9449_ATH}\n`),
    different('truncated', 'Without its last character', 'spelling', RFC9449_ATH.slice(0, -1)),
    different('empty', 'Empty', 'spelling', ''),
    different('standard-alphabet', 'In the alphabet of base64', 'spelling', standard(spelt), spelt),
  ],
}

function standard(token: string): string {
  const value = ath(token)
  const respelt = value.replaceAll('-', '+').replaceAll('_', '/')
  if (respelt === value) throw new Error('Choose a token whose hash has a hyphen or an underscore')
  return respelt
}
