// The body of a request, so that it can be sent a second time. `fetch` hands over even a string as a generator, which can be read once:
// where it says how long it is, it is read before it is sent.

import type { CountersignError } from '@countersign/shared'
import { invalidOption } from '@countersign/shared'
import { isReplayable } from '../fetch/body.ts'

/** What there is to know of a stream of Node. */
interface Readable {
  on(name: 'error', listener: (error: Error) => void): void
  off(name: 'error', listener: (error: Error) => void): void
}

/** A body as it goes to the inner dispatcher. */
export interface RequestBody {
  readonly body: unknown
  /** Whether it can be sent a second time. */
  readonly replayable: boolean
}

/** Longest body, in bytes, that is read before it is sent: a mebibyte. */
const MAX_COLLECTED = 1_048_576

/**
 * Reads a short body whose length is known, and leaves every other one as it is. A stream of Node is left: whoever writes it may wait for
 * the answer.
 *
 * @param contentLength - The value of the `Content-Length` field, if there is one.
 * @throws {CountersignError} `ERR_OPTION_INVALID` when it is not as long as it says. What the body itself throws.
 */
export async function readBody(body: unknown, contentLength: string | undefined): Promise<RequestBody> {
  if (isReplayable(body as BodyInit) || isFormData(body)) return { body, replayable: true }
  const length = /^\d+$/.test(contentLength ?? '') ? Number(contentLength) : Number.POSITIVE_INFINITY
  if (length > MAX_COLLECTED || !isIterable(body) || isStream(body)) return { body, replayable: false }
  return { body: await collect(body, length), replayable: true }
}

/**
 * Watches a stream of Node until undici has it: one that fails before, such as a file that is not there, would otherwise be an uncaught
 * exception.
 *
 * @returns What ends the watch.
 */
export function watchStream(body: unknown, onError: (error: Error) => void): () => void {
  if (!isStream(body)) return () => undefined
  body.on('error', onError)
  return () => body.off('error', onError)
}

async function collect(
  chunks: AsyncIterable<unknown> | Iterable<unknown>,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const collected = new Uint8Array(length)
  let offset = 0
  for await (const chunk of chunks) {
    const bytes = bytesOf(chunk)
    if (offset + bytes.byteLength > length) throw wrongLength()
    collected.set(bytes, offset)
    offset += bytes.byteLength
  }
  if (offset < length) throw wrongLength()
  return collected
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
  if (!ArrayBuffer.isView(chunk)) throw invalidOption('body', 'made of strings and bytes')
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

function wrongLength(): CountersignError {
  return invalidOption('body', 'as long as its Content-Length says')
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body && 'on' in body
}

function isIterable(body: unknown): body is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body)
}

/** FormData of another copy of the Fetch API is no instance of ours. undici encodes it anew each time that it is sent. */
function isFormData(body: unknown): boolean {
  return Object.prototype.toString.call(body) === '[object FormData]'
}
