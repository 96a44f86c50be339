// The content of a call, so that it can be signed: as bytes, or as a file that is read as often as it must be. What is a stream is read
// whole first, up to a limit, since its digest stands before it.

import { CountersignError } from '@countersign/shared'
import type { Call } from '../fetch/call.ts'
import { readBounded } from '../fetch/read-bounded.ts'
import { contentOf } from './call-content.ts'
import { digestOf, streamingHash } from './hash.ts'

/** Content that can be signed and sent. */
export interface Content {
  /** What is sent; `undefined` for none. */
  readonly body: Uint8Array<ArrayBuffer> | Blob | undefined
  /** Its media type as it is sent. */
  readonly type: string | undefined
  /** SHA-256 in base64url; empty for no content. */
  digest(): string | Promise<string>
  bytes(): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>
}

/** Most bytes of a stream that are held, since they are digested before they are sent. */
export const MAX_STREAM_BYTES = 16_777_216
/** Most bytes of a file that are held to be digested, where the platform digests no streams; and to be attached. */
const MAX_HELD_BYTES = 67_108_864
const FORM_TYPE = 'application/x-www-form-urlencoded;charset=UTF-8'
const NOTHING = new Uint8Array(0)

/**
 * Reads the content of a call.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_CONTENT_TOO_LARGE` for a stream beyond the limit. The reason of the call's signal when it aborts
 *   meanwhile.
 */
export async function readContent(call: Call): Promise<Content> {
  const { body, headers } = contentOf(call)
  const type = headers.get('content-type') ?? undefined
  if (body === undefined || body === null) return ofBytes(NOTHING, type)
  if (body instanceof Blob) return ofBlob(body, type ?? (body.type || undefined))
  if (typeof body === 'string') return ofBytes(encoded(body), type ?? 'text/plain;charset=UTF-8')
  if (body instanceof URLSearchParams) return ofBytes(encoded(String(body)), type ?? FORM_TYPE)
  if (body instanceof ArrayBuffer) return ofBytes(new Uint8Array(body), type)
  if (ArrayBuffer.isView(body)) return ofBytes(body as Uint8Array<ArrayBuffer>, type)
  return ofBytes(await readStream(body, call.signal), type)
}

function ofBytes(bytes: Uint8Array<ArrayBuffer>, type: string | undefined): Content {
  const body = bytes.length === 0 ? undefined : bytes
  return { body, type, digest: () => digestOf(bytes), bytes: () => bytes }
}

function ofBlob(blob: Blob, type: string | undefined): Content {
  if (blob.size === 0) return ofBytes(NOTHING, type)
  const bytes = async () => {
    if (blob.size > MAX_HELD_BYTES) throw tooLarge(MAX_HELD_BYTES, 'envelope: "detached"')
    return new Uint8Array(await blob.arrayBuffer())
  }
  return { body: blob, type, bytes, digest: async () => (await digestOfStream(blob)) ?? digestOf(await bytes()) }
}

async function digestOfStream(blob: Blob): Promise<string | undefined> {
  const hash = streamingHash()
  if (hash === undefined) return undefined
  const reader = blob.stream().getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) hash.update(read.value)
  return hash.digest('base64url')
}

/** A stream of the web, or whatever else a platform takes for one, such as an async iterable on Node. */
async function readStream(body: BodyInit, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
  // Refuses a stream of which something was read already, as fetch does.
  const stream = new Response(body).body as ReadableStream<Uint8Array>
  // The pipe cancels the stream with the signal's reason, so that whoever writes it need not go on.
  const ending = signal === undefined ? stream : stream.pipeThrough(new TransformStream(), { signal })
  const held = await readBounded(ending, MAX_STREAM_BYTES, () =>
    tooLarge(MAX_STREAM_BYTES, 'a Blob, such as that of fs.openAsBlob'),
  )
  return new Uint8Array(await held.arrayBuffer())
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function tooLarge(most: number, expected: string): CountersignError {
  const message = `The content cannot be signed: it is held for that, and has more than ${most} bytes`
  return new CountersignError('ERR_ENVELOPE_CONTENT_TOO_LARGE', message, { parameter: 'body', expected })
}
