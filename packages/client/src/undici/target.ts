// Where a request leads: not only what its options say, but what undici makes of them.

import { invalidOption } from '@countersign/shared'
import type { Dispatcher } from 'undici'

/** Where a request leads. */
export interface Target {
  /** The URL, without the query that is given beside it. */
  readonly url: URL
  /** The path to send, so that it is the one of the URL: without dot segments, for example. */
  readonly path: string
}

/** What undici refuses to send as a path. */
const NOT_SENT = /[^\u0021-\u00ff]/

/**
 * Reads where a request leads.
 *
 * @param boundTo - The origin that a `Client` or a `Pool` is bound to, if it is known: it is where they send everything, whatever the
 *   options say.
 * @returns `undefined` when this is no URL that could be signed; undici may be able to send it, or it complains.
 * @throws {CountersignError} `ERR_OPTION_INVALID` when nothing says the origin.
 */
export function targetOf(
  { origin, path }: Dispatcher.DispatchOptions,
  boundTo: string | undefined,
): Target | undefined {
  const stated = boundTo ?? origin ?? undefined
  if (stated === undefined) throw invalidOption('origin', 'the origin of the URL, which this dispatcher does not say')
  const base = parse(String(stated))
  if (base === undefined || typeof path !== 'string' || NOT_SENT.test(path)) return undefined
  // A path that begins with two slashes is one, not a host.
  const url = parse(path.startsWith('/') ? base.origin + path : path)
  if (url === undefined || url.origin !== base.origin || base.username !== '' || base.password !== '') return undefined
  const written = /^[^?#]*/.exec(path)?.[0] ?? ''
  return { url, path: path.startsWith('/') ? url.pathname + path.slice(written.length) : path }
}

/** A URL, if this is one. */
export function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}
