// How fast junk is refused: by what is wrong with it, for a token the server knows, which somebody may have stolen, and for one it does not.

import { createMemoryReplayStore } from '@countersign/server/verifier'
import type { VerifierContender } from '../contenders/verifier.ts'
import { forgedNonce } from '../contenders/verifier.ts'
import { createByHand } from '../contenders/verifier-by-hand.ts'
import { createCountersign } from '../contenders/verifier-countersign.ts'
import type { CallParts, Issuer, Party, SignedCall } from '../contenders/world.ts'
import { callOf, createIssuer, createKey, createParty, issueToken, signCall } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import { passGates } from '../lib/gates.ts'
import type { Contender } from '../lib/measure.ts'
import { measure } from '../lib/measure.ts'
import { bareVerify } from './server.ts'

/** Nothing of it is kept, so it may be sent again: so many different ones of each kind. */
const CALLS = 256

/** Makes a junk call for a client with a token. */
type Junk = (party: Party, nonce: string | undefined) => SignedCall

const spoilt =
  (parts: (nonce: string | undefined) => CallParts): Junk =>
  (party, nonce) =>
    signCall(party, { nonce, ...parts(nonce) })

const junk: Readonly<Record<string, Junk>> = {
  typ: spoilt(() => ({ header: { typ: 'JWT' } })),
  alg: spoilt(() => ({ header: { alg: 'HS256' } })),
  htm: spoilt(() => ({ claims: { htm: 'PUT' } })),
  htu: spoilt(() => ({ claims: { htu: 'https://other.example/' } })),
  nonce: spoilt((nonce) => ({ nonce: forgedNonce(nonce) })),
  oversized: (party) => callOf(party.accessToken, 'a'.repeat(20_000)),
  'unknown key': ({ accessToken }, nonce) => signCall({ key: createKey(), accessToken }, { nonce }),
}

export const serverJunk: BenchCase = {
  id: 'server.junk',
  title: 'junk, by kind',
  from: 'guard',
  async run({ mode, effort, part }) {
    const issuer = createIssuer('ES256')
    const store = createMemoryReplayStore()
    let claims = 0
    const countersign = createCountersign(issuer, {
      replay: {
        claim(key, expiresAt) {
          claims++
          return store.claim(key, expiresAt)
        },
      },
    })
    const { nonce } = countersign
    const known = createParty(issuer)
    await countersign.verify(signCall(known, { nonce: nonce() }))
    const used = claims
    const bare = await bareVerify()

    const rows: Contender[] = []
    const add = async (
      name: string,
      callOfIndex: () => SignedCall,
      { verify }: Pick<VerifierContender, 'verify'> = countersign,
    ) => {
      const calls = Array.from({ length: CALLS }, callOfIndex)
      const attempt = async (index: number) => verify(calls[index % CALLS] as SignedCall)
      await passGates(name, [{ name, expected: 'refused', attempt: () => attempt(0) }])
      rows.push({ name, run: (index) => attempt(index).catch(() => undefined) })
    }
    for (const [name, make] of Object.entries(junk)) await add(name, () => make(known, nonce()))
    await add('no token of anyone', () => callOf('c3RvbGVu', 'bm8.cHJvb2Y.YXQgYWxs'))
    if (belongs('quick', mode)) {
      // The floor of a refusal: a plain error, and no answer to give.
      const hand = createByHand(issuer)
      await hand.verify(signCall(known, { nonce: hand.nonce?.() }))
      for (const [name, make] of Object.entries(junk)) {
        await add(`${name}, by hand`, () => make(known, hand.nonce?.()), hand)
      }
    }
    if (belongs('full', mode)) {
      for (const [name, make] of Object.entries(junk)) {
        await add(`${name}, unknown token`, () => make(createParty(issuer), nonce()))
      }
      await add('unknown kid, signed proof', () => signCall(strangers(issuer), { nonce: nonce() }))
    }
    const table = {
      id: 'server.junk',
      title: 'Refusals of junk, by what is wrong with it',
      base: bare.name,
      rows: await measure([bare, ...rows], effort, part),
    }
    if (claims !== used) throw new Error('Junk has reached the replay store')
    return [table]
  },
}

/** A client with a token that is signed by a key its issuer does not have. */
function strangers(issuer: Issuer): Party {
  const key = createKey()
  return { key, accessToken: issueToken({ ...issuer, key: createKey() }, key.jkt) }
}
