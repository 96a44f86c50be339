// Verified access tokens, kept by their SHA-256, which is the `ath` that every proof names anyway; the token itself is not kept.
// With each goes the key of the proof it first came with, so that a warm call parses no header, imports no key and makes no
// thumbprint. Only a caller that has proved itself gets an entry, and no entry outlives `exp`, its own ceiling, or the presence of the
// signing key in its issuer's key set.

import type { KeyObject } from 'node:crypto'
import type { AlgorithmEntry } from '@countersign/shared'
import { LRUCache } from 'lru-cache'
import type { VerifiedToken } from './token/token-state.ts'
import { TokenState } from './token/token-state.ts'

/** A proof's key, imported. */
export interface ProofKey {
  /**
   * The encoded JOSE header of the DPoP proof the key came in: the same text means the same header, so what held for it holds again.
   * `undefined` for a key that came otherwise: no header of a DPoP proof is known by it.
   */
  readonly headerSegment: string | undefined
  readonly algorithm: AlgorithmEntry
  readonly keyObject: KeyObject
  readonly jkt: string
}

/** What is remembered of a verified token. */
export interface CachedToken {
  readonly token: VerifiedToken
  /** The token as checks look at it: shared by all requests with it, and not to be written to. */
  readonly state: TokenState
  /** The key of the proof it came with; `undefined` for a bearer token. */
  readonly proofKey: ProofKey | undefined
  /** Tells whether the key that signed the token is still one of its issuer's. */
  stillTrusted(): boolean
}

/** A bounded cache of verified tokens. */
export interface TokenCache {
  get(ath: string): CachedToken | undefined
  /** @param maxAgeSeconds - Longest time the entry is kept, if that is less than the cache's own. */
  set(ath: string, entry: Omit<CachedToken, 'state'>, maxAgeSeconds?: number): void
}

/** Creates the cache. With `maxEntries` 0 it keeps nothing. */
export function createTokenCache(
  bounds: { readonly maxEntries: number; readonly maxAgeSeconds: number },
  clock: () => number,
): TokenCache {
  const { maxEntries } = bounds
  if (maxEntries === 0) return { get: () => undefined, set: () => undefined }
  const entries = new LRUCache<string, CachedToken & { readonly verifyAgainAt: number }>({ max: maxEntries })

  return {
    get(ath) {
      const entry = entries.get(ath)
      if (entry === undefined) return undefined
      if (clock() < entry.verifyAgainAt && entry.stillTrusted()) return entry
      entries.delete(ath)
      return undefined
    },
    set(ath, entry, maxAgeSeconds = bounds.maxAgeSeconds) {
      if (maxAgeSeconds === 0) return
      const state = Object.freeze(TokenState.ofVerified(entry.token))
      entries.set(ath, { ...entry, state, verifyAgainAt: clock() + Math.min(maxAgeSeconds, bounds.maxAgeSeconds) })
    },
  }
}
