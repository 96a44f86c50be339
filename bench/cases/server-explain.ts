// What an explanation costs: every check is made anew, and shown.

import { createCountersign } from '../contenders/verifier-countersign.ts'
import type { SignedCall } from '../contenders/world.ts'
import { createIssuer, createParty, signCall } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { passGates } from '../lib/gates.ts'
import { measure } from '../lib/measure.ts'
import { bareVerify } from './server.ts'

export const serverExplain: BenchCase = {
  id: 'server.explain',
  title: 'explanations',
  from: 'quick',
  async run({ effort, part }) {
    const issuer = createIssuer('ES256')
    const { nonce, explain } = createCountersign(issuer)
    const party = createParty(issuer)
    const wrong = signCall(party, { nonce: nonce(), claims: { htm: 'PUT' } })
    const attempt = async (call: SignedCall) => (await explain(call)).outcome === 'accepted'
    await passGates('explain', [
      { name: 'a good call', expected: 'accepted', attempt: () => attempt(signCall(party, { nonce: nonce() })) },
      { name: 'a wrong htm', expected: 'refused', attempt: () => attempt(wrong) },
    ])
    const bare = await bareVerify()
    let calls: SignedCall[] = []
    const prepare = (count: number) => {
      calls = Array.from({ length: count }, () => signCall(party, { nonce: nonce() }))
    }
    const rows = [
      bare,
      { name: 'a good call', prepare, run: (index: number) => explain(calls[index] as SignedCall) },
      { name: 'a wrong htm', run: () => explain(wrong) },
    ]
    return [{ id: 'server.explain', title: 'Explanations', base: bare.name, rows: await measure(rows, effort, part) }]
  },
}
