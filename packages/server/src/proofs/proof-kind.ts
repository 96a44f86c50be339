// A proof kind is a way of proving possession of the key a token is bound to. Each is a module of this folder with this interface,
// and `proof-kinds.ts` lists them: adding one touches nothing else.

import type { AlgorithmEntry, PublicJwk, RefusalCode } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { ContentServices } from '../content/content-checks.ts'
import type { Exchange, RequestForm } from '../exchange.ts'
import type { NonceAuthority } from '../nonce.ts'
import type { RequestTargets } from '../request-target.ts'
import type { ProofKey } from '../token-cache.ts'

/** The names of the kinds. */
export type ProofKindName = 'dpop' | 'envelope' | 'gnap'

/** What proofs are compared with, the same for all requests. */
export interface ProofServices {
  readonly targets: RequestTargets
  readonly algorithms: ReadonlySet<string>
  /** The nonces of this server; `undefined` when they are off. */
  readonly nonces: NonceAuthority | undefined
  /** The window of a proof's own time, which decides when nonces are off. */
  readonly window: { readonly pastSeconds: number; readonly futureSeconds: number }
  /** Longest time from the checks of a proof to the end of the content, in seconds. */
  readonly maxContentSeconds: number
}

/** What the checks of a proof find out. Nothing is to be believed before the signature was verified. */
export interface ProofState {
  /** What a caller is told of it: a key proof of RFC 9635 is an envelope too. */
  readonly kind: 'dpop' | 'envelope'
  /** The key, if it is the one that this token came with before; otherwise `jwk` is there to import it from. */
  key: ProofKey | undefined
  jwk: PublicJwk | undefined
  algorithm: AlgorithmEntry | undefined
  /** Thumbprint of the proof's key. */
  jkt: string
  /** The encoded header, where the next proof may have the same; otherwise nothing is remembered by it. */
  readonly headerSegment: string | undefined
  readonly signingInput: string
  /**
   * Decodes the signature.
   *
   * @throws {CountersignError} When it is malformed.
   */
  signature(): Uint8Array
  readonly jti: string
  readonly nonce: string | undefined
  /** When the proof was made by its own account, in seconds since the epoch. */
  readonly madeAt: number
  /** Second since the epoch from which the proof can no longer be accepted: as long must its `jti` be remembered. */
  acceptableUntil: number
  /** Seconds that may pass beyond that until the content of the request is complete: its `jti` is remembered for as much longer. */
  readonly graceSeconds: number
}

/** A form of a request with one kind of proof. */
export interface ProofForm {
  readonly form: RequestForm
  /** Whether the token comes first: the key of the proof is known from it. */
  readonly tokenFirst?: boolean
  /** Where the proof is the content: the check that reads it, which comes once the token alone is known to be good. */
  readonly readContent?: (services: ContentServices) => Check
  /** Where the proof covers content that comes beside it: the check that this is what arrived. */
  readonly coveredContent?: (services: ContentServices) => Check
}

/** A kind of proof. */
export interface ProofKind {
  readonly kind: ProofKindName
  /** What is said of a key or a signature that is none, and of a proof that came before, has become too old, or is not old enough. */
  readonly codes: Readonly<Record<'jwk' | 'signature' | 'replayed' | 'expired' | 'notYetValid', RefusalCode>>
  /** What the time in it is called. */
  readonly timeParameter: string
  /** Whether its key comes out of the token, which then need not be compared with it. */
  readonly hasKeyOfToken: boolean
  /** The forms that a request with such a proof has. */
  readonly forms: readonly ProofForm[]
  /** The state of a proof of this kind, if that is what a request carries. */
  detect(exchange: Exchange): ProofState | undefined
  /**
   * Creates the checks that need no cryptography, in the order of their cost. Those every kind has are called `proof.form` (it is
   * well-formed), `proof.jwk` (it has a key), `proof.claims` (it says what it must).
   */
  createChecks(services: ProofServices): readonly Check[]
}
