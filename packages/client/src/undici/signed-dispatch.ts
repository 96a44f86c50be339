// The signed dispatch: as the signed fetch, between two interceptors. A request goes out with a token and a fresh proof, and is repeated
// once for a nonce, once for a token and once for a clock. Redirects and retries come from outside, each as a request of its own.

import { CountersignError, invalidOption } from '@countersign/shared'
import type { Dispatcher } from 'undici'
import { abortable } from '../fetch/abort.ts'
import type { Attempts } from '../fetch/attempts.ts'
import { createAttempts } from '../fetch/attempts.ts'
import { challengesOf } from '../fetch/challenge.ts'
import type { ClientParts } from '../internals.ts'
import { askForNonce } from './ask-for-nonce.ts'
import type { Refusal } from './attempt.ts'
import { attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { createExchange } from './exchange.ts'
import type { HeaderFields } from './header-fields.ts'
import { fieldOf, readFields, toHeaders, withoutFields } from './header-fields.ts'
import { checkNotResolved } from './order.ts'
import { readBody, watchStream } from './request-body.ts'
import type { Target } from './target.ts'
import { targetOf } from './target.ts'
import { cameFromElsewhere, leadsToToken, withoutLeftovers } from './unsigned.ts'

/** The fields that are ours: what the caller has put there is not sent. */
const OWN_FIELDS = ['authorization', 'dpop']
/** Attempts that are made anew because undici was about to repeat them. */
const MAX_RESTARTS = 2

/** A request as it is signed. */
interface SignedRequest extends Target {
  readonly options: Dispatcher.DispatchOptions
  readonly fields: HeaderFields
}

/**
 * Creates the function that takes the place of `dispatch`. It never throws for a request that it signs: what fails, the handler is told.
 *
 * @param boundTo - The origin that the dispatcher is bound to, if it is known.
 */
export function createSignedDispatch(
  parts: ClientParts,
  dispatch: Dispatcher.Dispatch,
  boundTo: string | undefined,
): Dispatcher.Dispatch {
  const { resource, origins, prover, tokens, servers, closed } = parts

  return function signedDispatch(options, handler) {
    const exchange = createExchange(handler)
    let request: ReturnType<typeof requestToSign>
    try {
      request = requestToSign(options, handler)
    } catch (error) {
      if (typeof handler?.onResponseError !== 'function') throw error
      exchange.fail(error)
      return true
    }
    if ('unsigned' in request) return dispatch(request.unsigned, handler)
    exchange.begin()
    if (exchange.ended) return true
    const unwatch = watchStream(options.body, exchange.controller.abort)
    run(request, exchange, unwatch)
      .catch((error) => exchange.fail(error))
      .finally(unwatch)
    // Nothing waits for a drain: how much is under way, the inner dispatcher sees later.
    return true
  }

  /** What is to be signed, or sent as it is. */
  function requestToSign(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): SignedRequest | { readonly unsigned: Dispatcher.DispatchOptions } {
    const { method } = options
    // A tunnel is asked of a proxy, not of the API.
    if (method === 'CONNECT') return { unsigned: options }
    const target = targetOf(options, boundTo)
    const fields = readFields(options.headers)
    if (target !== undefined && fields !== undefined) checkNotResolved(options, target.url, fields, origins)
    if (target === undefined || !origins.has(target.url) || cameFromElsewhere(handler, origins)) {
      const kept = fields === undefined ? undefined : withoutLeftovers(fields, method, target?.url)
      return { unsigned: kept === undefined ? options : { ...options, headers: toHeaders(kept) } }
    }
    if (fields === undefined) throw invalidOption('headers', 'an object, or names and values in turn, or in pairs')
    if (leadsToToken(fields, method, target.url)) return { unsigned: options }
    if (typeof handler.onRequestStart !== 'function')
      throw invalidOption('handler', 'one of undici 7 or later: Dispatcher1Wrapper takes older ones')
    return { ...target, options, fields }
  }

  /** @param onSent - Called when undici has the request, and its body. */
  async function run(request: SignedRequest, exchange: Exchange, onSent: () => void): Promise<void> {
    const { signal } = exchange
    closed.throwIfAborted()
    const server = servers(request.url.origin, 'resource-server')
    const token = await abortable(tokens.current(), signal)
    const { body, replayable } = await abortable(
      readBody(request.options.body, fieldOf(request.fields, 'content-length')),
      signal,
    )
    if (!replayable && !server.answered) await askForNonce({ dispatch, ...request, resource, server, signal })
    const done = await server.enter(signal)
    const attempts = createAttempts(server, tokens, token, {
      replayable,
      once: { renewal: true },
      signal,
      learnsTime: true,
    })
    let restarts = MAX_RESTARTS
    for (;;) {
      const response = await sendOnce().finally(done)
      if (response === undefined) return
      if (response === 'restart') {
        restarts--
        continue
      }
      const { kind } = await attempts.judge(response, response.given)
      if (kind === 'not-replayable') throw notReplayable(response)
      if (kind === 'answer') return response.release()
      response.discard()
    }

    async function sendOnce() {
      const sentAt = server.nextSequence()
      const own = await ownFields(request, attempts, server.now(), signal)
      signal.throwIfAborted()
      const outcome = attempt({
        dispatch,
        options: sendable(request, body, own),
        exchange,
        learn: (head) => server.learn(head, sentAt),
        mayRestart: replayable && restarts > 0,
      })
      onSent()
      return abortable(outcome, signal)
    }
  }

  /** The fields that prove one attempt. */
  async function ownFields(
    { url, options: { method } }: SignedRequest,
    { token: { accessToken, isBearer }, nonce }: Attempts,
    time: number,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    if (isBearer) return { authorization: `Bearer ${accessToken}` }
    const prove = await abortable(prover(), signal)
    const proof = await abortable(prove({ method, url, accessToken, nonce, time }), signal)
    return { authorization: `DPoP ${accessToken}`, ...proof }
  }
}

/** The options of one attempt. The caller's own are not touched. */
function sendable(
  { options, path, fields }: SignedRequest,
  body: unknown,
  own: Readonly<Record<string, string>>,
): Dispatcher.DispatchOptions {
  const others = withoutFields(fields, [...OWN_FIELDS, ...Object.keys(own)])
  const headers = toHeaders([...others, ...Object.entries(own)])
  // Over HTTP/2 a WebSocket is opened by CONNECT, which is not the method that the proof says.
  const version = options.upgrade ? { allowH2: false } : {}
  return { ...options, ...version, path, headers, body } as Dispatcher.DispatchOptions
}

function notReplayable(refusal: Refusal): CountersignError {
  refusal.discard()
  return new CountersignError('ERR_BODY_NOT_REPLAYABLE', 'The body is a stream, which cannot be sent a second time', {
    parameter: 'body',
    expected: 'a string, Buffer, Uint8Array, Blob or FormData',
    actual: refusal.status,
    challenges: challengesOf(refusal),
  })
}
