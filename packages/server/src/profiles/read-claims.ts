// Reading the claims of an access token by an issuer's profile. A scope in a form that the profile does not have refuses the token; a
// role, group, permission or entitlement that is none grants nothing.

import type { JsonObject, JsonValue } from '@countersign/shared'
import { isJsonObject } from '@countersign/shared'
import { invalid, missing, requiredString } from '../token/claims.ts'
import type { ClaimSource, IssuerProfile } from './issuer-profile.ts'

const AUDIENCE = '{audience}'

/**
 * The identifier of the client.
 *
 * @throws {CountersignError} `ERR_TOKEN_CLAIM_MISSING`, `ERR_TOKEN_CLAIM_INVALID`.
 */
export function clientIdOf(claims: JsonObject, { clientId: names }: IssuerProfile): string {
  const name = names.find((each) => claims[each] !== undefined)
  if (name === undefined) throw missing(names.join(' or '))
  return requiredString(claims, name)
}

/**
 * The scopes. No claim, no scopes.
 *
 * @throws {CountersignError} `ERR_TOKEN_CLAIM_INVALID` for a claim that is in none of its forms.
 */
export function scopesOf(claims: JsonObject, { scopes }: IssuerProfile): readonly string[] {
  const present = scopes.filter(({ path }) => valueAt(claims, path) !== undefined)
  const [first] = present
  if (first === undefined) return []
  const name = first.path.join('.')
  const value = valueAt(claims, first.path) as JsonValue
  if (Array.isArray(value) && !value.every((item) => typeof item === 'string')) throw invalid(name, 'a list of strings')
  const forms = present.filter(({ path }) => path.join('.') === name)
  const read = forms.map(({ form }) => readForm(value, form)).find((values) => values !== undefined)
  if (read === undefined) throw invalid(name, 'scopes in the form that the profile of the issuer has')
  return read
}

/** The values of all sources that are present, each once. */
export function membershipsOf(
  claims: JsonObject,
  sources: readonly ClaimSource[],
  audiences: ReadonlySet<string>,
): readonly string[] {
  const found = sources.flatMap(({ path, form }) =>
    expanded(path, audiences).flatMap((each) => {
      const value = valueAt(claims, each)
      return (value !== undefined && readForm(value, form)) || []
    }),
  )
  return [...new Set(found)]
}

/** A path for each of our audiences, where it says so. */
function expanded(path: readonly string[], audiences: ReadonlySet<string>): readonly (readonly string[])[] {
  if (!path.includes(AUDIENCE)) return [path]
  return [...audiences].map((audience) => path.map((name) => (name === AUDIENCE ? audience : name)))
}

function valueAt(claims: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = claims
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined
  return value
}

/** The values of a claim, or `undefined` for one of another form. */
function readForm(value: JsonValue, form: ClaimSource['form']): readonly string[] | undefined {
  if (form === 'list') {
    if (!Array.isArray(value)) return undefined
    return value
      .map((item) => (isJsonObject(item) ? item['value'] : item))
      .filter((item): item is string => typeof item === 'string')
  }
  if (typeof value !== 'string') return undefined
  return form === 'word' ? [value] : value.split(' ').filter((word) => word !== '')
}
