// The kinds of proof this server knows, in the order they are looked for.

import { dpop } from './dpop.ts'
import { envelope } from './envelope.ts'
import { gnap } from './gnap.ts'
import type { ProofKind } from './proof-kind.ts'

export const proofKinds: readonly ProofKind[] = [dpop, envelope, gnap]
