// Server nonces, RFC 9449 sections 8 and 9: the most recent one of each server, learned from every response whatever its status.
// A server is an origin in one role: an authorization server and a resource server on one origin have nonces of their own.

import { isNonce } from '@countersign/shared'
import { abortable } from './abort.ts'

/** In which role a server is called. */
export type ServerRole = 'authorization-server' | 'resource-server'

/** What is known of one server's nonces. */
export interface ServerNonces {
  /** The most recent nonce. */
  readonly latest: string | undefined
  /**
   * Learns from a response.
   *
   * @param sentAt - What {@link nextSequence} returned when the request was sent: the answer to an older request does not replace
   *   what a newer one brought.
   * @returns The nonce of this response, if it carries a usable one.
   */
  learn(response: Response, sentAt: number): string | undefined
  /** The number of the next request to this server. */
  nextSequence(): number
  /**
   * Waits until a call may go out. The first call to a server whose habits are unknown goes alone; others wait for its answer, so that N
   * cold calls to a server that wants nonces cost N + 1 requests, not 2 N. If it fails or takes too long, another one leads.
   *
   * @returns `done`, to be called when the first answer of this call is there, or none comes.
   * @throws The signal's reason when it aborts first.
   */
  enter(signal: AbortSignal | undefined): Promise<{ readonly done: () => void }>
}

/** Servers remembered at most; the least recently added is forgotten first. Its next call costs one more request, no more. */
const MAX_SERVERS = 100
/** Longest time that a call leads, in milliseconds: it may be a long one, such as an upload. */
const MAX_LEAD = 1_000
/** Longest time that a call waits for leaders, in milliseconds. */
const MAX_WAIT = 3_000

/** Creates an empty cache. */
export function createNonceCache(): { of(origin: string, role: ServerRole): ServerNonces } {
  const servers = new Map<string, ServerNonces>()
  return {
    of(origin, role) {
      const key = `${role} ${origin}`
      let server = servers.get(key)
      if (server === undefined) {
        if (servers.size >= MAX_SERVERS) servers.delete(servers.keys().next().value as string)
        server = createServerNonces()
        servers.set(key, server)
      }
      return server
    },
  }
}

function createServerNonces(): ServerNonces {
  let latest: string | undefined
  let learnedAt = 0
  let sequence = 0
  let leader: Promise<void> | undefined
  let answered = false

  return {
    get latest() {
      return latest
    },
    learn(response, sentAt) {
      answered = true
      const nonce = response.headers.get('dpop-nonce')
      if (nonce === null || !isNonce(nonce)) return undefined
      if (sentAt >= learnedAt) {
        latest = nonce
        learnedAt = sentAt
      }
      return nonce
    },
    nextSequence: () => ++sequence,
    async enter(signal) {
      const deadline = Date.now() + MAX_WAIT
      while (!answered && leader !== undefined && Date.now() < deadline) await abortable(leader, signal)
      return { done: answered || leader !== undefined ? () => undefined : lead() }
    },
  }

  function lead(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = () => {
      clearTimeout(timer)
      if (leader === promise) leader = undefined
      resolve()
    }
    const timer = setTimeout(end, MAX_LEAD)
    leader = promise
    return end
  }
}
