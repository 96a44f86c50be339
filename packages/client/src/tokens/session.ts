// A session: an access token, and a refresh token by which the next one is obtained (RFC 6749 section 6). Many may share it, tabs or
// processes, and an authorization server that rotates refresh tokens ends it when one is used twice. So one refreshes at a time, looks
// first whether another has done it, and keeps what it has got before it is used.

import { CountersignError, invalidOption, isCountersignError } from '@countersign/shared'
import type { TokenEndpointResponse } from 'oauth4webapi'
import type { RegisteredClient } from './client-options.ts'
import type { TokenEndpoint } from './token-endpoint.ts'
import { issuedToken } from './token-endpoint.ts'
import type { IssuedToken, TokenContext } from './token-source.ts'
import type { Lock, StoredTokens, TokenStore } from './token-store.ts'
import { createMemoryTokenStore, webLock } from './token-store.ts'

/** Where the tokens of a session are kept, and how those who share them take turns. */
export interface SessionOptions {
  /** Where tokens are kept. Default: in memory. */
  readonly store?: TokenStore
  /** How those who share the store take turns. Default: Web Locks, which hold among tabs; processes that share a store need their own. */
  readonly lock?: Lock
}

/** The names of the options of a session. */
export const SESSION_OPTION_NAMES: readonly (keyof SessionOptions)[] = ['store', 'lock']

/** A session. */
export interface Session {
  /**
   * The access token, obtained anew if need be.
   *
   * @throws {CountersignError} `ERR_AUTHORIZATION_REQUIRED` when there is no session, or it has ended.
   */
  token(context: TokenContext): Promise<IssuedToken>
  /** Begins a session, or ends it. */
  set(tokens: StoredTokens | undefined): Promise<void>
}

/** An access token that expires sooner is not taken from the store, in milliseconds. */
const MIN_LIFETIME = 10_000

/** @param initial - The refresh token to begin with, if the store has none. */
export function createSession(
  { clientId, issuer, scope }: RegisteredClient,
  endpoint: TokenEndpoint,
  options: SessionOptions,
  initial?: string,
): Session {
  const { store = createMemoryTokenStore(), lock = webLock } = options
  if (typeof store?.read !== 'function' || typeof store.write !== 'function')
    throw invalidOption('store', '{ read, write }')
  if (typeof lock !== 'function') throw invalidOption('lock', 'a function of a name and of what to run')
  const inTurn = <Result>(run: () => Promise<Result>) =>
    options.store === undefined ? run() : lock(`countersign ${issuer ?? ''} ${clientId}`, run)

  return {
    token: (context) => inTurn(() => usable(context)),
    set: (tokens) => inTurn(async () => store.write(tokens)),
  }

  async function usable(context: TokenContext): Promise<IssuedToken> {
    const stored = await store.read()
    if (stored !== undefined && isUsable(stored, context)) return issuedFrom(stored)
    const refreshToken = stored === undefined ? initial : stored.refreshToken
    try {
      return await refreshed(context, refreshToken)
    } catch (error) {
      if (!isCountersignError(error, 'ERR_TOKEN_REQUEST_FAILED') || error.reason !== 'invalid_grant') throw error
      // Somebody who takes no turns may have refreshed meanwhile: what it has kept counts.
      const now = await store.read()
      if (now?.refreshToken !== stored?.refreshToken)
        return now !== undefined && isUsable(now, context) ? issuedFrom(now) : refreshed(context, now?.refreshToken)
      if (stored !== undefined) await store.write(undefined)
      throw authorizationRequired(
        'The session has ended: the authorization server no longer takes its refresh token',
        error,
      )
    }
  }

  async function refreshed(context: TokenContext, refreshToken: string | undefined): Promise<IssuedToken> {
    if (refreshToken === undefined) throw authorizationRequired('There is no session, or no refresh token in it')
    const parameters = {
      refresh_token: refreshToken,
      resource: context.resourceIdentifier,
      ...(scope !== undefined && { scope }),
    }
    const response = await endpoint.request(context, 'refresh_token', parameters)
    // Without a new one, the old one stays good (RFC 6749 section 6).
    await store.write(storedTokens({ refresh_token: refreshToken, ...response }, context))
    return issuedToken(response)
  }
}

/** Tokens of a response as they are kept. */
export function storedTokens(response: TokenEndpointResponse, { thumbprint }: TokenContext): StoredTokens {
  const { accessToken, expiresInSeconds, tokenType = 'DPoP' } = issuedToken(response)
  return {
    accessToken,
    tokenType,
    jkt: thumbprint,
    ...(expiresInSeconds !== undefined && { expiresAt: Date.now() + expiresInSeconds * 1000 }),
    ...(response.refresh_token !== undefined && { refreshToken: response.refresh_token }),
  }
}

function isUsable({ accessToken, jkt, expiresAt }: StoredTokens, { replaces, thumbprint }: TokenContext): boolean {
  return (
    accessToken !== replaces &&
    jkt === thumbprint &&
    !(expiresAt !== undefined && expiresAt - Date.now() < MIN_LIFETIME)
  )
}

function issuedFrom({ accessToken, tokenType, expiresAt }: StoredTokens): IssuedToken {
  return {
    accessToken,
    tokenType,
    ...(expiresAt !== undefined && { expiresInSeconds: (expiresAt - Date.now()) / 1000 }),
  }
}

function authorizationRequired(message: string, cause?: unknown): CountersignError {
  return new CountersignError('ERR_AUTHORIZATION_REQUIRED', message, { cause })
}
