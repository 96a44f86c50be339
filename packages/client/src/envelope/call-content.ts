// The content of a call as it was given, and a call like another with other content.

import type { Call, OwnInit } from '../fetch/call.ts'
import { callOf, captured, initOf } from '../fetch/call.ts'

/** What a call is to send, still unread; `undefined` and `null` are no content. Whoever reads a stream replaces it, and sends that call alone. */
export function contentOf({ parts: { target, init } }: Call): {
  readonly body: BodyInit | null | undefined
  readonly headers: Headers
} {
  // No copy of a Request: a copy that is cancelled leaves the caller's stream to the other.
  const { body } = target instanceof Request ? target : init
  return { body, headers: init.headers }
}

/** The same call with other content, of this media type, to its URL without fragment and without an empty query. */
export function withContent({ url, parts }: Call, content: BodyInit | undefined, type: string | undefined): Call {
  const { target, init, lifeline } = parts
  const clean = withoutEmptyQuery(url)
  const headers = describing(init.headers, type)
  if (target instanceof Request) {
    const tied = [target, lifeline]
    if (clean.href !== target.url) return ofUrl(clean, { ...captured(target), ...init, headers }, content, tied)
    // The constructor keeps a body that no other takes the place of, if only an empty one.
    const body = content ?? (target.body === null ? null : new Uint8Array(0))
    const request = new Request(target, { headers, body })
    return callOf({ target: request, init: { ...init, ...initOf(request, init.signal) }, lifeline: tied })
  }
  return ofUrl(clean, { ...init, headers }, content, lifeline)
}

function ofUrl(target: URL, given: OwnInit, content: BodyInit | undefined, lifeline: unknown): Call {
  const { body: _, duplex: __, ...init } = given
  return callOf({ target, init: content === undefined ? init : { ...init, body: content }, lifeline })
}

/** The same call with this body, which the fields that it is sent with describe. */
export function withBody({ parts: { target, init, lifeline } }: Call, body: string): Call {
  if (!(target instanceof Request)) return callOf({ target, init: { ...init, body }, lifeline })
  const request = new Request(target, { headers: init.headers, body })
  return callOf({
    target: request,
    init: { ...init, ...initOf(request, init.signal) },
    lifeline: [target, lifeline],
  })
}

/** As HTTP clients do not agree about an empty query, none is sent and signed; a fragment never is. */
function withoutEmptyQuery(url: URL): URL {
  if (!/#|\?$/.test(url.href)) return url
  const clean = new URL(url)
  clean.hash = ''
  if (clean.search === '') clean.search = ''
  return clean
}

/** Header fields for other content: its type, and nothing of the caller's that says its length, or proves something else. */
function describing(headers: Headers, type: string | undefined): Headers {
  const copy = new Headers(headers)
  for (const name of ['content-length', 'dpop', 'detached-jws', 'want-answer-jws']) copy.delete(name)
  if (type === undefined) copy.delete('content-type')
  else copy.set('content-type', type)
  return copy
}
