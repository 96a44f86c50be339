// The replay store of one process. Memory is bounded and never forgets a proof that could still be replayed: when full, it refuses.
// Entries are 16-byte fingerprints in typed arrays, so they cost no garbage collection. Entries that expire in the same half minute
// share a generation, which is dropped whole. Each generation is cut into partitions that grow on their own: no insert ever waits
// for a rehash of everything.

import { hash } from 'node:crypto'
import { CountersignError } from '@countersign/shared'
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
const PARTITIONS = 256
const WORDS = 4
const SMALLEST_SLOTS = 16
/** Longest thumbprint prefix of a key that quotas are counted by. */
const THUMBPRINT_LENGTH = 43
/** Keys share quota counters only if a keyed hash maps them to the same one of so many. */
const QUOTA_COUNTERS = 16_384

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
  const seed = crypto.randomUUID()
  /** Every generation below this index was dropped. If the clock is set back, what expires there can no longer be vouched for. */
  let oldest = Number.NEGATIVE_INFINITY

  return {
    claim(key, expiresAt) {
      const now = clock()
      oldest = Math.max(oldest, Math.floor(now / GENERATION_SECONDS))
      for (const index of generations.keys()) if (index < oldest) generations.delete(index)
      const fingerprint = fingerprintOf(seed + key)
      const counter = counterOf(seed + key.slice(0, THUMBPRINT_LENGTH))
      let entries = 0
      let ofKey = 0
      for (const generation of generations.values()) {
        if (generation.has(fingerprint)) return false
        entries += generation.size
        ofKey += generation.countOf(counter)
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
      generation.add(fingerprint, counter)
      return true
    },
    has(key) {
      const fingerprint = fingerprintOf(seed + key)
      return [...generations.values()].some((generation) => generation.has(fingerprint))
    },
  }
}

/** 128 bits of a keyed hash: an attacker without the seed cannot make two keys collide. */
function fingerprintOf(text: string): Uint32Array {
  const digest = hash('sha256', text, 'buffer')
  const words = Uint32Array.of(
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    digest.readUInt32LE(12),
  )
  if (words[0] === 0) words[0] = 1 // zero marks an empty slot
  return words
}

function counterOf(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32LE(0) % QUOTA_COUNTERS
}

class Generation {
  size = 0
  readonly #partitions: (Partition | undefined)[] = new Array(PARTITIONS)
  readonly #counters = new Uint32Array(QUOTA_COUNTERS)

  has(fingerprint: Uint32Array): boolean {
    return this.#partitions[partitionOf(fingerprint)]?.has(fingerprint) === true
  }

  /** Adds a fingerprint that is not there. */
  add(fingerprint: Uint32Array, counter: number): void {
    const index = partitionOf(fingerprint)
    let partition = this.#partitions[index]
    if (partition === undefined) {
      partition = new Partition()
      this.#partitions[index] = partition
    }
    partition.add(fingerprint)
    this.size++
    this.#counters[counter] = this.countOf(counter) + 1
  }

  countOf(counter: number): number {
    return this.#counters[counter] as number
  }
}

function partitionOf(fingerprint: Uint32Array): number {
  return (fingerprint[3] as number) % PARTITIONS
}

/** A set of fingerprints by open addressing with linear probing, at most two thirds full. */
class Partition {
  #size = 0
  #slots = SMALLEST_SLOTS
  #words = new Uint32Array(SMALLEST_SLOTS * WORDS)

  has(fingerprint: Uint32Array): boolean {
    const words = this.#words
    for (
      let slot = (fingerprint[0] as number) % this.#slots;
      words[slot * WORDS] !== 0;
      slot = (slot + 1) % this.#slots
    ) {
      const at = slot * WORDS
      if (
        words[at] === fingerprint[0] &&
        words[at + 1] === fingerprint[1] &&
        words[at + 2] === fingerprint[2] &&
        words[at + 3] === fingerprint[3]
      ) {
        return true
      }
    }
    return false
  }

  add(fingerprint: Uint32Array): void {
    if ((this.#size + 1) * 3 > this.#slots * 2) this.#grow()
    this.#place(fingerprint, 0)
    this.#size++
  }

  #grow(): void {
    const old = this.#words
    this.#slots *= 2
    this.#words = new Uint32Array(this.#slots * WORDS)
    for (let at = 0; at < old.length; at += WORDS) if (old[at] !== 0) this.#place(old, at)
  }

  /** Copies the fingerprint at a position of some words into a free slot. */
  #place(source: Uint32Array, at: number): void {
    const words = this.#words
    let slot = (source[at] as number) % this.#slots
    while (words[slot * WORDS] !== 0) slot = (slot + 1) % this.#slots
    for (let word = 0; word < WORDS; word++) words[slot * WORDS + word] = source[at + word] as number
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
