// The kinds of proof this server knows, in the order they are looked for.

import { dpop } from './dpop.ts'
import type { ProofKind } from './proof-kind.ts'

export const proofKinds: readonly ProofKind[] = [dpop]
