// The side of a dispatch that its caller sees: one controller, whichever attempt is under way, and exactly one last callback.

import type { Dispatcher } from 'undici'

/** A dispatch, as its caller sees it. */
export interface Exchange {
  readonly handler: Dispatcher.DispatchHandler
  readonly controller: Dispatcher.DispatchController
  /** Aborts when the caller does, with the caller's reason. */
  readonly signal: AbortSignal
  /** Whether the caller has had its last callback: it gets no other. */
  readonly ended: boolean
  /**
   * Gives the caller its controller. That is done at once, not when a connection is there: only with it can the caller abort what comes
   * before, such as the wait for a token.
   */
  begin(): void
  /** From now on the controller is that of an attempt, or of none. */
  follow(attempt: Dispatcher.DispatchController | undefined): void
  end(trailers: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>[1]): void
  upgrade(...response: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void
  fail(error: unknown): void
}

/** Begins nothing yet; {@link Exchange.begin} does. */
export function createExchange(handler: Dispatcher.DispatchHandler): Exchange {
  const aborting = new AbortController()
  const { signal } = aborting
  let attempt: Dispatcher.DispatchController | undefined
  let paused = false
  let ended = false

  const controller: Dispatcher.DispatchController = {
    get aborted() {
      return signal.aborted
    },
    get reason() {
      return signal.aborted ? signal.reason : null
    },
    get paused() {
      return paused
    },
    get rawHeaders() {
      return attempt?.rawHeaders ?? null
    },
    set rawHeaders(fields) {
      if (attempt !== undefined) attempt.rawHeaders = fields
    },
    get rawTrailers() {
      return attempt?.rawTrailers ?? null
    },
    set rawTrailers(fields) {
      if (attempt !== undefined) attempt.rawTrailers = fields
    },
    pause() {
      paused = true
      attempt?.pause()
    },
    resume() {
      paused = false
      attempt?.resume()
    },
    abort(reason: Error | undefined) {
      if (signal.aborted) return
      aborting.abort(reason ?? new DOMException('The request was aborted', 'AbortError'))
      if (ended) return
      // An attempt under way answers at once, with the end of the response; where there is none, nothing else does.
      attempt?.abort(signal.reason)
      fail(signal.reason)
    },
  }

  return {
    handler,
    controller,
    signal,
    get ended() {
      return ended
    },
    begin() {
      try {
        handler.onRequestStart?.(controller, null)
      } catch (error) {
        fail(error)
      }
    },
    follow(next) {
      attempt = next
      if (paused) attempt?.pause()
    },
    end(trailers) {
      if (ended) return
      ended = true
      try {
        handler.onResponseEnd?.(controller, trailers)
      } catch (error) {
        // A handler that refuses the end of a response, as `retry` does, is told so by whoever called.
        ended = false
        throw error
      }
    },
    upgrade(_, ...response) {
      if (ended) return
      // What a handler aborts in here still fails.
      const result = handler.onRequestUpgrade?.(controller, ...response)
      ended = true
      return result
    },
    fail,
  }

  function fail(error: unknown): void {
    if (ended) return
    ended = true
    handler.onResponseError?.(controller, error as Error)
  }
}
