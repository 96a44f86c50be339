// How a request proves itself: the proofs in it, and whether the route accepts them.

import type { CountersignError, RefusalCode } from '@countersign/shared'
import { refusal } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Credentials } from '../credentials.ts'

/** The rows of request-envelope.md, Verification, step 2: the first that applies decides. */
export const formCheck: Check = {
  id: 'request.form',
  title: 'The request has one kind of proof, one that the route accepts',
  source: 'request-envelope.md, Verification, step 2',
  needs: ['request.credentials'],
  run(exchange) {
    const { scheme, proof, detached, content } = exchange.credentials as Credentials
    const { accept, integrity, schemes } = exchange.policy
    const isGnap = scheme === 'gnap' && schemes.includes('gnap')
    const mayCarry = scheme === 'dpop' || isGnap
    const acceptsEnvelopes = accept.includes('envelope')
    const isEnvelope = detached !== undefined || (content.isJose && acceptsEnvelopes && mayCarry)
    if (detached !== undefined) {
      if (proof !== undefined || !mayCarry) throw refused('ERR_ENVELOPE_AMBIGUOUS', 'Detached-JWS')
      if (!acceptsEnvelopes) throw refused('ERR_ENVELOPE_NOT_ACCEPTED', 'Detached-JWS')
    }
    if (!isEnvelope) {
      if (isGnap && proof !== undefined) throw refused('ERR_ENVELOPE_AMBIGUOUS', 'DPoP')
      exchange.form = scheme === 'bearer' ? 'bearer' : proof === undefined ? undefined : 'dpop'
      if (exchange.form === 'dpop' && !accept.includes('dpop')) throw refused('ERR_ENVELOPE_REQUIRED', 'DPoP')
      return
    }
    if (content.types > 1) throw refused('ERR_ENVELOPE_DUPLICATE', 'Content-Type')
    if (content.isJose && (detached !== undefined || proof !== undefined))
      throw refused('ERR_ENVELOPE_AMBIGUOUS', 'Content-Type')
    // Content codings are not signed.
    if (content.isEncoded && (content.isJose || integrity))
      throw refused('ERR_ENVELOPE_CONTENT_ENCODING', 'Content-Encoding')
    const form = content.isJose ? 'content' : 'detached'
    exchange.form = isGnap ? `gnap-${form}` : form
  },
  show: ({ policy, form }) => ({ expected: policy.accept, actual: form ?? 'none' }),
}

function refused(code: RefusalCode, parameter: string): CountersignError {
  return refusal(code, `The request is refused for its ${parameter}`, { parameter })
}
