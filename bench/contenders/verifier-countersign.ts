// Ours: the verifier of the built package, with its defaults: nonces demanded, used proofs remembered.

import type { VerifierOptions } from '@countersign/server/verifier'
import { createVerifier } from '@countersign/server/verifier'
import type { VerifierContender } from './verifier.ts'
import type { Issuer, SignedCall } from './world.ts'
import { ISSUER, RESOURCE } from './world.ts'

/** Enough used proofs for a run, of few keys. */
const REPLAY = { maxEntries: 20_000_000, maxEntriesPerKey: 20_000_000 }

/** Creates the verifier. */
export function createCountersign({ jwks }: Issuer, options: Partial<VerifierOptions> = {}) {
  const verifier = createVerifier({
    resource: RESOURCE,
    issuer: { issuer: ISSUER, jwks },
    replay: REPLAY,
    ...options,
  })
  return {
    name: 'Countersign',
    nonce: () => verifier.nonce(),
    remembersProofs: true,
    verify: (call: SignedCall) => verifier.verify(call),
    explain: (call: SignedCall) => verifier.explain(call),
  } satisfies VerifierContender & Record<string, unknown>
}
