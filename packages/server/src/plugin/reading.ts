// What the plugin makes of the content of a request with an envelope, so that parsers and handlers see an ordinary request.

import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { CountersignError } from '@countersign/shared'
import type { FastifyRequest } from 'fastify'
import type { VerifiedContent } from '../content/accepted-envelope.ts'
import { contentDigest } from '../content/read-content.ts'
import type { CoveredContent } from './covered-content.ts'
import { coverContent } from './covered-content.ts'
import { requestWith, substituteFor } from './substitute.ts'

/** The request as Node has received it, once another took its place. */
const received = Symbol('countersign.received')
const verified = Symbol('countersign.verified')
const parsed = Symbol('countersign.parsed')

/** How a verification ends that waits for content. */
export interface Ending {
  /** Whether there is content by the envelope. */
  readonly hasContent: boolean
  /** @param digest - SHA-256 of the content in base64url; empty for none. */
  readonly finish: (digest: string) => Promise<void>
  /** Makes the refusal of what kept the content from being read. */
  readonly refuse: (error: unknown) => unknown
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
export async function verifyWhileRead(request: FastifyRequest, ending: Ending, maxSpooledBytes: number): Promise<void> {
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
  if (!ending.hasContent) return ending.finish(await digestOfNothing(request))
  const endings = [ending]
  const finish = async (digest: string) => {
    for (const each of endings) await each.finish(digest)
    ;(read[verified] as VerifiedReading).digest = digest
  }
  const covered = coverContent(raw, finish, maxSpooledBytes)
  read[verified] = { endings, covered, digest: undefined }
  replace(request, covered.raw)
}

/**
 * Sees to it that all content is verified, once the parsers are done.
 *
 * @throws {RefusalError} When it is not.
 */
export async function contentSettled(request: FastifyRequest): Promise<void> {
  const read = request as ReadRequest
  read[parsed] = true
  const content = read[verified]
  try {
    await content?.covered.settled()
  } catch (error) {
    throw content?.endings[0]?.refuse(error) ?? error
  }
}

/** The request to be read in the place of the received one, if there is one: for a hook that decides what parsers read. */
export function replacedRequest(request: FastifyRequest): IncomingMessage | undefined {
  return (request as ReadRequest)[received] === undefined ? undefined : request.raw
}

function tooLate(): CountersignError {
  return new CountersignError('ERR_ENVELOPE_NOT_ACCEPTED', 'The content was read before it could be verified', {
    parameter: 'Detached-JWS',
  })
}

/** Reads content that there is none of by the envelope; what comes all the same is not read beyond its first piece. */
async function digestOfNothing(request: FastifyRequest): Promise<string> {
  for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
    if (chunk.length > 0) return contentDigest(chunk)
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
function hasNoContent(raw: IncomingMessage): boolean {
  if (!/^0*$/.test(raw.headers['content-length'] ?? '')) return false
  const { stream } = raw as unknown as Partial<Http2ServerRequest>
  return stream === undefined ? raw.headers['transfer-encoding'] === undefined : stream.endAfterHeaders
}
