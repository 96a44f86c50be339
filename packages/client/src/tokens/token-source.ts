// Where access tokens come from.

/** An access token as an authorization server issued it. The client treats it as opaque. */
export interface IssuedToken {
  readonly accessToken: string
  /** Lifetime in seconds from the request on (`expires_in`). Absent: until the server refuses it. */
  readonly expiresInSeconds?: number
}

/** What a token source is given to work with. */
export interface TokenContext {
  /** The resource the token is for. */
  readonly resource: URL
  /** Its identifier exactly as configured: the `resource` parameter of a token request (RFC 8707). */
  readonly resourceIdentifier: string
  /** A plain fetch, for metadata. */
  readonly fetch: typeof globalThis.fetch
  /** A fetch that adds a DPoP proof for the token endpoint and learns its nonces. It never repeats a request by itself. */
  readonly provingFetch: typeof globalThis.fetch
  /** JWS algorithm of the client's key. */
  readonly algorithm: string
  /** Aborts when the client is closed, or when the authorization server takes too long. */
  readonly signal: AbortSignal
}

/** Obtains an access token bound to the client's key. Called again whenever a new one is needed; never twice at the same time. */
export type TokenSource = (context: TokenContext) => IssuedToken | string | Promise<IssuedToken | string>
