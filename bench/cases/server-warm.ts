// The server in process, its token known: all that a call costs, beside the one verification that cannot be saved.

import { createByHand } from '../contenders/verifier-by-hand.ts'
import { createCountersign } from '../contenders/verifier-countersign.ts'
import { createWithJose } from '../contenders/verifier-jose.ts'
import { createWithOauth4webapi } from '../contenders/verifier-oauth4webapi.ts'
import type { Party } from '../contenders/world.ts'
import { createIssuer } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import { measure } from '../lib/measure.ts'
import { bareVerify, gated, PARTIES, parties, verifying } from './server.ts'

export const serverWarm: BenchCase = {
  id: 'server.warm',
  title: 'server in process, token known',
  from: 'guard',
  async run({ mode, effort, part }) {
    const issuer = createIssuer('RS256')
    const verifiers = await gated(
      [
        createCountersign(issuer),
        ...(belongs('quick', mode)
          ? [createByHand(issuer), createWithJose(issuer), createWithOauth4webapi(issuer)]
          : []),
      ],
      issuer,
    )
    const callers = parties(issuer)
    const callerOf = (index: number) => callers[index % PARTIES] as Party
    const bare = await bareVerify()
    const lone = verifiers.map((verifier) => verifying(verifier, callerOf))
    const many = verifiers.map((verifier) => verifying(verifier, callerOf, { inFlight: 64 }))
    return [
      {
        id: 'server.warm.x1',
        title: 'A known token, a new proof, one at a time',
        base: bare.name,
        rows: await measure([bare, ...lone], effort, (share) => part(share / 2)),
      },
      {
        id: 'server.warm.x64',
        title: 'A known token, a new proof, 64 at once',
        base: bare.name,
        rows: await measure([bare, ...many], effort, (share) => part(0.5 + share / 2)),
      },
    ]
  },
}
