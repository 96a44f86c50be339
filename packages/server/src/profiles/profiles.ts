// The built-in issuer profiles by name, and profiles of an application's own.

import { checkOptionNames, invalidOption } from '@countersign/shared'
import { oneOf, plainObject, strings } from '../option-readers.ts'
import type { ClaimSource, IssuerProfile } from './issuer-profile.ts'
import { rfc9068 } from './issuer-profile.ts'
import { auth0, cognito, connect2id, entra, glewlwyd, identityserver, keycloak, okta, ping } from './vendors.ts'

/** The built-in issuer profiles. A profile of your own may start from one: `{ ...issuerProfiles.keycloak, groups: [list('teams')] }`. */
export const issuerProfiles = {
  rfc9068,
  auth0,
  entra,
  okta,
  ping,
  cognito,
  identityserver,
  keycloak,
  connect2id,
  glewlwyd,
  /** node oidc-provider with `accessTokenFormat: 'jwt'`: as RFC 9068 demands. Of a client's own opaque token it tells no `sub`. */
  'oidc-provider': { ...rfc9068, absentSubject: 'client' },
  /** ConnectID identity providers, which publish no format of their own: as RFC 9068 demands. What is bound to a certificate alone is refused. */
  connectid: rfc9068,
} satisfies Readonly<Record<string, IssuerProfile>>

/** The name of a built-in issuer profile. */
export type IssuerProfileName = keyof typeof issuerProfiles

/** The names of the built-in issuer profiles. */
export const issuerProfileNames = Object.keys(issuerProfiles) as readonly IssuerProfileName[]

const NAMES: readonly (keyof IssuerProfile)[] = [
  'types',
  'optional',
  'absentSubject',
  'clientId',
  'scopes',
  'roles',
  'groups',
  'permissions',
  'entitlements',
  'markers',
  'isAccessToken',
  'isClient',
]

/**
 * Resolves the option `profile` of an issuer: a name, or a profile.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`.
 */
export function resolveProfile(value: unknown, parameter: string): { name: string; profile: IssuerProfile } {
  if (typeof value === 'string') {
    const name = oneOf(value, parameter, issuerProfileNames) as IssuerProfileName
    return { name, profile: issuerProfiles[name] }
  }
  const profile: Partial<IssuerProfile> = plainObject(value, parameter, 'the name of a profile, or a profile')
  checkOptionNames(profile, NAMES, parameter)
  const name = issuerProfileNames.find((each) => issuerProfiles[each] === value)
  return { name: name ?? 'custom', profile: readProfile(profile, parameter) }
}

function readProfile(profile: Partial<IssuerProfile>, parameter: string): IssuerProfile {
  const { types, markers, isAccessToken, isClient } = profile
  const wellTyped = Array.isArray(types) && types.every((type) => type === undefined || typeof type === 'string')
  if (!wellTyped || types.length === 0)
    throw invalidOption(`${parameter}.types`, 'a list of types, or undefined for none')
  const optional = strings(profile.optional, `${parameter}.optional`)
  for (const claim of optional) oneOf(claim, `${parameter}.optional`, ['aud', 'iat', 'jti', 'sub'])
  const absentSubject = oneOf(profile.absentSubject, `${parameter}.absentSubject`, ['client', 'unknown'])
  const clientId = strings(profile.clientId, `${parameter}.clientId`)
  if (clientId.length === 0) throw invalidOption(`${parameter}.clientId`, 'at least one claim')
  for (const name of ['isAccessToken', 'isClient'] as const) {
    if (profile[name] !== undefined && typeof profile[name] !== 'function')
      throw invalidOption(`${parameter}.${name}`, 'a function')
  }
  return {
    types: types.map((type) => type?.toLowerCase()),
    optional: optional as IssuerProfile['optional'],
    ...(absentSubject !== undefined && { absentSubject }),
    clientId,
    scopes: sources(profile.scopes, `${parameter}.scopes`),
    roles: sources(profile.roles, `${parameter}.roles`),
    groups: sources(profile.groups, `${parameter}.groups`),
    permissions: sources(profile.permissions, `${parameter}.permissions`),
    entitlements: sources(profile.entitlements, `${parameter}.entitlements`),
    markers: readMarkers(markers, `${parameter}.markers`),
    ...(isAccessToken !== undefined && { isAccessToken }),
    ...(isClient !== undefined && { isClient }),
  }
}

function sources(value: unknown, parameter: string): readonly ClaimSource[] {
  const list: unknown = value ?? []
  if (!Array.isArray(list)) throw invalidOption(parameter, 'a list of { path, form }')
  return list.map((source: unknown) => {
    const { path, form }: Partial<ClaimSource> = plainObject(source, parameter, 'a list of { path, form }')
    const known = oneOf(form, `${parameter}.form`, ['words', 'list', 'word'])
    if (known === undefined || !Array.isArray(path) || path.length === 0)
      throw invalidOption(parameter, 'a list of { path, form }')
    return { path: strings(path, `${parameter}.path`), form: known }
  })
}

function readMarkers(value: unknown, parameter: string): IssuerProfile['markers'] {
  const markers = plainObject(value ?? {}, parameter, 'an object of claims and their values')
  return Object.fromEntries(
    Object.entries(markers).map(([claim, values]) => [claim, strings(values, `${parameter}.${claim}`)]),
  )
}
