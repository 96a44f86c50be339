// A fetch that is not the platform's knows no Request of the platform: it is given URL and options instead.

import { captured } from './call.ts'

/** Adapts somebody else's fetch, such as that of the npm package undici. */
export function adaptFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    if (!(input instanceof Request)) return fetch(input, init)
    const { url, body } = input
    // A stream is not kept alive.
    return fetch(url, { ...captured(input), ...(body !== null && { duplex: 'half', keepalive: false }), ...init })
  }
}
