// What the replay store in memory costs: bytes an entry, the time of an insert beside one ES256 verification, and the longest that a
// single insert takes while millions are live.
// Run: node --expose-gc --conditions=@countersign/source bench/replay.ts [--entries 10000000]

import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createMemoryReplayStore } from '../packages/server/src/replay/replay-memory.ts'
import type { ReplayStore } from '../packages/server/src/replay/replay-store.ts'
import { machine, measure } from './measure.ts'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } })
const ENTRIES = Number(values.entries)
const MEGABYTE = 2 ** 20
/** As many seconds do proofs live by default: their expiry is spread over so long. */
const LIFE_SECONDS = 120 + 30
const KEYS = 1_000

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const data = Buffer.alloc(600, 1)
const der = sign('sha256', data, privateKey)
const thumbprints = Array.from({ length: KEYS }, () => `${randomUUID()}${randomUUID()}`.slice(0, 43))

const START = 1_750_000_000
let now = START
const clock = () => now
const keyOf = (index: number) => `${thumbprints[index % KEYS]}.${randomUUID()}`

console.log(machine())
const before = memory()
const store = createMemoryReplayStore({ maxEntries: ENTRIES * 2, maxEntriesPerKey: ENTRIES * 2 }, clock)
const worst = new Float64Array(5)
for (let index = 0; index < ENTRIES; index++) {
  // Arrivals spread evenly over the life of a proof, as under steady load.
  now = START + Math.floor((index / ENTRIES) * LIFE_SECONDS)
  const key = keyOf(index)
  // Time of this thread on a processor: what else the machine does is not counted, garbage collection on this thread is.
  const start = process.threadCpuUsage()
  const isNew = store.claim(key, now + LIFE_SECONDS)
  const { user, system } = process.threadCpuUsage(start)
  if (isNew !== true) throw new Error('a fresh key was taken for a copy')
  const milliseconds = (user + system) / 1000
  if (milliseconds > (worst[0] as number)) {
    worst[0] = milliseconds
    worst.sort()
  }
}
const used = memory() - before
console.log(
  `${ENTRIES} live entries: ${(used / MEGABYTE).toFixed(1)} MB, ${(used / ENTRIES).toFixed(1)} bytes an entry`,
)
console.log(`worst single inserts: ${[...worst].map((each) => each.toFixed(2)).join(', ')} ms of processor time`)
if (store.claim(keyOf(0), now + LIFE_SECONDS) !== true) throw new Error('the store is full before its time')

now = START
const target = createMemoryReplayStore({ maxEntries: 50_000_000, maxEntriesPerKey: 50_000_000 }, clock)
const [, insert] = measure(
  [
    { name: 'one ES256 verification', run: () => verify('sha256', data, publicKey, der) },
    { name: 'insert', run: insertInto(target) },
  ],
  { rounds: 9 },
)
console.log(`insert / ES256 verification: ${insert?.ratio.toFixed(4)} ± ${insert?.spread.toFixed(4)}`)

function insertInto(target: ReplayStore): () => unknown {
  // Keys made beforehand: their randomness is the client's cost, not the store's.
  const keys = Array.from({ length: 2 ** 20 }, (_, index) => keyOf(index))
  let index = 0
  let lap = 0
  return () => {
    if (index === keys.length) {
      index = 0
      lap++
    }
    return target.claim(`${keys[index++]}${lap}`, now + LIFE_SECONDS)
  }
}

function memory(): number {
  ;(globalThis as { gc?: () => void }).gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}
