// Who makes a call: what a handler may rely on.

import type { JsonObject } from '@countersign/shared'
import type { ProofState } from './proofs/proof-kind.ts'
import type { VerifiedToken } from './token/token-state.ts'

/** The types of an application's own claims: augment it to have `request.caller.claims` typed. */
// biome-ignore lint/suspicious/noEmptyInterface: an interface to be augmented has no members of its own.
export interface CallerClaims {}

/** The verified caller of a request: what its access token says, and by which proof it was presented. Frozen. */
export interface Caller extends Omit<VerifiedToken, 'jkt' | 'x5tS256' | 'confirmationKey' | 'claims'> {
  /** How the token was presented: with a DPoP proof, with a request envelope, or as a bearer token. */
  readonly kind: 'dpop' | 'envelope' | 'bearer'
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
export function callerOf(token: VerifiedToken, proof: ProofState | undefined): Caller {
  // Member by member: to copy all but three takes four times as long.
  const { issuer, subject, subjectType, clientId, scopes, roles, groups, permissions, entitlements, expiresAt } = token
  const said = { issuer, subject, subjectType, clientId, scopes, roles, groups, permissions, entitlements, expiresAt }
  const { claims } = token
  if (proof === undefined) return Object.freeze({ ...said, claims, kind: 'bearer' })
  const { kind, jkt, jti, algorithm, nonce } = proof
  const alg = algorithm?.alg as string
  if (nonce === undefined) return Object.freeze({ ...said, claims, kind, jkt, jti, algorithm: alg })
  return Object.freeze({ ...said, claims, kind, jkt, jti, algorithm: alg, nonce })
}
