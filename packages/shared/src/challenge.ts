// WWW-Authenticate as RFC 9110 section 11.6.1 defines it: several challenges in one field, in several fields joined by commas,
// parameters as tokens or quoted strings, or one token68. Parsing and formatting are inverses.

import { CountersignError } from './errors.ts'
import { MAX_CHALLENGE_LENGTH } from './limits.ts'

/** One challenge of a `WWW-Authenticate` field. */
export interface Challenge {
  /** The scheme as written; compare it without regard to case. */
  readonly scheme: string
  /** The single value of schemes such as Negotiate. A challenge has this or parameters, never both. */
  readonly token68?: string
  /** Parameters by lower-case name. The object has no prototype. */
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y
const SPACES = / +/y
const OPTIONAL_SPACE = /[ \t]*/y
const COMMAS = /[ \t]*(?:,[ \t]*)*/y
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"/y
const WHOLE_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const WHOLE_TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/
const QUOTABLE = /^[\t \x21-\x7e\x80-\xff]*$/

/**
 * Parses the value of a `WWW-Authenticate` field, or of several joined by commas as `Headers.get` returns them.
 *
 * Unknown schemes and parameters are kept: ignoring them is the caller's part (RFC 9449 section 7.1).
 *
 * @param field - At most {@link MAX_CHALLENGE_LENGTH} characters.
 * @throws {CountersignError} `ERR_CHALLENGE_INVALID`; `reason` is one of `size`, `scheme`, `parameter`, `duplicate_parameter`,
 *   `separator`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1 RFC 9110, section 11.6.1}
 * @example
 * parseChallenges('Bearer, DPoP algs="ES256 PS256"')
 */
export function parseChallenges(field: string): Challenge[] {
  if (field.length > MAX_CHALLENGE_LENGTH) throw invalid('size')
  const challenges: Challenge[] = []
  const reader = new Reader(field)
  reader.take(COMMAS)
  while (!reader.done) {
    challenges.push(readChallenge(reader))
    const separator = reader.take(COMMAS)
    if (!reader.done && !separator?.includes(',')) throw invalid('separator')
  }
  return challenges
}

/**
 * Formats challenges as one field value. Every parameter value is written as a quoted string.
 *
 * @throws {CountersignError} `ERR_CHALLENGE_INVALID`; `reason` is one of `scheme`, `token68`, `parameter`.
 */
export function formatChallenges(challenges: readonly Challenge[]): string {
  return challenges.map(formatChallenge).join(', ')
}

function formatChallenge({ scheme, token68, parameters }: Challenge): string {
  if (!WHOLE_TOKEN.test(scheme)) throw invalid('scheme')
  const entries = Object.entries(parameters)
  if (token68 !== undefined) {
    if (!WHOLE_TOKEN68.test(token68) || entries.length > 0) throw invalid('token68')
    return `${scheme} ${token68}`
  }
  const written = entries.map(([name, value]) => {
    if (!WHOLE_TOKEN.test(name) || name !== name.toLowerCase() || !QUOTABLE.test(value)) throw invalid('parameter')
    return `${name}="${value.replace(/["\\]/g, '\\$&')}"`
  })
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

function readChallenge(reader: Reader): Challenge {
  const scheme = reader.take(TOKEN)
  if (scheme === undefined) throw invalid('scheme')
  const parameters: Record<string, string> = Object.create(null)
  if (reader.take(SPACES) === undefined) return { scheme, parameters }
  // A token68 stands alone up to the next comma. `name=` alone is one too; `name=value` never matches it.
  const token68 = reader.take(TOKEN68)
  if (token68 !== undefined) return { scheme, token68, parameters }
  // A comma separates parameters as well as challenges: what follows one is a parameter if an equals sign comes after its name. A list
  // may begin with empty elements (RFC 9110 section 5.6.1).
  for (let separated = true; ; separated = false) {
    const end = reader.position
    if (reader.take(COMMAS)?.includes(',')) separated = true
    const name = separated ? takeParameterName(reader) : undefined
    if (name === undefined) {
      reader.position = end
      return { scheme, parameters }
    }
    if (name in parameters) throw invalid('duplicate_parameter')
    parameters[name] = readParameterValue(reader)
  }
}

/** The name of a parameter and the equals sign after it, if that is what comes next. */
function takeParameterName(reader: Reader): string | undefined {
  const name = reader.take(TOKEN)?.toLowerCase()
  reader.take(OPTIONAL_SPACE)
  return reader.takeCharacter('=') ? name : undefined
}

function readParameterValue(reader: Reader): string {
  reader.take(OPTIONAL_SPACE)
  const quoted = reader.take(QUOTED)
  const value = quoted === undefined ? reader.take(TOKEN) : quoted.slice(1, -1).replace(/\\(.)/gs, '$1')
  if (value === undefined) throw invalid('parameter')
  return value
}

/** A position in a text, and the patterns that match there. */
class Reader {
  position = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.position === this.#text.length
  }

  /** Consumes and returns what a sticky pattern matches here, or returns `undefined` and stays. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position
    const match = pattern.exec(this.#text)?.[0]
    if (match !== undefined) this.position += match.length
    return match
  }

  takeCharacter(character: string): boolean {
    if (this.#text[this.position] !== character) return false
    this.position++
    return true
  }
}

function invalid(reason: string): CountersignError {
  return new CountersignError('ERR_CHALLENGE_INVALID', 'The challenge is malformed', { reason })
}
