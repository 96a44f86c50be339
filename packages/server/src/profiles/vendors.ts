// The shapes of access tokens that authorization servers issue by default, from their documentation. Each line that differs from
// RFC 9068 is a relaxation, and is logged as one.

import type { JsonObject } from '@countersign/shared'
import type { IssuerProfile } from './issuer-profile.ts'
import { list, rfc9068, word, words } from './issuer-profile.ts'

/** Auth0, both of its dialects. Its machine clients have a `sub` of their own form. */
export const auth0: IssuerProfile = {
  ...rfc9068,
  types: ['at+jwt', 'jwt'],
  optional: ['jti'],
  clientId: ['client_id', 'azp'],
  isClient: ({ sub, gty }) => gty === 'client-credentials' || (typeof sub === 'string' && sub.endsWith('@clients')),
}

/**
 * Microsoft Entra ID, versions 1.0 and 2.0 of its tokens. They are not bound to a DPoP key: `accept` needs `'bearer'`. An application
 * that calls its own API has a token whose audience is its client, and so has its ID token, with the same `roles`: what tells them
 * apart is `scp`, or that the subject is the application.
 */
export const entra: IssuerProfile = {
  ...rfc9068,
  types: ['jwt'],
  optional: ['jti'],
  clientId: ['azp', 'appid'],
  scopes: [words('scp')],
  markers: { ver: ['1.0', '2.0'] },
  isAccessToken: (claims) => (typeof claims['scp'] === 'string' && claims['scp'] !== '') || isEntraApplication(claims),
  isClient: isEntraApplication,
}

function isEntraApplication({ idtyp, scp, sub, oid }: JsonObject): boolean {
  return idtyp === 'app' || (scp === undefined && sub !== undefined && sub === oid)
}

/** Okta, custom authorization servers. The `typ` of the organisation's own server is not taken: its tokens are for Okta alone. */
export const okta: IssuerProfile = { ...rfc9068, types: [undefined], clientId: ['cid'], scopes: [list('scp')] }

/** PingOne, and PingFederate with its default claim names, and `at+jwt` or nothing as its "Type Header Value". */
export const ping: IssuerProfile = {
  ...rfc9068,
  types: ['at+jwt', undefined],
  optional: ['jti', 'sub'],
  scopes: [words('scope'), list('scope')],
}

/** AWS Cognito user pools. Tokens have no `aud` unless a resource was bound, so `clients` must say whose are accepted. */
export const cognito: IssuerProfile = {
  ...rfc9068,
  types: [undefined],
  optional: ['aud'],
  groups: [list('cognito:groups')],
  markers: { token_use: ['access'] },
}

/** Duende IdentityServer. Tokens of machine clients have no `sub`. */
export const identityserver: IssuerProfile = {
  ...rfc9068,
  optional: ['jti', 'sub'],
  scopes: [list('scope'), words('scope')],
  roles: [list('role'), word('role')],
}

/** Connect2id server, with its own token format (`c2id-1.0`, `c2id-1.1`) or that of RFC 9068, from version 7.17 on. */
export const connect2id: IssuerProfile = {
  ...rfc9068,
  clientId: ['client_id', 'cid'],
  scopes: [words('scope'), list('scp')],
}

/** Glewlwyd, its OpenID Connect plugin. Tokens are as RFC 9068 demands where a resource was asked for, and say besides what they are. */
export const glewlwyd: IssuerProfile = { ...rfc9068, markers: { type: ['access_token'] } }

/**
 * Keycloak. Roles are those of the realm, and those of the clients that `audience` names. The subject of a service account is a user
 * that is named after the client.
 */
export const keycloak: IssuerProfile = {
  ...rfc9068,
  types: ['at+jwt', 'jwt'],
  clientId: ['azp', 'client_id'],
  roles: [
    { path: ['realm_access', 'roles'], form: 'list' },
    { path: ['resource_access', '{audience}', 'roles'], form: 'list' },
  ],
  markers: { typ: ['Bearer', 'DPoP'] },
  isClient: ({ preferred_username: name }, clientId) => name === `service-account-${clientId.toLowerCase()}`,
}
