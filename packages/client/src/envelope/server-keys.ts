// The keys of the server: those it signs answers with, and those one may encrypt to. They come from the metadata of the resource (RFC 9728),
// or are configured; never from a message.

import type { SealKey } from '@countersign/shared'
import { CountersignError, isCountersignError, readSealKey, secureUrl } from '@countersign/shared'
import * as oauth from 'oauth4webapi'
import { abortable } from '../fetch/abort.ts'
import { singleFlight } from '../flight.ts'
import { createBoundedFetch } from '../tokens/bounded-fetch.ts'
import { requestOptions } from '../tokens/request-options.ts'

/** A JWK as a key set has it. */
export type ServerJwk = Readonly<Record<string, unknown>>

/** The keys of one server. */
export interface ServerKeys {
  /** The keys that are known, which are fetched if none are, or those are old. */
  current(): Promise<readonly ServerJwk[]>
  /** The keys after another look at the key set, unless that was a moment ago. */
  renewed(): Promise<readonly ServerJwk[]>
}

/** What the keys are found with. */
export interface ServerKeyParts {
  readonly resource: URL
  readonly resourceIdentifier: string
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  /** Keys that were configured: nothing is fetched then. */
  readonly given: readonly ServerJwk[] | undefined
}

/** Age up to which a key set is used without another look at it, in milliseconds: for so long a key that was withdrawn is still trusted. */
const MAX_AGE = 600_000
/** Age up to which it is used where it cannot be fetched again: an outage of the metadata is not at once one of the calls. */
const MAX_STALE = 3_600_000
/** Least time between two looks at a key set: a message that names an unknown key must not cause many. */
const PAUSE = 5_000
/** Longest time of a look, where there are no keys to go on with, and where there are. */
const TIMEOUT = 30_000
const RENEWAL_TIMEOUT = 5_000

/**
 * Creates the keys of a server.
 *
 * A key set that was fetched is fetched again by the first call after ten minutes. Where that fails it is used on, with another attempt every
 * five seconds, until it is an hour old; then calls fail. Keys that were configured are used as they are, for ever.
 */
export function createServerKeys(parts: ServerKeyParts): ServerKeys {
  const { given, signal } = parts
  if (given !== undefined) return { current: async () => given, renewed: async () => given }
  let keys: readonly ServerJwk[] | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let lookedAt = Number.NEGATIVE_INFINITY
  const usable = () => (isWithin(MAX_STALE, fetchedAt) ? keys : undefined)
  const { join } = singleFlight(look, (fetched) => {
    keys = fetched
    fetchedAt = Date.now()
  })
  const fetched = () => abortable(join(), signal)

  return {
    async current() {
      const known = usable()
      if (known === undefined) return fetched()
      if (isWithin(MAX_AGE, fetchedAt) || isWithin(PAUSE, lookedAt)) return known
      try {
        return await fetched()
      } catch (error) {
        if (isCountersignError(error, 'ERR_DISCOVERY_FAILED') && usable() !== undefined) return known
        throw error
      }
    },
    async renewed() {
      return (isWithin(PAUSE, lookedAt) ? usable() : undefined) ?? fetched()
    },
  }

  async function look(): Promise<readonly ServerJwk[]> {
    try {
      return await fetchKeys(parts, usable() === undefined ? TIMEOUT : RENEWAL_TIMEOUT)
    } catch (error) {
      // A server that names no key set any more has withdrawn its keys: that is no failure to go on from.
      if (isCountersignError(error, 'ERR_SERVER_KEY_MISSING')) keys = undefined
      throw error
    } finally {
      lookedAt = Date.now()
    }
  }
}

/** Whether a time lies no further back than that. One ahead of the clock, which was then set back, does not. */
function isWithin(milliseconds: number, time: number): boolean {
  const age = Date.now() - time
  return age >= 0 && age < milliseconds
}

/**
 * The key to encrypt to: the first that is for that.
 *
 * @throws {CountersignError} `ERR_SERVER_KEY_MISSING`.
 */
export function sealKeyOf(keys: readonly ServerJwk[]): SealKey {
  for (const jwk of keys) {
    const key = readSealKey(jwk)
    if (key !== undefined) return key
  }
  throw new CountersignError('ERR_SERVER_KEY_MISSING', 'The server publishes no key to encrypt to', {
    parameter: 'use',
    expected: 'a key with use "enc" and alg "ECDH-ES" or "ECDH-ES+A256KW", on P-256 or X25519',
  })
}

/** @throws {CountersignError} `ERR_DISCOVERY_FAILED` with reason `resource` or `jwks`; `ERR_SERVER_KEY_MISSING` where there is no key set. */
async function fetchKeys(
  { resource, resourceIdentifier, fetch, signal }: ServerKeyParts,
  timeout: number,
): Promise<readonly ServerJwk[]> {
  // What a cache has, is what the server has withdrawn perhaps.
  const bounded = createBoundedFetch((input, init) => fetch(input, { ...init, cache: 'no-store' }))
  const ending = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
  const metadata = await orFailed('resource', async () => {
    const response = await oauth.resourceDiscoveryRequest(resource, requestOptions(resource, bounded, ending))
    return oauth.processResourceDiscoveryResponse(resource, response)
  })
  if (metadata.resource !== resourceIdentifier) throw failed('resource', metadata.resource)
  const { jwks_uri: uri } = metadata
  if (uri === undefined)
    throw new CountersignError('ERR_SERVER_KEY_MISSING', 'The server publishes no keys', { parameter: 'jwks_uri' })
  return orFailed('jwks', async () => {
    const url = secureUrl(uri, 'jwks_uri')
    if (url.protocol === 'http:' && resource.protocol !== 'http:') throw failed('jwks', uri)
    const response = await bounded(url, { redirect: 'error', signal: ending, headers: { accept: 'application/json' } })
    const { keys } = response.status === 200 ? ((await response.json()) as { keys?: unknown }) : {}
    if (!Array.isArray(keys)) throw failed('jwks', response.status)
    return keys.filter((key): key is ServerJwk => typeof key === 'object' && key !== null)
  })

  async function orFailed<Result>(reason: string, work: () => Promise<Result>): Promise<Result> {
    try {
      // A fetch of another make may not heed its signal.
      return await abortable(work(), ending)
    } catch (cause) {
      if (isCountersignError(signal.reason)) throw signal.reason
      throw isCountersignError(cause, 'ERR_DISCOVERY_FAILED') ? cause : failed(reason, undefined, cause)
    }
  }
}

function failed(reason: string, actual?: unknown, cause?: unknown): CountersignError {
  return new CountersignError('ERR_DISCOVERY_FAILED', `The keys of the server cannot be found out (${reason})`, {
    reason,
    actual,
    cause,
  })
}
