// Where a client keeps its key from one start to the next. A store holds keys, never their bytes: they stay non-extractable in it.

import type { JwsAlgorithm } from '@countersign/shared'
import { createSigner, generateKeyPair } from './key-pair.ts'
import type { Signer } from './signer.ts'

/** Where the key of a client is kept. */
export interface KeyStore {
  /** The key pair that is kept, if there is one. */
  get(): Promise<CryptoKeyPair | undefined>
  /**
   * Keeps a key pair unless there is one already, in one step: of two tabs that start together, one must get the key of the other.
   *
   * @returns That which is kept from now on.
   */
  add(keyPair: CryptoKeyPair): Promise<CryptoKeyPair>
}

/**
 * The signer of the key in a store, in which one is generated the first time.
 *
 * @throws {CountersignError} `ERR_KEY_EXTRACTABLE`, `ERR_OPTION_INVALID` for a key of another algorithm, and what the store throws.
 */
export async function storedSigner(store: KeyStore, algorithm: JwsAlgorithm | undefined): Promise<Signer> {
  const keyPair = (await store.get()) ?? (await store.add(await generateKeyPair(algorithm)))
  return createSigner(keyPair, algorithm)
}
