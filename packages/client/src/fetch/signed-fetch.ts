// The signed fetch: a call goes out with a token and a fresh proof, is repeated once for a nonce, once for a token and once for a clock,
// and follows redirects by hand. Its caller sees what the platform's fetch would show, and never more of our doing than that.

import { CountersignError, isCountersignError } from '@countersign/shared'
import type { BeginProofs, CallProofs } from '../proofs/proof-kind.ts'
import type { ProofOption } from '../proofs/proof-option.ts'
import type { TokenManager } from '../tokens/token-manager.ts'
import { abortable } from './abort.ts'
import type { Attempts } from './attempts.ts'
import { createAttempts } from './attempts.ts'
import type { Call } from './call.ts'
import { readCall } from './call.ts'
import { challengesOf } from './challenge.ts'
import { discard } from './discard.ts'
import { metadataPathOf } from './metadata-path.ts'
import { noteNonceOutcome } from './nonce-outcome.ts'
import type { AllowedOrigins } from './origins.ts'
import { notFollowed, redirectTarget } from './redirect.ts'
import type { Server, Servers } from './servers.ts'

/** What the signed fetch works with. */
export interface SignedFetchParts {
  readonly resource: URL
  readonly origins: AllowedOrigins
  /** How a call is proved: as it says itself, or as the client does. */
  readonly proofsOf: (option: ProofOption | undefined) => BeginProofs
  readonly tokens: Pick<TokenManager, 'current' | 'renewed'>
  readonly servers: Servers
  readonly fetch: typeof globalThis.fetch
}

/** As the Fetch standard has it. */
const MAX_REDIRECTS = 20

/** The answer to one hop. */
interface Answered {
  readonly response: Response
  /** The call as it can be sent again, if it can. */
  readonly sent: Call
  /** Whether a redirect may lead out of the allowed origins: not where nothing may be sent without a proof, content and all. */
  readonly mayLeave: boolean
}

/** Options of one call: those of the platform's `fetch`, and how it is proved. */
export interface SignedRequestInit extends RequestInit {
  /** How this call is proved. Default: as the client does. */
  readonly proof?: ProofOption
}

/** The platform's `fetch`, signed. */
export type SignedFetch = typeof globalThis.fetch &
  ((input: RequestInfo | URL, init?: SignedRequestInit) => Promise<Response>)

/** Creates a function of the platform's `fetch` type. */
export function fetchWith(parts: SignedFetchParts): SignedFetch {
  const { resource, origins, proofsOf, tokens, servers, fetch } = parts

  return async function signedFetch(input: RequestInfo | URL, given?: SignedRequestInit): Promise<Response> {
    const begin = proofsOf(given?.proof)
    const target = requestOrUrl(input, resource)
    origins.check(target instanceof Request ? new URL(target.url) : target)
    let call = await readCall(target, given, input)
    const once = { renewal: true }
    let signing = true
    for (let redirects = 0; ; redirects++) {
      const { response, sent, mayLeave } = signing ? await callSigned(call, begin, once) : await sendPlain(call)
      const next = await redirected(sent, response, redirects)
      if (next === undefined) return response
      discard(response)
      if (!mayLeave && !origins.has(next.url)) throw notFollowed('origin', response)
      // Once the chain has left the allowed origins it is not signed again, even if it comes back: its URLs are no longer ours.
      signing &&= origins.has(next.url)
      call = next
    }
  }

  /** One signed call: at most one repetition for a nonce, one for a clock, and one for a token that the server no longer takes. */
  async function callSigned(given: Call, begin: BeginProofs, once: { renewal: boolean }): Promise<Answered> {
    const { signal } = given
    signal?.throwIfAborted()
    const proofs = await abortable(begin(given), signal)
    const { call } = proofs
    const server = servers(call.url.origin, 'resource-server')
    const token = await abortable(tokens.current(), signal)
    if (!call.replayable && !server.answered) await askForNonce(call, server)
    const done = await server.enter(signal)
    const { replayable } = call
    const attempts = createAttempts(server, tokens, token, {
      ...{ replayable, once, signal },
      learnsTime: proofs.verifiesResponses !== true,
    })
    for (;;) {
      let response: Response
      let nonce: string | undefined
      try {
        const sentAt = server.nextSequence()
        response = await sendSigned(proofs, attempts, server.now())
        nonce = server.learn(response, sentAt)
      } finally {
        done()
      }
      const judgement = await attempts.judge(response, nonce)
      if (judgement.kind === 'not-replayable') throw notReplayable(response)
      if (judgement.kind === 'answer' && (await proofs.mend?.(response)) !== true) {
        if (judgement.nonceOutcome !== undefined) noteNonceOutcome(response, judgement.nonceOutcome)
        const sent = given.replayable ? call : given
        const { receive, isRequired } = proofs
        return { response: receive === undefined ? response : await receive(response), sent, mayLeave: !isRequired }
      }
      discard(response)
    }
  }

  async function sendPlain(call: Call): Promise<Answered> {
    return { response: await call.send(fetch, {}), sent: call, mayLeave: true }
  }

  async function sendSigned(proofs: CallProofs, { token, nonce }: Attempts, time: number): Promise<Response> {
    const { accessToken, isBearer } = token
    if (isBearer && !proofs.isRequired) return proofs.call.send(fetch, { authorization: `Bearer ${accessToken}` })
    const proved = proofs.prove({ accessToken, isBearer, nonce, time })
    const { call, fields } = await abortable(proved, proofs.call.signal)
    return call.send(fetch, { authorization: `DPoP ${accessToken}`, ...fields })
  }

  /** A body that can be sent once must not be met by a demand for a nonce: it is asked for before, where anyone may ask. */
  async function askForNonce({ url, signal }: Call, server: Server): Promise<void> {
    try {
      const sentAt = server.nextSequence()
      const options = { method: 'HEAD', redirect: 'manual', cache: 'no-store', signal: signal ?? null } as const
      const response = await fetch(url.origin + metadataPathOf(resource), options)
      server.learn(response, sentAt)
      discard(response)
    } catch {
      // The call itself will say what is wrong.
      signal?.throwIfAborted()
    }
  }
}

/** The call that a redirect asks for, if there is one. A response that is not returned is done away with. */
async function redirected(call: Call, response: Response, redirects: number): Promise<Call | undefined> {
  try {
    const target = redirectTarget(call, response)
    if (target === undefined) return undefined
    if (redirects === MAX_REDIRECTS) throw notFollowed('count', response)
    const next = await call.redirected(target, response.status)
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
