// Envelopes by the size of their body, beside a bare SHA-256 of the same bytes.

import { createHash } from 'node:crypto'
import { envelopeContenders } from '../contenders/envelopes.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import type { Contender } from '../lib/measure.ts'
import { measure } from '../lib/measure.ts'
import type { Table } from '../lib/table.ts'

const BASE = 'bare SHA-256'
const CHUNK = 64 * 1024

export const envelopes: BenchCase = {
  id: 'envelopes',
  title: 'envelopes, by the size of the body',
  from: 'quick',
  async run({ mode, effort, part }) {
    if (envelopeContenders.length === 0) return []
    const sizes = belongs('full', mode)
      ? [0, 1_000, 100_000, 10_000_000, 100_000_000]
      : [0, 1_000, 1_000_000, 10_000_000]
    const tables: Table[] = []
    for (const size of sizes) {
      const rows: Contender[] = [{ name: BASE, run: () => hashOf(size) }]
      for (const { name, prepare } of envelopeContenders) rows.push({ name, run: await prepare(size) })
      tables.push({
        id: `envelopes.${size}`,
        title: `An envelope of ${size} bytes`,
        base: BASE,
        rows: await measure(rows, effort, (share) => part((tables.length + share) / sizes.length)),
      })
    }
    return tables
  },
}

const chunk = Buffer.alloc(CHUNK, 'a')

function hashOf(size: number): string {
  const hash = createHash('sha256')
  for (let left = size; left > 0; left -= CHUNK) hash.update(left < CHUNK ? chunk.subarray(0, left) : chunk)
  return hash.digest('base64url')
}
