// JSON as a verifier may read it: RFC 8259, narrowed in the spirit of I-JSON (RFC 7493), since two readers of one text must never
// differ. Duplicate members, lone surrogates, infinities, depth and size beyond the caps are refused; objects have no prototype.

import { bytesOfBinary } from './base64url.ts'
import { CountersignError } from './errors.ts'
import { MAX_JSON_DEPTH, MAX_JSON_LENGTH } from './limits.ts'

/** Any JSON value, as parsed here. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject

/** A JSON object without prototype: a member that is absent is `undefined`, whatever its name. */
export interface JsonObject {
  [name: string]: JsonValue | undefined
}

const NON_ASCII = /[^\0-\x7f]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Parses UTF-8 bytes, given as a string of one character per byte, as a JSON object.
 *
 * @throws {CountersignError} `ERR_JSON_INVALID`; `reason` is one of `utf8`, `size`, `depth`, `syntax`, `type`, `duplicate_member`,
 *   `lone_surrogate`, `number`.
 */
export function parseJsonObjectOfBinary(binary: string): JsonObject {
  if (!NON_ASCII.test(binary)) return parseJsonObject(binary)
  return parseJsonObject(decodeUtf8(bytesOfBinary(binary)))
}

/**
 * Parses UTF-8 bytes as a JSON value.
 *
 * @param maxLength - Most bytes read.
 * @throws {CountersignError} `ERR_JSON_INVALID`, as {@link parseJson}, and with reason `utf8`; `size` counts bytes here.
 */
export function parseJsonBytes(bytes: Uint8Array, maxLength = MAX_JSON_LENGTH): JsonValue {
  if (bytes.length > maxLength) throw invalid('size', `JSON of more than ${maxLength} bytes`)
  return parseJson(decodeUtf8(bytes), maxLength)
}

/**
 * Parses a text whose top level must be a JSON object.
 *
 * @throws {CountersignError} `ERR_JSON_INVALID`, as {@link parseJson}, and with reason `type`.
 */
export function parseJsonObject(text: string): JsonObject {
  const value = parseJson(text)
  if (!isJsonObject(value)) throw invalid('type', 'Not a JSON object')
  return value
}

/**
 * Parses a JSON text. Objects in the result have no prototype.
 *
 * @param maxLength - Most characters read.
 * @throws {CountersignError} `ERR_JSON_INVALID`; `reason` is one of `size`, `depth`, `syntax`, `duplicate_member`, `lone_surrogate`,
 *   `number`.
 */
export function parseJson(text: string, maxLength = MAX_JSON_LENGTH): JsonValue {
  if (text.length > maxLength) throw invalid('size', `JSON of more than ${maxLength} characters`)
  wellFormed(text)
  const memberNames = scan(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid('syntax', 'Not JSON', cause)
  }
  const count = { members: 0 }
  const escaped = text.includes('\\')
  const hardened = harden(value as JsonValue, count, escaped)
  if (count.members !== memberNames) throw invalid('duplicate_member', 'An object has two members of one name')
  return hardened
}

/** Tells whether a parsed value is an object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw invalid('utf8', 'Not UTF-8', cause)
  }
}

/**
 * Counts the member names of a text and bounds its depth, without building anything. For a text that is not JSON the count means
 * nothing; the parser refuses it afterwards.
 */
function scan(text: string): number {
  let depth = 0
  let colons = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index + 1)
        break
      case COLON:
        colons++
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > MAX_JSON_DEPTH) throw invalid('depth', `JSON nested deeper than ${MAX_JSON_DEPTH}`)
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
        break
    }
  }
  return colons
}

/** The index of the quote that ends the string whose first character is at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH && end - backslashes > start) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

/** Copies a parsed value into objects without prototype, counts its members, and refuses what I-JSON refuses. */
function harden(value: JsonValue, count: { members: number }, escaped: boolean): JsonValue {
  if (typeof value === 'string') return escaped ? wellFormed(value) : value
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid('number', 'A number is out of range')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = harden(value[index] as JsonValue, count, escaped)
    return value
  }
  // The parser's own object is fast to walk, one without prototype is not: it is walked first and copied last.
  for (const name of Object.keys(value)) {
    count.members++
    if (escaped) wellFormed(name)
    const member = value[name] as JsonValue
    const hardened = harden(member, count, escaped)
    if (hardened !== member) value[name] = hardened
  }
  return { __proto__: null, ...value } as unknown as JsonObject
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw invalid('lone_surrogate', 'A string holds half of a surrogate pair')
  return text
}

function invalid(reason: string, message: string, cause?: unknown): CountersignError {
  return new CountersignError('ERR_JSON_INVALID', message, { reason, cause })
}
