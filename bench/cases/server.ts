// What the cases of the server in process share: contenders that have passed their gates, and calls to give them.

import { createBareVerify } from '../contenders/bare-signature.ts'
import type { VerifierContender } from '../contenders/verifier.ts'
import { gatesOf } from '../contenders/verifier.ts'
import type { Issuer, Party, SignedCall } from '../contenders/world.ts'
import { createKey, createParty, signCall } from '../contenders/world.ts'
import { passGates } from '../lib/gates.ts'
import type { Contender } from '../lib/measure.ts'

/** Clients that call in turn. */
export const PARTIES = 64

/** The floor of every verifier. */
export async function bareVerify(): Promise<Contender> {
  const bare = createBareVerify(createKey())
  await passGates(bare.name, bare.gates)
  return bare
}

/** Verifiers that have passed their gates. */
export async function gated<Verifier extends VerifierContender>(
  verifiers: readonly Verifier[],
  issuer: Issuer,
): Promise<readonly Verifier[]> {
  for (const verifier of verifiers) await passGates(verifier.name, gatesOf(verifier, issuer))
  return verifiers
}

/** Clients with tokens. */
export function parties(issuer: Issuer, count = PARTIES): readonly Party[] {
  return Array.from({ length: count }, () => createParty(issuer))
}

/**
 * A verifier that is given calls.
 *
 * @param callerOf - Who makes the call of an index.
 */
export function verifying(
  { name, nonce, verify }: VerifierContender,
  callerOf: (index: number) => Party,
  { inFlight = 1 }: { readonly inFlight?: number } = {},
): Contender {
  let calls: SignedCall[] = []
  return {
    name,
    inFlight,
    prepare(count) {
      calls = Array.from({ length: count }, (_, index) => signCall(callerOf(index), { nonce: nonce?.() }))
    },
    run: (index) => verify(calls[index] as SignedCall),
  }
}
