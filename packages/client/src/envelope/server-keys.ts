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
  /** The keys that are known, which are fetched if none are. */
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

/** Least time between two looks at a key set, in milliseconds: a message that names an unknown key must not cause many. */
const PAUSE = 5_000
const TIMEOUT = 30_000

/** Creates the keys of a server. */
export function createServerKeys(parts: ServerKeyParts): ServerKeys {
  const { given, signal } = parts
  let keys = given
  let fetchedAt = Number.NEGATIVE_INFINITY
  const { join } = singleFlight(
    () => fetchKeys(parts),
    (fetched) => {
      keys = fetched
      fetchedAt = Date.now()
    },
  )
  const fetched = () => abortable(join(), signal)
  return {
    current: async () => keys ?? fetched(),
    renewed: async () =>
      keys !== undefined && (given !== undefined || Date.now() - fetchedAt < PAUSE) ? keys : fetched(),
  }
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
async function fetchKeys({
  resource,
  resourceIdentifier,
  fetch,
  signal,
}: ServerKeyParts): Promise<readonly ServerJwk[]> {
  const bounded = createBoundedFetch(fetch)
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)])
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
      return await work()
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
