// A proof kind is a way of proving possession of the client's key. Each is a module of its own with this interface, and `proof-kinds.ts`
// chooses among them: adding one touches nothing else.

import type { Call } from '../fetch/call.ts'

/** A call to be proved. */
export interface ProvableCall {
  /** The method exactly as it will be sent. */
  readonly method: string
  /** The URL exactly as it will be sent. */
  readonly url: URL
  /** The access token that goes with the call; none towards a token endpoint. */
  readonly accessToken?: string | undefined
  /** The most recent nonce of the server. */
  readonly nonce?: string | undefined
  /** The time of the server, in seconds since the epoch. Default: that of the system clock. */
  readonly time?: number | undefined
}

/** Makes the header fields that prove one call by a DPoP proof, with a fresh `jti`, never to be sent twice. */
export type Prover = (call: ProvableCall) => Promise<Readonly<Record<string, string>>>

/** What an attempt is proved with. */
export interface AttemptParts {
  readonly accessToken: string
  /** Whether the token is bound to no key: then only a kind is asked that is required, and refuses it. */
  readonly isBearer: boolean
  readonly nonce: string | undefined
  /** The time of the server, in seconds since the epoch. */
  readonly time: number
}

/** One attempt, proved. */
export interface ProvedAttempt {
  /** The call as it goes out this time. */
  readonly call: Call
  /** Header fields that go with it. */
  readonly fields: Readonly<Record<string, string>>
}

/** The proofs of one call, of one kind. */
export interface CallProofs {
  /** The call with content that can be proved, and be sent as often as it must be. */
  readonly call: Call
  /** Proves the next attempt, with a fresh `jti`. */
  prove(parts: AttemptParts): Promise<ProvedAttempt>
  /** Whether nothing may be sent without a proof, not even a token that is bound to no key. */
  readonly isRequired: boolean
  /** Whether responses are verified: what a refusal says of the time is then not believed. */
  readonly verifiesResponses?: boolean
  /** Sees to what a refusal asks for that only this kind knows. Returns whether another attempt makes sense, and can be made. */
  mend?(response: Response): Promise<boolean>
  /** Checks the response to the latest attempt, before anybody sees it, and does away with one that it refuses. */
  receive?(response: Response): Promise<Response>
}

/** Begins the proofs of a call. */
export type BeginProofs = (call: Call) => CallProofs | Promise<CallProofs>
