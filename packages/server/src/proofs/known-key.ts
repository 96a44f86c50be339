// The key that a token came with before need not be imported again.

import type { AlgorithmEntry } from '@countersign/shared'
import type { Exchange } from '../exchange.ts'
import type { ProofKey } from '../token-cache.ts'

/** The imported key of a proof, if its token was verified with a proof by the same key before. */
export function knownKey({ cached }: Exchange, jkt: string, algorithm: AlgorithmEntry): ProofKey | undefined {
  const known = cached?.proofKey
  return known?.jkt === jkt && known.algorithm === algorithm ? known : undefined
}
