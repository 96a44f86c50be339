// Protected resource metadata, RFC 9728: what a client needs to know to call this server, derived from what the verifier does. An
// application adds what only it can know: names, documents, scopes.

import { checkOptionNames, invalidOption, secureUrl } from '@countersign/shared'
import { plainObject, strings } from './option-readers.ts'
import type { VerifierConfig } from './options.ts'
import { signJwt } from './server-keys.ts'

/** What an application says of its resource. Each of the texts and URLs may be given in several languages: `'resource_name#de'`. */
export interface MetadataOptions {
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
  /** Scopes that clients may ask for. Default: those that the routes of the plugin name. An empty list tells none. */
  readonly scopes_supported?: readonly string[]
  /** Whether the document is signed too (`signed_metadata`), by the first of `keys`. Default: no. */
  readonly signed?: boolean
  readonly [
    translated: `${'resource_name' | 'resource_documentation' | 'resource_policy_uri' | 'resource_tos_uri'}#${string}`
  ]: string
}

/** The document of RFC 9728, section 2. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly jwks_uri?: string
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly string[]
  readonly dpop_signing_alg_values_supported: readonly string[]
  readonly dpop_bound_access_tokens_required: boolean
  /** Algorithms of signed answers. */
  readonly resource_signing_alg_values_supported?: readonly string[]
  /** Which request envelopes are accepted (request-envelope.md, Discovery). */
  readonly request_envelope_forms_supported?: readonly string[]
  readonly signed_metadata?: string
  /** What the application says of its resource. */
  readonly [name: string]: unknown
}

/** What this server publishes of itself. */
export interface PublishedMetadata {
  /** Where the document belongs. */
  readonly url: string
  /** The document, without scopes that were not given as an option. */
  readonly document: ProtectedResourceMetadata
  /** The document with the scopes that routes need, unless others were given as an option. */
  withScopes(scopes: readonly string[]): ProtectedResourceMetadata
  /** The server's own public keys, and where they belong; absent without keys. */
  readonly jwks?: { readonly url: string; readonly document: { readonly keys: readonly object[] } }
}

const TEXT = /^resource_name(?:#[A-Za-z0-9-]+)?$/
const LINK = /^resource_(?:documentation|policy_uri|tos_uri)(?:#[A-Za-z0-9-]+)?$/
const PARAMETER = 'metadata'
/** RFC 6749 section 3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Reads the option `metadata`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`.
 */
export function readMetadata(value: unknown): MetadataOptions {
  if (value === undefined) return {}
  const options = plainObject(value, PARAMETER, '{ resource_name, resource_documentation, … }')
  for (const [name, given] of Object.entries(options)) {
    const parameter = `${PARAMETER}.${name}`
    if (TEXT.test(name)) {
      if (typeof given !== 'string' || given === '') throw invalidOption(parameter, 'a text')
    } else if (LINK.test(name)) secureUrl(typeof given === 'string' ? given.replace(/#.*$/s, '') : given, parameter)
    else if (name === 'signed') {
      if (typeof given !== 'boolean') throw invalidOption(parameter, 'true or false')
    } else if (name === 'scopes_supported') {
      if (!Array.isArray(given) || !strings(given, parameter).every((scope) => SCOPE_TOKEN.test(scope)))
        throw invalidOption(parameter, 'a list of scope tokens of RFC 6749, section 3.3')
    } else checkOptionNames({ [name]: given }, NAMES, PARAMETER)
  }
  return { ...options } as MetadataOptions
}

const NAMES = [
  'resource_name',
  'resource_documentation',
  'resource_policy_uri',
  'resource_tos_uri',
  'scopes_supported',
  'signed',
]

/** What the server that a verifier protects publishes of itself. */
export function publishMetadata(config: VerifierConfig): PublishedMetadata {
  const { resource, keys, sealKeys, metadata, accept } = config
  const { signed, scopes_supported: given, ...described } = metadata
  const jwks =
    keys.length + sealKeys.length === 0
      ? undefined
      : { url: wellKnown(resource, 'jwks.json'), document: { keys: [...keys, ...sealKeys].map(({ jwk }) => jwk) } }
  const forms = ['attached', 'detached', ...(sealKeys.length > 0 ? ['sealed'] : [])]
  const withScopes = (scopes: readonly string[]): ProtectedResourceMetadata => {
    const supported = given ?? scopes
    const document = {
      resource,
      authorization_servers: config.issuers.map(({ issuer }) => issuer),
      ...(jwks !== undefined && { jwks_uri: jwks.url }),
      // RFC 9728 section 3.2: what is empty is left out.
      ...(supported.length > 0 && { scopes_supported: supported }),
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: config.proofAlgorithms,
      dpop_bound_access_tokens_required: !accept.includes('bearer'),
      ...(accept.includes('envelope') && { request_envelope_forms_supported: forms }),
      ...(accept.includes('envelope') &&
        keys.length > 0 && {
          resource_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm.alg))],
        }),
      ...described,
    }
    const [key] = keys
    if (signed !== true || key === undefined) return document
    // RFC 9728 section 2.2: `iss` is who vouches for the claims.
    return { ...document, signed_metadata: signJwt(key, SIGNED_METADATA_TYP, { iss: resource, ...document }) }
  }
  return {
    url: metadataUrl(resource),
    document: withScopes([]),
    withScopes,
    ...(jwks !== undefined && { jwks }),
  }
}

/** RFC 9728 names no type; an explicit one keeps such a JWT from passing for another (RFC 8725 section 3.11). */
const SIGNED_METADATA_TYP = 'oauth-protected-resource+jwt'

/** Where the document is found: the well-known path is inserted between host and path (RFC 9728 section 3.1). */
export function metadataUrl(resource: string): string {
  return wellKnown(resource, 'oauth-protected-resource')
}

function wellKnown(resource: string, name: string): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/${name}${pathname === '/' ? '' : pathname}${search}`
}
