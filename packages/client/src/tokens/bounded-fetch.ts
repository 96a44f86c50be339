// The fetch of metadata and tokens: an answer of an authorization server is short, or it is refused.

/** Longest answer of an authorization server, in bytes: metadata with many languages, or a very long token. */
const MAX_ANSWER_BYTES = 65_536

/** Creates a fetch whose responses are read whole, up to a limit. */
export function createBoundedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async function boundedFetch(input, init) {
    const response = await fetch(input, init)
    const { status, statusText, headers, body } = response
    if (body === null) return response
    return new Response(await readBounded(body), { status, statusText, headers })
  }
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<Blob> {
  const chunks: BlobPart[] = []
  let size = 0
  const reader = body.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length
    if (size > MAX_ANSWER_BYTES) {
      await reader.cancel()
      throw new Error(`The authorization server answered with more than ${MAX_ANSWER_BYTES} bytes`)
    }
    chunks.push(read.value as Uint8Array<ArrayBuffer>)
  }
  return new Blob(chunks)
}
