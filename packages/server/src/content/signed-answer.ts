// Signed answers (request-envelope.md, Signed answer): a JWS over status, content and some fields of a response, bound to one request.

import type { AnswerHeader, Evidence } from '@countersign/shared'
import { ANSWER_TYP, encodeAnswerHeader, limits } from '@countersign/shared'
import { trimmed } from '../field-value.ts'
import { sha256 } from '../hash.ts'
import type { VerifierConfig } from '../options.ts'
import type { AcceptedEnvelope } from './accepted-envelope.ts'
import { contentDigest } from './read-content.ts'

/** A response that can be signed. */
export interface AnswerableResponse {
  /** The status code, from 200 on. */
  readonly status: number
  /** The fields as they are sent, by their names in lower case. */
  readonly fields: Readonly<Record<string, string | number | readonly string[] | undefined>>
  /** The content before any content coding. Absent or empty for none, as with `HEAD`, 204 and 304. */
  readonly content?: Uint8Array | undefined
}

/** Fields of an answer, or nothing where it is not signed. */
type AnswerFields = Readonly<Record<string, string>>

const ALWAYS = ['content-type', 'location']
const SIGNABLE = /^[\t\x20-\x7e]*$/
const UNSIGNED: AnswerFields = {}

/** Creates the function that signs responses. */
export function createAnswerSigner({
  keys: [key],
  clock,
  envelope: { onEvidence },
}: Pick<VerifierConfig, 'keys' | 'clock' | 'envelope'>): (
  envelope: AcceptedEnvelope | undefined,
  response: AnswerableResponse,
) => Promise<AnswerFields> {
  return async function signAnswer(envelope, response) {
    if (envelope === undefined || key === undefined || !isWanted(envelope)) return UNSIGNED
    const fields = fieldsOf(response, envelope)
    if (fields === undefined) return UNSIGNED
    const evidence = envelope.evidence()
    const { status, content } = response
    const digest = contentDigest(content ?? new Uint8Array())
    const header: AnswerHeader = {
      typ: ANSWER_TYP,
      alg: key.algorithm.alg,
      kid: key.kid,
      status,
      fields,
      ...(digest !== '' && { digest }),
      created: Math.floor(clock()),
      req: sha256(evidence.request),
    }
    const signingInput = `${encodeAnswerHeader(header)}.`
    const jws = `${signingInput}.${key.sign(signingInput)}`
    if (jws.length > limits.MAX_ANSWER_LENGTH) return UNSIGNED
    await onEvidence?.({
      ...evidence,
      answer: { jws, key: key.jwk as unknown as NonNullable<Evidence['answer']>['key'] },
    })
    return { 'answer-jws': jws, 'cache-control': 'no-store' }
  }
}

/** Whether the response to a request with this envelope is to be signed. */
export function isWanted({ wantsAnswer, answer }: AcceptedEnvelope): boolean {
  return wantsAnswer || answer.always
}

/** The fields that are signed; `undefined` where one of them has a value that cannot be. */
function fieldsOf(
  { fields }: AnswerableResponse,
  { answer }: AcceptedEnvelope,
): Record<string, string | null> | undefined {
  const signed: Record<string, string | null> = {}
  for (const name of [...ALWAYS, ...answer.fields]) {
    const value = fields[name]
    const text = value === undefined ? null : trimmed([value].flat().join(', '))
    if (text !== null && !SIGNABLE.test(text)) return undefined
    signed[name] = text
  }
  return signed
}
