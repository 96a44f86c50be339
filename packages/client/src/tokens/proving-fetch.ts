// The fetch of the authorization server's endpoints: it adds a DPoP proof without token, and learns the server's nonces.

import type { Servers } from '../fetch/servers.ts'
import type { Prover } from '../proofs/proof-kind.ts'

/**
 * Makes a fetch for a token endpoint. It sends each request once: what must be made anew for another attempt, such as a client
 * assertion, is made by its caller.
 */
export function createProvingFetch(
  prover: () => Prover | Promise<Prover>,
  servers: Servers,
  fetch: typeof globalThis.fetch,
): typeof globalThis.fetch {
  return async function provingFetch(input, init) {
    const { url: href, method, headers: given } = new Request(input, { ...init, body: null })
    const url = new URL(href)
    const server = servers(url.origin, 'authorization-server')
    const sentAt = server.nextSequence()
    const proof = await (await prover())({ method, url, nonce: server.latest, time: server.now() })
    const headers = new Headers(given)
    for (const [name, value] of Object.entries(proof)) headers.set(name, value)
    const response = await fetch(href, { ...init, headers, redirect: 'manual' })
    server.learn(response, sentAt)
    return response
  }
}
