// The fetch of the authorization server's endpoints: it adds a DPoP proof without token, and learns the server's nonces.

import type { ServerNonces } from '../fetch/nonce-cache.ts'
import type { Prover } from '../proofs/proof-kind.ts'

/**
 * Creates a fetch for a token endpoint. It sends each request once: what must be made anew for another attempt, such as a client
 * assertion, is made by its caller.
 */
export function createProvingFetch(parts: {
  readonly prover: () => Prover | Promise<Prover>
  readonly noncesOf: (origin: string) => ServerNonces
  readonly fetch: typeof globalThis.fetch
}): typeof globalThis.fetch {
  return async function provingFetch(input, init) {
    const { url: href, method, headers: given } = new Request(input, { ...init, body: null })
    const url = new URL(href)
    const nonces = parts.noncesOf(url.origin)
    const sentAt = nonces.nextSequence()
    const proof = await (await parts.prover()).prove({ method, url, nonce: nonces.latest })
    const headers = new Headers(given)
    for (const [name, value] of Object.entries(proof)) headers.set(name, value)
    const response = await parts.fetch(href, { ...init, headers, redirect: 'manual' })
    nonces.learn(response, sentAt)
    return response
  }
}
