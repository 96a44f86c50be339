// Content beside a detached envelope, on its way to whoever reads it. Its digest is made while it passes; its end is held back until all
// is verified, so that no parser is done, and no handler runs, before that.

import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentTooLate } from '../content/read-content.ts'
import type { Spool } from './spool.ts'
import { createSpool } from './spool.ts'
import { substituteFor } from './substitute.ts'

/** Longest time from a refusal to its answer. */
const MAX_ANSWER_MS = 5000

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

/** How long content may take to arrive, and how much of it may wait. */
export interface CoverLimits {
  readonly maxContentSeconds: number
  readonly maxSpooledBytes: number
}

/** How the verification of content ends. */
export interface CoverEnding {
  /** @param digest - SHA-256 of the content: base64url, empty for no content. */
  readonly finish: (digest: string) => Promise<void>
  /** Makes the refusal of what kept the content from being read. */
  readonly refuse: (error: unknown) => unknown
}

/**
 * @param raw - The request as received, of which nothing was read.
 * @param response - With its end, nothing of the content is kept any longer.
 */
export function coverContent(
  raw: IncomingMessage,
  response: ServerResponse,
  { finish, refuse }: CoverEnding,
  { maxContentSeconds, maxSpooledBytes }: CoverLimits,
): CoveredContent {
  const hash = createHash('sha256')
  let isEmpty = true
  let finished: Promise<void> | undefined
  let failure: unknown
  let spool: Spool | undefined
  let interrupt = fail
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
  let deadline = setTimeout(() => interrupt(refuse(contentTooLate())), maxContentSeconds * 1000).unref()
  response.once('close', release)
  return { raw: substitute, settled }

  function pass(chunk: Uint8Array): void {
    digest(chunk)
    if (!substitute.push(chunk)) raw.pause()
  }

  function end(): void {
    clearTimeout(deadline)
    finished = finish(isEmpty ? '' : hash.digest('base64url'))
    finished.then(() => substitute.push(null), fail)
  }

  function digest(chunk: Uint8Array): void {
    isEmpty &&= chunk.length === 0
    hash.update(chunk)
  }

  function fail(error: unknown): void {
    clearTimeout(deadline)
    failure ??= error
    substitute.destroy(error as Error)
    // A parser that pipes it on does not hear of the error: nobody would answer.
    deadline = setTimeout(() => response.headersSent || response.destroy(), MAX_ANSWER_MS).unref()
  }

  /** The connection is gone before the content was complete. */
  function cut(): void {
    if (finished === undefined && failure === undefined) fail(aborted())
  }

  /** The response is sent, or its client gone: who reads now would wait for ever, and what waits is not read any more. */
  function release(): void {
    clearTimeout(deadline)
    substitute.destroy()
    void spool?.discard()
  }

  async function settled(): Promise<void> {
    if (failure !== undefined) throw failure
    if (finished !== undefined) return finished
    raw.off('data', pass).off('end', end).off('error', fail).off('close', cut)
    spool = createSpool(maxSpooledBytes)
    try {
      await drainInto(spool)
      clearTimeout(deadline)
      finished = finish(isEmpty ? '' : hash.digest('base64url'))
      await finished
    } catch (error) {
      await spool?.discard()
      // Whoever has begun to read must not wait for more.
      fail(error)
      throw error
    }
    serve(spool.read())
  }

  function drainInto(spool: Spool): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    interrupt = reject
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
    onRead()
  }
}

function aborted(): Error {
  return Object.assign(new Error('The request was aborted'), { code: 'ECONNRESET' })
}
