// What the plugin makes of the content of a request with an envelope, so that parsers and handlers see an ordinary request.

import { IncomingMessage } from 'node:http'
import { Http2ServerRequest } from 'node:http2'
import type { CountersignError } from '@countersign/shared'
import { refusal } from '@countersign/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { VerifiedContent } from '../content/accepted-envelope.ts'
import { contentDigest, contentInTime } from '../content/read-content.ts'
import type { CoverEnding, CoveredContent, CoverLimits } from './covered-content.ts'
import { coverContent } from './covered-content.ts'
import { requestWith, substituteFor } from './substitute.ts'

/** The request as Node has received it, once another took its place. */
const received = Symbol('countersign.received')
const verified = Symbol('countersign.verified')
const parsed = Symbol('countersign.parsed')

/** How a verification ends that waits for content. */
export interface Ending extends CoverEnding {
  /** Whether there is content by the envelope. */
  readonly hasContent: boolean
}

/** Content that is verified while it is read. */
interface VerifiedReading {
  readonly endings: Ending[]
  readonly covered: CoveredContent
  /** Once all is verified. */
  digest: string | undefined
}

interface ReadRequest extends FastifyRequest {
  [received]?: IncomingMessage
  [verified]?: VerifiedReading
  /** Whether parsers are done: what they have not read, the handler reads from where they left it. */
  [parsed]?: boolean
}

/** The request as Node has received it. */
export function receivedRequest(request: FastifyRequest): IncomingMessage {
  return (request as ReadRequest)[received] ?? request.raw
}

/** The content as received; `undefined` once somebody has read of it, who did not verify it. */
export function receivedContent(request: FastifyRequest): (() => AsyncIterable<Uint8Array>) | undefined {
  const { raw } = request
  const { [received]: replaced, [parsed]: isParsed } = request as ReadRequest
  if (raw.readableDidRead || replaced !== undefined || isParsed === true) return undefined
  return () => raw.iterator({ destroyOnReturn: false })
}

/** Puts content in the place of what was received. */
export function replaceContent(request: FastifyRequest, content: VerifiedContent): void {
  replace(request, requestWith(request.raw, content))
}

/**
 * Has the content verified while it is read. Several guards of one request have an ending each.
 *
 * @throws {RefusalError} When that is refused, or content was read before it could be verified.
 */
export async function verifyWhileRead(
  request: FastifyRequest,
  reply: FastifyReply,
  ending: Ending,
  limits: CoverLimits,
): Promise<void> {
  const read = request as ReadRequest
  const { raw } = request
  const content = read[verified]
  if (content !== undefined) {
    if (content.digest !== undefined) return ending.finish(content.digest)
    content.endings.push(ending)
    return
  }
  if (hasNoContent(raw)) return ending.finish('')
  if (read[parsed] === true || raw.readableDidRead) throw ending.refuse(tooLate())
  if (!ending.hasContent) return ending.finish(await digestOfNothing(request, ending, limits))
  const endings = [ending]
  const finish = async (digest: string) => {
    for (const each of endings) await each.finish(digest)
    ;(read[verified] as VerifiedReading).digest = digest
  }
  const covered = coverContent(raw, reply.raw, { finish, refuse: ending.refuse }, limits)
  read[verified] = { endings, covered, digest: undefined }
  replace(request, covered.raw)
}

/**
 * Sees to it that all content is verified, once the parsers are done.
 *
 * @throws {RefusalError} When it is not.
 */
export function contentSettled(request: FastifyRequest): Promise<void> | undefined {
  const read = request as ReadRequest
  read[parsed] = true
  const content = read[verified]
  return content?.covered.settled().catch((error) => {
    throw content.endings[0]?.refuse(error) ?? error
  })
}

/** The request to be read in the place of the received one, if there is one: for a hook that decides what parsers read. */
export function replacedRequest(request: FastifyRequest): IncomingMessage | undefined {
  return (request as ReadRequest)[received] === undefined ? undefined : request.raw
}

function tooLate(): CountersignError {
  return refusal('ERR_ENVELOPE_NOT_ACCEPTED', 'The content was read before it could be verified', {
    parameter: 'Detached-JWS',
  })
}

/** Reads content that there is none of by the envelope; what comes all the same is not read beyond its first piece. */
async function digestOfNothing(
  request: FastifyRequest,
  { refuse }: Ending,
  { maxContentSeconds }: CoverLimits,
): Promise<string> {
  try {
    for await (const chunk of contentInTime(request.raw.iterator({ destroyOnReturn: false }), maxContentSeconds)) {
      if (chunk.length > 0) return contentDigest(chunk)
    }
  } catch (error) {
    throw refuse(error)
  }
  const empty = substituteFor(request.raw, () => undefined)
  empty.push(null)
  replace(request, empty)
  return ''
}

function replace(request: FastifyRequest, raw: IncomingMessage): void {
  const read = request as ReadRequest
  read[received] ??= request.raw
  read.raw = raw as typeof request.raw
}

/** Whether the header section says that nothing comes after it. */
function hasNoContent(raw: IncomingMessage | Http2ServerRequest): boolean {
  if (!/^0*$/.test(raw.headers['content-length'] ?? '')) return false
  if (raw instanceof Http2ServerRequest) return raw.stream.endAfterHeaders
  // What was made by something else than Node's parser, as by `inject`, may have content that no field announces.
  return raw instanceof IncomingMessage && raw.headers['transfer-encoding'] === undefined
}

/** Whether content was begun to be read, and not to its end: on the same connection, what is left of it would be waited for. */
export function isHalfRead(request: FastifyRequest): boolean {
  const { httpVersionMajor, readableDidRead, readableEnded } = receivedRequest(request)
  return httpVersionMajor === 1 && readableDidRead && !readableEnded
}
