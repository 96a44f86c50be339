// The credential string: client identifier, private key, issuer and resource in one line, as easy to hand on as an API key. Nothing of
// it goes over the wire.
//
//     csk_1 | length of the payload, 4 characters | payload, base64url of JSON | CRC-32 of all before, 6 characters

import { CountersignError, decodeBase64urlToBinary, encodeBase64url } from '@countersign/shared'

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

/** Longest payload, in characters. The largest key makes about 6 000; a length beyond this is none. */
const MAX_PAYLOAD_LENGTH = 65_536

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
  if (typeof text !== 'string' || text.trim() === '') throw invalid('missing')
  if (/^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/.test(text.trim())) throw invalid('quoted')
  // What was cut within its first five characters does not begin as it should either.
  if (`${PREFIX}${VERSION}`.startsWith(text)) throw invalid('cut')
  if (!text.replace(/\s/g, '').startsWith(PREFIX)) throw invalid('prefix')
  if (/\s/.test(text)) throw invalid('space')
  if (text[PREFIX.length] !== VERSION) throw invalid('version')
  if (text.endsWith('=')) throw invalid('padding')
  if (!/^[\w-]*$/.test(text)) throw invalid('characters')
  if (text.length < LENGTH_END) throw invalid('cut')
  const length = decoded(text.slice(PREFIX.length + 1, LENGTH_END)).reduce((sum, byte) => sum * 256 + byte, 0)
  const expected = LENGTH_END + length + CHECKSUM_LENGTH
  if (text.length > expected && isWhole(text.slice(0, expected))) throw invalid('extended', expected, text.length)
  // It is the length itself that was altered, if it is no possible one or the text is whole with its true length.
  const isCut = text.length < expected && length <= MAX_PAYLOAD_LENGTH && !isWhole(withTrueLength(text))
  if (isCut) throw invalid('cut', expected, text.length)
  if (text.length !== expected) throw invalid('altered')
  const credential = isWhole(text) ? parsePayload(text.slice(LENGTH_END, -CHECKSUM_LENGTH)) : undefined
  if (credential === undefined) throw invalid('altered')
  return credential
}

/** Whether the checksum is that of all before it. */
function isWhole(text: string): boolean {
  return text.endsWith(encodeBase64url(bytesOf(crc32(text.slice(0, -CHECKSUM_LENGTH)), 4)))
}

function withTrueLength(text: string): string {
  const length = Math.max(0, text.length - LENGTH_END - CHECKSUM_LENGTH)
  return text.slice(0, PREFIX.length + 1) + encodeBase64url(bytesOf(length, 3)) + text.slice(LENGTH_END)
}

/** What a parser says of a text may quote it, so nothing of it is passed on. */
function parsePayload(payload: string): Credential | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(decoded(payload))
    const { client_id, issuer, resource, scope = '', jwk } = JSON.parse(text)
    const isCredential = [client_id, issuer, resource, scope].every((member) => typeof member === 'string')
    return isCredential && typeof jwk === 'object' && jwk !== null ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  missing: 'is missing: give the option "credential", or set COUNTERSIGN_CREDENTIAL',
  quoted: 'has quotation marks around it',
  space: 'has white space or a line break in it',
  prefix: `does not begin with ${PREFIX}: it is something else, or was encoded once more`,
  version: 'is of a version that is not known here: update the package',
  padding: 'has "=" at its end, which does not belong to it',
  characters: 'has characters that do not belong to it',
  cut: 'was cut',
  extended: 'is too long: something was added to it',
  altered: 'was altered: its checksum or its content is wrong',
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

/** A credential is read once: the decoder for what is short of code, not of time. */
function decoded(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(decodeBase64urlToBinary(text), (character) => character.charCodeAt(0))
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
