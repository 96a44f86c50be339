// One call, sent as often as it must be. What the caller gave is read once, when it calls: what it changes afterwards changes nothing,
// and what it gave stays untouched.

import { abortable } from './abort.ts'
import { isReplayable, ownBody } from './body.ts'

/** A call that can be sent. */
export interface Call {
  readonly url: URL
  /** The method exactly as it goes over the wire. */
  readonly method: string
  readonly redirect: RequestRedirect
  /** The caller's own signal. */
  readonly signal: AbortSignal | undefined
  /** Whether it can be sent a second time: not when its body is a stream. */
  readonly replayable: boolean
  /** What it is to send, still unread; `undefined` and `null` are no content. Whoever reads a stream replaces it, and sends that call alone. */
  source(): { readonly body: BodyInit | null | undefined; readonly headers: Headers }
  /** The same call with other content, of this media type, to its URL without fragment and without an empty query. */
  withContent(body: BodyInit | undefined, type: string | undefined): Call
  /** Sends it, with header fields that take the place of the caller's. */
  send(fetch: typeof globalThis.fetch, fields: Readonly<Record<string, string>>): Promise<Response>
  /** The same call to another URL, as a redirect of this status asks: with its method and body, or as a bare GET. */
  redirected(url: URL, status: number): Call
}

/** Fields that describe a body, and go when it does (Fetch standard, "request-body-header name"). */
const BODY_FIELDS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']
/** Fields that are for one origin only. */
const ORIGIN_FIELDS = ['authorization', 'proxy-authorization', 'cookie', 'host', 'dpop']
/** Methods that the Fetch standard writes in upper case; every other it sends as it was given. */
const NORMALIZED_METHOD = /^(?:delete|get|head|options|post|put)$/i

const MEMBERS = [
  'body',
  'cache',
  'credentials',
  'duplex',
  'integrity',
  'keepalive',
  'method',
  'mode',
  'priority',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal',
] as const

/** Reads a call given as to `fetch`: all of it at once, but for the content of a Request on a platform that shows no stream of it. */
export function readCall(input: URL | Request, init: RequestInit | undefined): Call | Promise<Call> {
  if (input instanceof Request) {
    const request = new Request(input, init)
    // The caller's own signal, where it gave one: that of a Request is tied to it by a thread that a collector may cut.
    const signal = init?.signal ?? request.signal
    return request.body === undefined ? ofUnshown(request, signal, input) : ofRequest(request, signal, input)
  }
  return ofInit(input, captured(init ?? {}))
}

/** Firefox shows no stream of a Request, and takes none: without its content as a Blob, copies of it would go out with none. */
async function ofUnshown(request: Request, signal: AbortSignal, owner: Request): Promise<Call> {
  const init = { ...captured(request), signal }
  const body = await abortable(request.blob(), signal)
  return ofInit(new URL(request.url), body.size === 0 ? init : { ...init, body }, [request, owner])
}

/** @param lifeline - What the signal hangs on, if it is that of a Request. */
function ofInit(url: URL, init: RequestInit & { readonly headers: Headers }, lifeline?: unknown): Call {
  const { method: given = 'GET', redirect = 'follow', signal, body } = init
  const method = sentMethod(given, url)
  return {
    url,
    method,
    redirect,
    signal: signal ?? undefined,
    replayable: isReplayable(body),
    source: () => ({ body, headers: init.headers }),
    withContent(content, type) {
      const { body: _, duplex: __, ...rest } = init as RequestInit & { duplex?: string; headers: Headers }
      const headers = describing(init.headers, type)
      const next = { ...rest, headers, ...(content !== undefined && { body: content }) }
      return ofInit(withoutEmptyQuery(url), next, lifeline)
    },
    send: (fetch, fields) =>
      tied(
        fetch(url.href, { ...init, headers: withFields(init.headers, fields), redirect: byHand(redirect) }),
        lifeline,
      ),
    redirected(target, status) {
      const next = { ...init, headers: headersFor(target, url, init.headers) }
      return ofInit(target, becomesGet(method, status) ? bareGet(next) : next, lifeline)
    },
  }
}

/** The method as this platform's fetch sends it: some write others in upper case too, and their Request says so. */
function sentMethod(given: string, url: URL): string {
  if (NORMALIZED_METHOD.test(given)) return given.toUpperCase()
  return /[a-z]/.test(given) ? new Request(url, { method: given }).method : given
}

/**
 * A Request has its body as a stream, of which the platform makes a copy for each attempt. Its signal reaches the platform through the
 * Requests that it was made of, which must therefore live as long as the response is read.
 *
 * @param owner - The one that this one was made of, and what that hangs on.
 */
function ofRequest(request: Request, signal: AbortSignal, owner: unknown): Call {
  const { url: href, method, redirect, headers } = request
  const lifeline = [request, owner]
  const url = new URL(href)
  return {
    url,
    method,
    redirect,
    signal,
    replayable: true,
    // No copy: a copy that is cancelled leaves the caller's stream to the other.
    source: () => ({ body: request.body, headers }),
    withContent(content, type) {
      // The constructor keeps a body that no other takes the place of, if only an empty one.
      const body = content ?? (request.body === null ? null : new Uint8Array(0))
      const own = new Request(request, { headers: describing(headers, type), body })
      const target = withoutEmptyQuery(url)
      return ofRequest(target.href === own.url ? own : new Request(target, own), signal, lifeline)
    },
    send: (fetch, fields) =>
      tied(
        fetch(request.clone(), { headers: withFields(headers, fields), redirect: byHand(redirect), signal }),
        lifeline,
      ),
    redirected(target, status) {
      const next = { headers: headersFor(target, url, headers), signal, redirect }
      if (becomesGet(method, status)) return ofInit(target, bareGet(next), lifeline)
      return ofRequest(new Request(new Request(target, request.clone()), next), signal, lifeline)
    },
  }
}

/** As HTTP clients do not agree about an empty query, none is sent and signed; a fragment never is. */
function withoutEmptyQuery(url: URL): URL {
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

const lifelines = new WeakMap<object, unknown>()

/** Keeps a lifeline as long as the body of a response is read. */
async function tied(sent: Promise<Response>, lifeline: unknown): Promise<Response> {
  const response = await sent
  if (lifeline !== undefined) lifelines.set(response.body ?? response, lifeline)
  return response
}

/** The options as they are now. A member that is undefined is one that is absent; members unknown here belong to the platform. */
function captured(init: RequestInit): RequestInit & { readonly headers: Headers } {
  const own: Record<string, unknown> = { ...init }
  for (const name of MEMBERS) {
    const value: unknown = (init as Record<string, unknown>)[name]
    if (value === undefined) delete own[name]
    else own[name] = value
  }
  if (own['body'] !== undefined && own['body'] !== null) own['body'] = ownBody(own['body'] as BodyInit)
  return { ...own, headers: new Headers(init.headers) }
}

/** RFC 9110 section 15.4 as browsers have it: 303 always, 301 and 302 after POST. */
function becomesGet(method: string, status: number): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}

function bareGet(init: RequestInit & { readonly headers: Headers }): RequestInit & { readonly headers: Headers } {
  const { body: _, duplex: __, ...rest } = init as RequestInit & { duplex?: string; headers: Headers }
  for (const name of BODY_FIELDS) rest.headers.delete(name)
  return { ...rest, method: 'GET' }
}

/** Header fields for another URL: at another origin, without those that are meant for this one. */
function headersFor(target: URL, url: URL, headers: Headers): Headers {
  const copy = new Headers(headers)
  if (target.origin !== url.origin) for (const name of ORIGIN_FIELDS) copy.delete(name)
  return copy
}

function withFields(headers: Headers, fields: Readonly<Record<string, string>>): Headers {
  const copy = new Headers(headers)
  for (const [name, value] of Object.entries(fields)) copy.set(name, value)
  return copy
}

/** Redirects are followed by hand, since each needs a proof of its own. */
function byHand(redirect: RequestRedirect): RequestRedirect {
  return redirect === 'follow' ? 'manual' : redirect
}
