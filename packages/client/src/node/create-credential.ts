// Makes a credential string: a client's own private key, and all it needs to know beside it, in one line.

import type { AlgorithmEntry, JwsAlgorithm } from '@countersign/shared'
import {
  algorithmOf,
  checkOptionNames,
  invalidOption,
  jwsAlgorithms,
  publicMembersOf,
  secureUrl,
  thumbprint,
  webCryptoParameters,
} from '@countersign/shared'
import type { Credential } from '../credential/credential.ts'
import { encodeCredential } from '../credential/credential.ts'
import type { JwkSet } from './jwk-set.ts'
import { jwksOf } from './jwk-set.ts'

/** Options of {@link createCredential}. */
export interface CredentialOptions {
  /** The client identifier at the authorization server. */
  readonly clientId: string
  /** The issuer identifier of the authorization server, exactly as its metadata spells it. */
  readonly issuer: string
  /** The resource identifier, exactly as the server has it. */
  readonly resource: string
  /** The algorithm of the key that is generated. Default ES256. An RSA key (PS256, RS256) has 2 048 bits. */
  readonly algorithm?: JwsAlgorithm
  /** Scopes to ask for, separated by spaces. Default: what the authorization server grants by itself. */
  readonly scope?: string
  /** The key identifier. Default: the thumbprint of the key (RFC 7638). */
  readonly kid?: string
}

/** A new credential. */
export interface NewCredential {
  /** The credential string. It is a secret: whoever has it is the client. */
  readonly credential: string
  /** The public JWK Set to register at the authorization server. It is no secret. */
  readonly jwks: JwkSet
}

const OPTION_NAMES: readonly (keyof CredentialOptions)[] = [
  'clientId',
  'issuer',
  'resource',
  'algorithm',
  'scope',
  'kid',
]

/** The others are of keys whose client assertions name another algorithm than their JWK (EdDSA), or that none can be made with. */
const ALGORITHMS = jwsAlgorithms.filter((name) => name !== 'EdDSA' && algorithmOf(name)?.kty !== 'AKP')

/**
 * Generates a key pair and makes a credential string of it, for `createClient({ credential })` or `COUNTERSIGN_CREDENTIAL`.
 *
 * The key is the one that the client authenticates itself with at the authorization server. The key that signs calls is another, which
 * the client generates at each start. Neither stored nor sent anywhere: keep `credential`, register `jwks`, and let go of both.
 *
 * Does not check that the issuer or the resource exist, nor that they know the client.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, each with `parameter`.
 * @example
 * const { credential, jwks } = await createCredential({
 *   clientId: 'partner-7',
 *   issuer: 'https://as.example.com',
 *   resource: 'https://api.example.com',
 * })
 */
export async function createCredential(options: CredentialOptions): Promise<NewCredential> {
  const { clientId, issuer, resource, scope, kid: given, entry } = checkOptions(options)
  const { alg } = entry
  const pair = await crypto.subtle.generateKey(webCryptoParameters(entry).keyParameters as unknown as Algorithm, true, [
    'sign',
    'verify',
  ])
  const { key_ops: _, ext: __, ...material } = await crypto.subtle.exportKey('jwk', (pair as CryptoKeyPair).privateKey)
  const publicJwk = publicMembersOf({ ...material }, entry) as NonNullable<ReturnType<typeof publicMembersOf>>
  const kid = given ?? (await thumbprint(publicJwk))
  const credential: Credential = {
    client_id: clientId,
    issuer,
    resource,
    ...(scope !== undefined && { scope }),
    jwk: { ...material, alg, kid },
  }
  return { credential: encodeCredential(credential), jwks: jwksOf({ publicJwk, algorithm: alg, kid }) }
}

function checkOptions(options: CredentialOptions): CredentialOptions & { readonly entry: AlgorithmEntry } {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object')
  checkOptionNames(options, OPTION_NAMES)
  const { clientId, issuer, resource, algorithm = 'ES256', scope, kid } = options
  if (!isText(clientId)) throw invalidOption('clientId', 'a string')
  secureUrl(issuer, 'issuer')
  secureUrl(resource, 'resource')
  // A URL object would pass, and its spelling is not the one that the other end compares.
  if (!isText(issuer)) throw invalidOption('issuer', 'a string')
  if (!isText(resource)) throw invalidOption('resource', 'a string')
  if (!ALGORITHMS.includes(algorithm)) throw invalidOption('algorithm', `one of ${ALGORITHMS.join(', ')}`)
  if (scope !== undefined && !isText(scope)) throw invalidOption('scope', 'scopes separated by spaces, in one string')
  if (kid !== undefined && !isText(kid)) throw invalidOption('kid', 'a string')
  return { ...options, entry: algorithmOf(algorithm) as AlgorithmEntry }
}

/** What UTF-8 can hold, and the credential with it: half a surrogate pair would come back as another character. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}
