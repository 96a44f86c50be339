// The server in process, its token new: the token's signature must be verified too, and the proof's key imported.

import { createByHand } from '../contenders/verifier-by-hand.ts'
import { createCountersign } from '../contenders/verifier-countersign.ts'
import { createWithJose } from '../contenders/verifier-jose.ts'
import { createWithOauth4webapi } from '../contenders/verifier-oauth4webapi.ts'
import type { Key, Party } from '../contenders/world.ts'
import { createIssuer, createKey, createParty } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import { measure } from '../lib/measure.ts'
import type { Table } from '../lib/table.ts'
import { bareVerify, gated, PARTIES, verifying } from './server.ts'

export const serverCold: BenchCase = {
  id: 'server.cold',
  title: 'server in process, token new',
  from: 'guard',
  async run({ mode, effort, part }) {
    const issuer = createIssuer('RS256')
    const verifiers = await gated(
      [
        createCountersign(issuer),
        ...(belongs('quick', mode) ? [createByHand(issuer), createWithJose(issuer)] : []),
        ...(belongs('full', mode) ? [createWithOauth4webapi(issuer)] : []),
      ],
      issuer,
    )
    const bare = await bareVerify()
    const keys = Array.from({ length: PARTIES }, () => createKey())
    const knownKey = (index: number): Party => createParty(issuer, keys[index % PARTIES] as Key)
    const newKey = (): Party => createParty(issuer)
    const plans = [
      {
        id: 'server.cold-token.x1',
        title: 'A new token of a known key, one at a time',
        callerOf: knownKey,
        inFlight: 1,
      },
      { id: 'server.cold-key.x1', title: 'A new token of a new key, one at a time', callerOf: newKey, inFlight: 1 },
      ...(belongs('full', mode)
        ? [
            {
              id: 'server.cold-token.x64',
              title: 'A new token of a known key, 64 at once',
              callerOf: knownKey,
              inFlight: 64,
            },
            {
              id: 'server.cold-key.x64',
              title: 'A new token of a new key, 64 at once',
              callerOf: newKey,
              inFlight: 64,
            },
          ]
        : []),
    ]
    const tables: Table[] = []
    for (const { callerOf, inFlight, ...table } of plans) {
      const contenders = verifiers.map((verifier) => verifying(verifier, callerOf, { inFlight }))
      const onRound = (share: number) => part((tables.length + share) / plans.length)
      tables.push({ ...table, base: bare.name, rows: await measure([bare, ...contenders], effort, onRound) })
    }
    return tables
  },
}
