// Fingerprints that expire together. They stand in typed arrays, so they cost no garbage collection, and the arrays are cut into
// partitions that grow on their own: no insert ever waits for a rehash of everything.

import { FINGERPRINT_WORDS as WORDS } from './keyed-hash.ts'

/** Partitions of a generation, as a power of two: the highest bits of the last word choose one. */
const PARTITION_BITS = 8
/** Slots of a partition that was just made, as a power of two. */
const SMALLEST_SLOT_BITS = 4
/** Quota counters, as a power of two. Keys share one only if a keyed hash maps them to the same. */
const COUNTER_BITS = 14

/** A set of fingerprints. */
export class Generation {
  size = 0
  readonly #partitions: (Partition | undefined)[] = new Array(2 ** PARTITION_BITS)
  readonly #counters = new Uint32Array(2 ** COUNTER_BITS)

  has(fingerprint: Uint32Array): boolean {
    return this.#partitions[partitionOf(fingerprint)]?.has(fingerprint) === true
  }

  /**
   * Adds a fingerprint that is not there.
   *
   * @param owner - The hash of whoever is to be counted.
   */
  add(fingerprint: Uint32Array, owner: number): void {
    const index = partitionOf(fingerprint)
    let partition = this.#partitions[index]
    if (partition === undefined) {
      partition = new Partition()
      this.#partitions[index] = partition
    }
    partition.add(fingerprint)
    this.size++
    this.#counters[owner >>> (32 - COUNTER_BITS)] = this.countOf(owner) + 1
  }

  /** How many fingerprints an owner has, or several that share a counter. */
  countOf(owner: number): number {
    return this.#counters[owner >>> (32 - COUNTER_BITS)] as number
  }
}

function partitionOf(fingerprint: Uint32Array): number {
  return (fingerprint[WORDS - 1] as number) >>> (32 - PARTITION_BITS)
}

/** A set of fingerprints by open addressing with linear probing, at most two thirds full. A slot whose first word is zero is empty. */
class Partition {
  #size = 0
  #bits = SMALLEST_SLOT_BITS
  #words = new Uint32Array(2 ** SMALLEST_SLOT_BITS * WORDS)

  has(fingerprint: Uint32Array): boolean {
    const words = this.#words
    const first = firstOf(fingerprint, 0)
    for (let at = this.#startOf(first); words[at] !== 0; at = this.#after(at)) {
      if (
        words[at] === first &&
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
    if ((this.#size + 1) * 3 > 2 ** this.#bits * 2) this.#grow()
    this.#place(fingerprint, 0)
    this.#size++
  }

  #grow(): void {
    const old = this.#words
    this.#bits++
    this.#words = new Uint32Array(2 ** this.#bits * WORDS)
    for (let at = 0; at < old.length; at += WORDS) if (old[at] !== 0) this.#place(old, at)
  }

  /** Copies the fingerprint at a position of some words into a free slot. */
  #place(source: Uint32Array, from: number): void {
    const words = this.#words
    const first = firstOf(source, from)
    let at = this.#startOf(first)
    while (words[at] !== 0) at = this.#after(at)
    words[at] = first
    for (let word = 1; word < WORDS; word++) words[at + word] = source[from + word] as number
  }

  /** Where a fingerprint belongs, by the highest bits of its first word. */
  #startOf(first: number): number {
    return (first >>> (32 - this.#bits)) * WORDS
  }

  #after(at: number): number {
    return at + WORDS === this.#words.length ? 0 : at + WORDS
  }
}

/** The first word as it is stored: never zero, which marks an empty slot. */
function firstOf(words: Uint32Array, at: number): number {
  return (words[at] as number) || 1
}
