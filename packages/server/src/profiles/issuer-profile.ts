// What the access tokens of an issuer look like: which claims say what, and how such a token is told from the issuer's other tokens.
// A profile is data, so that every way in which it departs from RFC 9068 can be listed; nothing is ever guessed from a token.

import type { JsonObject } from '@countersign/shared'

/** Where values stand, and in which form. */
export interface ClaimSource {
  /** The names of the members, from the top level down. `{audience}` stands for each accepted audience of this server in turn. */
  readonly path: readonly string[]
  /**
   * `words`: a string of words separated by spaces. `list`: a list of strings, or of SCIM objects with a `value` (RFC 9068 section
   * 2.2.3.1). `word`: a string that is one value.
   */
  readonly form: 'words' | 'list' | 'word'
}

/** Claims that RFC 9068 requires and a profile can do without. */
export type OptionalClaim = 'aud' | 'iat' | 'jti' | 'sub'

/** The shape of an issuer's access tokens. */
export interface IssuerProfile {
  /** Accepted values of `typ`, in lower case and without `application/`; `undefined` stands for none. */
  readonly types: readonly (string | undefined)[]
  /**
   * Claims that may be absent. Without `aud`, an issuer needs `clients`: something must say that a token is for this server. Without
   * `sub`, `subject` is the client. A claim that is present is checked all the same.
   */
  readonly optional: readonly OptionalClaim[]
  /** Whose a token without `sub` is: the client's own, which is the default, or `unknown`. */
  readonly absentSubject?: 'client' | 'unknown'
  /** Names of the claim with the client's identifier, the first that is present counts. One must be. */
  readonly clientId: readonly string[]
  /** Where scopes stand, the first claim that is present counts. */
  readonly scopes: readonly ClaimSource[]
  /** Where roles stand; the values of all that are present are put together, as below. */
  readonly roles: readonly ClaimSource[]
  readonly groups: readonly ClaimSource[]
  readonly permissions: readonly ClaimSource[]
  readonly entitlements: readonly ClaimSource[]
  /** Claims that an access token of this issuer has with one of these values, and its other tokens have not. */
  readonly markers: Readonly<Record<string, readonly string[]>>
  /**
   * Whether the claims are those of an access token, where `typ` does not say so and `markers` cannot. By default, when the client is
   * not the only audience, as it is in an ID token.
   */
  isAccessToken?(claims: Readonly<JsonObject>): boolean
  /** Whether the subject is the client itself: by default, when `sub` is the client's identifier. */
  isClient?(claims: Readonly<JsonObject>, clientId: string): boolean
}

/** A claim at the top level that is a list of strings. */
export function list(claim: string): ClaimSource {
  return { path: [claim], form: 'list' }
}

/** A claim at the top level that is one string, which is one value. */
export function word(claim: string): ClaimSource {
  return { path: [claim], form: 'word' }
}

/** A claim at the top level that is a string of words. */
export function words(claim: string): ClaimSource {
  return { path: [claim], form: 'words' }
}

/** RFC 9068, to the letter. */
export const rfc9068: IssuerProfile = {
  types: ['at+jwt'],
  optional: [],
  clientId: ['client_id'],
  scopes: [words('scope')],
  roles: [list('roles')],
  groups: [list('groups')],
  permissions: [list('permissions')],
  entitlements: [list('entitlements')],
  markers: {},
}

/** Every way in which a profile accepts what RFC 9068 does not, in words: for the log at start. */
export function relaxationsOf(profile: IssuerProfile): readonly string[] {
  const types = profile.types.filter((type) => type !== 'at+jwt')
  const otherClients = profile.clientId.filter((claim) => claim !== 'client_id')
  const otherScopes = profile.scopes.filter(({ path, form }) => path.join('.') !== 'scope' || form !== 'words')
  return [
    ...types.map((type) => (type === undefined ? 'no typ' : `typ ${type}`)),
    ...profile.optional.map((claim) => `no ${claim}`),
    ...otherClients.map((claim) => `the client in ${claim}`),
    ...(profile.isAccessToken === undefined ? [] : ['tokens whose only audience is their client']),
    ...otherScopes.map(({ path, form }) => `scopes in ${path.join('.')} (${form})`),
    ...(['roles', 'groups', 'permissions', 'entitlements'] as const).flatMap((kind) => {
      const other = profile[kind].filter(({ path, form }) => path.join('.') !== kind || form !== 'list')
      return other.map(({ path, form }) => `${kind} in ${path.join('.')} (${form})`)
    }),
  ]
}
