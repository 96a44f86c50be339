// Reading the content of a request whole, up to a limit, and its digest.

import { hash } from 'node:crypto'
import { CountersignError } from '@countersign/shared'

/**
 * Reads content.
 *
 * @throws {CountersignError} `ERR_ENVELOPE_CONTENT_TOO_LARGE` beyond the limit; what is left is not read.
 */
export async function readContent(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    length += chunk.length
    if (length > maxBytes) throw contentTooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/** The error for content beyond its limit. */
export function contentTooLarge(maxBytes: number): CountersignError {
  return new CountersignError('ERR_ENVELOPE_CONTENT_TOO_LARGE', 'The content is too large', {
    parameter: 'content',
    expected: maxBytes,
  })
}

/** The base64url SHA-256 of content; of none, nothing (request-envelope.md, Serialisations). */
export function contentDigest(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : hash('sha256', bytes, 'base64url')
}
