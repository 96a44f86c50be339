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
const COMMAS = /[ \t]*(?:,[ \t]*)*/y
/** With an equals sign after it a token is the name of a parameter, and not the scheme of another challenge. */
const NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?=[ \t]*=)/y
const EQUALS = /[ \t]*=[ \t]*/y
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
  let position = 0
  takeCommas()
  for (let separated = true; position < field.length; ) {
    if (!separated) throw invalid('separator')
    const scheme = take(TOKEN)
    if (scheme === '') throw invalid('scheme')
    const parameters: Record<string, string> = Object.create(null)
    const goesOn = take(SPACES) !== ''
    // A token68 stands alone up to the next comma. `name=` alone is one too; `name=value` never matches it.
    const token68 = goesOn ? take(TOKEN68) : ''
    challenges.push({ scheme, ...(token68 !== '' && { token68 }), parameters })
    separated = takeCommas()
    if (!goesOn || token68 !== '') continue
    // A comma separates parameters as well as challenges. A list may begin with empty elements (RFC 9110 section 5.6.1).
    for (let name = take(NAME); name !== ''; name = separated ? take(NAME) : '') {
      const lowerCase = name.toLowerCase()
      if (lowerCase in parameters) throw invalid('duplicate_parameter')
      take(EQUALS)
      parameters[lowerCase] = takeValue()
      separated = takeCommas()
    }
  }
  return challenges

  /** What a sticky pattern matches here, which is then behind us; empty where it does not match. */
  function take(pattern: RegExp): string {
    pattern.lastIndex = position
    const [match] = pattern.exec(field) ?? ['']
    position += match.length
    return match
  }

  function takeCommas(): boolean {
    return take(COMMAS).includes(',')
  }

  function takeValue(): string {
    const quoted = take(QUOTED)
    if (quoted !== '') return quoted.slice(1, -1).replace(/\\(.)/gs, '$1')
    const token = take(TOKEN)
    if (token === '') throw invalid('parameter')
    return token
  }
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

function invalid(reason: string): CountersignError {
  return new CountersignError('ERR_CHALLENGE_INVALID', 'The challenge is malformed', { reason })
}
