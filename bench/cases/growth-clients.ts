// What a call costs when many clients call, and what each of them costs in memory.

import { createCountersign } from '../contenders/verifier-countersign.ts'
import type { Party } from '../contenders/world.ts'
import { createIssuer, signCall } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import { measure } from '../lib/measure.ts'
import { heldBytes } from '../lib/memory.ts'
import { parties, verifying } from './server.ts'

export const growthClients: BenchCase = {
  id: 'growth.clients',
  title: 'growth: clients',
  from: 'quick',
  async run({ mode, effort, part }) {
    const counts = belongs('full', mode) ? [1, 10, 100, 1_000, 10_000, 100_000] : [1, 10, 100, 1_000, 5_000]
    const most = counts.at(-1) as number
    const issuer = createIssuer('ES256')
    const countersign = createCountersign(issuer, { tokenCache: { maxEntries: most } })
    const callers = parties(issuer, most)
    const before = heldBytes()
    for (const caller of callers) await countersign.verify(signCall(caller, { nonce: countersign.nonce() }))
    const bytes = (heldBytes() - before) / most
    const rows = counts.map((count) => ({
      ...verifying(countersign, () => callers[Math.floor(Math.random() * count)] as Party),
      name: String(count),
      x: count,
    }))
    const axis = 'clients whose tokens are known'
    return [
      {
        id: 'growth.clients',
        title: 'A call, by the number of clients',
        base: '1',
        axis,
        metric: 'time',
        rows: await measure(rows, effort, part),
      },
      {
        id: 'growth.clients.bytes',
        title: 'Memory of a known client',
        base: String(most),
        metric: 'bytes',
        rows: [{ name: String(most), x: most, samples: { bytes: [bytes] } }],
      },
    ]
  },
}
