// One attempt of a dispatch: a request of its own. Its response goes on to the caller as it arrives, unless it may be a refusal that
// another attempt answers: that one is held back.

import type { Dispatcher } from 'undici'
import type { ShownResponse } from '../fetch/challenge.ts'
import type { Exchange } from './exchange.ts'
import { shownHeaders } from './header-fields.ts'
import type { HeldResponse } from './held-response.ts'
import { holdResponse } from './held-response.ts'
import { misplaced, watchOrder } from './order.ts'

/** A response that refuses a request, held back. */
export interface Refusal extends ShownResponse, Pick<HeldResponse, 'release' | 'discard'> {
  /** The nonce it brought. */
  readonly given: string | undefined
}

/** What an attempt is made with. */
export interface AttemptParts {
  readonly dispatch: Dispatcher.Dispatch
  readonly options: Dispatcher.DispatchOptions
  readonly exchange: Exchange
  /** Learns from the head of the response, and returns the nonce in it. */
  readonly learn: (response: Pick<ShownResponse, 'headers'>) => string | undefined
  /** Whether another attempt may take its place. */
  readonly mayRestart: boolean
}

/** How an attempt went that is not over: a refusal to be judged, or a request that must be made anew. */
export type Outcome = Refusal | 'restart'

/**
 * Sends a request, once.
 *
 * undici sends a request again by itself when its connection goes away and has taken none of it. That would be the same proof: the
 * outcome is then `restart`.
 *
 * @returns `undefined` when there is nothing more to do: the caller has the response, or the failure.
 */
export function attempt({
  dispatch,
  options,
  exchange,
  learn,
  mayRestart,
}: AttemptParts): Promise<Outcome | undefined> {
  const { handler, signal } = exchange
  const { promise, resolve, reject } = Promise.withResolvers<Outcome | undefined>()
  const order = watchOrder()
  let started: Dispatcher.DispatchController | undefined
  let restarting = false
  let held: HeldResponse | undefined

  const attemptHandler: Dispatcher.DispatchHandler = {
    onRequestStart(controller, context) {
      // A request that waits for a connection cannot be taken back; it ends as soon as it has one.
      if (exchange.ended) return controller.abort(reasonToEnd())
      const fault = order.faultOf(controller, context) ?? faultOfRepetition()
      if (fault !== undefined) return controller.abort(fault)
      if (started !== undefined && mayRestart) {
        restarting = true
        return controller.abort(reasonToEnd())
      }
      started = controller
      exchange.follow(controller)
    },
    onRequestUpgrade(controller, statusCode, headers, socket) {
      resolve(undefined)
      return exchange.upgrade(controller, statusCode, headers, socket)
    },
    onResponseStarted: () => handler.onResponseStarted?.(),
    onBodySent: (chunk) => handler.onBodySent?.(chunk),
    onRequestSent: () => handler.onRequestSent?.(),
    onResponseStart(controller, status, headers, statusMessage) {
      if (exchange.ended) return controller.abort(reasonToEnd())
      const start = () => handler.onResponseStart?.(exchange.controller, status, headers, statusMessage)
      if (status < 200) return start()
      const response = { status, headers: shownHeaders(headers) }
      const given = learn(response)
      if (status === 400 || status === 401) {
        held = holdResponse(controller, exchange, start)
        const { clone, release, discard } = held
        return resolve({ ...response, given, clone, release, discard })
      }
      resolve(undefined)
      start()
    },
    onResponseData(_, chunk) {
      if (held !== undefined) held.arrived.data(chunk)
      else if (!exchange.ended) handler.onResponseData?.(exchange.controller, chunk)
    },
    onResponseEnd(_, trailers) {
      if (held !== undefined) held.arrived.end(trailers)
      else exchange.end(trailers)
    },
    onResponseError(_, error) {
      if (held !== undefined) return held.arrived.fail(error)
      resolve(restarting ? 'restart' : undefined)
      if (!restarting) exchange.fail(error)
    },
  }
  try {
    dispatch({ ...options, retryOptions: order.retryOptions } as Dispatcher.DispatchOptions, attemptHandler)
  } catch (error) {
    reject(error)
  }
  return promise

  /** A response that came before, and was not shown here, was kept by somebody who repeats requests. */
  function faultOfRepetition() {
    return (started?.rawHeaders ?? null) === null ? undefined : misplaced('retry')
  }

  function reasonToEnd(): Error {
    return signal.aborted ? signal.reason : new DOMException('The request is over', 'AbortError')
  }
}
