// The network between the partner and the API, with somebody listening on it.

/** A request as it went over the wire. */
export interface CapturedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** Status of the answer; absent when the request was held back. */
  readonly status?: number
}

/** A fetch that records every request to one origin, and can hold requests back. */
export interface Wire {
  readonly fetch: typeof globalThis.fetch
  readonly captured: readonly CapturedRequest[]
  /** Lets a call be made whose request never arrives, and returns that request: signed, and still unused. */
  holdBack(call: () => Promise<unknown>): Promise<CapturedRequest>
}

/** Creates the wire. */
export function createWire(origin: string): Wire {
  const captured: CapturedRequest[] = []
  let holding = false

  return {
    captured,
    async fetch(input, init) {
      const request = new Request(input, init)
      const { method, url, headers } = request
      if (!url.startsWith(`${origin}/`)) return globalThis.fetch(request)
      if (holding) {
        captured.push({ method, url, headers: new Headers(headers) })
        throw new TypeError('The request was lost on its way')
      }
      const response = await globalThis.fetch(request)
      captured.push({ method, url, headers: new Headers(headers), status: response.status })
      return response
    },
    async holdBack(call) {
      holding = true
      try {
        await call()
      } catch {
        // the partner sees a network failure
      } finally {
        holding = false
      }
      const last = captured.at(-1)
      if (last === undefined || last.status !== undefined) throw new Error('No request was held back')
      return last
    },
  }
}
