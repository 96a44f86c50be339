// Proofs of a client: beside the one signature by WebCrypto that cannot be saved for a key that cannot be exported.

import { createBareSign } from '../contenders/bare-signature.ts'
import type { Client, ProverContender } from '../contenders/prover.ts'
import { createClientOf, gatesOf } from '../contenders/prover.ts'
import {
  createOwnFetch,
  createOwnProver,
  createProverByHand,
  createWithDpop,
  createWithJose,
  createWithOauth4webapi,
  createWithOpenidClient,
} from '../contenders/provers.ts'
import { createIssuer } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import { passGates } from '../lib/gates.ts'
import { measure } from '../lib/measure.ts'

type Create = (client: Client) => Promise<ProverContender>
const always: readonly Create[] = [createOwnProver, createOwnFetch, createProverByHand, createWithDpop]
const more: readonly Create[] = [createWithJose, createWithOauth4webapi, createWithOpenidClient]

export const clientProof: BenchCase = {
  id: 'client.proof',
  title: 'proofs of a client',
  from: 'guard',
  async run({ mode, effort, part }) {
    const issuer = createIssuer('RS256')
    const client = await createClientOf(issuer)
    const provers: ProverContender[] = []
    for (const create of belongs('quick', mode) ? [...always, ...more] : always) {
      const prover = await create(client)
      await passGates(prover.name, gatesOf(prover, issuer, client))
      provers.push(prover)
    }
    const bare = createBareSign(client.keyPair)
    await passGates(bare.name, bare.gates)
    const rows = (inFlight: number) => [
      { ...bare, inFlight },
      ...provers.map(({ name, prove }) => ({ name, run: prove, inFlight })),
    ]
    return [
      {
        id: 'client.proof.x1',
        title: 'A proof by a key that cannot be exported, one at a time',
        base: bare.name,
        rows: await measure(rows(1), effort, (share) => part(share / 2)),
      },
      {
        id: 'client.proof.x64',
        title: 'A proof by a key that cannot be exported, 64 at once',
        base: bare.name,
        rows: await measure(rows(64), effort, (share) => part(0.5 + share / 2)),
      },
    ]
  },
}
