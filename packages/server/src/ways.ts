// The ways of a request through the checks: one for each kind of proof and each kind of token. What can be checked cheaply comes first;
// a public-key operation for the token, or a question to its issuer, only after the proof's own signature; replay last.

import { refusal } from '@countersign/shared'
import type { Check } from './check.ts'
import type { ContentServices } from './content/content-checks.ts'
import type { RequestForm } from './exchange.ts'
import type { ProofServices } from './proofs/proof-kind.ts'
import { proofKinds } from './proofs/proof-kinds.ts'
import { createSignatureCheck } from './proofs/signature-check.ts'
import type { ReplayServices } from './replay/replay-check.ts'
import { createReplayCheck } from './replay/replay-check.ts'
import { bindingCheck } from './token/claim-checks.ts'
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
  /** Whether one of these needs the digest of content that arrives beside the proof. */
  readonly coversContent: boolean
}

/** Has a proof. */
export const proofPresent: Check = {
  id: 'proof.present',
  title: 'The request has a proof of possession',
  source: 'RFC 9449, section 7.1',
  needs: ['request.credentials'],
  run(exchange) {
    for (const kind of proofKinds) {
      exchange.proof ??= kind.detect(exchange)
    }
    if (exchange.proof !== undefined) return
    throw refusal('ERR_DPOP_PROOF_MISSING', 'The request has no proof', { parameter: 'DPoP' })
  },
  show: ({ proof }) => ({ actual: proof?.kind }),
}

/** What the checks of all requests need. */
export interface WayServices extends ProofServices, ReplayServices, ContentServices {}

/** Creates the ways of requests: for each form that a kind of proof has, and that of a bearer token. */
export function createWays(token: TokenChecks, services: WayServices): (form: RequestForm) => Way {
  const bearer: Way = { firstTime: firstTime(token, [], []), again: token.again, last: [], coversContent: false }
  const ways = new Map<RequestForm, Way>([['bearer', bearer]])
  for (const kind of proofKinds) {
    const checks = {
      cheap: kind.createChecks(services),
      binding: kind.hasKeyOfToken ? [] : [bindingCheck],
      signature: createSignatureCheck(kind),
      replay: createReplayCheck(kind, services),
    }
    for (const { form, tokenFirst: isTokenFirst, readContent, coveredContent } of kind.forms) {
      const [read, covered] = [readContent, coveredContent].map((create) =>
        create === undefined ? [] : [create(services)],
      )
      const way =
        readContent !== undefined || isTokenFirst === true
          ? tokenFirst(token, checks, read as Check[], covered as Check[])
          : proofFirst(token, checks, covered as Check[])
      ways.set(form, way)
    }
  }
  return (form) => ways.get(form) as Way
}

interface ProofChecks {
  readonly cheap: readonly Check[]
  /** That the token is bound to the key of the proof, unless the key came out of the token. */
  readonly binding: readonly Check[]
  readonly signature: Check
  readonly replay: Check
}

/** A proof in a field: it is looked at before the token, and whoever makes us work must have worked first. */
function proofFirst(token: TokenChecks, { cheap, signature, replay }: ProofChecks, content: readonly Check[]): Way {
  return {
    firstTime: firstTime(token, cheap, [signature]),
    again: [...cheap, ...token.again, signature],
    last: [...content, replay],
    coversContent: content.length > 0,
  }
}

/** A proof that is the content: nobody without a good token makes us hold and open content. */
function tokenFirst(
  { of, again }: TokenChecks,
  { cheap, binding, signature, replay }: ProofChecks,
  read: readonly Check[],
  covered: readonly Check[],
): Way {
  const plan = (checks: readonly Check[]) => [
    ...checks.filter(({ id }) => id !== bindingCheck.id),
    ...read,
    ...cheap,
    ...binding,
    signature,
  ]
  return {
    firstTime: {
      jwt: plan([...of.jwt.before, ...of.jwt.after]),
      jwe: plan([...of.jwe.before, ...of.jwe.after]),
      opaque: plan([...of.opaque.before, ...of.opaque.after]),
    },
    again: plan(again),
    last: [...covered, replay],
    coversContent: covered.length > 0,
  }
}

function firstTime({ of }: TokenChecks, cheap: readonly Check[], signature: readonly Check[]): Way['firstTime'] {
  const plan = ({ before, after }: TokenChecks['of']['jwt']) => [...cheap, ...before, ...signature, ...after]
  return { jwt: plan(of.jwt), jwe: plan(of.jwe), opaque: plan(of.opaque) }
}
