// Doing away with a response that is answered by another attempt.

/** Bodies up to this many bytes are read to their end, so that their connection can serve the next attempt. */
const DRAIN_LIMIT = 65_536

/** Reads a short body to its end, or cancels a long one, without waiting: an unread body would hold its connection. */
export function discard(response: Response): void {
  const { body } = response
  if (body === null) return
  const length = response.headers.get('content-length')
  const ending = length !== null && Number(length) <= DRAIN_LIMIT ? response.arrayBuffer() : body.cancel()
  // A body that nobody reads may break off: the attempt it belongs to is over.
  ending.catch(() => undefined)
}
