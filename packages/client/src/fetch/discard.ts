// Doing away with a response that is answered by another attempt.

import { saysItIsShort } from './read-bounded.ts'

/** Bodies up to this many bytes are read to their end, so that their connection can serve the next attempt. */
const DRAIN_LIMIT = 65_536
/** Longest time a body may take to end, in milliseconds. */
const DRAIN_TIMEOUT = 1_000

/** Reads a short body to its end, or cancels a long or slow one, without waiting: an unread body would hold its connection. */
export function discard(response: Response): void {
  const { body, headers } = response
  if (body === null || response.bodyUsed)
    return // A body that nobody reads may break off: the attempt it belongs to is over.
  ;(saysItIsShort(headers, DRAIN_LIMIT) ? drain(body) : body.cancel()).catch(() => undefined)
}

async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), DRAIN_TIMEOUT)
  try {
    while (!(await reader.read()).done);
  } finally {
    clearTimeout(timer)
  }
}
