// Bodies that are read up to a limit.

/**
 * Reads a stream.
 *
 * @param tooLong - Makes the error for more bytes than that. Nobody reads on then.
 */
export async function readBounded(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  tooLong: () => Error,
): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const reader = body.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const isBytes = read.value instanceof Uint8Array
    size += read.value.length
    if (!isBytes || size > maxBytes) {
      // Whoever writes it is told; how that ends is theirs.
      reader.cancel().catch(() => undefined)
      throw isBytes ? tooLong() : new TypeError('A chunk of the stream is no Uint8Array')
    }
    chunks.push(read.value as Uint8Array<ArrayBuffer>)
  }
  return new Blob(chunks)
}

/** Whether a response says of its body that it has no more bytes than that. */
export function saysItIsShort(headers: Pick<Headers, 'get' | 'has'>, maxBytes: number): boolean {
  return Number(headers.get('content-length') ?? Number.NaN) <= maxBytes && !headers.has('content-encoding')
}
