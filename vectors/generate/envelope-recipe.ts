// Makes request envelopes for vectors: a correct envelope by default, and one place for each thing that can be wrong
// with it.

import { RFC9449_TOKEN } from './ath.ts'
import { ath, base64url, sha256 } from './encoding.ts'
import type { JwsRewrites } from './jws.ts'
import { makeJws } from './jws.ts'
import type { Jwk } from './keys.ts'
import { ed25519, thumbprint } from './keys.ts'
import type { Signer } from './proof.ts'
import { NOW } from './proof.ts'
import type { Scheme } from './sign.ts'
import { verify } from './sign.ts'
import type { Expectation, Vector } from './vector.ts'
import { vector } from './vector.ts'

/** What the flags of envelope.json are about. */
export const notes = {
  alg: 'The algorithm: unsecured, symmetric, unknown, not allowed, or not that of the key.',
  ath: 'The hash of the access token.',
  base64url:
    'A segment in a second spelling, which lax decoders accept. The signature covers the spelling that is sent.',
  binding: 'The key of the envelope and the key that the token is bound to.',
  content: 'The payload and the content of the request.',
  created: 'The time of signing.',
  crit: 'Critical header parameters and b64.',
  cty: 'The media type of the content.',
  extra: 'Header parameters and spellings of JSON that change nothing.',
  form: 'The forms of an envelope that is right.',
  gnap: 'Plain key proofs of RFC 9635, read under the profile of that name.',
  htm: 'The method.',
  joined: 'Two fields in one.',
  json: 'Headers that are not strict JSON objects.',
  jti: 'The identifier.',
  jwk: 'The public key.',
  kid: 'The thumbprint of the key, or the name of the expected key.',
  missing: 'A header parameter that is absent.',
  nonce: 'The nonce.',
  printed: 'An envelope that is printed in a document, not made by these generators.',
  segments: 'The number of segments, and empty ones.',
  signature: 'The signature.',
  size: 'Lengths at a limit and beyond it.',
  typ: 'The type in the header, and the carrier that it fits.',
  type: 'A header parameter of the wrong type, or empty.',
  uri: 'The target URI.',
  'not-in-http': 'The envelope cannot arrive as the value of an HTTP field: run it below HTTP only.',
}
export type Flag = keyof typeof notes

export const URI = 'https://rs.example/orders?x=1'
export const CONTENT = '{"hello": "world"}'
export const JSON_TYPE = 'application/json'
export const GNAP_KID = 'test-key-ed25519'

/** The policy of every vector that does not say otherwise, and the limits. */
export const settings = {
  allowedAlgorithms: ['ES256', 'Ed25519', 'EdDSA', 'PS256'],
  maxAgeSeconds: 60,
  maxFutureSeconds: 30,
  maxDetachedJwsLength: 16_384,
  maxHeaderLength: 16_384,
  maxUriLength: 8_192,
  maxJtiLength: 256,
  maxNonceLength: 1_024,
  maxCtyLength: 256,
  maxCreatedSeconds: 253_402_300_799,
}

export const eddsa: Signer = { key: ed25519, scheme: 'EdDSA', alg: 'Ed25519' }

/** The key of profile `gnap`, as its verifier knows it. */
export const gnapKey: Jwk = { ...ed25519.publicJwk, kid: GNAP_KID, alg: 'EdDSA' }

type Members = Readonly<Record<string, unknown>>

/** An envelope and its verification: correct, detached and with content unless a member says otherwise. */
export interface Recipe extends JwsRewrites {
  readonly form?: 'detached' | 'attached'
  readonly profile?: 'gnap'
  /** The key that signs. */
  readonly signer?: Signer
  readonly method?: string
  /** The target URI as the client sees it. */
  readonly uri?: string
  /** The content that is signed; empty for none. */
  readonly content?: string | Uint8Array
  /** The content that arrives beside a detached envelope in the place of the one that was signed. */
  readonly received?: string | Uint8Array
  /** The media type of the content; `null` if the request has none. */
  readonly contentType?: string | null
  /** The `Content-Type` field that arrives in the place of that one. */
  readonly receivedType?: string | null
  /** Where the envelope travels, if not where its form belongs. */
  readonly carrier?: 'field' | 'content'
  /** Header parameters to replace; `undefined` removes one. */
  readonly header?: Members
  /** Members of the `jwk` to replace; `undefined` removes one. */
  readonly jwk?: Members
  /** What the resource server knows. */
  readonly nowSeconds?: number
  readonly jkt?: string
  readonly key?: Jwk
  readonly nonce?: string
  readonly allowedAlgorithms?: readonly string[]
}

/** Makes one vector of envelope.json. */
export async function envelopeVector(
  id: string,
  comment: string,
  flags: readonly Flag[],
  rfc: string | readonly string[],
  expect: Expectation,
  recipe: Recipe = {},
): Promise<Vector> {
  const { form = 'detached', profile, method = 'POST', uri = URI, content = CONTENT, nonce = 'off' } = recipe
  const signer = recipe.signer ?? (profile === 'gnap' ? { ...eddsa, alg: 'EdDSA' } : eddsa)
  const empty = content.length === 0
  const carrier = recipe.carrier ?? (form === 'attached' && !empty ? 'content' : 'field')
  const contentType = recipe.contentType === undefined ? (empty ? null : JSON_TYPE) : recipe.contentType
  const nowSeconds = recipe.nowSeconds ?? NOW
  const header = makeHeader(id, signer, { ...recipe, form, method, uri, contentType, nowSeconds })
  const envelope = await makeJws(signer, header, () => payloadOf(form, content), recipe)
  const request =
    carrier === 'content'
      ? { method, uri, contentType: 'application/jose' }
      : { method, uri, ...received(recipe, contentType, content) }
  const trust =
    profile === 'gnap'
      ? { key: recipe.key ?? gnapKey }
      : { jkt: recipe.jkt ?? thumbprint(isObject(header['jwk']) ? header['jwk'] : signer.key.publicJwk) }
  const { allowedAlgorithms } = recipe
  const sendable = carrier === 'content' || /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(envelope)
  const input = { nowSeconds, profile, carrier, request, accessToken: RFC9449_TOKEN, ...trust, nonce }
  const result =
    carrier === 'content' && expect === 'valid'
      ? { content: base64url(content as string), contentType: header['cty'] ?? JSON_TYPE }
      : {}
  const common = { rfc: [rfc].flat(), flags: sendable ? flags : [...flags, 'not-in-http'] }
  return vector(`envelope-${id}`, comment, common, { ...input, allowedAlgorithms, envelope }, expect, result)
}

/** The encoded payload of an envelope that is right. */
export function payloadOf(form: 'detached' | 'attached', content: string | Uint8Array): string {
  if (content.length === 0) return ''
  return base64url(form === 'attached' ? content : sha256(content))
}

function received(recipe: Recipe, signedType: string | null, signedContent: string | Uint8Array): Members {
  const { receivedType: contentType = signedType, received: content = signedContent } = recipe
  return {
    ...(contentType !== null && { contentType }),
    ...(content.length > 0 && { content: base64url(content) }),
  }
}

function makeHeader(
  id: string,
  signer: Signer,
  recipe: Recipe & { readonly contentType: string | null; readonly nowSeconds: number },
): Members {
  const jwk = recipe.jwk === undefined ? signer.key.publicJwk : without({ ...signer.key.publicJwk, ...recipe.jwk })
  const gnap = recipe.profile === 'gnap'
  return without({
    typ: recipe.form === 'attached' ? 'gnap-binding-jws' : 'gnap-binding-jwsd',
    alg: signer.alg ?? signer.scheme,
    kid: gnap ? GNAP_KID : thumbprint(isObject(recipe.header?.['jwk']) ? recipe.header['jwk'] : jwk),
    jwk: gnap ? undefined : jwk,
    htm: recipe.method,
    uri: recipe.uri,
    created: recipe.nowSeconds,
    ath: ath(RFC9449_TOKEN),
    jti: gnap ? undefined : base64url(sha256(id)).slice(0, 22),
    nonce: recipe.nonce,
    cty: gnap ? undefined : (recipe.contentType ?? undefined),
    ...recipe.header,
  })
}

/** Checks the signature of a vector, from nothing but the vector. */
export async function checkSignature({ id, envelope, key }: Vector): Promise<void> {
  const [header, payload, signature] = String(envelope).split('.') as [string, string, string]
  const { alg, jwk } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string; jwk?: Jwk }
  const scheme = (alg === 'Ed25519' ? 'EdDSA' : alg) as Scheme
  const publicJwk = (key ?? jwk) as Jwk
  if (!(await verify(publicJwk, scheme, `${header}.${payload}`, Buffer.from(signature, 'base64url')))) {
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
