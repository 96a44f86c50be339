// Makes sealed envelopes for vectors: a correct envelope in a correct JWE by default, and one place for each thing that can be
// wrong with the JWE. What can be wrong with the envelope inside is that of envelope.json.

import { base64url, bytesFrom } from './encoding.ts'
import type { Recipe as EnvelopeRecipe } from './envelope-recipe.ts'
import { settings as envelopeSettings, envelopeVector } from './envelope-recipe.ts'
import type { HeaderRewrites } from './jws.ts'
import { encodeHeader } from './jws.ts'
import type { Jwk, TestKey } from './keys.ts'
import { ed25519, thumbprint } from './keys.ts'
import type { Sealed } from './seal.ts'
import { p256Ephemeral, p256Recipient, seal, x25519Ephemeral, x25519Recipient } from './seal.ts'
import type { Expectation, Vector } from './vector.ts'
import { vector } from './vector.ts'

/** What the flags of jwe-envelope.json are about. */
export const notes = {
  alg: 'How the key is agreed upon.',
  base64url: 'A segment in a second spelling, which lax decoders accept.',
  cty: 'The content type of the JWE.',
  enc: 'How the content is encrypted.',
  epk: 'The ephemeral key.',
  example: 'The example of the specification.',
  extra: 'Header parameters and spellings of JSON that change nothing.',
  forbidden: 'Header parameters that must not be there.',
  form: 'Sealed envelopes that are right.',
  inner: 'A fault of the envelope inside.',
  json: 'Headers that are not strict JSON objects.',
  kid: 'The name of the recipient key.',
  plaintext: 'What was encrypted is no compact JWS.',
  segments: 'The number of segments, and empty ones.',
  size: 'Lengths at a limit and beyond it, or that the encryption does not have.',
  unopened: 'The JWE cannot be decrypted.',
}
export type Flag = keyof typeof notes

/** The policy and the limits of every vector. */
export const settings = {
  allowedAlgorithms: envelopeSettings.allowedAlgorithms,
  maxAgeSeconds: envelopeSettings.maxAgeSeconds,
  maxFutureSeconds: envelopeSettings.maxFutureSeconds,
  maxSealHeaderLength: 2_048,
}

/** The keys of the server. Those of one curve are one key, under a name for each algorithm. */
const P256_KID = thumbprint(p256Recipient.publicJwk)
export const recipients: Readonly<Record<'p256' | 'p256Wrapping' | 'x25519' | 'x25519Wrapping', Recipient>> = {
  p256: { key: p256Recipient, ephemeral: p256Ephemeral, kid: P256_KID, alg: 'ECDH-ES' },
  p256Wrapping: { key: p256Recipient, ephemeral: p256Ephemeral, kid: 'p256-wrapping', alg: 'ECDH-ES+A256KW' },
  x25519: { key: x25519Recipient, ephemeral: x25519Ephemeral, kid: 'x25519', alg: 'ECDH-ES' },
  x25519Wrapping: { key: x25519Recipient, ephemeral: x25519Ephemeral, kid: 'x25519-wrapping', alg: 'ECDH-ES+A256KW' },
}
export const SIGNING_KID = 'signing'

/** The private keys of the server as JWKs: those to open with, and one that is for signatures. */
export const serverKeys: readonly Jwk[] = [
  ...Object.values(recipients).map(({ key, kid, alg }) => ({
    ...{ ...key.publicJwk, ...key.privateMembers, kid, alg, use: 'enc' },
  })),
  { ...ed25519.publicJwk, ...ed25519.privateMembers, kid: SIGNING_KID, alg: 'Ed25519', use: 'sig' },
]

/** A key of the server, and the ephemeral key that is used with it. */
export interface Recipient {
  readonly key: TestKey
  readonly ephemeral: TestKey
  readonly kid: string
  readonly alg: string
}

/** A sealed envelope: correct, and to the P-256 key, unless a member says otherwise. */
export interface Recipe extends HeaderRewrites {
  readonly recipient?: Recipient
  /** The envelope inside, of which the form is attached. */
  readonly inner?: EnvelopeRecipe
  /** Rewrites the envelope before it is encrypted. */
  readonly plaintext?: (jws: string) => string | Uint8Array
  /** Header parameters to replace; `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Encrypts to another key than the header says. */
  readonly encryptTo?: Jwk
  /** Changes what was encrypted. */
  readonly sealed?: (sealed: Sealed) => Sealed
  readonly iv?: (iv: Buffer) => Uint8Array
  /** Puts the encoded segments together. */
  readonly assemble?: (...segments: Segments) => string
}

export type Segments = [header: string, encryptedKey: string, iv: string, ciphertext: string, tag: string]

/** Makes one vector of jwe-envelope.json. */
export async function sealedVector(
  id: string,
  comment: string,
  flags: readonly Flag[],
  rfc: string | readonly string[],
  expect: Expectation,
  recipe: Recipe = {},
): Promise<Vector> {
  // The expectation of the envelope inside is that of the whole: if the JWE is wrong, it is right.
  const inner: Vector = await envelopeVector(id, comment, [], rfc, 'valid', { form: 'attached', ...recipe.inner })
  const { nowSeconds, request, accessToken, jkt, nonce, envelope: jws, content, contentType } = inner
  const { method, uri } = request as { readonly method: string; readonly uri: string }
  const envelope = sealEnvelope(id, String(jws), recipe)
  const input = { nowSeconds, request: { method, uri, contentType: 'application/jose' }, accessToken, jkt, nonce }
  const result = expect === 'valid' ? { content, contentType, jws } : {}
  return vector(`sealed-${id}`, comment, { rfc: [rfc].flat(), flags }, { ...input, envelope }, expect, result)
}

/** Seals an envelope. */
export function sealEnvelope(label: string, jws: string, recipe: Recipe = {}): string {
  const { recipient = recipients.p256, assemble = (...segments: Segments) => segments.join('.') } = recipe
  const { key, ephemeral, kid, alg } = recipient
  const same = <Value>(value: Value) => value
  const parameters = { alg, enc: 'A256GCM', cty: 'jose', kid, epk: ephemeral.publicJwk, ...recipe.header }
  const header = encodeHeader(parameters, recipe)
  const iv = bytesFrom(`iv ${label}`, 12)
  const sealed = seal((recipe.plaintext ?? same)(jws), {
    ...{ alg, enc: 'A256GCM', ephemeral, iv, header },
    recipient: recipe.encryptTo ?? key.publicJwk,
    cek: bytesFrom(`cek ${label}`, 32),
  })
  const { encryptedKey, ciphertext, tag } = (recipe.sealed ?? same)(sealed)
  const sentIv = recipe.iv === undefined ? iv : recipe.iv(iv)
  return assemble(header, base64url(encryptedKey), base64url(sentIv), base64url(ciphertext), base64url(tag))
}
