// Where the access token may go: the origin of the resource and those named beside it, and nowhere else.

import { CountersignError, secureUrl } from '@countersign/shared'

/** The origins that may see the access token. */
export interface AllowedOrigins {
  has(url: URL): boolean
  /**
   * @throws {CountersignError} `ERR_ORIGIN_NOT_ALLOWED` when the URL lies elsewhere, or carries user information.
   */
  check(url: URL): void
}

/** @param origins - URLs of which the origins count. They are compared as parsed: case, default ports and A-labels do not matter. */
export function allowedOrigins(resource: URL, origins: readonly string[]): AllowedOrigins {
  const allowed = new Set([resource.origin, ...origins.map((origin) => secureUrl(origin, 'origins').origin)])
  const has = (url: URL) =>
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    allowed.has(url.origin) &&
    url.username === '' &&
    url.password === ''
  return {
    has,
    check(url) {
      if (has(url)) return
      throw new CountersignError(
        'ERR_ORIGIN_NOT_ALLOWED',
        'The URL lies outside the origins that may see the access token',
        {
          parameter: 'url',
          expected: [...allowed],
          actual: url.origin,
        },
      )
    },
  }
}
