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
  /** Sends it, with header fields that take the place of the caller's. */
  send(fetch: typeof globalThis.fetch, fields: Readonly<Record<string, string>>): Promise<Response>
  /** The same call to another URL, as a redirect of this status asks: with its method and body, or as a bare GET. */
  redirected(url: URL, status: number): Promise<Call>
  /** For whoever makes another call of it. */
  readonly parts: CallParts
}

/** What a call is made of. */
export interface CallParts {
  /**
   * Where it goes. A Request has its content as a stream, of which the platform makes a copy for each attempt. Its signal reaches the platform
   * through the Requests that it was made of, which must therefore live as long as the response is read.
   */
  readonly target: URL | Request
  /** With what. Beside a Request, that of it which a call changes. */
  readonly init: OwnInit
  /** What the signal hangs on, if it is that of a Request. */
  readonly lifeline?: unknown
}

/** Options that are nobody else's. */
export type OwnInit = RequestInit & { readonly headers: Headers; readonly duplex?: string }

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

/**
 * Reads a call given as to `fetch`: all of it at once, but for the content of a Request on a platform that shows no stream of it.
 *
 * @param given - What the caller gave, of which `input` is ours.
 */
export function readCall(input: URL | Request, init: RequestInit | undefined, given: unknown): Call | Promise<Call> {
  if (input instanceof Request) {
    const request = new Request(input, init)
    // The caller's own signal, where it gave one: that of a Request is tied to it by a thread that a collector may cut.
    const signal = init?.signal ?? request.signal
    if (request.body === undefined) {
      // Of one of another realm, ours has all but the content.
      const isOurs = given instanceof Request || (init?.body ?? undefined) !== undefined
      return ofUnshown(request, isOurs ? request : (given as Request), signal, input)
    }
    return callOf({ target: request, init: { ...othersOf(init), ...initOf(request, signal) }, lifeline: input })
  }
  return callOf({ target: input, init: captured(init ?? {}), lifeline: init instanceof Request ? init : undefined })
}

/** Firefox shows no stream of a Request, and takes none: without its content as a Blob, copies of it would go out with none. */
async function ofUnshown(request: Request, source: Body, signal: AbortSignal, owner: Request): Promise<Call> {
  const init = { ...captured(request), signal }
  const body = await abortable(source.blob(), signal)
  const target = new URL(request.url)
  return callOf({ target, init: body.size === 0 ? init : { ...init, body }, lifeline: [request, owner] })
}

/** What a call changes of a Request. */
export function initOf({ headers, redirect }: Request, signal: AbortSignal | null | undefined): OwnInit {
  return { headers, redirect, signal: signal ?? null }
}

/** Makes a call of its parts. */
export function callOf(parts: CallParts): Call {
  const { target, init, lifeline: tied } = parts
  const request = target instanceof Request ? target : undefined
  const url = target instanceof Request ? new URL(target.url) : target
  const { method: given = 'GET', redirect = 'follow', signal } = init
  const method = request?.method ?? sentMethod(given, url)
  const lifeline = request === undefined ? tied : [request, tied]
  return {
    url,
    method,
    redirect,
    signal: signal ?? undefined,
    replayable: request !== undefined || isReplayable(init.body),
    parts,
    async send(fetch, fields) {
      const headers = withFields(init.headers, fields)
      const response = await fetch(request?.clone() ?? url.href, { ...init, headers, redirect: byHand(redirect) })
      if (lifeline !== undefined) lifelines.set(response.body ?? response, lifeline)
      return response
    },
    async redirected(next, status) {
      const own = { ...(request && captured(request)), ...init, headers: headersFor(next, url, init.headers) }
      if (becomesGet(method, status)) return callOf({ target: next, init: bareGet(own), lifeline })
      // The stream of a Request has no length, and is not kept alive; its copies were sent by now, and it is held anyway.
      if (request?.body) own.body = await abortable(request.clone().blob(), signal ?? undefined)
      return callOf({ target: next, init: own, lifeline })
    },
  }
}

/** The method as this platform's fetch sends it: some write others in upper case too, and their Request says so. */
function sentMethod(given: string, url: URL): string {
  if (NORMALIZED_METHOD.test(given)) return given.toUpperCase()
  return /[a-z]/.test(given) ? new Request(url, { method: given }).method : given
}

/** Kept as long as the body of a response is read. */
const lifelines = new WeakMap<object, unknown>()

/** What a call says beside a Request that only the platform knows, such as a dispatcher on Node. */
function othersOf(init: RequestInit | undefined): object {
  const others: Record<string, unknown> = { ...init }
  for (const name of ['headers', ...MEMBERS]) delete others[name]
  return others
}

/** The options as they are now. A member that is undefined is one that is absent; members unknown here belong to the platform. */
export function captured(init: RequestInit): OwnInit {
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

function bareGet({ body: _, duplex: __, ...rest }: OwnInit): OwnInit {
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
