// What all contenders are given: an issuer, clients with keys, and signed calls. Made here with node:crypto and nothing of ours; in a call
// one thing can be wrong, and every call is new: no proof is ever given twice.

import type { JsonWebKey, KeyObject } from 'node:crypto'
import { generateKeyPairSync, hash, randomUUID, sign } from 'node:crypto'

/** The resource that calls are for. */
export const RESOURCE = 'https://api.example.com'
/** Who issues the tokens. */
export const ISSUER = 'https://issuer.example'
/** What calls ask for. */
export const TARGET = '/accounts/12345/transactions'

/** A key that signs JWTs. */
export interface Key {
  readonly alg: 'ES256' | 'RS256'
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: JsonWebKey
  readonly jkt: string
}

/** Issues access tokens. */
export interface Issuer {
  readonly key: Key
  readonly jwks: { readonly keys: readonly JsonWebKey[] }
}

/** A client that has a token bound to its key. */
export interface Party {
  readonly key: Key
  readonly accessToken: string
}

/** A signed call, as it arrives. */
export interface SignedCall {
  readonly method: string
  readonly target: string
  readonly accessToken: string
  readonly proof: string
  readonly rawHeaders: readonly string[]
}

/** Makes a key. */
export function createKey(alg: Key['alg'] = 'ES256'): Key {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = publicKey.export({ format: 'jwk' })
  const { kty, crv, x, y, n, e } = jwk
  const members = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n }
  return { alg, privateKey, publicKey, jwk, jkt: sha256(JSON.stringify(members)) }
}

/** Makes an issuer. Its key set has some more keys, which sign nothing. */
export function createIssuer(alg: Key['alg'], moreKeys = 0): Issuer {
  const keys = Array.from({ length: moreKeys + 1 }, () => createKey(alg))
  const published = keys.map(({ jwk, jkt }) => ({ ...jwk, kid: jkt, alg, use: 'sig' }))
  return { key: keys.at(-1) as Key, jwks: { keys: published } }
}

/** The base64url SHA-256 of a text. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** Seconds since the epoch. */
export function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** Signs a JWT. The text is in one piece, as one that came over the network. */
export function signJwt(key: Key, header: object, claims: object): string {
  const signingInput = [encode(header), encode(claims)].join('.')
  return [signingInput, signatureOf(key, signingInput).toString('base64url')].join('.')
}

/** Signs a JWS whose payload is bytes. */
export function signJws(key: Key, header: object, payload: Buffer): string {
  const signingInput = [encode(header), payload.toString('base64url')].join('.')
  return [signingInput, signatureOf(key, signingInput).toString('base64url')].join('.')
}

/** Issues an access token that is bound to a key. */
export function issueToken({ key }: Issuer, jkt: string, claims: object = {}, header: object = {}): string {
  const payload = {
    iss: ISSUER,
    sub: 'user-7',
    aud: RESOURCE,
    client_id: 'partner-7',
    scope: 'accounts:read payments:write',
    iat: now(),
    exp: now() + 3600,
    jti: randomUUID(),
    cnf: { jkt },
    ...claims,
  }
  return signJwt(key, { typ: 'at+jwt', alg: key.alg, kid: key.jkt, ...header }, payload)
}

/** Makes a client, and issues its token. */
export function createParty(issuer: Issuer, key: Key = createKey()): Party {
  return { key, accessToken: issueToken(issuer, key.jkt) }
}

/** What is unlike a good call. */
export interface CallParts {
  readonly nonce?: string | undefined
  readonly header?: object
  readonly claims?: object
  /** The URL that is called. Default: of the resource. */
  readonly origin?: string
}

/** Signs a call with the proof's own key. */
export function signCall({ key, accessToken }: Party, { nonce, header, claims, origin }: CallParts = {}): SignedCall {
  const proof = signJwt(
    key,
    { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header },
    {
      jti: randomUUID(),
      htm: 'GET',
      htu: `${origin ?? RESOURCE}${TARGET}`,
      iat: now(),
      ath: sha256(accessToken),
      ...(nonce !== undefined && { nonce }),
      ...claims,
    },
  )
  return callOf(accessToken, proof)
}

/** A call with a proof. */
export function callOf(accessToken: string, proof: string): SignedCall {
  return {
    method: 'GET',
    target: TARGET,
    accessToken,
    proof,
    rawHeaders: [
      ...['Host', 'api.example.com', 'Connection', 'keep-alive', 'Accept', '*/*', 'User-Agent', 'bench'],
      ...['Authorization', `DPoP ${accessToken}`, 'DPoP', proof],
    ],
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signatureOf({ alg, privateKey }: Key, text: string): Buffer {
  const data = Buffer.from(text, 'latin1')
  return alg === 'ES256'
    ? sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    : sign('sha256', data, privateKey)
}
