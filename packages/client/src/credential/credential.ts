// The credential string: client identifier, private key, issuer and resource in one line, as easy to hand on as an API key. Nothing of
// it goes over the wire.
//
//     csk_1 | length of the payload, 4 characters | payload, base64url of JSON | CRC-32 of all before, 6 characters

import { CountersignError, decodeBase64url, encodeBase64url, isBase64url } from '@countersign/shared'

/** What a credential string holds. */
export interface Credential {
  readonly client_id: string
  readonly issuer: string
  readonly resource: string
  /** Scopes to ask for, separated by spaces. */
  readonly scope?: string
  /** The private key that the client authenticates with, its `alg` and `kid` among its members. */
  readonly jwk: JsonWebKey & { readonly kid?: string }
}

/** What a scanner of secrets can look for: `csk_1` and at least a hundred characters of base64url. */
const PREFIX = 'csk_'
const VERSION = '1'
const LENGTH_END = 9
const CHECKSUM_LENGTH = 6

/** Encodes a credential. */
export function encodeCredential(credential: Credential): string {
  const payload = encodeBase64url(JSON.stringify(credential))
  const text = `${PREFIX}${VERSION}${encodeBase64url(bytesOf(payload.length, 3))}${payload}`
  return text + encodeBase64url(bytesOf(crc32(text), 4))
}

/**
 * Decodes a credential.
 *
 * Does not check that the key is one, nor that the URLs are: whoever uses them does.
 *
 * @throws {CountersignError} `ERR_CREDENTIAL_INVALID`, whose `reason` says what happened to it: `missing`, `quoted`, `space`, `prefix`,
 *   `version`, `padding`, `characters`, `cut`, `extended`, `altered`. The text itself stays out of it.
 */
export function decodeCredential(text: unknown): Credential {
  if (typeof text !== 'string' || text === '') throw invalid('missing')
  if (/^["'`]|["'`]$/.test(text)) throw invalid('quoted')
  if (/\s/.test(text)) throw invalid('space')
  if (!text.startsWith(PREFIX)) throw invalid('prefix')
  if (text[PREFIX.length] !== VERSION) throw invalid('version')
  if (text.endsWith('=')) throw invalid('padding')
  if (!/^[\w-]*$/.test(text)) throw invalid('characters')
  const stated = text.slice(PREFIX.length + 1, LENGTH_END)
  const length = stated.length === 4 ? decodeBase64url(stated).reduce((sum, byte) => sum * 256 + byte, 0) : 0
  const expected = LENGTH_END + length + CHECKSUM_LENGTH
  if (text.length < expected) throw invalid('cut', expected, text.length)
  if (text.length > expected) throw invalid('extended', expected, text.length)
  const covered = text.slice(0, -CHECKSUM_LENGTH)
  const payload = covered.slice(LENGTH_END)
  const isWhole = text.endsWith(encodeBase64url(bytesOf(crc32(covered), 4)))
  if (!isWhole || !isBase64url(payload)) throw invalid('altered')
  return JSON.parse(new TextDecoder().decode(decodeBase64url(payload))) as Credential
}

const FAULTS: Readonly<Record<string, string>> = {
  missing: 'is missing: give the option "credential", or set COUNTERSIGN_CREDENTIAL',
  quoted: 'has quotation marks around it',
  space: 'has white space or a line break in it',
  prefix: `does not begin with ${PREFIX}: it is something else`,
  version: 'is of a version that is not known here: update the package',
  padding: 'has "=" at its end, which does not belong to it',
  characters: 'has characters that do not belong to it',
  cut: 'was cut',
  extended: 'is too long: something was added to it',
  altered: 'was altered: its checksum is wrong',
}

function invalid(reason: string, expected?: number, actual?: number): CountersignError {
  const counts = expected === undefined ? '' : `: ${actual} characters in the place of ${expected}`
  return new CountersignError('ERR_CREDENTIAL_INVALID', `The credential ${FAULTS[reason]}${counts}`, {
    parameter: 'credential',
    reason,
    expected,
    actual,
  })
}

/** A number as bytes, the highest first. */
function bytesOf(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => value >>> (8 * (length - 1 - index)))
}

/** The CRC-32 of ISO 3309, as in gzip: it finds what was mistyped, not what was forged. */
function crc32(text: string): number {
  let crc = -1
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
