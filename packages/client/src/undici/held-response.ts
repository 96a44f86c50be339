// A response that is held back: what arrives of it is kept until it is handed to the caller, or done away with.

import type { Dispatcher } from 'undici'
import type { ShownResponse } from '../fetch/challenge.ts'
import type { Exchange } from './exchange.ts'

/** A response that is held back. */
export interface HeldResponse {
  /** A copy of its body. */
  readonly clone: ShownResponse['clone']
  /** Hands it to the caller. */
  release(): void
  /** Does away with it: its body is read if it is short and ends soon, so that its connection can serve the next attempt. */
  discard(): void
  /** What arrives of it. */
  readonly arrived: {
    data(chunk: Buffer): void
    end(trailers: Parameters<Exchange['end']>[0]): void
    fail(error: unknown): void
  }
}

/** Longest body that is read to its end, in bytes. */
const DRAIN_LIMIT = 65_536
/** Longest time that a body may take to end, in milliseconds. */
const DRAIN_TIMEOUT = 1_000

/**
 * Holds a response back.
 *
 * @param controller - That of the attempt.
 * @param start - Shows the caller its head.
 */
export function holdResponse(
  controller: Dispatcher.DispatchController,
  exchange: Exchange,
  start: () => void,
): HeldResponse {
  const { handler } = exchange
  const chunks: Buffer<ArrayBuffer>[] = []
  let mode: 'held' | 'released' | 'discarded' = 'held'
  let last: (() => void) | undefined
  let copy: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  let drained = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  // A connection may deliver what it has, even if it was told to pause.
  controller.pause()
  return {
    clone: () => ({ body: new ReadableStream({ start: startCopy, cancel: endCopy }) }),
    release() {
      mode = 'released'
      if (exchange.ended) return
      try {
        start()
        for (const chunk of chunks) show(chunk)
        if (last !== undefined) last()
        else if (!exchange.controller.paused) controller.resume()
      } catch (error) {
        // undici aborts the request of a handler that throws; here it is not undici that has called it.
        controller.abort(error as Error)
        exchange.fail(error)
      }
    },
    discard() {
      mode = 'discarded'
      exchange.follow(undefined)
      if (last !== undefined) return
      timer = setTimeout(giveUp, DRAIN_TIMEOUT)
      controller.resume()
    },
    arrived: {
      data(chunk) {
        if (mode === 'released') show(chunk)
        else if (mode === 'discarded') drain(chunk)
        else {
          chunks.push(chunk as Buffer<ArrayBuffer>)
          copy?.enqueue(chunk as Buffer<ArrayBuffer>)
        }
      },
      end(trailers) {
        arriveLast(() => exchange.end(trailers))
        copy?.close()
      },
      fail(error) {
        arriveLast(() => exchange.fail(error))
        copy?.error(error)
      },
    },
  }

  function show(chunk: Buffer): void {
    if (!exchange.ended) handler.onResponseData?.(exchange.controller, chunk)
  }

  function drain({ byteLength }: Buffer): void {
    drained += byteLength
    if (drained > DRAIN_LIMIT) giveUp()
  }

  function giveUp(): void {
    controller.abort(new DOMException('Another attempt answers this request', 'AbortError'))
  }

  function arriveLast(tell: () => void): void {
    clearTimeout(timer)
    last = tell
    if (mode === 'released') tell()
  }

  function startCopy(target: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    for (const chunk of chunks) target.enqueue(chunk)
    if (last === undefined) {
      copy = target
      controller.resume()
    } else target.close()
  }

  function endCopy(): void {
    copy = undefined
    controller.pause()
  }
}
