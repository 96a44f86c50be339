// The option `envelope`: bounds of request envelopes, and what becomes of them.

import type { Evidence } from '@countersign/shared'
import { checkOptionNames, invalidOption, limits } from '@countersign/shared'
import { integer, oneOf, plainObject } from '../option-readers.ts'

/** Bounds of request envelopes, and what becomes of them. */
export interface EnvelopeOptions {
  /** Most bytes of content that is itself an envelope, attached or sealed: it is held in memory. Default 1 MiB, at most 64 MiB. */
  readonly maxContentBytes?: number
  /**
   * Most bytes of content beside a detached envelope that are kept in a temporary file, where a handler reads them as a stream: it must not
   * see them before their digest is known. Default 1 GiB. What a content-type parser of Fastify reads is bounded by its `bodyLimit`.
   */
  readonly maxSpooledBytes?: number
  /**
   * Longest time until content is complete, in seconds, 1 to 3600. Default 300. Then the request is refused, and its connection closed. Its
   * `jti` is remembered for as much longer.
   */
  readonly maxContentSeconds?: number
  /** Most bytes of a response that is signed: it is held in memory. A longer one goes out unsigned. Default 16 MiB. */
  readonly maxAnswerBytes?: number
  /**
   * `'gnap'`: plain key proofs of RFC 9635 (`jws`, `jwsd`) are accepted too, under the scheme `GNAP`, by the key in `cnf.jwk` of the access
   * token. They need neither `jti` nor nonce: two equal requests within one second are one. Default: only what request-envelope.md has.
   */
  readonly profile?: 'gnap'
  /**
   * Called with what was signed and verified, for an archive: when a request was accepted, before its handler runs; and again when its
   * response was signed, before it is sent, then with `answer`. Awaited: what it throws fails the request (500).
   */
  readonly onEvidence?: (evidence: Evidence) => void | Promise<void>
}

/** The option with its defaults. */
export interface EnvelopeConfig extends Required<Omit<EnvelopeOptions, 'onEvidence' | 'profile'>> {
  readonly profile: 'gnap' | undefined
  readonly onEvidence: EnvelopeOptions['onEvidence'] | undefined
}

const PARAMETER = 'envelope'
const MAX_CONTENT_BYTES = 67_108_864
const MAX_SPOOLED_BYTES = 1_073_741_824
/** No file system holds more, and no number says it exactly. */
const ANY = Number.MAX_SAFE_INTEGER

/**
 * Reads the option.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`.
 */
export function readEnvelope(value: unknown): EnvelopeConfig {
  const options: EnvelopeOptions = value === undefined ? {} : plainObject(value, PARAMETER, '{ maxContentBytes, … }')
  const names = ['maxContentBytes', 'maxSpooledBytes', 'maxContentSeconds', 'maxAnswerBytes', 'profile', 'onEvidence']
  checkOptionNames(options, names, PARAMETER)
  const { onEvidence } = options
  if (onEvidence !== undefined && typeof onEvidence !== 'function')
    throw invalidOption(`${PARAMETER}.onEvidence`, 'a function')
  const bytes = (name: 'maxContentBytes' | 'maxSpooledBytes' | 'maxAnswerBytes', most: number) =>
    integer(options[name], `${PARAMETER}.${name}`, 1, most)
  const seconds = integer(options.maxContentSeconds, `${PARAMETER}.maxContentSeconds`, 1, 3600)
  return {
    maxContentBytes: bytes('maxContentBytes', MAX_CONTENT_BYTES) ?? limits.MAX_ENVELOPE_CONTENT_BYTES,
    maxSpooledBytes: bytes('maxSpooledBytes', ANY) ?? MAX_SPOOLED_BYTES,
    maxContentSeconds: seconds ?? limits.MAX_ENVELOPE_CONTENT_SECONDS,
    maxAnswerBytes: bytes('maxAnswerBytes', MAX_CONTENT_BYTES) ?? limits.MAX_ANSWER_CONTENT_BYTES,
    profile: oneOf(options.profile, `${PARAMETER}.profile`, ['gnap']),
    onEvidence,
  }
}
