// What the replay store in memory costs: bytes an entry, the time of an insert beside one ES256 verification, and the longest that a
// single insert takes while millions are live. A process of its own: what else was allocated would be measured too.
// Run: node --conditions=@countersign/source bench/replay.ts [--entries 10000000] [--json]

import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { ReplayStore } from '@countersign/server/verifier'
import { createMemoryReplayStore } from '@countersign/server/verifier'
import { createBareVerify } from './contenders/bare-signature.ts'
import { createKey } from './contenders/world.ts'
import { machineLine } from './lib/machine.ts'
import { measure } from './lib/measure.ts'
import { heldBytes } from './lib/memory.ts'
import type { Estimate } from './lib/statistics.ts'
import { quantile, ratio } from './lib/statistics.ts'

/** What so many live entries cost. */
export interface ReplayCosts {
  readonly entries: number
  readonly bytesPerEntry: number
  /** The slowest single inserts, and an insert among many, as multiples of one ES256 verification; processor time. */
  readonly worstInserts: readonly number[]
  readonly insert: Estimate
}

/** As many seconds do proofs live by default: their expiry is spread over so long. */
const LIFE_SECONDS = 120 + 30
const KEYS = 1_000
const START = 1_750_000_000
const thumbprints = Array.from({ length: KEYS }, () => `${randomUUID()}${randomUUID()}`.slice(0, 43))
const keyOf = (index: number) => `${thumbprints[index % KEYS]}.${randomUUID()}`

/** Fills a store, and measures. */
export async function measureReplay(entries: number): Promise<ReplayCosts> {
  let now = START
  const clock = () => now
  const before = heldBytes()
  const bounds = { maxEntries: entries + 50_000_000, maxEntriesPerKey: entries + 50_000_000 }
  const store = createMemoryReplayStore(bounds, clock)
  const slowest = new Float64Array(5)
  for (let index = 0; index < entries; index++) {
    // Arrivals spread evenly over the life of a proof, as under steady load.
    now = START + Math.floor((index / entries) * LIFE_SECONDS)
    const key = keyOf(index)
    // Time of this thread on a processor: what else the machine does is not counted, garbage collection on this thread is.
    const start = process.threadCpuUsage()
    const isNew = store.claim(key, now + LIFE_SECONDS)
    const { user, system } = process.threadCpuUsage(start)
    if (isNew !== true) throw new Error('a fresh key was taken for a copy')
    const milliseconds = (user + system) / 1000
    if (milliseconds > (slowest[0] as number)) {
      slowest[0] = milliseconds
      slowest.sort()
    }
  }
  const bytesPerEntry = (heldBytes() - before) / entries

  const bare = createBareVerify(createKey())
  const inserting = { name: 'insert', ...insertInto(store, () => now + LIFE_SECONDS) }
  const effort = { rounds: 9, milliseconds: 30, warmUpMilliseconds: 200 }
  const [floor, insert] = await measure([bare, inserting], effort)
  const verification = floor?.samples.time ?? []
  return {
    entries,
    bytesPerEntry,
    worstInserts: [...slowest].map((each) => each / quantile(verification, 0.5)),
    insert: ratio(insert?.samples.time?.map((time) => time / inserting.batch) ?? [], verification),
  }
}

/** Many inserts an operation, since a clock is too coarse for one. Keys are made beforehand: their randomness is the client's cost. */
function insertInto(store: ReplayStore, expiresAt: () => number) {
  const batch = 100
  let keys: string[] = []
  return {
    batch,
    prepare(count: number) {
      keys = Array.from({ length: count * batch }, (_, index) => keyOf(index))
    },
    run(index: number) {
      for (let each = index * batch; each < (index + 1) * batch; each++) {
        if (store.claim(keys[each] as string, expiresAt()) !== true) throw new Error('a fresh key was taken for a copy')
      }
    },
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { entries: { type: 'string', default: '1000000' }, json: { type: 'boolean' } },
  })
  const costs = await measureReplay(Number(values.entries))
  if (values.json === true) {
    console.log(JSON.stringify(costs))
  } else {
    const { entries, bytesPerEntry, worstInserts, insert } = costs
    console.log(machineLine())
    console.log(`${entries} live entries: ${bytesPerEntry.toFixed(1)} bytes an entry`)
    console.log('As multiples of one ES256 verification:')
    console.log(`  insert ${insert.median.toFixed(4)} ± ${insert.spread.toFixed(4)}`)
    console.log(`  worst single inserts ${worstInserts.map((each) => each.toFixed(1)).join(', ')}`)
  }
}
