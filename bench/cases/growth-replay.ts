// What live entries of the replay store cost, by their number. Each number in a process of its own.

import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import type { ReplayCosts } from '../replay.ts'

const run = promisify(execFile)
const FILE = path.resolve(import.meta.dirname, '../replay.ts')

export const growthReplay: BenchCase = {
  id: 'growth.replay',
  title: 'growth: used proofs',
  from: 'quick',
  async run({ mode, part }) {
    const counts = belongs('full', mode) ? [10_000, 100_000, 1_000_000, 10_000_000] : [10_000, 100_000, 500_000]
    const costs: ReplayCosts[] = []
    for (const count of counts) {
      const { stdout } = await run(process.execPath, [...process.execArgv, FILE, '--json', '--entries', String(count)])
      costs.push(JSON.parse(stdout) as ReplayCosts)
      part(costs.length / counts.length)
    }
    const base = String(counts[0])
    const axis = 'live entries'
    const rows = (costOf: (costs: ReplayCosts) => number, metric: 'time' | 'bytes') =>
      costs.map((each) => ({ name: String(each.entries), x: each.entries, samples: { [metric]: [costOf(each)] } }))
    return [
      {
        id: 'growth.replay.bytes',
        title: 'Bytes of a used proof',
        base,
        axis,
        metric: 'bytes',
        rows: rows(({ bytesPerEntry }) => bytesPerEntry, 'bytes'),
      },
      {
        id: 'growth.replay.insert',
        title: 'An insert, as a share of one verification',
        base: VERIFICATION.name,
        axis,
        metric: 'time',
        rows: [VERIFICATION, ...rows(({ insert }) => insert.median, 'time')],
      },
      {
        id: 'growth.replay.worst',
        title: 'The slowest single insert, in verifications',
        base: VERIFICATION.name,
        axis,
        metric: 'time',
        rows: [VERIFICATION, ...rows(({ worstInserts }) => worstInserts.at(-1) ?? 0, 'time')],
      },
    ]
  },
}

/** The unit: `bench/replay.ts` measures in verifications. */
const VERIFICATION = { name: 'one verification', samples: { time: [1] } }
