// A proof kind is a way of proving possession of the key a token is bound to. Each is a module of this folder with this interface,
// and `proof-kinds.ts` lists them: adding one touches nothing else.

import type { AlgorithmEntry, ErrorCode, PublicJwk } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Credentials } from '../credentials.ts'
import type { NonceAuthority } from '../nonce.ts'
import type { RequestTargets } from '../request-target.ts'
import type { ProofKey } from '../token-cache.ts'

/** What proofs are compared with, the same for all requests. */
export interface ProofServices {
  readonly targets: RequestTargets
  readonly algorithms: ReadonlySet<string>
  /** The nonces of this server; `undefined` when they are off. */
  readonly nonces: NonceAuthority | undefined
  /** The window of a proof's own time, which decides when nonces are off. */
  readonly window: { readonly pastSeconds: number; readonly futureSeconds: number }
}

/** What the checks of a proof find out. Nothing is to be believed before the signature was verified. */
export interface ProofState {
  readonly kind: 'dpop'
  /** The key, if it is the one that this token came with before; otherwise `jwk` is there to import it from. */
  key: ProofKey | undefined
  jwk: PublicJwk | undefined
  algorithm: AlgorithmEntry | undefined
  /** Thumbprint of the proof's key. */
  jkt: string
  readonly headerSegment: string
  readonly signingInput: string
  /**
   * Decodes the signature.
   *
   * @throws {CountersignError} When it is malformed.
   */
  signature(): Uint8Array
  readonly jti: string
  readonly nonce: string | undefined
  /** Second since the epoch from which the proof can no longer be accepted: as long must its `jti` be remembered. */
  acceptableUntil: number
}

/** A kind of proof. */
export interface ProofKind {
  readonly kind: 'dpop'
  /** What is said of a key or a signature that is none, and of a proof that came before or has become too old. */
  readonly codes: Readonly<Record<'jwk' | 'signature' | 'replayed' | 'expired', ErrorCode>>
  /** The proof of this kind that a request carries, if it carries one. */
  detect(credentials: Credentials): string | undefined
  /** Takes up a proof that was detected. */
  begin(proof: string): ProofState
  /**
   * Creates the checks that need no cryptography, in the order of their cost. Those every kind has are called `proof.form` (it is
   * well-formed), `proof.jwk` (it has a key), `proof.claims` (it says what it must).
   */
  createChecks(services: ProofServices): readonly Check[]
}
