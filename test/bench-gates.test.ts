// The gates of the bench: what does not check, or does not prove, is not timed.

import { describe, expect, test } from 'vitest'
import { createBareSign, createBareVerify } from '../bench/contenders/bare-signature.ts'
import type { ProverContender } from '../bench/contenders/prover.ts'
import { createClientOf, gatesOf as gatesOfProver } from '../bench/contenders/prover.ts'
import * as provers from '../bench/contenders/provers.ts'
import type { VerifierContender } from '../bench/contenders/verifier.ts'
import { gatesOf } from '../bench/contenders/verifier.ts'
import { createByHand } from '../bench/contenders/verifier-by-hand.ts'
import { createCountersign } from '../bench/contenders/verifier-countersign.ts'
import { createWithJose } from '../bench/contenders/verifier-jose.ts'
import { createWithOauth4webapi } from '../bench/contenders/verifier-oauth4webapi.ts'
import type { SignedCall } from '../bench/contenders/world.ts'
import { createIssuer, createKey, now, RESOURCE, sha256, TARGET } from '../bench/contenders/world.ts'
import { passGates } from '../bench/lib/gates.ts'

const issuer = createIssuer('RS256')
const pass = (verifier: VerifierContender) => passGates(verifier.name, gatesOf(verifier, issuer))

describe('verifiers', () => {
  test.each([createCountersign, createByHand, createWithJose, createWithOauth4webapi])('%o passes', async (create) => {
    await expect(pass(create(issuer))).resolves.toBeUndefined()
  })

  test('one that accepts everything, and one that refuses everything, do not', async () => {
    const base = { name: 'broken', remembersProofs: false }
    await expect(pass({ ...base, verify: () => undefined })).rejects.toThrow('"a forged proof": accepted')
    await expect(pass({ ...base, verify: () => false })).rejects.toThrow('"a good call": refused')
  })

  test.each([
    ['a wrong htm', (call: SignedCall) => ({ ...call, method: claimsOf(call.proof)['htm'] as string })],
    [
      'a wrong htu',
      (call: SignedCall) => ({
        ...call,
        target: TARGET + (String(claimsOf(call.proof)['htu']).endsWith('/other') ? '/other' : ''),
      }),
    ],
  ])('one that does not look at %s does not', async (gate, blind) => {
    const { verify } = createWithJose(issuer)
    const broken = { name: 'broken', remembersProofs: false, verify: (call: SignedCall) => verify(blind(call)) }
    await expect(pass(broken)).rejects.toThrow(`"${gate}": accepted`)
  })

  test('one that reads what is said, and verifies no signature, does not', async () => {
    const verify = (call: SignedCall) => {
      const { htm, htu, ath } = claimsOf(call.proof)
      const { exp, cnf } = claimsOf(call.accessToken) as { exp: number; cnf: { jkt: string } }
      const isRight = htm === call.method && htu === RESOURCE + call.target && ath === sha256(call.accessToken)
      return isRight && exp > now() && cnf.jkt !== undefined
    }
    await expect(pass({ name: 'broken', remembersProofs: false, verify })).rejects.toThrow('"a forged proof": accepted')
  })

  test('one that forgets proofs does not, where it claims to remember them', async () => {
    const forgetful = { ...createWithJose(issuer), remembersProofs: true }
    await expect(pass(forgetful)).rejects.toThrow('"a copy of a call": accepted')
  })

  test('one that takes any nonce does not, where it claims to demand its own', async () => {
    const lax = { ...createWithJose(issuer), nonce: () => 'aE7hgAqFr_c9ne4673R-6aWebYxdp7JK' }
    await expect(pass(lax)).rejects.toThrow('"a forged nonce": accepted')
  })
})

describe('provers', () => {
  test.each(Object.values(provers))('%o passes', async (create) => {
    const client = await createClientOf(issuer)
    const prover = await create(client)
    await expect(passGates(prover.name, gatesOfProver(prover, issuer, client))).resolves.toBeUndefined()
  })

  test('one that proves the same thing twice, or nothing, does not', async () => {
    const client = await createClientOf(issuer)
    const { prove } = await provers.createProverByHand(client)
    const once = prove()
    const pass = (broken: ProverContender) => passGates(broken.name, gatesOfProver(broken, issuer, client))
    await expect(pass({ name: 'broken', prove: () => once })).rejects.toThrow('"no two proofs alike": refused')
    await expect(pass({ name: 'broken', prove: async () => 'a.b.c' })).rejects.toThrow('refused')
  })

  test('one that signs with another key does not', async () => {
    const client = await createClientOf(issuer)
    const other = await provers.createProverByHand(await createClientOf(issuer))
    await expect(passGates(other.name, gatesOfProver(other, issuer, client))).rejects.toThrow('refused')
  })
})

test('the floors sign and verify', async () => {
  const bareVerify = createBareVerify(createKey())
  const { keyPair } = await createClientOf(issuer)
  await passGates(bareVerify.name, bareVerify.gates)
  await passGates('bare subtle.sign', createBareSign(keyPair).gates)
  const strangers = { privateKey: keyPair.privateKey, publicKey: (await createClientOf(issuer)).keyPair.publicKey }
  await expect(passGates('broken', createBareSign(strangers).gates)).rejects.toThrow('refused')
})

function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] as string, 'base64url').toString()) as Record<string, unknown>
}
