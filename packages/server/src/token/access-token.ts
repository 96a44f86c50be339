// Access tokens, RFC 9068 section 4: what must hold before their claims are believed. Cheap checks come first; the signature last.
// Decoding and verification are the ones proofs go through, so a token has exactly one spelling too.

import type { AlgorithmEntry, JsonObject } from '@countersign/shared'
import {
  algorithmOf,
  CountersignError,
  decodeJsonSegment,
  decodeSignatureSegment,
  isCountersignError,
  limits,
  splitCompactJws,
} from '@countersign/shared'
import type { IssuerKey, IssuerKeys } from '../issuers/issuer-keys.ts'
import { createIssuerKeys } from '../issuers/issuer-keys.ts'
import type { IssuerConfig, VerifierConfig } from '../options.ts'
import { verifySignature } from '../signature.ts'
import { boundKeyOf } from './binding.ts'
import { audienceOf, optionalDate, requiredDate, requiredString, scopesOf, valuesOf } from './claims.ts'

/** An access token whose issuer, signature, audience and time hold. Frozen, since requests share it. */
export interface VerifiedToken {
  /** `iss`. A subject is unique only within its issuer. */
  readonly issuer: string
  /** `sub`: the user, or the client itself when no user took part. */
  readonly subject: string
  /** `client_id`. */
  readonly clientId: string
  /** The members of `scope`. */
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly permissions: readonly string[]
  readonly entitlements: readonly string[]
  /** Second since the epoch at which the token expires. */
  readonly expiresAt: number
  /** Thumbprint of the key the token is bound to; `undefined` for a bearer token. */
  readonly jkt: string | undefined
  /** All claims, deeply frozen. */
  readonly claims: Readonly<JsonObject>
}

/** A verified token and what its verification rested on. */
export interface TokenVerification {
  readonly token: VerifiedToken
  /** Tells whether the key that signed it is still one of its issuer's. */
  stillTrusted(): boolean
}

/** Verifies access tokens of the configured issuers. */
export interface AccessTokens {
  /**
   * Verifies an access token.
   *
   * Does not check revocation (RFC 9068 says nothing of it), nor scopes.
   *
   * @param checkBinding - Called with the thumbprint the token claims to be bound to, before any signature is verified; it throws
   *   when that is not the key that was presented.
   * @throws {CountersignError} `ERR_TOKEN_…`, `ERR_ISSUER_UNAVAILABLE`.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9068.html#section-4 RFC 9068, section 4}
   */
  verify(accessToken: string, checkBinding: (jkt: string | undefined) => void): Promise<TokenVerification>
  /** Checks the times of a token that was verified before. */
  checkTime(token: VerifiedToken): void
}

interface Issuer {
  readonly config: IssuerConfig
  readonly keys: IssuerKeys
}

const TYPES: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt'])

/** Creates the verifier of access tokens. */
export function createAccessTokens(config: VerifierConfig, signal: AbortSignal): AccessTokens {
  const { audiences, clock, toleranceSeconds } = config
  const issuers = new Map<string, Issuer>(
    config.issuers.map((each) => [each.issuer, { config: each, keys: createIssuerKeys(each, clock, signal) }]),
  )

  return {
    async verify(accessToken, checkBinding) {
      const { header, claims, signingInput, signature } = decode(accessToken)
      checkHeader(header)
      const issuer = issuers.get(requiredString(claims, 'iss'))
      if (issuer === undefined) throw refused('ERR_TOKEN_ISSUER', 'iss', [...issuers.keys()], claims['iss'])
      const algorithm = acceptedAlgorithm(header['alg'], issuer.config)
      const token = readToken(claims)
      checkAudience(claims)
      checkTime(token)
      checkBinding(token.jkt)
      const key = await findSigner(issuer, header['kid'], algorithm, signingInput, signature)
      return { token, stillTrusted: () => key.current && issuer.keys.recent() }
    },
    checkTime,
  }

  function checkAudience(claims: JsonObject): void {
    const audience = audienceOf(claims)
    if (!audience.some((each) => audiences.has(each)))
      throw refused('ERR_TOKEN_AUDIENCE', 'aud', [...audiences], audience)
  }

  function checkTime(token: VerifiedToken): void {
    const now = clock()
    if (now >= token.expiresAt + toleranceSeconds) throw refused('ERR_TOKEN_EXPIRED', 'exp', now, token.expiresAt)
    for (const name of ['nbf', 'iat']) {
      const from = token.claims[name] as number | undefined
      if (from !== undefined && from > now + toleranceSeconds) throw refused('ERR_TOKEN_NOT_YET_VALID', name, now, from)
    }
  }
}

function decode(accessToken: string): {
  header: JsonObject
  claims: JsonObject
  signingInput: string
  signature: Uint8Array
} {
  if (accessToken.length > limits.MAX_TOKEN_LENGTH) {
    throw refused('ERR_TOKEN_TOO_LARGE', 'size', limits.MAX_TOKEN_LENGTH, accessToken.length)
  }
  try {
    const jws = splitCompactJws(accessToken)
    return {
      header: decodeJsonSegment(jws.header, 'header'),
      claims: decodeJsonSegment(jws.payload, 'payload'),
      signingInput: jws.signingInput,
      signature: decodeSignatureSegment(jws.signature),
    }
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause
    const { parameter, reason } = cause
    throw new CountersignError('ERR_TOKEN_MALFORMED', 'The access token is not a JWT', { parameter, reason, cause })
  }
}

function checkHeader(header: JsonObject): void {
  const { typ } = header
  // Media type names are case-insensitive (RFC 7515 section 4.1.9); RFC 9068's own example writes at+JWT.
  if (typeof typ !== 'string' || !TYPES.has(typ.toLowerCase())) throw refused('ERR_TOKEN_TYP', 'typ', 'at+jwt', typ)
  // A JWT has its payload in base64url always (RFC 7797 section 7); `b64` is only ever critical.
  if (header['b64'] !== undefined) throw refused('ERR_TOKEN_CRIT', 'b64', undefined, header['b64'])
  if (header['crit'] !== undefined) throw refused('ERR_TOKEN_CRIT', 'crit', undefined, header['crit'])
}

function acceptedAlgorithm(alg: unknown, { algorithms }: IssuerConfig): AlgorithmEntry {
  const algorithm = algorithmOf(alg)
  if (algorithm === undefined || !algorithms.has(algorithm.alg))
    throw refused('ERR_TOKEN_ALG', 'alg', [...algorithms], alg)
  return algorithm
}

function readToken(claims: JsonObject): VerifiedToken {
  requiredDate(claims, 'iat')
  requiredString(claims, 'jti')
  optionalDate(claims, 'nbf')
  optionalDate(claims, 'auth_time')
  return deepFreeze({
    issuer: requiredString(claims, 'iss'),
    subject: requiredString(claims, 'sub'),
    clientId: requiredString(claims, 'client_id'),
    scopes: scopesOf(claims),
    roles: valuesOf(claims, 'roles'),
    groups: valuesOf(claims, 'groups'),
    permissions: valuesOf(claims, 'permissions'),
    entitlements: valuesOf(claims, 'entitlements'),
    expiresAt: requiredDate(claims, 'exp'),
    jkt: boundKeyOf(claims),
    claims,
  })
}

async function findSigner(
  issuer: Issuer,
  kid: unknown,
  algorithm: AlgorithmEntry,
  signingInput: string,
  signature: Uint8Array,
): Promise<IssuerKey> {
  if (kid !== undefined && typeof kid !== 'string')
    throw refused('ERR_TOKEN_KEY_UNKNOWN', 'kid', 'a string', typeof kid)
  const signer =
    (await signerAmong(await issuer.keys.find(kid, algorithm))) ??
    (await signerAmong((await issuer.keys.findAnew(kid, algorithm)) ?? []))
  if (signer === undefined) throw refused('ERR_TOKEN_SIGNATURE', 'signature')
  return signer

  async function signerAmong(keys: readonly IssuerKey[]): Promise<IssuerKey | undefined> {
    for (const key of keys) {
      if (await verifySignature(algorithm, key.keyObject, signingInput, signature)) return key
    }
    return undefined
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}

function refused(
  code: `ERR_TOKEN_${'TOO_LARGE' | 'TYP' | 'CRIT' | 'ALG' | 'ISSUER' | 'AUDIENCE' | 'EXPIRED' | 'NOT_YET_VALID' | 'KEY_UNKNOWN' | 'SIGNATURE'}`,
  parameter: string,
  expected?: unknown,
  actual?: unknown,
): CountersignError {
  return new CountersignError(code, `The access token is refused for its ${parameter}`, { parameter, expected, actual })
}
