// Content beside a detached envelope, on its way to whoever reads it. Its digest is made while it passes; its end is held back until all
// is verified, so that no parser is done, and no handler runs, before that.

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Spool } from './spool.ts'
import { createSpool } from './spool.ts'
import { substituteFor } from './substitute.ts'

/** Content that is being verified. */
export interface CoveredContent {
  /** The request to be read in the place of the received one. */
  readonly raw: IncomingMessage
  /**
   * Sees to it that all is verified: content that no parser has read to its end waits in a spool, from which it is read afterwards.
   *
   * @throws What ended the verification.
   */
  settled(): Promise<void>
}

/**
 * @param raw - The request as received, of which nothing was read.
 * @param finish - Ends the verification, given the digest: base64url, empty for no content.
 * @param maxSpooledBytes - Most bytes that wait.
 */
export function coverContent(
  raw: IncomingMessage,
  finish: (digest: string) => Promise<void>,
  maxSpooledBytes: number,
): CoveredContent {
  const hash = createHash('sha256')
  let isEmpty = true
  let finished: Promise<void> | undefined
  let failure: unknown
  // Nothing is read before somebody wants it: a request of HTTP/2 that was paused is not read again but by `resume`.
  let onRead = () => {
    onRead = () => void raw.resume()
    raw.on('data', pass)
  }
  const substitute = substituteFor(raw, () => onRead())

  // Whoever reads it is told by its own listeners; that nobody does must not end the process.
  substitute.on('error', () => undefined)
  raw.once('end', end)
  raw.once('error', fail)
  raw.once('close', cut)
  return { raw: substitute, settled }

  function pass(chunk: Uint8Array): void {
    digest(chunk)
    if (!substitute.push(chunk)) raw.pause()
  }

  function end(): void {
    finished = finish(isEmpty ? '' : hash.digest('base64url'))
    finished.then(() => substitute.push(null), fail)
  }

  function digest(chunk: Uint8Array): void {
    isEmpty &&= chunk.length === 0
    hash.update(chunk)
  }

  function fail(error: unknown): void {
    failure = error
    substitute.destroy(error as Error)
  }

  /** The connection is gone before the content was complete. */
  function cut(): void {
    if (finished === undefined && failure === undefined) fail(aborted())
  }

  async function settled(): Promise<void> {
    if (failure !== undefined) throw failure
    if (finished !== undefined) return finished
    raw.off('data', pass).off('end', end).off('error', fail).off('close', cut)
    const spool = createSpool(maxSpooledBytes)
    try {
      await drainInto(spool)
      finished = finish(isEmpty ? '' : hash.digest('base64url'))
      await finished
    } catch (error) {
      await spool.discard()
      // Whoever has begun to read must not wait for more.
      fail(error)
      throw error
    }
    serve(spool.read())
  }

  function drainInto(spool: Spool): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // The end may be there before what came last is written.
    let written = Promise.resolve()
    let ended = false
    raw.on('data', (chunk: Uint8Array) => {
      digest(chunk)
      raw.pause()
      written = written.then(() => spool.write(chunk))
      written.then(() => raw.resume(), reject)
    })
    raw.once('end', () => {
      ended = true
      written.then(resolve, reject)
    })
    raw.once('error', reject)
    raw.once('close', () => {
      if (!ended) reject(aborted())
    })
    raw.resume()
    return promise
  }

  /** Reads on from what has waited. */
  function serve(pieces: AsyncIterable<Uint8Array>): void {
    const iterator = pieces[Symbol.asyncIterator]()
    let reading = false
    onRead = () => {
      if (reading) return
      reading = true
      iterator.next().then(({ done, value }) => {
        reading = false
        // What is pushed asks for more by itself.
        substitute.push(done === true ? null : value)
      }, fail)
    }
    substitute.once('close', () => void iterator.return?.())
    onRead()
  }
}

function aborted(): Error {
  return Object.assign(new Error('The request was aborted'), { code: 'ECONNRESET' })
}
