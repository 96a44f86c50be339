// Where access tokens come from.

/** An access token as an authorization server issued it. The client treats it as opaque. */
export interface IssuedToken {
  readonly accessToken: string
  /** Lifetime in seconds from the request on (`expires_in`). Absent: until the server refuses it. */
  readonly expiresInSeconds?: number | undefined
  /** How it is to be presented. Default `'DPoP'`; `'Bearer'` is refused unless the client has `allowBearer`. */
  readonly tokenType?: 'DPoP' | 'Bearer'
}

/** What a token source is given to work with. */
export interface TokenContext {
  /** The resource the token is for. */
  readonly resource: URL
  /** Its identifier exactly as configured: the `resource` parameter of a token request (RFC 8707). */
  readonly resourceIdentifier: string
  /** JWS algorithm of the client's key. */
  readonly algorithm: string
  /** Thumbprint of the client's key. */
  readonly thumbprint: string
  /** A plain fetch, for metadata. */
  readonly fetch: typeof globalThis.fetch
  /** A fetch that adds a DPoP proof for the token endpoint and learns its nonces. It never repeats a request by itself. */
  readonly provingFetch: typeof globalThis.fetch
  /** Makes such a fetch of another one, such as one with a TLS client certificate. */
  readonly proving: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch
  /** The clock of an authorization server. */
  readonly clockOf: (url: URL) => AuthorizationServerClock
  /** Aborts when the client is closed, or when the authorization server takes too long. */
  readonly signal: AbortSignal
  /** The access token that is to be replaced: it has expired, or is about to, or a server no longer takes it. */
  readonly replaces?: string | undefined
}

/** The clock of an authorization server, as far as it is known. */
export interface AuthorizationServerClock {
  /** The time there, in seconds since the epoch. */
  now(): number
  /** Learns the time from a response that refuses a proof; whether another attempt makes sense. */
  learnTime(response: Response): boolean
}

/** Obtains an access token bound to the client's key. */
export interface TokenSource {
  /** Called whenever a token is needed, never twice at the same time for one client. */
  (context: TokenContext): IssuedToken | string | Promise<IssuedToken | string>
  /** Called once for each client that is created with this source: for sources that do more than to wait for calls. */
  readonly connect?: (client: ConnectedClient) => void
}

/** A client, as its token source sees it. */
export interface ConnectedClient {
  context(): Promise<TokenContext>
  /** Makes the client forget its access token: the next call asks for one. */
  forget(): void
}

/**
 * An access token that was obtained elsewhere: bound to the key of this client (`thumbprint()`), or to the option `signer`.
 *
 * @param get - Returns the token, or the token and its lifetime. Called again when it has expired, or a server no longer takes it.
 * @example
 * createClient({ resource, signer, token: accessToken(() => session.accessToken) })
 */
export function accessToken(get: (context: TokenContext) => ReturnType<TokenSource>): TokenSource {
  return (context) => get(context)
}
