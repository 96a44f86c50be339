// The signed answer to an envelope (spec/request-envelope.md, "Signed answer"): verified before the caller sees the response, all of it or all
// but content that is verified while it is read.

import type { JwsAlgorithm, UnverifiedAnswer } from '@countersign/shared'
import {
  CountersignError,
  computeEnvelopeHash,
  decodeAnswer,
  limits,
  readPublicJwk,
  verifyJwsSignature,
} from '@countersign/shared'
import { readJson } from '../fetch/challenge.ts'
import { readBounded } from '../fetch/read-bounded.ts'
import type { StreamingHash } from './hash.ts'
import { digestOf, streamingHash } from './hash.ts'
import { verifiedResponse } from './response.ts'
import type { ServerJwk, ServerKeys } from './server-keys.ts'

/** A verified answer. */
export interface VerifiedAnswer {
  readonly response: Response
  readonly jws: string
  /** The key of the server that has signed it. */
  readonly key: ServerJwk
}

/** Algorithms that answers may be signed with: those of envelopes. */
const ALGORITHMS: readonly JwsAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256']

/**
 * Verifies the response to an envelope.
 *
 * @param envelope - The compact JWS of the very attempt.
 * @param streams - Whether the content is verified while it is read.
 * @throws {CountersignError} `ERR_ENVELOPE_ANSWER_MISSING`, `_INVALID`, `_MISMATCH`, `_SIGNATURE`.
 */
export async function verifyAnswer(
  response: Response,
  { envelope, keys, method, streams }: { envelope: string; keys: ServerKeys; method: string; streams: boolean },
): Promise<VerifiedAnswer> {
  const jws = response.headers.get('answer-jws')
  if (jws === null) throw await missing(response)
  const answer = decodeAnswer(jws)
  const { header } = answer
  if (!ALGORITHMS.includes(header.alg)) throw invalid('alg', header.alg)
  const key = await keyFor(answer, keys)
  if (header.req !== (await computeEnvelopeHash(envelope))) throw mismatch('req')
  if (header.status !== response.status) throw mismatch('status', header.status, response.status)
  for (const [name, value] of Object.entries(header.fields)) {
    if (response.headers.get(name) !== value) throw mismatch(`fields.${name}`)
  }
  if (!(await verifies(answer, key))) {
    throw new CountersignError('ERR_ENVELOPE_ANSWER_SIGNATURE', 'The signature of the answer does not verify', {
      parameter: 'signature',
    })
  }
  const hasContent = method !== 'HEAD' && ![204, 205, 304].includes(response.status)
  const expected = header.digest ?? ''
  if (streams && hasContent && response.body !== null)
    return { response: verifiedResponse(response, verifiedWhileRead(response.body, expected)), jws, key }
  const content = hasContent ? await readAll(response) : new Uint8Array(0)
  if ((await digestOf(content)) !== expected) throw mismatch('digest')
  return { response: verifiedResponse(response, content.length === 0 ? null : content), jws, key }
}

/**
 * Called before anything is sent whose answer is to be verified while it is read.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` where the platform has no digest of a stream.
 */
export function checkStreams(): void {
  if (streamingHash() !== undefined) return
  throw new CountersignError('ERR_OPTION_INVALID', 'This platform cannot verify content while it is read', {
    parameter: 'proof.verifyResponse',
    expected: 'true',
  })
}

/**
 * Called before anything is sent whose answer is to be verified: without a key there is no answer that could be.
 *
 * Does not check that the server signs with one of the keys, nor that they are good ones: the verification of the answer does.
 *
 * @throws {CountersignError} `ERR_SERVER_KEY_MISSING`, `ERR_DISCOVERY_FAILED`.
 */
export async function checkAnswerKeys(keys: ServerKeys): Promise<void> {
  const signs = ({ use, kid, alg }: ServerJwk) =>
    use === 'sig' && typeof kid === 'string' && ALGORITHMS.includes(alg as never)
  if ((await keys.current()).some(signs) || (await keys.renewed()).some(signs)) return
  throw new CountersignError('ERR_SERVER_KEY_MISSING', 'The server publishes no key that it signs answers with', {
    parameter: 'use',
    expected: `a key with use "sig", a kid, and one of the algorithms ${ALGORITHMS.join(', ')}`,
  })
}

/** The key that an answer names. The set is fetched again at most once. */
async function keyFor({ header }: UnverifiedAnswer, keys: ServerKeys): Promise<ServerJwk> {
  const named = (key: ServerJwk) => key['kid'] === header.kid && key['use'] === 'sig' && key['alg'] === header.alg
  const key = (await keys.current()).find(named) ?? (await keys.renewed()).find(named)
  if (key === undefined) throw invalid('kid', header.kid)
  return key
}

/** @throws {CountersignError} `ERR_ENVELOPE_ANSWER_INVALID` for a key that is none. */
async function verifies({ algorithm, signingInput, signature }: UnverifiedAnswer, key: ServerJwk): Promise<boolean> {
  try {
    const jwk = readPublicJwk(key as never, algorithm)
    return await verifyJwsSignature({ algorithm, jwk, signingInput, signature })
  } catch (cause) {
    throw invalid('kid', key['kid'], cause)
  }
}

async function readAll({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array(0)
  const { MAX_ANSWER_CONTENT_BYTES: most } = limits
  const held = await readBounded(body, most, () =>
    mismatch('content', `at most ${most} bytes, or verifyResponse: "stream"`),
  )
  return new Uint8Array(await held.arrayBuffer())
}

/** Content as it arrives; its end is there only if all of it was right. */
function verifiedWhileRead(body: ReadableStream<Uint8Array>, expected: string): ReadableStream<Uint8Array> {
  const hash = streamingHash() as StreamingHash // checkStreams was called
  let isEmpty = true
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        isEmpty &&= chunk.length === 0
        hash.update(chunk)
        controller.enqueue(chunk)
      },
      flush() {
        if ((isEmpty ? '' : hash.digest('base64url')) !== expected) throw mismatch('digest')
      },
    }),
  )
}

/** What an unsigned response says is told, but not to be believed. */
async function missing(response: Response): Promise<CountersignError> {
  const problem = await readJson(response)
  return new CountersignError('ERR_ENVELOPE_ANSWER_MISSING', 'The response is not signed', {
    parameter: 'Answer-JWS',
    actual: response.status,
    ...(problem !== undefined && { problem }),
  })
}

function invalid(parameter: string, actual: unknown, cause?: unknown): CountersignError {
  const message = `The signed answer is refused for its ${parameter}`
  return new CountersignError('ERR_ENVELOPE_ANSWER_INVALID', message, { parameter, actual, cause })
}

function mismatch(parameter: string, expected?: unknown, actual?: unknown): CountersignError {
  const message = `The signed answer is one to something else (${parameter})`
  return new CountersignError('ERR_ENVELOPE_ANSWER_MISMATCH', message, { parameter, expected, actual })
}
