// Responses on their way out: those that are to be signed are read to their end first.

import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AcceptedEnvelope } from '../content/accepted-envelope.ts'
import type { Verifier } from '../verifier.ts'
import { exposeToBrowsers } from './refusals.ts'

/** Statuses of responses without content. */
const CONTENTLESS: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Signs a response to a request with an envelope that asks for it.
 *
 * @param maxBytes - Most bytes of content that is signed; a longer response goes out as it is.
 * @returns The payload to send.
 */
export async function signReply(
  verifier: Pick<Verifier, 'signAnswer'>,
  envelope: AcceptedEnvelope,
  {
    request,
    reply,
    payload,
    maxBytes,
  }: { request: FastifyRequest; reply: FastifyReply; payload: unknown; maxBytes: number },
): Promise<unknown> {
  // Of content that is coded already, the client sees something else.
  if (reply.hasHeader('content-encoding')) return payload
  const sent = payload instanceof Response ? unpacked(payload, reply) : payload
  const { content, instead } = await read(sent, maxBytes, reply)
  if (content === undefined) return instead
  const { statusCode: status } = reply
  const hasContent = !(request.method === 'HEAD' || CONTENTLESS.has(status))
  // RFC 9110 sections 15.3.5 and 15.3.6: neither has content, nor a type of it.
  const isBare = status === 204 || status === 205
  if (isBare) reply.removeHeader('content-type')
  const fields = reply.getHeaders()
  const signature = await verifier.signAnswer(envelope, { status, fields, ...(hasContent && { content }) })
  for (const [name, value] of Object.entries(signature)) reply.header(name, value)
  if (signature['answer-jws'] !== undefined) exposeToBrowsers(reply, ['Answer-JWS', ...envelope.answer.fields])
  return sent === null || sent === undefined || isBare ? null : content
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
  reply: FastifyReply,
): Promise<{ readonly content?: Uint8Array; readonly instead?: unknown }> {
  if (payload === null || payload === undefined) return { content: new Uint8Array() }
  if (typeof payload === 'string' || payload instanceof Uint8Array) {
    const content = typeof payload === 'string' ? Buffer.from(payload) : payload
    return content.length > maxBytes ? { instead: payload } : { content }
  }
  const stream = streamOf(payload)
  const iterator = stream.iterator({ destroyOnReturn: true })
  const chunks: Uint8Array[] = []
  let length = 0
  // Nobody else tells the stream that its reader is gone.
  const gone = () => stream.destroy(new Error('The client went away while its response was being signed'))
  reply.raw.once('close', gone)
  if (reply.raw.destroyed) gone()
  try {
    for (;;) {
      const { done, value } = await iterator.next()
      if (done === true) return { content: Buffer.concat(chunks, length) }
      const chunk = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
      chunks.push(chunk)
      length += chunk.length
      if (length <= maxBytes) continue
      const instead = Readable.from(all(chunks, iterator))
      // It is not read to its end when the client goes away.
      instead.once('close', () => stream.destroy())
      return { instead }
    }
  } finally {
    reply.raw.off('close', gone)
  }
}

/** A stream of Node or of the web, as Fastify sends it. */
function streamOf(payload: unknown): Readable {
  if (payload instanceof Readable) return payload
  if (payload !== null && typeof payload === 'object' && Symbol.asyncIterator in payload)
    return Readable.from(payload as AsyncIterable<unknown>)
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
