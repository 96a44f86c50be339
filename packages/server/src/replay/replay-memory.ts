// The replay store of one process. Memory is bounded and never forgets a proof that could still be replayed: when full, it refuses.
// Entries that expire in the same half minute share a generation, which is dropped whole: expiry costs nothing.

import { CountersignError } from '@countersign/shared'
import { createKeyedHash } from './keyed-hash.ts'
import { Generation } from './replay-generation.ts'
import type { ReplayStore } from './replay-store.ts'

/** Options of {@link createMemoryReplayStore}. */
export interface MemoryReplayStoreOptions {
  /** Most live entries, at least 1. When reached, calls are refused with 503 until entries expire. Default 1 000 000, about 45 MB. */
  readonly maxEntries?: number
  /** Most live entries of one key; more are refused with 429. Default: a quarter of `maxEntries`. */
  readonly maxEntriesPerKey?: number
}

/** Seconds of expiry that one generation spans. */
const GENERATION_SECONDS = 30
/** Length of the thumbprint that a key begins with, which quotas are counted by. */
const THUMBPRINT_LENGTH = 43

/**
 * Creates a replay store in the memory of this process. Other processes do not see it: several replicas need a shared store.
 *
 * @param clock - The current time in seconds since the epoch.
 * @throws {CountersignError} `ERR_OPTION_INVALID`.
 */
export function createMemoryReplayStore(
  options: MemoryReplayStoreOptions = {},
  clock: () => number = () => Date.now() / 1000,
): ReplayStore {
  const maxEntries = bound(options.maxEntries ?? 1_000_000, 'replay.maxEntries')
  const maxEntriesPerKey = bound(options.maxEntriesPerKey ?? Math.ceil(maxEntries / 4), 'replay.maxEntriesPerKey')
  const generations = new Map<number, Generation>()
  const hash = createKeyedHash(THUMBPRINT_LENGTH)
  /** Every generation below this index was dropped. If the clock is set back, what expires there can no longer be vouched for. */
  let oldest = Number.NEGATIVE_INFINITY

  return {
    claim(key, expiresAt) {
      const now = clock()
      oldest = Math.max(oldest, Math.floor(now / GENERATION_SECONDS))
      for (const index of generations.keys()) if (index < oldest) generations.delete(index)
      hash.take(key)
      let entries = 0
      let ofKey = 0
      for (const generation of generations.values()) {
        if (generation.has(hash.fingerprint)) return false
        entries += generation.size
        ofKey += generation.countOf(hash.prefix)
      }
      if (entries >= maxEntries) throw new CountersignError('ERR_REPLAY_STORE_FULL', 'The replay store is full')
      if (ofKey >= maxEntriesPerKey) {
        throw new CountersignError('ERR_REPLAY_QUOTA_EXCEEDED', 'One key has filled its share of the replay store')
      }
      // An entry lives until its generation does: at least until `expiresAt`, at most half a minute longer.
      const index = Math.floor(Math.max(expiresAt, now) / GENERATION_SECONDS)
      if (index < oldest) throw new CountersignError('ERR_REPLAY_STORE_UNAVAILABLE', 'The clock was set back')
      let generation = generations.get(index)
      if (generation === undefined) {
        generation = new Generation()
        generations.set(index, generation)
      }
      generation.add(hash.fingerprint, hash.prefix)
      return true
    },
    has(key) {
      hash.take(key)
      return [...generations.values()].some((generation) => generation.has(hash.fingerprint))
    },
  }
}

function bound(value: unknown, parameter: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw new CountersignError('ERR_OPTION_INVALID', `"${parameter}" must be a whole number of at least 1`, {
      parameter,
    })
  }
  return value
}
