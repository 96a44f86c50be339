// What is known of each server: its most recent nonce (RFC 9449 sections 8 and 9), learned from every response whatever its status, and
// how far its clock is from ours. A server is an origin in one role: an authorization server and an API on one origin are two.

import { isNonce } from '@countersign/shared'
import { abortable } from './abort.ts'
import type { ShownResponse } from './challenge.ts'

/** In which role a server is called. */
export type ServerRole = 'authorization-server' | 'resource-server'

/** What is known of one server. */
export interface Server {
  /** Whether it has answered yet: if so, and there is no nonce, it has none to give. */
  readonly answered: boolean
  /** The most recent nonce. */
  readonly latest: string | undefined
  /** The time there, in seconds since the epoch: ours, until a refusal has shown that they differ. */
  now(): number
  /**
   * Learns a nonce from a response.
   *
   * @param sentAt - What {@link nextSequence} returned when the request was sent: the answer to an older request does not replace
   *   what a newer one brought.
   * @returns The nonce of this response, if it carries a usable one.
   */
  learn(response: Pick<ShownResponse, 'headers'>, sentAt: number): string | undefined
  /**
   * Learns the time from a response that refuses a proof.
   *
   * @returns Whether the server's clock differs from what was assumed, so that another attempt makes sense.
   */
  learnTime(response: Pick<ShownResponse, 'headers'>): boolean
  /** The number of the next request to this server. */
  nextSequence(): number
  /**
   * Waits until a call may go out. The first call to a server whose habits are unknown goes alone; others wait for its answer, so that N
   * cold calls to a server that wants nonces cost N + 1 requests, not 2 N. If it fails or takes too long, another one leads.
   *
   * @returns What is to be called when the first answer of this call is there, or none comes.
   * @throws The signal's reason when it aborts first.
   */
  enter(signal: AbortSignal | undefined): (() => void) | Promise<() => void>
}

/** The servers of a client. */
export type Servers = (origin: string, role: ServerRole) => Server

/** Servers remembered at most; the least recently added is forgotten first. Its next call costs one more request, no more. */
const MAX_SERVERS = 100
/** Longest time that a call leads, in milliseconds: it may be a long one, such as an upload. */
const MAX_LEAD = 1_000
/** Longest time that a call waits for leaders, in milliseconds. */
const MAX_WAIT = 3_000
/** A clock that differs by fewer seconds is not why a proof is refused. `Date` itself is up to a second behind. */
const MIN_SKEW = 5
/** A clock that differs by more seconds is not believed: a day. */
const MAX_SKEW = 86_400
const NOTHING = () => undefined

/** Creates the memory of a client. */
export function createServers(): Servers {
  const servers = new Map<string, Server>()
  return (origin, role) => {
    const key = `${role} ${origin}`
    let server = servers.get(key)
    if (server === undefined) {
      if (servers.size >= MAX_SERVERS) servers.delete(servers.keys().next().value as string)
      server = createServer()
      servers.set(key, server)
    }
    return server
  }
}

function createServer(): Server {
  let latest: string | undefined
  let learnedAt = 0
  let sequence = 0
  let leader: Promise<void> | undefined
  let answered = false
  let skew = 0

  return {
    get answered() {
      return answered
    },
    get latest() {
      return latest
    },
    now: () => Math.floor(Date.now() / 1000) + skew,
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
    learnTime({ headers }) {
      // What a cache answers has the time at which it was stored.
      if (headers.has('age')) return false
      const difference = Math.round((Date.parse(headers.get('date') ?? '') - Date.now()) / 1000)
      if (!(Math.abs(difference) <= MAX_SKEW && Math.abs(difference - skew) >= MIN_SKEW)) return false
      skew = difference
      return true
    },
    nextSequence: () => ++sequence,
    enter: (signal) => (answered ? NOTHING : follow(signal)),
  }

  async function follow(signal: AbortSignal | undefined): Promise<() => void> {
    const deadline = Date.now() + MAX_WAIT
    while (!answered && leader !== undefined && Date.now() < deadline) await abortable(leader, signal)
    return answered || leader !== undefined ? NOTHING : lead()
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
