// The verification keys of one issuer: fetched when first needed, refreshed in the background, kept through outages for a while.
// A token can name a key; it can never name an address, and it cannot make us fetch more often than once per cool-down.

import type { KeyObject } from 'node:crypto'
import type { AlgorithmEntry, JsonValue, PublicJwk } from '@countersign/shared'
import { CountersignError, isJsonObject, jwkFits, readPublicJwk, thumbprintInput } from '@countersign/shared'
import { importPublicKey } from '../keys.ts'
import type { IssuerConfig } from '../options.ts'
import { fetchJson } from './fetch-json.ts'
import { discoverJwksUri } from './issuer-metadata.ts'

/** A key of an issuer. */
export interface IssuerKey {
  readonly kid: string | undefined
  readonly keyObject: KeyObject
  /** The JWK as published. */
  readonly jwk: Readonly<Record<string, unknown>>
  /** Whether the key is still in the issuer's key set. Tokens that it signed are worthless once it is not. */
  current: boolean
}

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

interface KeySet {
  readonly byIdentity: Map<string, IssuerKey>
  readonly byKid: Map<string, readonly IssuerKey[]>
}

/** A key set is refreshed in the background once it is this old, in seconds. */
const REFRESH_AFTER = 300
/** A key set that cannot be refreshed is used no longer than this, in seconds: a removed key must not live on through an outage. */
const STALE_LIMIT = 3_600
/** Least time between two fetches, in seconds, whatever asks for them: an unknown `kid`, an outage. */
const COOL_DOWN = 30
/** Least time between two fetches that failed, in seconds. */
const FAILURE_COOL_DOWN = 5
/** Keys tried for a token that names none. Each costs a signature verification. */
const MAX_CANDIDATES = 8
/** Keys read from a key set; a larger one is refused. */
const MAX_KEYS = 1_024

/** Creates the keys of one issuer. Nothing is fetched before a token asks for a key. */
export function createIssuerKeys(config: IssuerConfig, clock: () => number, signal: AbortSignal): IssuerKeys {
  let keys: KeySet = { byIdentity: new Map(), byKid: new Map() }
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let flight: Promise<void> | undefined
  let jwksUri = config.jwksUri

  return {
    async find(kid, algorithm) {
      if (clock() - fetchedAt >= STALE_LIMIT) await refresh()
      else refreshIfAgeing()
      let found = candidates(kid, algorithm)
      if (found.length === 0 && clock() - fetchedAt >= COOL_DOWN) {
        await refresh()
        found = candidates(kid, algorithm)
      }
      if (found.length === 0) {
        throw new CountersignError('ERR_TOKEN_KEY_UNKNOWN', 'The issuer has no such key', { parameter: 'kid' })
      }
      return found
    },
    async findAnew(kid, algorithm) {
      if (clock() - fetchedAt < COOL_DOWN) return undefined
      await refresh()
      return candidates(kid, algorithm)
    },
    recent() {
      if (clock() - fetchedAt >= STALE_LIMIT) return false
      refreshIfAgeing()
      return true
    },
  }

  function candidates(kid: string | undefined, algorithm: AlgorithmEntry): IssuerKey[] {
    const named = kid === undefined ? [...keys.byIdentity.values()] : (keys.byKid.get(kid) ?? [])
    return named.filter((key) => jwkFits(key.jwk, algorithm)).slice(0, MAX_CANDIDATES)
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
      jwksUri ??= await discoverJwksUri(config.issuer, signal)
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
  function replaceKeys(published: ReadonlyMap<string, IssuerKey>): void {
    const next: KeySet = { byIdentity: new Map(), byKid: new Map() }
    for (const [identity, key] of published) {
      const kept = keys.byIdentity.get(identity) ?? key
      next.byIdentity.set(identity, kept)
      if (kept.kid !== undefined) next.byKid.set(kept.kid, [...(next.byKid.get(kept.kid) ?? []), kept])
    }
    for (const [identity, key] of keys.byIdentity) key.current = next.byIdentity.has(identity)
    keys = next
  }

  function unavailable(cause: unknown): CountersignError {
    return new CountersignError('ERR_ISSUER_UNAVAILABLE', `The keys of ${config.issuer} cannot be fetched`, { cause })
  }
}

/** Reads a key set into keys by identity: what makes a key the same one in the next set. */
function readKeySet(list: JsonValue | undefined): Map<string, IssuerKey> {
  if (!Array.isArray(list)) throw new Error('The key set has no "keys"')
  if (list.length > MAX_KEYS) throw new Error(`The key set has more than ${MAX_KEYS} keys`)
  const keys = new Map<string, IssuerKey>()
  for (const jwk of list) {
    const publicJwk = readPublicJwkOrNothing(jwk)
    const keyObject = publicJwk && importPublicKey(publicJwk)
    // Keys for encryption, of unknown types, too weak or malformed are not ours to complain about: they verify nothing.
    if (publicJwk === undefined || keyObject === undefined || !isJsonObject(jwk)) continue
    const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined
    keys.set(JSON.stringify([kid, jwk['alg'], thumbprintInput(publicJwk)]), { kid, keyObject, jwk, current: true })
  }
  // A set without any usable key would log everybody out: it is a failure of the issuer, and the keys at hand stay.
  if (keys.size === 0) throw new Error('The key set has no key that can verify')
  return keys
}

function readPublicJwkOrNothing(jwk: unknown): PublicJwk | undefined {
  try {
    return readPublicJwk(jwk)
  } catch {
    return undefined
  }
}
