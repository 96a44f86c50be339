// @countersign/client/indexeddb: a key store in the browser's own database. It holds the key itself, which stays non-extractable there:
// whoever reads the database finds nothing to copy, and script of the page can use the key, as it could before.

import { CountersignError } from '@countersign/shared'
import type { KeyStore } from '../keys/key-store.ts'

/** Options of {@link indexedDBKeyStore}. */
export interface IndexedDBKeyStoreOptions {
  /** Name of the key, one for each client of the page. Default `default`. */
  readonly name?: string
  /** Name of the database. Default `countersign`. */
  readonly database?: string
  /**
   * What to do where the page may not store keys, as in some private modes. Default `'memory'`: the key is kept until the page is left,
   * still non-extractable. `'error'`: `ERR_KEY_UNAVAILABLE`.
   */
  readonly fallback?: 'memory' | 'error'
}

/** A key store in IndexedDB. */
export interface IndexedDBKeyStore extends KeyStore {
  /** Deletes the key, as when a user logs out. The tokens that are bound to it are then of no use. */
  delete(): Promise<void>
  /** Whether the key outlives the page: known once the key was read. */
  readonly isPersistent: boolean | undefined
}

const STORE = 'keys'

/**
 * Creates a key store in IndexedDB.
 *
 * @throws {CountersignError} From its methods: `ERR_KEY_UNAVAILABLE` with reason `storage`, where `fallback` is `'error'`.
 * @example
 * createClient({ resource, token, keyStore: indexedDBKeyStore() })
 */
export function indexedDBKeyStore(options: IndexedDBKeyStoreOptions = {}): IndexedDBKeyStore {
  const { name = 'default', database = 'countersign', fallback = 'memory' } = options
  let inMemory: CryptoKeyPair | undefined
  let isPersistent: boolean | undefined

  return {
    get isPersistent() {
      return isPersistent
    },
    get: () => orInMemory(async () => readable(await run('readonly', (keys) => keys.get(name)))),
    add(keyPair) {
      return orInMemory(async () => {
        // One transaction: of two tabs, the second finds the key of the first.
        const kept = await run('readwrite', (keys) => {
          const found = keys.get(name)
          found.onsuccess = () => {
            if (readable(found.result) === undefined) keys.put(keyPair, name)
          }
          return keys.get(name)
        })
        return readable(kept) ?? ((await run('readonly', (keys) => keys.get(name))) as CryptoKeyPair)
      }, keyPair)
    },
    async delete() {
      inMemory = undefined
      if (isPersistent !== false) await run('readwrite', (keys) => keys.delete(name))
    },
  }

  /** Does what a store does, or where keys cannot be stored, does it in memory. */
  async function orInMemory<Result extends CryptoKeyPair | undefined>(
    work: () => Promise<Result>,
    keyPair?: CryptoKeyPair,
  ): Promise<Result> {
    if (isPersistent !== false) {
      try {
        const result = await work()
        isPersistent = true
        return result
      } catch (cause) {
        if (fallback === 'error') {
          const message = 'The browser does not let this page store keys'
          throw new CountersignError('ERR_KEY_UNAVAILABLE', message, { reason: 'storage', cause })
        }
        isPersistent = false
      }
    }
    inMemory ??= keyPair
    return inMemory as Result
  }

  async function run<Result>(
    mode: IDBTransactionMode,
    request: (keys: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> {
    const db = await opened()
    try {
      const transaction = db.transaction(STORE, mode)
      const asked = request(transaction.objectStore(STORE))
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(transaction.error)
        transaction.onerror = () => reject(transaction.error)
      })
      return asked.result
    } finally {
      db.close()
    }
  }

  function opened(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open(database, 1)
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
      opening.onblocked = () => reject(new Error('Another tab holds an older version of the database'))
    })
  }
}

/** What is stored, if it is a key pair: a record that was written by something else, or only in part, is none. */
function readable(value: unknown): CryptoKeyPair | undefined {
  const { privateKey, publicKey } = (value ?? {}) as Partial<CryptoKeyPair>
  return privateKey instanceof CryptoKey && publicKey instanceof CryptoKey ? { privateKey, publicKey } : undefined
}
