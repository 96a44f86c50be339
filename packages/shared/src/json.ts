// JSON as a verifier may read it: RFC 8259, narrowed in the spirit of I-JSON (RFC 7493), since two readers of one text must never
// differ. Duplicate members, lone surrogates, infinities, depth and size beyond the caps are refused; objects have no prototype.

import { bytesOfBinary } from './base64url.ts'
import type { CountersignError } from './errors.ts'
import { refusal } from './errors.ts'
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
  return parseJsonObject(textOfBinary(binary))
}

/** The members of a JSON object by name. A member that is absent is `undefined`, whatever its name. */
export type JsonMembers = (name: string) => JsonValue | undefined

/**
 * As {@link parseJsonObjectOfBinary}, for whoever reads a few members: the object as a whole is not copied into one without prototype,
 * which would cost as much as parsing it.
 *
 * @throws {CountersignError} `ERR_JSON_INVALID`, as {@link parseJsonObjectOfBinary}.
 */
export function parseJsonMembersOfBinary(binary: string): JsonMembers {
  const object = parseChecked(textOfBinary(binary), MAX_JSON_LENGTH)
  if (!isJsonObject(object)) throw invalid('type', 'Not a JSON object')
  return (name) => (Object.hasOwn(object, name) ? withoutPrototypes(object[name] as JsonValue) : undefined)
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
  return withoutPrototypes(parseChecked(text, maxLength))
}

/** Tells whether a parsed value is an object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses a text and makes every check of it. The objects in the result inherit from `Object.prototype` still. */
function parseChecked(text: string, maxLength: number): JsonValue {
  if (text.length > maxLength) throw invalid('size', `JSON of more than ${maxLength} characters`)
  wellFormed(text)
  const memberNames = scan(text)
  let value: JsonValue
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid('syntax', 'Not JSON', cause)
  }
  if (countMembers(value, text.includes('\\')) !== memberNames) {
    throw invalid('duplicate_member', 'An object has two members of one name')
  }
  return value
}

function textOfBinary(binary: string): string {
  return NON_ASCII.test(binary) ? decodeUtf8(bytesOfBinary(binary)) : binary
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

/**
 * Counts the members of a parsed value, and refuses what I-JSON refuses.
 *
 * @param escaped - Whether the text has escapes: only these can make half of a surrogate pair out of a well-formed text.
 */
function countMembers(value: JsonValue, escaped: boolean): number {
  if (typeof value === 'string') {
    if (escaped) wellFormed(value)
    return 0
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid('number', 'A number is out of range')
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (!Array.isArray(value)) {
    const names = Object.keys(value)
    if (escaped) for (const name of names) wellFormed(name)
    members = names.length
  }
  for (const member of Object.values(value)) members += countMembers(member as JsonValue, escaped)
  return members
}

/** Copies the objects of a parsed value into objects without prototype. */
function withoutPrototypes(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  // The parser's own object is fast to walk, one without prototype is not: it is walked first and copied last.
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'object' && member !== null) (value as JsonObject)[name] = withoutPrototypes(member)
  }
  return Array.isArray(value) ? value : ({ __proto__: null, ...value } as unknown as JsonObject)
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw invalid('lone_surrogate', 'A string holds half of a surrogate pair')
  return text
}

function invalid(reason: string, message: string, cause?: unknown): CountersignError {
  return refusal('ERR_JSON_INVALID', message, { reason, cause })
}
