// Makes DPoP proofs for vectors: a correct proof by default, and one place for each thing that can be wrong with it.

import { ath, base64url, sha256 } from './encoding.ts'
import type { JwsRewrites } from './jws.ts'
import { makeJws } from './jws.ts'
import type { Jwk, TestKey } from './keys.ts'
import { p256, thumbprint } from './keys.ts'
import { makeAccessToken } from './proof-server.ts'
import type { Scheme } from './sign.ts'
import { verify } from './sign.ts'
import type { Expectation, Vector } from './vector.ts'
import { vector } from './vector.ts'

/** What the flags of dpop-proof.json are about. */
export const notes = {
  alg: 'The algorithm: unsecured, symmetric, unknown, not allowed, or not that of the key.',
  ath: 'The hash of the access token.',
  base64url:
    'A segment in a second spelling, which lax decoders accept. The signature covers the spelling that is sent.',
  binding: 'The key of the proof and the key that the token is bound to.',
  claim: 'A claim that is absent, of the wrong type, empty or too long.',
  crit: 'Critical header parameters.',
  extra: 'Header parameters, members and claims that are not needed and change nothing.',
  htm: 'The method.',
  htu: 'The URI.',
  iat: 'The time of making.',
  json: 'Segments that are not strict JSON objects.',
  jwk: 'The public key.',
  nonce: 'The nonce.',
  private: 'Private or symmetric key material in the jwk.',
  printed: 'A proof that is printed in an RFC or made by hand, not by these generators.',
  segments: 'The number of segments, and empty ones.',
  signature: 'The signature.',
  size: 'Lengths at a limit and one beyond it.',
  typ: 'The type in the header.',
  'opaque-token': 'The access token is not a JWT of the issuer: run it below HTTP, or where tokens are introspected.',
  'not-in-http':
    'Over HTTP it does not get as far as the proof, for the reason in the comment: run it below HTTP only.',
}
export type Flag = keyof typeof notes

export const NOW = 1_750_000_000
export const URI = 'https://rs.example/a'
/** The nonce of the envelopes. */
export const NONCE = 'eyJ7S_zG.eyJH0-Z.HX4w-7v'

/** The policy of every vector that does not say otherwise. */
export const settings = {
  allowedAlgorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
  maxAgeSeconds: 60,
  maxFutureSeconds: 30,
  maxProofLength: 12_288,
  maxJtiLength: 256,
}

/** A key and how it signs. */
export interface Signer {
  readonly key: TestKey
  readonly scheme: Scheme
  /** The `alg` that names the scheme; the scheme itself unless given. */
  readonly alg?: string
}

export const es256: Signer = { key: p256, scheme: 'ES256' }

type Members = Readonly<Record<string, unknown>>

/** A proof and its verification: correct unless a member says otherwise. */
export interface Recipe extends JwsRewrites {
  /** The key that signs. */
  readonly signer?: Signer
  /** Header parameters to replace; `undefined` removes one. */
  readonly header?: Members
  /** Members of the `jwk` to replace; `undefined` removes one. */
  readonly jwk?: Members
  /** Claims to replace; `undefined` removes one. */
  readonly claims?: Members
  /** Rewrites the JSON text of the payload before it is encoded. */
  readonly payloadText?: (text: string) => string | Uint8Array
  /** What the resource server knows. */
  readonly request?: { readonly method: string; readonly uri: string }
  readonly nowSeconds?: number
  /** An opaque token in the place of a JWT. */
  readonly accessToken?: string
  readonly jkt?: string
  readonly nonce?: string
  readonly allowedAlgorithms?: readonly string[]
}

/** Makes one vector of dpop-proof.json. */
export async function proofVector(
  id: string,
  comment: string,
  flags: readonly Flag[],
  rfc: string | readonly string[],
  expect: Expectation,
  recipe: Recipe = {},
): Promise<Vector> {
  const { nowSeconds = NOW, request = { method: 'GET', uri: URI }, nonce = 'off' } = recipe
  const signer = recipe.signer ?? es256
  const header = makeHeader(signer, recipe)
  const jkt = recipe.jkt ?? thumbprint(isObject(header['jwk']) ? header['jwk'] : signer.key.publicJwk)
  const accessToken = recipe.accessToken ?? (await makeAccessToken(request.uri, jkt))
  const claims = without({
    jti: base64url(sha256(id)).slice(0, 22),
    htm: request.method,
    htu: request.uri.replace(/[?#].*/s, ''),
    iat: nowSeconds,
    ath: ath(accessToken),
    ...recipe.claims,
  })
  const proof = await makeProof(signer, header, claims, recipe)
  const { allowedAlgorithms } = recipe
  const input = { nowSeconds, request, accessToken, jkt, nonce, allowedAlgorithms, proof }
  const obstacle = obstacleInHttp(proof, request)
  const all = [
    ...flags,
    ...(recipe.accessToken === undefined ? [] : ['opaque-token']),
    ...(obstacle === undefined ? [] : ['not-in-http']),
  ]
  const remark = obstacle === undefined ? comment : `${comment}. Not in HTTP: ${obstacle}`
  return vector(`dpop-${id}`, remark, { rfc: [rfc].flat(), flags: all }, input, expect)
}

/** Why a proof cannot be sent to a server over HTTP/1.1, or does not get as far as being verified. */
function obstacleInHttp(proof: string, { method, uri }: NonNullable<Recipe['request']>): string | undefined {
  if (/[^\x20-\x7e]/.test(proof)) return 'a field value has no control characters'
  if (/^ | $/.test(proof)) return 'white space around a field value is removed'
  if (proof.includes(',')) return 'a field value with a comma may be two that were joined'
  if (!/^[A-Z]+$/.test(method)) return 'many servers refuse a method that they do not know'
  if (/\/\.{1,2}(?:\/|$)/.test(uri)) return 'clients remove dot segments, and servers may refuse them'
  return undefined
}

function makeHeader(signer: Signer, recipe: Recipe): Members {
  const jwk = recipe.jwk === undefined ? signer.key.publicJwk : without({ ...signer.key.publicJwk, ...recipe.jwk })
  return without({ typ: 'dpop+jwt', alg: signer.alg ?? signer.scheme, jwk, ...recipe.header })
}

async function makeProof(signer: Signer, header: Members, claims: Members, recipe: Recipe): Promise<string> {
  const text = JSON.stringify(claims)
  return makeJws(signer, header, () => base64url(recipe.payloadText?.(text) ?? text), recipe)
}

/** Checks the signature of a vector that is said to be valid, from nothing but the vector. */
export async function checkSignature({ id, proof }: Vector): Promise<void> {
  const [header, payload, signature] = String(proof).split('.') as [string, string, string]
  const { alg, jwk } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string; jwk: Jwk }
  const scheme = (alg === 'Ed25519' ? 'EdDSA' : alg) as Scheme
  if (!(await verify(jwk, scheme, `${header}.${payload}`, Buffer.from(signature, 'base64url')))) {
    throw new Error(`The signature of ${id} does not verify`)
  }
}

function isObject(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy without the members that are `undefined`. */
function without(object: Members): Members {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
