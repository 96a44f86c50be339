// How oauth4webapi sends its requests for us.

import * as oauth from 'oauth4webapi'

/**
 * Options of a request by oauth4webapi.
 *
 * @param url - Where it goes. `secureUrl` has let http through for loopback hosts only; oauth4webapi asks for a switch.
 */
export function requestOptions(url: URL, fetch: typeof globalThis.fetch, signal: AbortSignal) {
  return {
    signal,
    [oauth.customFetch]: (input: string, init: object) => fetch(input, init as RequestInit),
    [oauth.allowInsecureRequests]: url.protocol === 'http:',
  }
}
