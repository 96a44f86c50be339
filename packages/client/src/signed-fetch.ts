// The signed fetch: a call goes out with a token and a fresh proof, is repeated once for a nonce and once for a token, and follows
// redirects by hand. Its caller sees what the platform's fetch would show, and never more of our doing than that.

import { CountersignError } from '@countersign/shared'
import { abortable } from './abort.ts'
import type { Attempts } from './attempts.ts'
import { attemptsOf } from './attempts.ts'
import { challengedError } from './challenge.ts'
import { discard } from './discard.ts'
import type { ServerNonces } from './nonce-cache.ts'
import type { AllowedOrigins } from './origins.ts'
import type { Prover } from './proofs/proof-kind.ts'
import type { TokenManager } from './tokens/token-manager.ts'

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
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Creates a function of the platform's `fetch` type. */
export function createSignedFetch(parts: SignedFetchParts): typeof globalThis.fetch {
  const { resource, origins, prover, tokens, noncesOf, fetch } = parts

  return async function signedFetch(input, init) {
    const target = requestOrUrl(input, resource)
    origins.check(target instanceof Request ? new URL(target.url) : target)
    let attempts = attemptsOf(target, init)
    let signing = true
    for (let redirects = 0; ; redirects++) {
      const response = signing ? await callSigned(attempts) : await send(attempts.next())
      const target = redirectTarget(attempts.template, response)
      if (target === undefined) return response
      if (redirects === MAX_REDIRECTS) throw notFollowed('count', response)
      // Once the chain has left the allowed origins it is not signed again, even if it comes back: its URLs are no longer ours.
      signing &&= origins.has(target)
      attempts = attempts.redirected(target, response.status)
      discard(response)
    }
  }

  /** One signed call: at most one repetition for a nonce, and one for a token that the server no longer takes. */
  async function callSigned(attempts: Attempts): Promise<Response> {
    const { url, signal } = attempts.template
    const target = new URL(url)
    const nonces = noncesOf(target.origin)
    let token = await abortable(tokens.current(), signal)
    let nonce = await firstNonce(nonces, signal)
    let mayRetryForNonce = true
    let mayRenewToken = true
    for (;;) {
      const sentAt = nonces.nextSequence()
      let response: Response
      let given: string | undefined
      try {
        response = await sendSigned(attempts.next(), target, token, nonce.value)
        given = nonces.learn(response, sentAt)
      } finally {
        nonce.done()
      }
      const error = response.status === 401 ? challengedError(response) : undefined
      if (error === 'use_dpop_nonce' && mayRetryForNonce && given !== undefined && given !== nonce.value) {
        mayRetryForNonce = false
        nonce = { value: given, done: nothing }
      } else if (error === 'invalid_token' && mayRenewToken) {
        mayRenewToken = false
        const renewed = await abortable(tokens.renewed(token), signal)
        if (renewed === undefined) return response
        token = renewed
        nonce = { value: nonces.latest, done: nothing }
      } else {
        return response
      }
      discard(response)
    }
  }

  async function sendSigned(
    request: Request,
    target: URL,
    accessToken: string,
    nonce: string | undefined,
  ): Promise<Response> {
    const { method, signal } = request
    const proof = await (await abortable(prover(), signal)).prove({ method, url: target, accessToken, nonce })
    signal.throwIfAborted()
    const headers = new Headers(request.headers)
    headers.set('authorization', `DPoP ${accessToken}`)
    for (const [name, value] of Object.entries(proof)) headers.set(name, value)
    return send(request, { headers })
  }

  function send(request: Request, init: RequestInit = {}): Promise<Response> {
    return fetch(request, { ...init, redirect: request.redirect === 'follow' ? 'manual' : request.redirect })
  }
}

/** A Request of another copy of the Fetch API is no instance of ours, but it has the members of one. */
function requestOrUrl(input: RequestInfo | URL, resource: URL): Request | URL {
  if (input instanceof Request) return input
  if (typeof input === 'object' && 'url' in input && 'method' in input) {
    const foreign = input as unknown as Request
    return new Request(foreign.url, foreign)
  }
  return new URL(input, resource)
}

/** The nonce to begin with: of a server that is not known yet, the first call finds it out while others wait for its answer. */
async function firstNonce(
  nonces: ServerNonces,
  signal: AbortSignal,
): Promise<{ value: string | undefined; done: () => void }> {
  const entrance = nonces.enter()
  if ('done' in entrance) return { value: nonces.latest, done: entrance.done }
  await abortable(entrance.wait, signal)
  return { value: nonces.latest, done: nothing }
}

/** Where a response redirects to, if it does and the caller wants it followed. */
function redirectTarget(request: Request, response: Response): URL | undefined {
  if (request.redirect !== 'follow') return undefined
  if (response.type === 'opaqueredirect') throw notFollowed('opaque', response)
  const location = response.headers.get('location')
  if (!REDIRECTS.has(response.status) || location === null) return undefined
  let target: URL
  try {
    target = new URL(location, request.url)
  } catch (cause) {
    throw notFollowed('location', response, cause)
  }
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw notFollowed('scheme', response)
  if (target.username !== '' || target.password !== '') throw notFollowed('userinfo', response)
  return target
}

function notFollowed(reason: string, response: Response, cause?: unknown): CountersignError {
  const message =
    reason === 'opaque'
      ? 'A browser does not show where a redirect leads, so it cannot be signed: call the final URL'
      : 'The redirect cannot be followed'
  return new CountersignError('ERR_REDIRECT_NOT_FOLLOWED', message, { reason, actual: response.status, cause })
}

function nothing(): void {
  // the leader has spoken, or there was none
}
