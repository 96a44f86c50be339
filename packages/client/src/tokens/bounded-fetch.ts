// The fetch of metadata and tokens: an answer of an authorization server is short, or it is refused.

import { readBounded } from '../fetch/read-bounded.ts'

/** Longest answer of an authorization server, in bytes: metadata with many languages, or a very long token. */
const MAX_ANSWER_BYTES = 65_536

/** Creates a fetch whose responses are read whole, up to a limit. */
export function createBoundedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async function boundedFetch(input, init) {
    const response = await fetch(input, init)
    const { status, statusText, headers, body } = response
    if (body === null) return response
    return new Response(await readBounded(body, MAX_ANSWER_BYTES, tooLong), { status, statusText, headers })
  }
}

function tooLong(): Error {
  return new Error(`The authorization server answered with more than ${MAX_ANSWER_BYTES} bytes`)
}
