// Where tokens are kept from one start to the next, and by one tab or process for the others.

/** Tokens as they are kept. They are secret, though the access token is of no use without the key. */
export interface StoredTokens {
  readonly accessToken: string
  readonly tokenType: 'DPoP' | 'Bearer'
  /** Milliseconds since the epoch. Absent: until a server refuses it. */
  readonly expiresAt?: number
  /** Thumbprint of the key that the access token is bound to: another key cannot use it. */
  readonly jkt: string
  readonly refreshToken?: string
}

/** Where tokens are kept. */
export interface TokenStore {
  read(): StoredTokens | undefined | Promise<StoredTokens | undefined>
  /** Keeps tokens, or with `undefined` forgets those that are kept. A token is used only once this has been done. */
  write(tokens: StoredTokens | undefined): void | Promise<void>
}

/** Runs one piece of work at a time among all who use the name, in every tab and process that shares the store. */
export type Lock = <Result>(name: string, run: () => Promise<Result>) => Promise<Result>

/** A store in memory, which nobody shares. */
export function createMemoryTokenStore(tokens?: StoredTokens): TokenStore {
  let kept = tokens
  return {
    read: () => kept,
    write(tokens) {
      kept = tokens
    },
  }
}

/** The Web Locks of the platform, which hold among the tabs of an origin; without them, every tab is on its own. */
export const webLock: Lock = async (name, run) => {
  const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {}
  return locks === undefined ? run() : locks.request(name, run)
}
