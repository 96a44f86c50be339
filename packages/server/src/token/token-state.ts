// What the checks of an access token find out, and what a verified one says.

import type { AlgorithmEntry, JsonObject } from '@countersign/shared'
import type { Issuer } from '../issuers/issuer.ts'
import type { DecryptionKey } from './decryption-keys.ts'

/** An access token whose issuer, signature, audience and time hold. Frozen, since requests share it. */
export interface VerifiedToken {
  /** `iss`. A subject is unique only within its issuer. */
  readonly issuer: string
  /** `sub`: the user, or the client itself when no user took part. */
  readonly subject: string
  /**
   * Whether the subject is a user or the client itself, by the rule of the issuer's profile. A client may be registered under an
   * identifier that is also a user's: where it matters who calls, compare both (RFC 9068 section 5).
   */
  readonly subjectType: 'user' | 'client' | 'unknown'
  /** `client_id`, or the claim that the issuer's profile has in its place. */
  readonly clientId: string
  /** The scopes, from whichever claim the issuer's profile reads. */
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly permissions: readonly string[]
  readonly entitlements: readonly string[]
  /** Second since the epoch at which the token expires. */
  readonly expiresAt: number
  /** Thumbprint of the key the token is bound to; `undefined` for a bearer token. */
  readonly jkt: string | undefined
  /** Thumbprint of the client certificate the token is bound to besides (RFC 8705), if it is. */
  readonly x5tS256: string | undefined
  /** The key that the token is bound to, if the token holds it. */
  readonly confirmationKey: Readonly<JsonObject> | undefined
  /** All claims, deeply frozen. */
  readonly claims: Readonly<JsonObject>
}

/** What an access token may be: a signed JWT, an encrypted one, or a text that says something to its issuer only. */
export type TokenKind = 'jwt' | 'jwe' | 'opaque'

/** An access token on its way. */
export class TokenState {
  /** Whether the token came inside a JWE. */
  /** The key it was encrypted to. */
  encryptedTo: DecryptionKey | undefined = undefined
  header: JsonObject = {}
  claims: JsonObject = {}
  signingInput = ''
  signature: Uint8Array = new Uint8Array()
  issuer: Issuer | undefined = undefined
  algorithm: AlgorithmEntry | undefined = undefined
  /** What the token says, to be believed once all its checks have passed. */
  token: VerifiedToken | undefined = undefined
  /** Tells whether the key that signed it is still one of its issuer's. */
  stillTrusted: () => boolean = () => true
  /** Longest time it may be remembered, in seconds. Absent: as long as the cache does. */
  maxAgeSeconds: number | undefined = undefined

  readonly text: string
  readonly kind: TokenKind

  constructor(text: string, kind: TokenKind) {
    this.text = text
    this.kind = kind
  }

  /** The state of a token that was verified before. */
  static ofVerified(token: VerifiedToken): TokenState {
    const state = new TokenState('', 'jwt')
    state.token = token
    return state
  }
}
