// A sealed envelope (spec/request-envelope.md, "Sealed"): an attached envelope inside a compact JWE (RFC 7516, section
// 7.1), decoded strictly and without trust. It is opened elsewhere, by who holds the recipient's key.

import { isBase64url } from './base64url.ts'
import { decodeOr, refused } from './envelope-refusal.ts'
import { readString } from './header-parameters.ts'
import type { JsonMembers } from './json.ts'
import { decodeJsonSegmentMembers } from './jws.ts'
import { MAX_SEAL_HEADER_LENGTH } from './limits.ts'
import type { SealAlgorithm, SealJwk } from './seal-key.ts'
import { readAgreementKey, sealAlgorithmOf } from './seal-key.ts'

/** The protected header of a sealed envelope. */
export interface SealHeader {
  readonly alg: SealAlgorithm
  readonly enc: 'A256GCM'
  readonly cty: 'jose'
  /** The `kid` of the recipient's key in the server's key set. */
  readonly kid: string
  /** The sender's ephemeral key. */
  readonly epk: SealJwk
}

/** The five segments of a sealed envelope, still encoded. */
export interface SealSegments {
  readonly header: string
  /** Empty where the agreed key encrypts the content itself, as with `ECDH-ES`. */
  readonly encryptedKey: string
  readonly iv: string
  readonly ciphertext: string
  readonly tag: string
}

/** Lengths of the initialisation vector and of the authentication tag of AES-GCM, in characters: 12 and 16 bytes. */
const IV_LENGTH = 16
const TAG_LENGTH = 22

/** Header parameters that make a JWE something else than the sealed form. */
const FORBIDDEN = ['zip', 'crit', 'apu', 'apv']

/** The characters of a compact JWS, whose third segment is not empty. */
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$/

/** Tells a sealed envelope, which has five segments, from an attached one, which has three. */
export function isSealed(text: string): boolean {
  return text.split('.', 6).length === 5
}

/**
 * Splits a sealed envelope into segments and checks their shape: canonical base64url, and the lengths that AES-GCM has.
 *
 * Does not decode the header, and does not bound the whole: whoever reads the content knows the configured limit.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_TOO_LARGE` for a header of more than {@link MAX_SEAL_HEADER_LENGTH}
 *   characters; `ERR_ENVELOPE_SEAL_INVALID`, whose `reason` is one of `segments`, `base64url`, `empty`, `size`.
 * @see spec/request-envelope.md, "Verification", step 3
 */
export function splitSeal(text: string): SealSegments {
  if (!isSealed(text)) throw invalid('envelope', 'segments')
  const [header, encryptedKey, iv, ciphertext, tag] = text.split('.') as [string, string, string, string, string]
  if (header.length > MAX_SEAL_HEADER_LENGTH) {
    throw refused('ERR_ENVELOPE_TOO_LARGE', 'header', { expected: MAX_SEAL_HEADER_LENGTH, actual: header.length })
  }
  for (const [name, segment] of Object.entries({ header, encrypted_key: encryptedKey, iv, ciphertext, tag })) {
    if (!isBase64url(segment)) throw invalid(name, 'base64url')
  }
  if (iv.length !== IV_LENGTH) throw invalid('iv', 'size', IV_LENGTH, iv.length)
  if (ciphertext === '') throw invalid('ciphertext', 'empty')
  if (tag.length !== TAG_LENGTH) throw invalid('tag', 'size', TAG_LENGTH, tag.length)
  return { header, encryptedKey, iv, ciphertext, tag }
}

/**
 * Decodes and checks the protected header of a sealed envelope. Parameters that are not listed in {@link SealHeader} are
 * ignored, except those that must not be there: `zip`, `crit`, `apu`, `apv`.
 *
 * Does not compare: who opens the envelope finds the recipient's key by `kid`, and compares `alg` and the curve of `epk`
 * with it. That `epk` lies on its curve is checked by the key agreement, whose failures nobody may tell apart.
 *
 * @param segments - What {@link splitSeal} returned.
 * @throws {CountersignError} `ERR_ENVELOPE_SEAL_INVALID`; `parameter` names the header parameter, `header` for a header
 *   that is no strict JSON object, or `encrypted_key` if that does not fit `alg`; `reason` is that of the JSON parser, or
 *   one of `forbidden`, `missing`, `type`, `empty`, `value`, `key`, `size`.
 * @see spec/request-envelope.md, "Sealed"
 */
export function decodeSealHeader(segments: SealSegments): SealHeader {
  const header = decodeOr(
    () => decodeJsonSegmentMembers(segments.header, 'header'),
    (cause) => refused('ERR_ENVELOPE_SEAL_INVALID', 'header', { reason: cause.reason, cause }),
  )
  for (const name of FORBIDDEN) if (header(name) !== undefined) throw invalid(name, 'forbidden')
  const alg = sealAlgorithmOf(readString(header, 'alg', invalid))
  if (alg === undefined) throw invalid('alg', 'value', undefined, header('alg'))
  const enc = readExactly(header, 'enc', 'A256GCM')
  const cty = readExactly(header, 'cty', 'jose')
  const kid = readString(header, 'kid', invalid)
  const epk = readEpk(header)
  if ((segments.encryptedKey === '') !== (alg === 'ECDH-ES')) throw invalid('encrypted_key', 'size')
  return { alg, enc, cty, kid, epk }
}

/**
 * Reads what a sealed envelope held: the ASCII text of a compact JWS and nothing else.
 *
 * Does not decode the JWS. It goes on as an attached envelope that is the content of the request.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_SEAL_INVALID` with parameter `plaintext` and reason `segments`.
 * @see spec/request-envelope.md, "Verification", step 3
 */
export function decodeSealPlaintext(plaintext: Uint8Array): string {
  // What is no UTF-8 becomes a character that no JWS has.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(plaintext)
  if (!COMPACT_JWS.test(text)) throw invalid('plaintext', 'segments')
  return text
}

function readExactly<Value extends string>(header: JsonMembers, name: string, expected: Value): Value {
  const actual = readString(header, name, invalid)
  if (actual !== expected) throw invalid(name, 'value', expected, actual)
  return expected
}

function readEpk(header: JsonMembers): SealJwk {
  const value = header('epk')
  if (value === undefined) throw invalid('epk', 'missing')
  const epk = readAgreementKey(value)
  if (epk === undefined) throw invalid('epk', 'key')
  return epk
}

function invalid(parameter: string, reason: string, expected?: unknown, actual?: unknown) {
  return refused('ERR_ENVELOPE_SEAL_INVALID', parameter, { reason, expected, actual })
}
