// What a new token costs when its issuer publishes many keys.

import { createCountersign } from '../contenders/verifier-countersign.ts'
import { createIssuer, createKey, createParty } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { measure } from '../lib/measure.ts'
import { gated, verifying } from './server.ts'

export const growthJwks: BenchCase = {
  id: 'growth.jwks',
  title: 'growth: keys of an issuer',
  from: 'quick',
  async run({ effort, part }) {
    const key = createKey()
    const rows = []
    for (const count of [1, 10, 100, 1_000]) {
      const issuer = createIssuer('ES256', count - 1)
      const [countersign] = await gated([createCountersign(issuer)], issuer)
      if (countersign === undefined) throw new Error('No verifier')
      rows.push({ ...verifying(countersign, () => createParty(issuer, key)), name: String(count), x: count })
    }
    return [
      {
        id: 'growth.jwks',
        title: 'A call with a new token, by the number of keys of its issuer',
        base: '1',
        axis: 'keys in the key set',
        metric: 'time',
        rows: await measure(rows, effort, part),
      },
    ]
  },
}
