// What may be shown of a refusal, in a log or to the caller. Callers choose what stands in `actual`, so it is cut and simplified.

import type { CountersignError, ProblemDetails } from '@countersign/shared'

/** Longest text shown, in characters. */
const MAX_LENGTH = 256
/** Most members of a list shown. */
const MAX_MEMBERS = 32
/** A compact JWS or JWE, or the beginning of one: whatever a caller has written it into, it may be somebody's token. */
const COMPACT_JOSE = /\b[\w-]{8,}(?:\.[\w-]{8,}(?:\.[\w-]*)*)/g

type Diagnostic = 'parameter' | 'reason' | 'expected' | 'actual'

/** The data of an error, in a form that is safe to show: texts, numbers, and short lists of them. */
export function diagnosticsOf(error: CountersignError): Pick<ProblemDetails, Diagnostic> {
  const { parameter, reason } = error
  const expected = shown(error.expected)
  const actual = shown(error.actual)
  const diagnostics: { -readonly [Member in Diagnostic]?: ProblemDetails[Member] } = {}
  if (parameter !== undefined) diagnostics.parameter = parameter
  if (reason !== undefined) diagnostics.reason = reason
  if (expected !== undefined) diagnostics.expected = expected
  if (actual !== undefined) diagnostics.actual = actual
  return diagnostics
}

/** A URI as it may be shown: without user information, query and fragment, in which secrets travel. */
export function shownUri(uri: string): string {
  return uri.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1')
}

/** A method as it may be shown, of whoever may have put something else there by mistake, even a token. */
export function shownMethod(method: string): string {
  return /^[A-Za-z-]{1,32}$/.test(method) ? method : 'no method'
}

/** A value as it may be shown: short texts, numbers, and short lists of texts. Of anything else only what it is. */
export function shown(value: unknown): unknown {
  if (typeof value === 'string')
    return (value.includes('.') ? value.replace(COMPACT_JOSE, masked) : value).slice(0, MAX_LENGTH)
  if (typeof value === 'number') return value
  if (Array.isArray(value))
    return value.slice(0, MAX_MEMBERS).map((member) => (typeof member === 'string' ? shown(member) : typeof member))
  return value === undefined ? undefined : typeof value
}

/** The header of a JOSE object is a JSON object, which begins like this in base64url. */
function masked(text: string): string {
  return text.startsWith('ey') ? '[JWT]' : text
}
