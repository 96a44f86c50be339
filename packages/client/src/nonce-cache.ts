// Server nonces, RFC 9449 sections 8 and 9: the most recent one of each server, learned from every response whatever its status.
// A server is an origin in one role: an authorization server and a resource server on one origin have nonces of their own.

import { isNonce } from '@countersign/shared'

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
   * The first call to a server whose habits are unknown goes alone; others wait for its answer, so that N cold calls to a server that
   * wants nonces cost N + 1 requests, not 2 N. Whoever is told to lead must call `done` when its first answer is there, or none comes.
   *
   * @returns A promise to wait for, or the leader's `done`.
   */
  enter(): { readonly wait: Promise<void> } | { readonly done: () => void }
}

/** Servers remembered at most; the least recently added is forgotten first. Its next call costs one more request, no more. */
const MAX_SERVERS = 100
/** Longest time that calls wait for the first one's answer, in milliseconds. It may be a long one, such as a stream of events. */
const MAX_WAIT = 1_000

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
    enter() {
      if (answered) return { done: () => undefined }
      if (leader !== undefined) return { wait: leader }
      let done = (): void => undefined
      leader = new Promise((resolve) => {
        const timer = setTimeout(resolve, MAX_WAIT)
        done = () => {
          clearTimeout(timer)
          leader = undefined
          resolve()
        }
      })
      return { done }
    },
  }
}
