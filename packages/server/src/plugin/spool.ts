// Where content waits until its digest is known: in memory as long as it is small, then in a temporary file without a name.

import type { FileHandle } from 'node:fs/promises'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { contentTooLarge } from '../content/read-content.ts'

/** Content that waits. */
export interface Spool {
  /** @throws {CountersignError} `ERR_ENVELOPE_CONTENT_TOO_LARGE` beyond the limit; any other error once it was discarded. */
  write(chunk: Uint8Array): Promise<void>
  /** What was written, in pieces; once. */
  read(): AsyncIterable<Uint8Array>
  /** Lets go of it, at whatever moment; again is harmless. */
  discard(): Promise<void>
}

/** Most bytes in memory. */
const MAX_MEMORY_BYTES = 1_048_576
const PIECE_BYTES = 262_144

/** Creates a spool that takes so many bytes. */
export function createSpool(maxBytes: number): Spool {
  let pieces: Uint8Array[] = []
  let length = 0
  // The promise, since it may be discarded while the file is being made.
  let opening: Promise<FileHandle> | undefined
  let discarded = false

  return {
    async write(chunk) {
      if (discarded) throw new Error('The content is no longer wanted')
      length += chunk.length
      if (length > maxBytes) throw contentTooLarge(maxBytes)
      pieces.push(chunk)
      if (opening !== undefined || length > MAX_MEMORY_BYTES) {
        opening ??= openNameless()
        const file = await opening
        for (const piece of pieces.splice(0)) await file.writeFile(piece)
      }
    },
    async *read() {
      try {
        if (opening === undefined) yield* pieces
        else yield* piecesOf(await opening, length)
      } finally {
        await discard()
      }
    },
    discard,
  }

  async function discard(): Promise<void> {
    discarded = true
    pieces = []
    const file = await opening?.catch(() => undefined)
    opening = undefined
    await file?.close()
  }
}

/** A file that nobody else can open, and that is gone with this process. */
async function openNameless(): Promise<FileHandle> {
  const directory = await mkdtemp(path.join(tmpdir(), 'countersign-'))
  try {
    return await open(path.join(directory, 'content'), 'wx+', 0o600)
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function* piecesOf(file: FileHandle, length: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < length; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position)
    if (bytesRead === 0) throw new Error('The temporary file of the content is shorter than what was written')
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
