// A proof kind is a way of proving possession of the client's key. Each is a module of this folder with this interface.

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

/** A kind of proof, for one key: makes the header fields that prove one call, with a fresh `jti`, never to be sent twice. */
export type Prover = (call: ProvableCall) => Promise<Readonly<Record<string, string>>>
