// The ways of a request through the checks: one for each kind of proof and each kind of token. What can be checked cheaply comes first;
// a public-key operation for the token, or a question to its issuer, only after the proof's own signature; replay last.

import { CountersignError } from '@countersign/shared'
import type { Check } from './check.ts'
import type { ProofKind, ProofServices } from './proofs/proof-kind.ts'
import { proofKinds } from './proofs/proof-kinds.ts'
import { createSignatureCheck } from './proofs/signature-check.ts'
import type { ReplayServices } from './replay/replay-check.ts'
import { createReplayCheck } from './replay/replay-check.ts'
import type { TokenChecks } from './token/token-checks.ts'
import type { TokenKind } from './token/token-state.ts'

/** The checks of a request with one kind of proof, once it is known to have one. */
export interface Way {
  /** The proof, a token of each kind that comes for the first time, and the signatures of both. */
  readonly firstTime: Readonly<Record<TokenKind, readonly Check[]>>
  /** The proof, and what changes about a token that was verified before. */
  readonly again: readonly Check[]
  /** What comes once proof and token hold. */
  readonly last: readonly Check[]
}

/** Has a proof. */
export const proofPresent: Check = {
  id: 'proof.present',
  title: 'The request has a proof of possession',
  source: 'RFC 9449, section 7.1',
  needs: ['request.credentials'],
  run(exchange) {
    const { credentials } = exchange
    for (const kind of proofKinds) {
      const text = credentials && kind.detect(credentials)
      if (text === undefined) continue
      exchange.proof = kind.begin(text)
      return
    }
    throw new CountersignError('ERR_DPOP_PROOF_MISSING', 'The request has no proof', { parameter: 'DPoP' })
  },
  show: ({ proof }) => ({ actual: proof?.kind }),
}

/** Creates the ways of requests: by the kind of their proof, and that of a bearer token. */
export function createWays(
  services: ProofServices,
  token: TokenChecks,
  replay: ReplayServices,
): (kind: ProofKind['kind'] | undefined) => Way {
  const ways = new Map(proofKinds.map((kind) => [kind.kind, createWay(kind, services, token, replay)]))
  const bearer: Way = { firstTime: firstTime(token, [], []), again: token.again, last: [] }
  return (kind) => (kind === undefined ? bearer : (ways.get(kind) as Way))
}

function createWay(kind: ProofKind, services: ProofServices, token: TokenChecks, replay: ReplayServices): Way {
  const cheap = kind.createChecks(services)
  const signature = createSignatureCheck(kind)
  return {
    firstTime: firstTime(token, cheap, [signature]),
    again: [...cheap, ...token.again, signature],
    last: [createReplayCheck(kind, replay)],
  }
}

function firstTime({ of }: TokenChecks, cheap: readonly Check[], signature: readonly Check[]): Way['firstTime'] {
  const plan = ({ before, after }: TokenChecks['of']['jwt']) => [...cheap, ...before, ...signature, ...after]
  return { jwt: plan(of.jwt), jwe: plan(of.jwe), opaque: plan(of.opaque) }
}
