// A request as Node has received it, but with other content: what parsers and handlers read in its place. Everything else it has is that
// of the original, which is its prototype.

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { VerifiedContent } from '../content/accepted-envelope.ts'

/** `Readable` as a function that makes a stream of an object, which is what it is. */
const makeReadable = Readable as unknown as {
  call(object: object, options: ConstructorParameters<typeof Readable>[0]): void
}

/** Creates a request whose content is what is pushed into it. */
export function substituteFor(raw: IncomingMessage, read: () => void): IncomingMessage {
  const substitute = Object.create(raw) as IncomingMessage
  // That of the original would end the connection.
  makeReadable.call(substitute, { read, destroy: (error, done) => done(error) })
  return substitute
}

/** Creates a request whose content is this, and whose fields say so. */
export function requestWith(raw: IncomingMessage, { bytes, type }: VerifiedContent): IncomingMessage {
  const substitute = substituteFor(raw, () => undefined)
  const fields = { 'content-type': type ?? 'application/octet-stream', 'content-length': String(bytes.length) }
  const { 'transfer-encoding': _, ...others } = raw.headers
  Object.defineProperties(substitute, {
    headers: { value: { ...others, ...fields }, writable: true },
    rawHeaders: { value: withFields(raw.rawHeaders, fields), writable: true },
  })
  substitute.push(bytes)
  substitute.push(null)
  return substitute
}

function withFields(rawHeaders: readonly string[], fields: Readonly<Record<string, string>>): string[] {
  const replaced: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    const lower = name.toLowerCase()
    if (lower in fields || lower === 'transfer-encoding') continue
    replaced.push(name, rawHeaders[index + 1] as string)
  }
  for (const [name, value] of Object.entries(fields)) replaced.push(name, value)
  return replaced
}
