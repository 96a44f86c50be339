// Protected resource metadata, RFC 9728: what a client needs to know to call this server, derived from what the verifier does.

import type { VerifierConfig } from './options.ts'

/** The document of RFC 9728, section 2. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly string[]
  readonly dpop_signing_alg_values_supported: readonly string[]
  readonly dpop_bound_access_tokens_required: boolean
}

/** The metadata of the resource that a verifier protects. */
export function protectedResourceMetadata(config: VerifierConfig): ProtectedResourceMetadata {
  return {
    resource: config.resource,
    authorization_servers: config.issuers.map(({ issuer }) => issuer),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: config.proofAlgorithms,
    dpop_bound_access_tokens_required: !config.accept.includes('bearer'),
  }
}

/** Where the document is found: the well-known path is inserted between host and path (RFC 9728 section 3.1). */
export function metadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`
}
