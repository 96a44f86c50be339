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
export function callerOf(
  { jkt: _, x5tS256: __, confirmationKey: ___, ...token }: VerifiedToken,
  proof: ProofState | undefined,
): Caller {
  return Object.freeze({
    kind: proof?.kind ?? 'bearer',
    ...token,
    ...(proof !== undefined && { jkt: proof.jkt, jti: proof.jti, algorithm: proof.algorithm?.alg as string }),
    ...(proof?.nonce !== undefined && { nonce: proof.nonce }),
  })
}
