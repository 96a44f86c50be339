// Calls with a body of 1 kB by envelopes, beside the same calls by DPoP proofs: what they cost the client, and the server.

import { clientContender, proofs, serverContender } from '../contenders/envelopes.ts'
import { createClientOf } from '../contenders/prover.ts'
import { createIssuer } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { passGates } from '../lib/gates.ts'
import { measure } from '../lib/measure.ts'

export const envelopes: BenchCase = {
  id: 'envelopes',
  title: 'envelopes of 1 kB',
  from: 'guard',
  async run({ effort, part }) {
    const issuer = createIssuer('RS256')
    const client = await createClientOf(issuer)
    const clients = await Promise.all(proofs.map((proof) => clientContender(proof, client)))
    const servers = proofs.map((proof) => serverContender(proof, issuer))
    for (const { name, verify } of servers) {
      await passGates(name, [
        { name: 'a good call', expected: 'accepted', attempt: () => verify() },
        { name: 'for this method only', expected: 'refused', attempt: () => verify({ header: { htm: 'PUT' } }) },
        {
          name: 'for this token only',
          expected: 'refused',
          attempt: () => verify({ header: { ath: 'x'.repeat(43) } }),
        },
        { name: 'for this URL only', expected: 'refused', attempt: () => verify({}, { target: '/other' }) },
      ])
    }
    return [
      {
        id: 'envelope.client',
        title: 'A call with a body of 1 kB: the client',
        base: 'DPoP proof',
        rows: await measure(clients, effort, (share) => part(share / 2)),
      },
      {
        id: 'envelope.server',
        title: 'A call with a body of 1 kB: the server',
        base: 'DPoP proof',
        rows: await measure(servers, effort, (share) => part(0.5 + share / 2)),
      },
    ]
  },
}
