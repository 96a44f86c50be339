// The signed answer to a request envelope (spec/request-envelope.md, "Signed answer"): a compact JWS with an empty
// payload in the field `Answer-JWS`, encoded, and decoded without trust. A decoded answer says what its sender claims.

import type { AlgorithmEntry, JwsAlgorithm } from './algorithms.ts'
import { algorithmOf } from './algorithms.ts'
import { isAnswerField } from './answer-field.ts'
import { decodeBase64url, isBase64url } from './base64url.ts'
import { answerRefused, decodeOr } from './envelope-refusal.ts'
import { readCreated, readInteger, readString } from './header-parameters.ts'
import type { JsonMembers, JsonObject } from './json.ts'
import { isJsonObject } from './json.ts'
import type { CompactJws } from './jws.ts'
import { decodeJsonSegmentMembers, encodeJsonSegment, splitCompactJws } from './jws.ts'
import { DIGEST_LENGTH, DIGEST_OF_NOTHING } from './jws-envelope.ts'
import { MAX_ANSWER_LENGTH } from './limits.ts'
import { sha256Base64url } from './sha256.ts'

/** The `typ` of a signed answer. */
export const ANSWER_TYP = 'countersign-answer'

/** The protected header of a signed answer. */
export interface AnswerHeader {
  readonly typ: typeof ANSWER_TYP
  readonly alg: JwsAlgorithm
  /** The `kid` of a key with `use` `sig` in the server's key set. */
  readonly kid: string
  /** The status code of the response, from 200 to 599. */
  readonly status: number
  /** Response fields by their names in lower case; `null` for one that is absent. */
  readonly fields: Readonly<Record<string, string | null>>
  /** SHA-256 of the content without content codings; absent if there is none. */
  readonly digest?: string
  /** Time of signing, in whole seconds since the epoch. */
  readonly created: number
  /** SHA-256 of the compact JWS of the request: {@link computeEnvelopeHash}. */
  readonly req: string
}

/** A well-formed answer of which nothing has been verified. */
export interface UnverifiedAnswer {
  readonly header: AnswerHeader
  /** The table's entry of the header's `alg`. */
  readonly algorithm: AlgorithmEntry
  /** The ASCII text that was signed. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Fields that every answer covers, be it to say that they are absent. */
const REQUIRED_FIELDS = ['content-type', 'location']

/** Visible ASCII, space and tab, with no white space around. */
const FIELD_VALUE = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/

const FIELD = 'Answer-JWS'

/**
 * Decodes a signed answer: what can be checked of it without a key, a request and a response.
 *
 * Verifies nothing: whoever has the response compares `alg` with the algorithms it accepts, finds the key by `kid`,
 * compares `req`, `status`, `fields` and `digest`, and verifies the signature. `created` is compared with no clock.
 *
 * @param text - The value of `Answer-JWS`. A comma in it means that there were two.
 * @throws {CountersignError} `ERR_ENVELOPE_ANSWER_INVALID`; `parameter` is `Answer-JWS`, a segment, or a parameter of the
 *   header (`fields.location` for a member of `fields`); `reason` is that of the JSON parser, or one of `duplicate`,
 *   `size`, `segments`, `base64url`, `empty`, `forbidden`, `missing`, `value`, `type`, `range`, `grammar`, `name`,
 *   `digest_of_nothing`.
 * @see spec/request-envelope.md, "Signed answer"
 */
export function decodeAnswer(text: string): UnverifiedAnswer {
  const { header: segment, signingInput, signature } = splitAnswer(text)
  const header = decodeOr(
    () => decodeJsonSegmentMembers(segment, 'header'),
    (cause) => answerRefused('header', { reason: cause.reason, cause }),
  )
  const typ = readString(header, 'typ', invalid)
  if (typ !== ANSWER_TYP) throw invalid('typ', 'value', ANSWER_TYP, typ)
  for (const name of ['crit', 'b64']) if (header(name) !== undefined) throw invalid(name, 'forbidden')
  const alg = readString(header, 'alg', invalid)
  const algorithm = algorithmOf(alg)
  if (algorithm === undefined) throw invalid('alg', 'value', undefined, alg)
  return {
    header: {
      typ,
      alg: algorithm.alg,
      kid: readString(header, 'kid', invalid),
      status: readInteger(header, 'status', invalid, { min: 200, max: 599 }),
      fields: readFields(header),
      ...(header('digest') !== undefined && { digest: readDigest(header, 'digest') }),
      created: readCreated(header, invalid),
      req: readDigest(header, 'req'),
    },
    algorithm,
    signingInput,
    signature: decodeBase64url(signature),
  }
}

/**
 * Encodes the protected header of an answer, with its parameters in the order of the specification and no others.
 *
 * Does not check them: the server puts together what {@link decodeAnswer} will accept.
 */
export function encodeAnswerHeader({ typ, alg, kid, status, fields, digest, created, req }: AnswerHeader): string {
  return encodeJsonSegment({ typ, alg, kid, status, fields, digest, created, req })
}

/**
 * The `req` of an answer: SHA-256 of the compact JWS of the request, header, payload and signature. For a sealed request,
 * of the JWS inside.
 */
export function computeEnvelopeHash(jws: string): Promise<string> {
  return sha256Base64url(jws)
}

function splitAnswer(text: string): CompactJws {
  if (text.includes(',')) throw invalid(FIELD, 'duplicate')
  if (text.length > MAX_ANSWER_LENGTH) throw invalid(FIELD, 'size', MAX_ANSWER_LENGTH, text.length)
  const jws = decodeOr(
    () => splitCompactJws(text),
    (cause) => answerRefused(FIELD, { reason: cause.reason, cause }),
  )
  const { header, payload, signature } = jws
  if (payload !== '') throw invalid('payload', 'size', 0, payload.length)
  for (const [name, segment] of Object.entries({ header, signature })) {
    if (segment === '') throw invalid(name, 'empty')
    if (!isBase64url(segment)) throw invalid(name, 'base64url')
  }
  return jws
}

function readFields(header: JsonMembers): AnswerHeader['fields'] {
  const fields = header('fields')
  if (fields === undefined) throw invalid('fields', 'missing')
  if (!isJsonObject(fields)) throw invalid('fields', 'type', 'object')
  for (const [name, value] of Object.entries(fields)) {
    if (!isAnswerField(name)) throw invalid('fields', 'name', undefined, name)
    if (value === null) continue
    if (typeof value !== 'string') throw invalid(`fields.${name}`, 'type', 'string or null')
    if (!FIELD_VALUE.test(value)) throw invalid(`fields.${name}`, 'grammar')
  }
  for (const name of REQUIRED_FIELDS) if (fields[name] === undefined) throw invalid(`fields.${name}`, 'missing')
  return fields as JsonObject & AnswerHeader['fields']
}

function readDigest(header: JsonMembers, name: string): string {
  const digest = readString(header, name, invalid)
  if (digest.length !== DIGEST_LENGTH || !isBase64url(digest)) throw invalid(name, 'grammar')
  if (digest === DIGEST_OF_NOTHING) throw invalid(name, 'digest_of_nothing')
  return digest
}

function invalid(parameter: string, reason: string, expected?: unknown, actual?: unknown) {
  return answerRefused(parameter, { reason, expected, actual })
}
