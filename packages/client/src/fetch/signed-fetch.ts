// The signed fetch: a call goes out with a token and a fresh proof, is repeated once for a nonce, once for a token and once for a clock,
// and follows redirects by hand. Its caller sees what the platform's fetch would show, and never more of our doing than that.

import { CountersignError, isCountersignError } from '@countersign/shared'
import type { Prover } from '../proofs/proof-kind.ts'
import type { HeldToken, TokenManager } from '../tokens/token-manager.ts'
import { abortable } from './abort.ts'
import type { Call } from './call.ts'
import { readCall } from './call.ts'
import { challengedError, challengesOf, wantsNonce } from './challenge.ts'
import { discard } from './discard.ts'
import type { NonceOutcome } from './nonce-outcome.ts'
import { noteNonceOutcome } from './nonce-outcome.ts'
import type { AllowedOrigins } from './origins.ts'
import { notFollowed, redirectTarget } from './redirect.ts'
import type { Server, Servers } from './servers.ts'

/** What the signed fetch works with. */
export interface SignedFetchParts {
  readonly resource: URL
  readonly origins: AllowedOrigins
  readonly prover: () => Prover | Promise<Prover>
  readonly tokens: Pick<TokenManager, 'current' | 'renewed'>
  readonly servers: Servers
  readonly fetch: typeof globalThis.fetch
}

/** As the Fetch standard has it. */
const MAX_REDIRECTS = 20
/** RFC 9728 section 3: what everyone may ask an API for. */
const METADATA_PATH = '/.well-known/oauth-protected-resource'

/** Creates a function of the platform's `fetch` type. */
export function fetchWith(parts: SignedFetchParts): typeof globalThis.fetch {
  const { resource, origins, prover, tokens, servers, fetch } = parts

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

  /** One signed call: at most one repetition for a nonce, one for a clock, and one for a token that the server no longer takes. */
  async function callSigned(call: Call, once: { renewal: boolean }): Promise<Response> {
    const { signal } = call
    signal?.throwIfAborted()
    const server = servers(call.url.origin, 'resource-server')
    let token = await abortable(tokens.current(), signal)
    if (!call.replayable && !server.answered) await askForNonce(call, server)
    const done = await server.enter(signal)
    let nonce = server.latest
    const may = { askAgain: true, setClock: true }
    for (;;) {
      let response: Response
      let given: string | undefined
      try {
        const sentAt = server.nextSequence()
        response = await sendSigned(call, token, nonce, server.now())
        given = server.learn(response, sentAt)
      } finally {
        done()
      }
      const isNews = given !== undefined && given !== nonce && may.askAgain
      const error = challengedError(response)
      if (await wantsNonce(response, error, isNews)) {
        const outcome = outcomeOf(response, given, nonce, may.askAgain)
        if (outcome !== undefined) {
          noteNonceOutcome(response, outcome)
          return response
        }
        if (!call.replayable) throw notReplayable(response)
        may.askAgain = false
        nonce = given
      } else if (response.status !== 401 || !call.replayable) {
        return response
      } else if (error === 'invalid_token') {
        if (!once.renewal) return response
        once.renewal = false
        const renewed = await renewedOrNothing(token, signal)
        if (renewed === undefined) return response
        token = renewed
        nonce = server.latest
      } else if (error === 'invalid_dpop_proof') {
        if (!may.setClock || !server.learnTime(response)) return response
        may.setClock = false
        nonce = server.latest
      } else {
        return response
      }
      discard(response)
    }
  }

  async function sendSigned(call: Call, token: HeldToken, nonce: string | undefined, time: number): Promise<Response> {
    const { url, method, signal } = call
    const { accessToken } = token
    if (token.isBearer) return call.send(fetch, { authorization: `Bearer ${accessToken}` })
    const prove = await abortable(prover(), signal)
    const proof = await abortable(prove({ method, url, accessToken, nonce, time }), signal)
    return call.send(fetch, { authorization: `DPoP ${accessToken}`, ...proof })
  }

  /** A body that can be sent once must not be met by a demand for a nonce: it is asked for before, where anyone may ask. */
  async function askForNonce({ url, signal }: Call, server: Server): Promise<void> {
    try {
      const sentAt = server.nextSequence()
      const options = { method: 'HEAD', redirect: 'manual', cache: 'no-store', signal: signal ?? null } as const
      const response = await fetch(url.origin + METADATA_PATH + resource.pathname.replace(/\/$/, ''), options)
      server.learn(response, sentAt)
      discard(response)
    } catch {
      // The call itself will say what is wrong.
      signal?.throwIfAborted()
    }
  }

  /** If the issuer has no other token to give at the moment, the refusal is the answer to the call. */
  async function renewedOrNothing(refused: HeldToken, signal: AbortSignal | undefined): Promise<HeldToken | undefined> {
    try {
      return await abortable(tokens.renewed(refused), signal)
    } catch (error) {
      if (signal?.aborted === true) throw error
      return undefined
    }
  }
}

/** Why a demand for a nonce cannot be met; `undefined` when it can. */
function outcomeOf(
  { type }: Response,
  given: string | undefined,
  sent: string | undefined,
  mayAskAgain: boolean,
): NonceOutcome | undefined {
  if (given === undefined) return type === 'cors' ? 'hidden' : 'missing'
  if (given === sent) return 'repeated'
  return mayAskAgain ? undefined : 'endless'
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
    challenges: challengesOf(response),
  })
}
