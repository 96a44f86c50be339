// Where an issuer has its endpoints: RFC 8414, and OpenID Connect Discovery for issuers that have only that.

import type { JsonObject } from '@countersign/shared'
import { secureUrl } from '@countersign/shared'
import { fetchJson } from './fetch-json.ts'

/**
 * Finds an endpoint of an issuer.
 *
 * @throws {Error} When no metadata is there, when it names another issuer (RFC 8414 section 3.3), or when the endpoint is absent or not
 *   https.
 */
export async function discoverEndpoint(
  issuer: string,
  name: 'jwks_uri' | 'introspection_endpoint',
  signal: AbortSignal,
): Promise<URL> {
  const metadata = await fetchMetadata(issuer, signal)
  if (metadata['issuer'] !== issuer) throw new Error(`The metadata of ${issuer} names another issuer`)
  const endpoint = secureUrl(metadata[name], name)
  // http is for an issuer that is on this machine altogether, not for one elsewhere that sends us there.
  if (endpoint.protocol === 'http:' && !issuer.startsWith('http:'))
    throw new Error(`The ${name} of ${issuer} is no https URL`)
  return endpoint
}

async function fetchMetadata(issuer: string, signal: AbortSignal): Promise<JsonObject> {
  const [first, second] = metadataUrls(issuer)
  try {
    return await fetchJson(first, signal)
  } catch (failure) {
    // Servers that have only the second answer the first in all sorts of ways. If neither is usable, the first failure says more.
    return fetchJson(second, signal).catch(() => {
      throw failure
    })
  }
}

/** RFC 8414 section 3.1 inserts the well-known path before the issuer's own; OpenID Connect Discovery appends it. */
function metadataUrls(issuer: string): [URL, URL] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    new URL(`${origin}/.well-known/oauth-authorization-server${path}`),
    new URL(`${origin}${path}/.well-known/openid-configuration`),
  ]
}
