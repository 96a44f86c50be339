// Fetching a JSON document of an issuer: bounded in time and size, never redirected, strictly parsed.

import type { JsonObject } from '@countersign/shared'
import { isJsonObject, limits, parseJsonBytes } from '@countersign/shared'

/** Longest time an issuer may take for one answer. */
const TIMEOUT_MILLISECONDS = 5_000

/**
 * Fetches a JSON object.
 *
 * @param signal - Aborts the fetch when the verifier is closed.
 * @throws {Error} For every failure: no answer in five seconds, another status than 200, a redirect, a body that is too large or not
 *   strict JSON.
 */
export async function fetchJson(url: URL, signal: AbortSignal): Promise<JsonObject> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: withTimeLimit(signal),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url.href} answered ${response.status}`)
  }
  const value = parseJsonBytes(await readBounded(response, url), limits.MAX_DOCUMENT_LENGTH)
  if (!isJsonObject(value)) throw new Error(`${url.href} did not answer with a JSON object`)
  return value
}

/** A signal that aborts with another, or when an issuer takes too long. */
export function withTimeLimit(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)])
}

/**
 * Reads the body of an answer.
 *
 * @throws {Error} When it is longer than any document of an issuer may be.
 */
export async function readBounded(response: Response, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > limits.MAX_DOCUMENT_LENGTH)
      throw new Error(`${url.href} answered with more than ${limits.MAX_DOCUMENT_LENGTH} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
