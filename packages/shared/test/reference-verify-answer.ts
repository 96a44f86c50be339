// What a client does with a signed answer (spec/request-envelope.md, "Signed answer") written out plainly, for the vectors: the
// shared functions and comparisons. The client's verifier is tested by itself.

import type { ErrorCode } from '@countersign/shared'
import {
  CountersignError,
  computeEnvelopeDigest,
  computeEnvelopeHash,
  decodeAnswer,
  decodeBase64url,
  readPublicJwk,
  verifyJwsSignature,
} from '@countersign/shared'

/** An answer, and what the client knows of its request and of the response. */
export interface AnswerVerification {
  readonly method: string
  /** The compact JWS of the request. */
  readonly envelope: string
  readonly response: {
    readonly status: number
    readonly fields: readonly [string, string][]
    /** In base64url; absent for none. */
    readonly content?: string
  }
  readonly answer: string
  /** The key set of the server. */
  readonly keys: readonly Readonly<Record<string, unknown>>[]
  readonly allowedAlgorithms: readonly string[]
}

const STATUSES_WITHOUT_CONTENT = [204, 205, 304]

/** Verifies an answer, or throws the error of the first check that fails. */
export async function referenceVerifyAnswer(verification: AnswerVerification): Promise<void> {
  const { method, envelope, response, keys, allowedAlgorithms } = verification
  const { header, algorithm, signingInput, signature } = decodeAnswer(verification.answer)
  check(allowedAlgorithms.includes(header.alg), 'ERR_ENVELOPE_ANSWER_INVALID')
  const key = keys.find(({ kid, use, alg }) => kid === header.kid && use === 'sig' && alg === header.alg)
  check(key !== undefined, 'ERR_ENVELOPE_ANSWER_INVALID')
  check(header.req === (await computeEnvelopeHash(envelope)), 'ERR_ENVELOPE_ANSWER_MISMATCH')
  check(header.status === response.status, 'ERR_ENVELOPE_ANSWER_MISMATCH')
  const received = new Headers([...response.fields])
  for (const [name, value] of Object.entries(header.fields)) {
    check(received.get(name) === value, 'ERR_ENVELOPE_ANSWER_MISMATCH')
  }
  const jwk = readPublicJwk(key, algorithm)
  check(await verifyJwsSignature({ algorithm, jwk, signingInput, signature }), 'ERR_ENVELOPE_ANSWER_SIGNATURE')
  const hasContent = method !== 'HEAD' && !STATUSES_WITHOUT_CONTENT.includes(response.status)
  const content = decodeBase64url((hasContent ? response.content : undefined) ?? '')
  check((header.digest ?? '') === (await computeEnvelopeDigest(content)), 'ERR_ENVELOPE_ANSWER_MISMATCH')
}

function check(condition: boolean, code: ErrorCode): asserts condition {
  if (!condition) throw new CountersignError(code, 'The answer does not verify')
}
