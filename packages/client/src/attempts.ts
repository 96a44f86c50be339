// One call, sent as often as it must be: each attempt is a Request of its own, made from what the caller gave, which stays untouched.

import { CountersignError } from '@countersign/shared'

/** A call that can be made into requests. */
export interface Attempts {
  /** The call as a request: for its URL, method and modes. It is never sent. */
  readonly template: Request
  /**
   * The next request to send.
   *
   * @throws {CountersignError} `ERR_BODY_NOT_REPLAYABLE` when the body is a stream that was sent already.
   */
  next(): Request
  /** The same call to another URL, as a redirect of this status asks: with its method and body, or as a bare GET. */
  redirected(url: URL, status: number): Attempts
}

/** Fields that describe a body, and go when it does (Fetch standard, "request-body-header name"). */
const BODY_FIELDS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']

/** Prepares a call given as to `fetch`. */
export function attemptsOf(input: URL | Request, init: RequestInit | undefined): Attempts {
  // A body given by value is encoded anew for each attempt. A Request holds its body as a stream, which the platform copies.
  const body = init?.body
  if (input instanceof Request && (body === undefined || body === null)) return ofRequest(new Request(input, init))
  if (isStream(body)) return ofStream(new Request(input, init))
  return input instanceof Request ? ofValue(new URL(input.url), { ...membersOf(input), ...init }) : ofValue(input, init)
}

function ofValue(url: URL, init: RequestInit | undefined): Attempts {
  const template = new Request(url, init)
  let unsent: Request | undefined = template
  return {
    template,
    next() {
      const request = unsent ?? new Request(url, init)
      unsent = undefined
      return request
    },
    redirected: (target, status) =>
      becomesGet(template, status) ? ofBareGet(target, template, init) : ofValue(target, init),
  }
}

function ofRequest(request: Request): Attempts {
  return {
    template: request,
    next: () => request.clone(),
    redirected: (url, status) =>
      becomesGet(request, status) ? ofBareGet(url, request, undefined) : ofRequest(new Request(url, request.clone())),
  }
}

function ofStream(request: Request): Attempts {
  let sent = false
  return {
    template: request,
    next() {
      if (sent) throw notReplayable()
      sent = true
      return request
    },
    redirected(url, status) {
      if (!becomesGet(request, status)) throw notReplayable()
      return ofBareGet(url, request, undefined)
    },
  }
}

function ofBareGet(url: URL, request: Request, init: RequestInit | undefined): Attempts {
  const headers = new Headers(request.headers)
  for (const name of BODY_FIELDS) headers.delete(name)
  return ofValue(url, { ...init, ...membersOf(request), method: 'GET', headers, body: null })
}

/** RFC 9110 section 15.4 as browsers have it: 303 always, 301 and 302 after POST. */
function becomesGet({ method }: Request, status: number): boolean {
  return status === 303
    ? method !== 'GET' && method !== 'HEAD'
    : (status === 301 || status === 302) && method === 'POST'
}

/** What a request carries besides its body, as options of another. */
function membersOf(request: Request): RequestInit {
  const {
    cache,
    credentials,
    headers,
    integrity,
    keepalive,
    method,
    mode,
    redirect,
    referrer,
    referrerPolicy,
    signal,
  } = request
  return { cache, credentials, headers, integrity, keepalive, method, mode, redirect, referrer, referrerPolicy, signal }
}

/** Whatever is not one of the kinds that are given by value can be read only once: a ReadableStream, an async iterable. */
function isStream(body: BodyInit | null | undefined): boolean {
  return !(
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  )
}

function notReplayable(): CountersignError {
  return new CountersignError('ERR_BODY_NOT_REPLAYABLE', 'The body is a stream, which cannot be sent a second time', {
    parameter: 'body',
    expected: 'a string, URLSearchParams, Blob, FormData, ArrayBuffer or view',
  })
}
