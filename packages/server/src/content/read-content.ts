// Reading the content of a request whole, up to a limit, and its digest.

import { hash } from 'node:crypto'
import type { CountersignError } from '@countersign/shared'
import { refusal } from '@countersign/shared'

/** What is read of content at most, and for how long. */
export interface ContentLimits {
  readonly maxContentBytes: number
  readonly maxContentSeconds: number
}

/**
 * Reads content.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_CONTENT_TOO_LARGE` beyond the limit, `ERR_ENVELOPE_EXPIRED` if it takes too long; what is
 *   left is not read.
 */
export async function readContent(
  content: AsyncIterable<Uint8Array>,
  { maxContentBytes, maxContentSeconds }: ContentLimits,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of contentInTime(content, maxContentSeconds)) {
    length += chunk.length
    if (length > maxContentBytes) throw contentTooLarge(maxContentBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/**
 * Content, as long as it arrives in time: whoever sends none must not hold a request open.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_EXPIRED`
 */
export async function* contentInTime(
  content: AsyncIterable<Uint8Array>,
  maxSeconds: number,
): AsyncGenerator<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]()
  const late = Promise.withResolvers<never>()
  // The first to settle counts; that it is late afterwards is nobody's concern.
  late.promise.catch(() => undefined)
  const timer = setTimeout(() => late.reject(contentTooLate()), maxSeconds * 1000)
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), late.promise])
      if (done === true) return
      yield value
    }
  } finally {
    clearTimeout(timer)
    // Not awaited: one that waits for what does not come returns only then.
    iterator.return?.().catch(() => undefined)
  }
}

/** The error for content that took too long. */
export function contentTooLate(): CountersignError {
  return refusal('ERR_ENVELOPE_EXPIRED', 'The content did not arrive in time', {
    parameter: 'created',
    reason: 'content',
  })
}

/** The error for content beyond its limit. */
export function contentTooLarge(maxBytes: number): CountersignError {
  return refusal('ERR_ENVELOPE_CONTENT_TOO_LARGE', 'The content is too large', {
    parameter: 'content',
    expected: maxBytes,
  })
}

/** The base64url SHA-256 of content; of none, nothing (request-envelope.md, Serialisations). */
export function contentDigest(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : hash('sha256', bytes, 'base64url')
}
