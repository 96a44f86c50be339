// Reading claims of an access token by name and type, RFC 9068 section 2.2 and RFC 7519 section 2.

import type { CountersignError, JsonObject } from '@countersign/shared'
import { refusal } from '@countersign/shared'

/** A claim that must be a non-empty string. */
export function requiredString(claims: JsonObject, name: string): string {
  const value = claims[name]
  if (value === undefined) throw missing(name)
  if (typeof value !== 'string' || value === '') throw invalid(name, 'a non-empty string')
  return value
}

/** A claim that may be absent, and otherwise must be a non-empty string. */
export function optionalString(claims: JsonObject, name: string): string | undefined {
  return claims[name] === undefined ? undefined : requiredString(claims, name)
}

/** A claim that must be a NumericDate: a JSON number of seconds, not a string of digits. */
export function requiredDate(claims: JsonObject, name: string): number {
  const value = optionalDate(claims, name)
  if (value === undefined) throw missing(name)
  return value
}

/** A claim that may be absent, and otherwise must be a NumericDate. */
export function optionalDate(claims: JsonObject, name: string): number | undefined {
  const value = claims[name]
  if (value !== undefined && typeof value !== 'number') throw invalid(name, 'a number of seconds')
  return value
}

/** The audience: a non-empty string or a non-empty list of such. */
export function audienceOf(claims: JsonObject): readonly string[] {
  const value = claims['aud']
  if (value === undefined) throw missing('aud')
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0 || !list.every((item): item is string => typeof item === 'string' && item !== '')) {
    throw invalid('aud', 'a string, or a list of strings')
  }
  return list
}

export function invalid(parameter: string, expected: string): CountersignError {
  return refusal('ERR_TOKEN_CLAIM_INVALID', `The claim "${parameter}" is not ${expected}`, {
    parameter,
    expected,
  })
}

export function missing(parameter: string): CountersignError {
  return refusal('ERR_TOKEN_CLAIM_MISSING', `The access token has no "${parameter}"`, { parameter })
}
