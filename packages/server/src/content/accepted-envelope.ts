// A request envelope that was accepted: what is needed to sign the response to it, and to keep evidence of both.

import type { EnvelopeHeader, Evidence } from '@countersign/shared'
import type { Exchange } from '../exchange.ts'
import type { AnswerOptions } from '../policy.ts'
import { EnvelopeState } from '../proofs/envelope-state.ts'
import { contentDigest } from './read-content.ts'

/** An envelope whose signature, content and freshness were verified, and that was not used before. */
export interface AcceptedEnvelope {
  /** What was signed and verified. */
  readonly evidence: () => Evidence
  /** Whether the request asks for a signed answer. */
  readonly wantsAnswer: boolean
  /** What the policy says of answers. */
  readonly answer: Required<AnswerOptions>
}

/** Content that an envelope covers. */
export interface VerifiedContent {
  readonly bytes: Uint8Array
  /** Its media type; `undefined` where the request has none. */
  readonly type: string | undefined
}

/** The envelope of a request, once all of it is verified; `undefined` for a request with another proof. */
export function acceptedEnvelope({ proof, now, digest, credentials, policy }: Exchange): AcceptedEnvelope | undefined {
  if (!(proof instanceof EnvelopeState)) return undefined
  const { text: request, jkt: thumbprint, payload } = proof
  const covered = () => (payload?.kind === 'content' ? contentDigest(payload.content) : (digest as string))
  return {
    evidence: () => ({ request, thumbprint, time: Math.floor(now), content: covered() }),
    wantsAnswer: credentials?.wantsAnswer === true,
    answer: policy.answer,
  }
}

/** The content in an envelope that is itself the content of the request. */
export function contentWithin({ proof }: Exchange): VerifiedContent | undefined {
  if (!(proof instanceof EnvelopeState) || proof.payload?.kind !== 'content') return undefined
  return { bytes: proof.payload.content, type: (proof.header as EnvelopeHeader).cty }
}

/** Whether a request has content, by what its envelope says. */
export function hasContent({ proof }: Exchange): boolean {
  return proof instanceof EnvelopeState && proof.payload?.kind !== 'none'
}
