// Who makes a call: what a handler may rely on.

import type { JsonObject } from '@countersign/shared'
import type { OpenedProof } from './proofs/proof-kind.ts'
import type { VerifiedToken } from './token/access-token.ts'

/** The types of an application's own claims: augment it to have `request.caller.claims` typed. */
// biome-ignore lint/suspicious/noEmptyInterface: an interface to be augmented has no members of its own.
export interface CallerClaims {}

/** The verified caller of a request. Frozen. */
export interface Caller {
  /** How the token was presented: with a DPoP proof, or as a bearer token. */
  readonly kind: 'dpop' | 'bearer'
  /** `iss` of the access token. A subject is unique only within its issuer. */
  readonly issuer: string
  /** `sub` of the access token: the user, or the client itself when no user took part. */
  readonly subject: string
  /** `client_id` of the access token. */
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly permissions: readonly string[]
  readonly entitlements: readonly string[]
  /** Second since the epoch at which the access token expires. */
  readonly expiresAt: number
  /** All claims of the access token. */
  readonly claims: Readonly<JsonObject> & Readonly<CallerClaims>
  /** Thumbprint of the key that signed the call. Absent for a bearer token, as the members below. */
  readonly jkt?: string
  /** `jti` of the proof. */
  readonly jti?: string
  /** Algorithm of the proof. */
  readonly algorithm?: string
  /** The nonce that the proof named. */
  readonly nonce?: string
}

/** Puts together what a verified token and a verified proof say. */
export function callerOf(token: VerifiedToken, proof: (OpenedProof & { readonly kind: 'dpop' }) | undefined): Caller {
  const { issuer, subject, clientId, scopes, roles, groups, permissions, entitlements, expiresAt, claims } = token
  return Object.freeze({
    kind: proof?.kind ?? 'bearer',
    issuer,
    subject,
    clientId,
    scopes,
    roles,
    groups,
    permissions,
    entitlements,
    expiresAt,
    claims,
    ...(proof !== undefined && { jkt: proof.jkt, jti: proof.jti, algorithm: proof.algorithm.alg }),
    ...(proof?.nonce !== undefined && { nonce: proof.nonce }),
  })
}
