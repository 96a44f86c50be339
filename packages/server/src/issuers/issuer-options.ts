// The options of an issuer, and what is made of them.

import type { JwsAlgorithm } from '@countersign/shared'
import { checkOptionNames, invalidOption, secureUrl } from '@countersign/shared'
import { algorithms, oneOf, plainObject, someStrings } from '../option-readers.ts'
import type { IssuerProfile } from '../profiles/issuer-profile.ts'
import type { IssuerProfileName } from '../profiles/profiles.ts'
import { resolveProfile } from '../profiles/profiles.ts'
import type { DecryptionKey, DecryptionKeyOptions } from '../token/decryption-keys.ts'
import { readDecryptionKeys } from '../token/decryption-keys.ts'
import type { IntrospectionConfig, IntrospectionOptions } from '../token/introspection-options.ts'
import { readIntrospection } from '../token/introspection-options.ts'
import type { KeySet } from './key-set.ts'
import { readStaticKeys } from './static-keys.ts'

/** An issuer whose access tokens are accepted. */
export interface IssuerOptions {
  /** The issuer identifier, exactly as it stands in `iss`. */
  readonly issuer: string
  /** The key set. Default: the `jwks_uri` of the issuer's metadata (RFC 8414, or OpenID Connect Discovery). */
  readonly jwksUri?: string
  /** The keys themselves, in the place of a key set that is fetched: nothing is asked of the network, and no key is ever replaced. */
  readonly jwks?: { readonly keys: readonly object[] }
  /** Algorithms its tokens may be signed with. Default: `tokenAlgorithms`. */
  readonly algorithms?: readonly JwsAlgorithm[]
  /** What its tokens look like: the name of a built-in profile, or one of your own. Default: `profile` of the verifier, `'rfc9068'`. */
  readonly profile?: IssuerProfileName | IssuerProfile
  /** Accepted members of `aud` in its tokens. Default: `audience` of the verifier. */
  readonly audience?: string | readonly string[]
  /** Identifiers of the clients whose tokens are accepted. Default: any client. Needed where tokens have no `aud`. */
  readonly clients?: readonly string[]
  /** Private keys that its tokens are encrypted to. Default: none, and encrypted tokens are refused. */
  readonly decryptionKeys?: readonly DecryptionKeyOptions[]
  /** Whether its tokens must be encrypted where there are `decryptionKeys`. Default `'required'`. */
  readonly encryption?: 'required' | 'optional'
  /** How the issuer is asked about opaque tokens (RFC 7662). Default: they are refused. */
  readonly introspection?: IntrospectionOptions
}

/** An issuer's options, resolved. */
export interface IssuerConfig {
  readonly issuer: string
  readonly jwksUri: URL | undefined
  readonly staticKeys: KeySet | undefined
  readonly algorithms: ReadonlySet<JwsAlgorithm>
  /** The name of the profile, for the log. */
  readonly profileName: string
  readonly profile: IssuerProfile
  readonly audiences: ReadonlySet<string>
  readonly clients: ReadonlySet<string> | undefined
  readonly decryptionKeys: readonly DecryptionKey[]
  readonly encryption: 'required' | 'optional' | 'none'
  readonly introspection: IntrospectionConfig | undefined
}

/** What issuers have where they name nothing of their own. */
export interface IssuerDefaults {
  readonly algorithms: readonly JwsAlgorithm[]
  readonly profile: IssuerProfileName
  readonly audiences: ReadonlySet<string>
}

const NAMES: readonly (keyof IssuerOptions)[] = [
  'issuer',
  'jwksUri',
  'jwks',
  'algorithms',
  'profile',
  'audience',
  'clients',
  'decryptionKeys',
  'encryption',
  'introspection',
]

/**
 * Reads the option `issuer`.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`.
 */
export function readIssuers(value: unknown, defaults: IssuerDefaults): readonly IssuerConfig[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw invalidOption('issuer', 'at least one issuer')
  const issuers = list.map((entry) => readIssuer(entry, defaults))
  if (new Set(issuers.map(({ issuer }) => issuer)).size !== issuers.length)
    throw invalidOption('issuer', 'distinct issuers')
  // An opaque token does not say whose it is, and must not be shown to anyone but its issuer.
  if (issuers.filter(({ introspection }) => introspection !== undefined).length > 1)
    throw invalidOption('issuer.introspection', 'that of one issuer only: an opaque token does not name its issuer')
  return issuers
}

function readIssuer(value: unknown, defaults: IssuerDefaults): IssuerConfig {
  const given = typeof value === 'string' ? { issuer: value } : value
  const expected = 'an https URL, { issuer, jwksUri, algorithms, profile, … }, or a list of them'
  const entry: Partial<IssuerOptions> = plainObject(given, 'issuer', expected)
  checkOptionNames(entry, NAMES, 'issuer')
  // RFC 8414 section 2: an issuer identifier has neither query nor fragment. It is kept as written: `iss` is compared byte for byte.
  if (secureUrl(entry.issuer, 'issuer').search !== '') throw invalidOption('issuer', 'a URL without query')
  if (entry.jwks !== undefined && entry.jwksUri !== undefined)
    throw invalidOption('issuer.jwksUri', 'absent beside "jwks"')
  const { name: profileName, profile } = resolveProfile(
    entry.profile === undefined ? defaults.profile : entry.profile,
    'issuer.profile',
  )
  const clients = entry.clients === undefined ? undefined : new Set(someStrings(entry.clients, 'issuer.clients'))
  if (profile.optional.includes('aud') && clients === undefined) {
    throw invalidOption(
      'issuer.clients',
      'the clients whose tokens are for this server: the profile has tokens without "aud"',
    )
  }
  const decryptionKeys = readDecryptionKeys(entry.decryptionKeys)
  const encryption = oneOf(entry.encryption, 'issuer.encryption', ['required', 'optional'])
  if (encryption !== undefined && decryptionKeys.length === 0)
    throw invalidOption('issuer.decryptionKeys', 'at least one key, where "encryption" is set')
  return {
    issuer: entry.issuer as string,
    jwksUri: entry.jwksUri === undefined ? undefined : secureUrl(entry.jwksUri, 'issuer.jwksUri'),
    staticKeys: entry.jwks === undefined ? undefined : readStaticKeys(entry.jwks),
    algorithms: new Set(algorithms(entry.algorithms, 'issuer.algorithms') ?? defaults.algorithms),
    profileName,
    profile,
    audiences:
      entry.audience === undefined ? defaults.audiences : new Set(someStrings(entry.audience, 'issuer.audience')),
    clients,
    decryptionKeys,
    encryption: decryptionKeys.length === 0 ? 'none' : (encryption ?? 'required'),
    introspection: entry.introspection === undefined ? undefined : readIntrospection(entry.introspection),
  }
}
