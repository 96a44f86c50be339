// A proof kind is a way of proving possession of the key a token is bound to. Each is a module of this folder with this interface,
// and `proof-kinds.ts` lists them: adding one touches nothing else.

import type { AlgorithmEntry, PublicJwk } from '@countersign/shared'
import type { Credentials } from '../credentials.ts'
import type { NonceAuthority } from '../nonce.ts'
import type { RequestTargets } from '../request-target.ts'
import type { ProofKey } from '../token-cache.ts'

/** What a proof is compared with. */
export interface ProofContext {
  readonly method: string
  /** The normalised path of the request. */
  readonly path: string
  readonly targets: RequestTargets
  readonly algorithms: ReadonlySet<string>
  /** The nonces of this server; `undefined` when they are off. */
  readonly nonces: NonceAuthority | undefined
  /** The window of `iat`, which decides when nonces are off. */
  readonly window: { readonly pastSeconds: number; readonly futureSeconds: number }
  /** The current time in seconds since the epoch. */
  readonly now: number
  /** SHA-256 of the access token that came with the proof. */
  readonly ath: string
  /** The key of the proof that this token came with before, if it did. */
  readonly known: ProofKey | undefined
}

/** A proof of which everything holds but its signature, its binding and its being the first. */
export interface OpenedProof {
  readonly algorithm: AlgorithmEntry
  /** Thumbprint of the proof's key. */
  readonly jkt: string
  /** The key, if it is the known one; otherwise `jwk` is there to import it from. */
  readonly known: ProofKey | undefined
  readonly jwk: PublicJwk | undefined
  readonly headerSegment: string
  readonly signingInput: string
  readonly signature: Uint8Array
  readonly jti: string
  readonly nonce: string | undefined
  /** Second since the epoch from which the proof can no longer be accepted: as long must its `jti` be remembered. */
  readonly acceptableUntil: number
}

/** A kind of proof. */
export interface ProofKind {
  readonly kind: 'dpop'
  /** The proof of this kind that a request carries, if it carries one. */
  detect(credentials: Credentials): string | undefined
  /**
   * Decodes a proof and makes every check that needs no cryptography.
   *
   * Does not verify the signature, the binding to the token, nor that the proof is new.
   */
  open(proof: string, context: ProofContext): OpenedProof
}
