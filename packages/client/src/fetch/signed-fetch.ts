// The signed fetch: a call goes out with a token and a fresh proof, is repeated once for a nonce and once for a token, and follows
// redirects by hand. Its caller sees what the platform's fetch would show, and never more of our doing than that.

import { CountersignError, isCountersignError } from '@countersign/shared'
import type { Prover } from '../proofs/proof-kind.ts'
import type { TokenManager } from '../tokens/token-manager.ts'
import { abortable } from './abort.ts'
import type { Call } from './call.ts'
import { readCall } from './call.ts'
import { challengedError, wantsNonce } from './challenge.ts'
import { discard } from './discard.ts'
import type { ServerNonces } from './nonce-cache.ts'
import type { AllowedOrigins } from './origins.ts'
import { notFollowed, redirectTarget } from './redirect.ts'

/** What the signed fetch works with. */
export interface SignedFetchParts {
  readonly resource: URL
  readonly origins: AllowedOrigins
  readonly prover: () => Prover | Promise<Prover>
  readonly tokens: TokenManager
  readonly noncesOf: (origin: string) => ServerNonces
  readonly fetch: typeof globalThis.fetch
}

/** As the Fetch standard has it. */
const MAX_REDIRECTS = 20

/** Creates a function of the platform's `fetch` type. */
export function createSignedFetch(parts: SignedFetchParts): typeof globalThis.fetch {
  const { resource, origins, prover, tokens, noncesOf, fetch } = parts

  return async function signedFetch(input, init) {
    const target = requestOrUrl(input, resource)
    origins.check(target instanceof Request ? new URL(target.url) : target)
    let call = readCall(target, init)
    const once = { renewal: true }
    let signing = true
    for (let redirects = 0; ; redirects++) {
      const response = signing ? await callSigned(call, once) : await call.send(fetch, {})
      const next = redirected(call, response, redirects)
      if (next === undefined) return response
      discard(response)
      // Once the chain has left the allowed origins it is not signed again, even if it comes back: its URLs are no longer ours.
      signing &&= origins.has(next.url)
      call = next
    }
  }

  /** One signed call: at most one repetition for a nonce, and one for a token that the server no longer takes. */
  async function callSigned(call: Call, once: { renewal: boolean }): Promise<Response> {
    const { signal } = call
    signal?.throwIfAborted()
    const nonces = noncesOf(call.url.origin)
    let token = await abortable(tokens.current(), signal)
    const { done } = await nonces.enter(signal)
    let nonce = nonces.latest
    let mayRetryForNonce = true
    for (;;) {
      let response: Response
      let given: string | undefined
      try {
        const sentAt = nonces.nextSequence()
        response = await sendSigned(call, token, nonce)
        given = nonces.learn(response, sentAt)
      } finally {
        done()
      }
      if (mayRetryForNonce && given !== undefined && given !== nonce && (await wantsNonce(response))) {
        if (!call.replayable) throw notReplayable(response)
        mayRetryForNonce = false
        nonce = given
      } else if (
        once.renewal &&
        call.replayable &&
        response.status === 401 &&
        challengedError(response) === 'invalid_token'
      ) {
        once.renewal = false
        const renewed = await renewedOrNothing(token, signal)
        if (renewed === undefined) return response
        token = renewed
        nonce = nonces.latest
      } else {
        return response
      }
      discard(response)
    }
  }

  async function sendSigned(call: Call, accessToken: string, nonce: string | undefined): Promise<Response> {
    const { url, method, signal } = call
    const ready = await abortable(prover(), signal)
    const proof = await abortable(ready.prove({ method, url, accessToken, nonce }), signal)
    return call.send(fetch, { authorization: `DPoP ${accessToken}`, ...proof })
  }

  /** If the issuer has no other token to give at the moment, the refusal is the answer to the call. */
  async function renewedOrNothing(refused: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      return await abortable(tokens.renewed(refused), signal)
    } catch (error) {
      if (signal?.aborted === true) throw error
      return undefined
    }
  }
}

/** The call that a redirect asks for, if there is one. A response that is not returned is done away with. */
function redirected(call: Call, response: Response, redirects: number): Call | undefined {
  try {
    const target = redirectTarget(call, response)
    if (target === undefined) return undefined
    if (redirects === MAX_REDIRECTS) throw notFollowed('count', response)
    const next = call.redirected(target, response.status)
    if (!call.replayable && !next.replayable) throw notReplayable(response)
    return next
  } catch (error) {
    if (!isCountersignError(error, 'ERR_BODY_NOT_REPLAYABLE')) discard(response) // that error brings it along
    throw error
  }
}

/** A Request of another copy of the Fetch API is no instance of ours, but it has the members of one. */
function requestOrUrl(input: RequestInfo | URL, resource: URL): Request | URL {
  if (input instanceof Request) return input
  if (typeof input === 'object' && input !== null && 'url' in input && 'method' in input) {
    const foreign = input as unknown as Request
    return new Request(foreign.url, foreign)
  }
  return new URL(input, resource)
}

function notReplayable(response: Response): CountersignError {
  return new CountersignError('ERR_BODY_NOT_REPLAYABLE', 'The body is a stream, which cannot be sent a second time', {
    parameter: 'body',
    expected: 'a string, URLSearchParams, Blob, FormData, ArrayBuffer or view',
    actual: response.status,
    cause: response,
  })
}
