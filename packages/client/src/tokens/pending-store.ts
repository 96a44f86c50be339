// Logins that were begun and not completed yet: what the callback must be matched with. A page that is left for the authorization server
// finds them again when it comes back.

/** Where logins are kept while the user is at the authorization server. */
export interface PendingStore {
  set(state: string, login: string): void | Promise<void>
  /** Returns a login and forgets it: a callback is good once. */
  take(state: string): string | undefined | Promise<string | undefined>
}

const PREFIX = 'countersign.login.'
/** Logins kept in memory at most; the oldest is forgotten first. */
const MAX_LOGINS = 100

/** The session storage of a page, which outlives its being left; elsewhere, memory. */
export function createPendingStore(): PendingStore {
  const { sessionStorage: storage, document } = globalThis as { sessionStorage?: Storage; document?: unknown }
  if (document !== undefined && storage !== undefined) {
    return {
      set: (state, login) => storage.setItem(PREFIX + state, login),
      take(state) {
        const login = storage.getItem(PREFIX + state)
        storage.removeItem(PREFIX + state)
        return login ?? undefined
      },
    }
  }
  const logins = new Map<string, string>()
  return {
    set(state, login) {
      if (logins.size >= MAX_LOGINS) logins.delete(logins.keys().next().value as string)
      logins.set(state, login)
    },
    take(state) {
      const login = logins.get(state)
      logins.delete(state)
      return login
    },
  }
}
