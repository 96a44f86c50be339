// Finding the authorization server: from the resource alone (RFC 9728), and its metadata from its issuer identifier (RFC 8414, or
// OpenID Connect Discovery). What a document says of itself must be what was asked for, character by character.

import { CountersignError, isCountersignError, secureUrl } from '@countersign/shared'
import type { AuthorizationServer } from 'oauth4webapi'
import * as oauth from 'oauth4webapi'
import { discard } from '../fetch/discard.ts'
import { createBoundedFetch } from './bounded-fetch.ts'
import { requestOptions } from './request-options.ts'
import type { TokenContext } from './token-source.ts'

/**
 * Finds the metadata of the authorization server.
 *
 * @param issuer - The issuer identifier. Default: the one that the resource's own metadata names, if it names exactly one.
 * @throws {CountersignError} `ERR_DISCOVERY_FAILED`; `reason` is one of `resource`, `issuer`, `ambiguous`.
 */
export async function discoverAuthorizationServer(
  issuer: string | undefined,
  context: TokenContext,
): Promise<AuthorizationServer> {
  const identifier = issuer ?? (await issuerOfResource(context))
  const server = await orFailed('issuer', identifier, context, () => fetchServerMetadata(identifier, context))
  if (server.issuer !== identifier) throw failed('issuer', identifier, server.issuer)
  return server
}

/**
 * The URL of an endpoint of an authorization server.
 *
 * @param usesTls - Whether the client shows a certificate, for which there may be another endpoint (RFC 8705 section 5).
 * @throws {CountersignError} `ERR_DISCOVERY_FAILED`, whose `reason` is the name of the endpoint.
 */
export function endpointOf(
  server: AuthorizationServer,
  name: 'token_endpoint' | 'pushed_authorization_request_endpoint' | 'authorization_endpoint',
  usesTls = false,
): URL {
  const aliases = usesTls ? (server.mtls_endpoint_aliases as Readonly<Record<string, unknown>> | undefined) : undefined
  let url: URL
  try {
    url = secureUrl(aliases?.[name] ?? server[name], name)
  } catch (cause) {
    throw failed(name, 'an https URL', undefined, cause)
  }
  // http is for an authorization server that is on this machine altogether, not for one that sends us there.
  if (url.protocol === 'http:' && !server.issuer.startsWith('http:')) throw failed(name, 'an https URL')
  return url
}

async function issuerOfResource(context: TokenContext): Promise<string> {
  const { resource, resourceIdentifier, signal } = context
  const fetch = createBoundedFetch(context.fetch)
  const { resource: named, authorization_servers: servers } = await orFailed(
    'resource',
    resourceIdentifier,
    context,
    async () => {
      const response = await oauth.resourceDiscoveryRequest(resource, requestOptions(resource, fetch, signal))
      return oauth.processResourceDiscoveryResponse(resource, response)
    },
  )
  if (named !== resourceIdentifier) throw failed('resource', resourceIdentifier, named)
  const [server, ...others] = Array.isArray(servers) ? (servers as unknown[]) : []
  if (typeof server !== 'string' || others.length > 0) {
    throw failed('ambiguous', 'one authorization server, or the option "issuer"', servers)
  }
  return server
}

/** What ends a discovery is its failure, unless the client was closed. */
async function orFailed<Result>(
  reason: string,
  expected: unknown,
  { signal }: TokenContext,
  discover: () => Promise<Result>,
): Promise<Result> {
  try {
    return await discover()
  } catch (cause) {
    if (isCountersignError(signal.reason)) throw signal.reason
    const status = cause instanceof Error && cause.cause instanceof Response ? cause.cause.status : undefined
    throw failed(reason, expected, status, cause)
  }
}

async function fetchServerMetadata(issuer: string, context: TokenContext): Promise<AuthorizationServer> {
  const { signal } = context
  const fetch = createBoundedFetch(context.fetch)
  const url = secureUrl(issuer, 'issuer')
  const first = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...requestOptions(url, fetch, signal) })
  if (first.status === 200) return oauth.processDiscoveryResponse(url, first)
  discard(first)
  const second = await oauth.discoveryRequest(url, { algorithm: 'oidc', ...requestOptions(url, fetch, signal) })
  return oauth.processDiscoveryResponse(url, second)
}

function failed(reason: string, expected: unknown, actual?: unknown, cause?: unknown): CountersignError {
  return new CountersignError('ERR_DISCOVERY_FAILED', `The authorization server cannot be found out (${reason})`, {
    reason,
    expected,
    actual,
    cause,
  })
}
