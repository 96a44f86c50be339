// How an issuer is asked about access tokens (RFC 7662).

import { checkOptionNames, invalidOption, secureUrl } from '@countersign/shared'
import type { ClientAuth } from 'oauth4webapi'
import { integer, oneOf, plainObject } from '../option-readers.ts'

/** How an issuer is asked about access tokens. */
export interface IntrospectionOptions {
  /** The identifier this resource server has at the issuer. */
  readonly clientId: string
  /**
   * How it authenticates itself there: what `PrivateKeyJwt`, `ClientSecretBasic`, `ClientSecretPost`, `ClientSecretJwt` or
   * `TlsClientAuth` of oauth4webapi return.
   */
  readonly clientAuthentication: ClientAuth
  /** The introspection endpoint. Default: that of the issuer's metadata. */
  readonly endpoint?: string
  /**
   * About which tokens it is asked. Default `'opaque'`: those that are no JWT. `'all'`: JWTs too, once they were verified, so that a
   * revoked one is refused.
   */
  readonly tokens?: 'opaque' | 'all'
  /** The form of its answers. Default `'json'`; `'jwt'` demands them signed (RFC 9701). */
  readonly answers?: 'json' | 'jwt'
  /** Longest time an answer is remembered, in seconds, 0 to 300: as late may a revocation be noticed. Default 30. */
  readonly maxAgeSeconds?: number
  /** The fetch that asks, for TLS client certificates. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch
}

/** The options of an introspection, resolved. */
export interface IntrospectionConfig {
  readonly clientId: string
  readonly clientAuthentication: ClientAuth
  readonly endpoint: URL | undefined
  readonly tokens: 'opaque' | 'all'
  readonly answers: 'json' | 'jwt'
  readonly maxAgeSeconds: number
  readonly fetch: typeof globalThis.fetch
}

const NAMES: readonly (keyof IntrospectionOptions)[] = [
  'clientId',
  'clientAuthentication',
  'endpoint',
  'tokens',
  'answers',
  'maxAgeSeconds',
  'fetch',
]
const PARAMETER = 'issuer.introspection'

/**
 * Reads the option `issuer.introspection`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`.
 */
export function readIntrospection(value: unknown): IntrospectionConfig {
  const options: Partial<IntrospectionOptions> = plainObject(value, PARAMETER, '{ clientId, clientAuthentication, … }')
  checkOptionNames(options, NAMES, PARAMETER)
  const { clientId, clientAuthentication, endpoint, fetch = globalThis.fetch } = options
  if (typeof clientId !== 'string' || clientId === '') throw invalidOption(`${PARAMETER}.clientId`, 'a string')
  if (typeof clientAuthentication !== 'function')
    throw invalidOption(`${PARAMETER}.clientAuthentication`, 'what PrivateKeyJwt(…) of oauth4webapi returns')
  if (typeof fetch !== 'function') throw invalidOption(`${PARAMETER}.fetch`, 'a function')
  return {
    clientId,
    clientAuthentication,
    endpoint: endpoint === undefined ? undefined : secureUrl(endpoint, `${PARAMETER}.endpoint`),
    tokens: oneOf(options.tokens, `${PARAMETER}.tokens`, ['opaque', 'all']) ?? 'opaque',
    answers: oneOf(options.answers, `${PARAMETER}.answers`, ['json', 'jwt']) ?? 'json',
    maxAgeSeconds: integer(options.maxAgeSeconds, `${PARAMETER}.maxAgeSeconds`, 0, 300) ?? 30,
    fetch,
  }
}
