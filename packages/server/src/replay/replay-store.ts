// Where used proofs are remembered (RFC 9449 section 11.1).

/** Remembers that a proof was used, for as long as it could be used again. */
export interface ReplayStore {
  /**
   * Claims a key. Atomic: of any number of concurrent claims of one key, exactly one is `true`.
   *
   * @param key - The proof's identity: the thumbprint of its key (43 characters), a dot, and its `jti`.
   * @param expiresAt - Second since the epoch until which the claim must be remembered.
   * @returns Whether the key was unclaimed.
   * @throws Any error when the store cannot tell; the request is then refused with 503, never accepted.
   *   A {@link CountersignError} of code `ERR_REPLAY_STORE_FULL` or `ERR_REPLAY_QUOTA_EXCEEDED` keeps its own status.
   */
  claim(key: string, expiresAt: number): boolean | Promise<boolean>
  /** Tells whether a key was claimed, and changes nothing: for explanations. Optional; no decision ever rests on it. */
  has?(key: string): boolean | Promise<boolean>
}

/** Tells a store from anything else, such as the options of the one that is built in. */
export function isReplayStore(value: object): value is ReplayStore {
  return 'claim' in value && typeof value.claim === 'function'
}
