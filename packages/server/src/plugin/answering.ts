// Responses on their way out: those that are to be signed are read to their end first.

import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AcceptedEnvelope } from '../content/accepted-envelope.ts'
import { isWanted } from '../content/signed-answer.ts'
import type { Verifier } from '../verifier.ts'
import { exposeToBrowsers } from './refusals.ts'

/**
 * Signs a response to a request with an envelope, where that is asked for.
 *
 * @param maxBytes - Most bytes of content that is signed; a longer response goes out as it is.
 * @returns The payload to send.
 */
export async function signReply(
  verifier: Pick<Verifier, 'signAnswer'>,
  envelope: AcceptedEnvelope | undefined,
  {
    request,
    reply,
    payload,
    maxBytes,
  }: { request: FastifyRequest; reply: FastifyReply; payload: unknown; maxBytes: number },
): Promise<unknown> {
  if (envelope === undefined || !isWanted(envelope)) return payload
  // Of content that is coded already, the client sees something else.
  if (reply.hasHeader('content-encoding')) return payload
  const sent = payload instanceof Response ? unpacked(payload, reply) : payload
  const { content, instead } = await read(sent, maxBytes)
  if (content === undefined) return instead
  const { statusCode: status } = reply
  const hasContent = request.method !== 'HEAD' && status !== 204 && status !== 304
  const fields = reply.getHeaders()
  const signature = await verifier.signAnswer(envelope, { status, fields, ...(hasContent && { content }) })
  for (const [name, value] of Object.entries(signature)) reply.header(name, value)
  if (signature['answer-jws'] !== undefined) exposeToBrowsers(reply, ['Answer-JWS', ...envelope.answer.fields])
  return sent === null || sent === undefined ? sent : content
}

/** What Fastify would do with a `Response` after this. */
function unpacked(response: Response, reply: FastifyReply): unknown {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  return response.body
}

/** The whole content; or, if it is longer than it may be, what to send in its place. */
async function read(
  payload: unknown,
  maxBytes: number,
): Promise<{ readonly content?: Uint8Array; readonly instead?: unknown }> {
  if (payload === null || payload === undefined) return { content: new Uint8Array() }
  if (typeof payload === 'string' || payload instanceof Uint8Array) {
    const content = typeof payload === 'string' ? Buffer.from(payload) : payload
    return content.length > maxBytes ? { instead: payload } : { content }
  }
  const iterator = streamOf(payload)[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await iterator.next()
    if (done === true) return { content: Buffer.concat(chunks, length) }
    const chunk = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) return { instead: Readable.from(all(chunks, iterator)) }
  }
}

/** A stream of Node or of the web, as Fastify sends it. */
function streamOf(payload: unknown): AsyncIterable<unknown> {
  if (payload !== null && typeof payload === 'object' && Symbol.asyncIterator in payload)
    return payload as AsyncIterable<unknown>
  return new Readable().wrap(payload as NodeJS.ReadableStream)
}

async function* all(chunks: readonly Uint8Array[], rest: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  yield* chunks
  for (;;) {
    const { done, value } = await rest.next()
    if (done === true) return
    yield value
  }
}
