// A fetch that is not the platform's knows no Request of the platform: it is given URL and options instead.

/** Adapts somebody else's fetch, such as that of the npm package undici. */
export function adaptFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    if (!(input instanceof Request)) return fetch(input, init)
    const { url, method, headers, body, signal, redirect } = input
    return fetch(url, { method, headers, signal, redirect, ...(body !== null && { body, duplex: 'half' }), ...init })
  }
}
