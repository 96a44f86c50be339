// The verification keys of one issuer: fetched when first needed, refreshed in the background, kept through outages for a while.
// A token can name a key; it can never name an address, and it cannot make us fetch more often than once per cool-down.

import type { AlgorithmEntry } from '@countersign/shared'
import { CountersignError, refusal } from '@countersign/shared'
import { fetchJson } from './fetch-json.ts'
import { discoverEndpoint } from './issuer-metadata.ts'
import type { IssuerConfig } from './issuer-options.ts'
import type { IssuerKey } from './key-set.ts'
import { KeySet, readKeySet } from './key-set.ts'

/** The keys of one issuer. */
export interface IssuerKeys {
  /**
   * The keys that may have signed a token. Several only when the token names none.
   *
   * @throws {CountersignError} `ERR_ISSUER_UNAVAILABLE` when the key set cannot be fetched and none recent enough is at hand;
   *   `ERR_TOKEN_KEY_UNKNOWN` when the issuer has no such key.
   */
  find(kid: string | undefined, algorithm: AlgorithmEntry): Promise<readonly IssuerKey[]>
  /**
   * The same once more from a set that was read anew, for a token that none of the first keys has signed: the issuer may have replaced a
   * key without renaming it.
   *
   * @returns `undefined` when the set was read only just now.
   */
  findAnew(kid: string | undefined, algorithm: AlgorithmEntry): Promise<readonly IssuerKey[] | undefined>
  /** Tells whether the set is recent enough to trust what was verified with it, and refreshes an ageing one in the background. */
  recent(): boolean
}

/** A key set is refreshed in the background once it is this old, in seconds. */
const REFRESH_AFTER = 300
/** A key set that cannot be refreshed is used no longer than this, in seconds: a removed key must not live on through an outage. */
const STALE_LIMIT = 3_600
/** Least time between two fetches, in seconds, whatever asks for them: an unknown `kid`, an outage. */
const COOL_DOWN = 30
/** Least time between two fetches that failed, in seconds. */
const FAILURE_COOL_DOWN = 5

/** Creates the keys of one issuer. Nothing is fetched before a token asks for a key. */
export function createIssuerKeys(
  config: Pick<IssuerConfig, 'issuer' | 'jwksUri'>,
  clock: () => number,
  signal: AbortSignal,
): IssuerKeys {
  let keys = new KeySet()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let flight: Promise<void> | undefined
  let jwksUri = config.jwksUri

  return {
    async find(kid, algorithm) {
      if (clock() - fetchedAt >= STALE_LIMIT) await refresh()
      else refreshIfAgeing()
      let found = keys.candidates(kid, algorithm)
      if (found.length === 0 && clock() - fetchedAt >= COOL_DOWN) {
        await refresh()
        found = keys.candidates(kid, algorithm)
      }
      if (found.length === 0) {
        throw refusal('ERR_TOKEN_KEY_UNKNOWN', 'The issuer has no such key', { parameter: 'kid' })
      }
      return found
    },
    async findAnew(kid, algorithm) {
      if (clock() - fetchedAt < COOL_DOWN) return undefined
      await refresh()
      return keys.candidates(kid, algorithm)
    },
    recent() {
      if (clock() - fetchedAt >= STALE_LIMIT) return false
      refreshIfAgeing()
      return true
    },
  }

  function refreshIfAgeing(): void {
    if (clock() - fetchedAt < REFRESH_AFTER || clock() - failedAt < FAILURE_COOL_DOWN) return
    // Whoever asked is served by the set at hand; a failure is remembered and reported once the set is too old to be used.
    refresh().catch(() => undefined)
  }

  /** Fetches the key set, once however many ask at the same time. */
  async function refresh(): Promise<void> {
    if (flight === undefined) {
      if (clock() - failedAt < FAILURE_COOL_DOWN) throw unavailable(failure)
      flight = fetchKeys().finally(() => {
        flight = undefined
      })
    }
    try {
      await flight
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  async function fetchKeys(): Promise<void> {
    try {
      jwksUri ??= await discoverEndpoint(config.issuer, 'jwks_uri', signal)
      const set = await fetchJson(jwksUri, signal)
      replaceKeys(readKeySet(set['keys']))
      fetchedAt = clock()
      failedAt = Number.NEGATIVE_INFINITY
    } catch (cause) {
      failedAt = clock()
      failure = cause
      // The issuer may have moved its key set: look it up again next time.
      jwksUri = config.jwksUri
      throw cause
    }
  }

  /** Keys that stay keep their identity, so that what was verified with them stays verified. */
  function replaceKeys(published: KeySet): void {
    const next = new Map(
      [...published.byIdentity].map(([identity, key]) => [identity, keys.byIdentity.get(identity) ?? key]),
    )
    for (const [identity, key] of keys.byIdentity) key.current = next.has(identity)
    keys = new KeySet(next)
  }

  function unavailable(cause: unknown): CountersignError {
    return new CountersignError('ERR_ISSUER_UNAVAILABLE', `The keys of ${config.issuer} cannot be fetched`, { cause })
  }
}
