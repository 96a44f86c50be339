// The body of a call, so that it can be sent a second time, byte for byte: what the caller changes afterwards changes nothing.

/** A body of our own. Whatever is not one of the kinds that are given by value is a stream, or something like it, and stays as it is. */
export function ownBody(body: BodyInit): BodyInit {
  if (body instanceof URLSearchParams) return new URLSearchParams(body)
  if (body instanceof ArrayBuffer) return body.slice(0)
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()
  return isFormData(body) ? multipart(body) : body
}

/** Whether a body of our own can be sent a second time. */
export function isReplayable(body: BodyInit | null | undefined): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof Blob ||
    body instanceof URLSearchParams ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  )
}

/** FormData of another copy of the Fetch API is no instance of ours. */
function isFormData(body: unknown): body is FormData {
  return Object.prototype.toString.call(body) === '[object FormData]'
}

/** The `multipart/form-data` of a form, as the HTML standard encodes it: with one boundary, however often it is sent. Files stay unread. */
function multipart(form: FormData): Blob {
  const boundary = `----countersign${crypto.randomUUID()}`
  const parts: BlobPart[] = []
  for (const [name, value] of form as unknown as Iterable<[string, string | File]>) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(withCrlf(name))}"`
    if (typeof value === 'string') parts.push(`${head}\r\n\r\n${withCrlf(value)}\r\n`)
    else {
      const type = value.type || 'application/octet-stream'
      parts.push(`${head}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, '\r\n')
    }
  }
  return new Blob([...parts, `--${boundary}--\r\n`], { type: `multipart/form-data; boundary=${boundary}` })
}

function withCrlf(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n')
}

function escaped(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
