// Makes signed answers for vectors: a correct answer by default, and one place for each thing that can be wrong with it or with
// the response that it comes with.

import { base64url, sha256 } from './encoding.ts'
import { DETACHED_EXAMPLE } from './envelope-printed.ts'
import { settings as envelopeSettings } from './envelope-recipe.ts'
import type { JwsRewrites } from './jws.ts'
import { makeJws } from './jws.ts'
import type { Jwk, TestKey } from './keys.ts'
import { ed25519, otherEd25519, otherP256, rsa2048, thumbprint } from './keys.ts'
import { x25519Recipient } from './seal.ts'
import type { Scheme } from './sign.ts'
import type { Expectation, Vector } from './vector.ts'
import { vector } from './vector.ts'

/** What the flags of answer-jws.json are about. */
export const notes = {
  alg: 'The algorithm.',
  base64url: 'A segment in a second spelling, which lax decoders accept.',
  content: 'The digest and the content of the response.',
  created: 'The time of signing, which is compared with no clock.',
  crit: 'Critical header parameters and b64.',
  digest: 'The form of the digest.',
  example: 'The example of the specification.',
  extra: 'Header parameters and spellings of JSON that change nothing.',
  fields: 'The form of the signed fields.',
  'fields-excluded': 'Fields that no answer covers.',
  'fields-received': 'The signed fields and those of the response.',
  form: 'Answers that are right.',
  joined: 'Two fields in one.',
  json: 'Headers that are not strict JSON objects.',
  kid: 'The name of the key.',
  req: 'The hash of the request.',
  segments: 'The number of segments, and what is in them.',
  signature: 'The signature.',
  size: 'Lengths at a limit and beyond it.',
  status: 'The status code.',
  typ: 'The type in the header.',
}
export type Flag = keyof typeof notes

/** The policy and the limits of every vector. */
export const settings = {
  allowedAlgorithms: envelopeSettings.allowedAlgorithms,
  maxAnswerLength: 8_192,
  maxCreatedSeconds: envelopeSettings.maxCreatedSeconds,
}

/** A key that answers are signed with. */
export interface Signer {
  readonly key: TestKey
  readonly scheme: Scheme
  readonly alg: string
  readonly kid: string
}

export const signers = {
  ed25519: { key: otherEd25519, scheme: 'EdDSA', alg: 'Ed25519', kid: thumbprint(otherEd25519.publicJwk) },
  eddsa: { key: ed25519, scheme: 'EdDSA', alg: 'EdDSA', kid: 'eddsa' },
  es256: { key: otherP256, scheme: 'ES256', alg: 'ES256', kid: 'es256' },
  ps256: { key: rsa2048, scheme: 'PS256', alg: 'PS256', kid: 'ps256' },
  rs256: { key: rsa2048, scheme: 'RS256', alg: 'RS256', kid: 'rs256' },
} as const satisfies Readonly<Record<string, Signer>>

/** A key in the key set of the server that is not for signatures, though it could make some. */
export const ENCRYPTION_KEY: Signer = { ...signers.ed25519, kid: 'encryption' }

/** The key set of the server. */
export const serverKeys: readonly Jwk[] = [
  ...Object.values(signers).map(({ key, alg, kid }) => ({ ...key.publicJwk, kid, alg, use: 'sig' })),
  { ...ENCRYPTION_KEY.key.publicJwk, kid: ENCRYPTION_KEY.kid, alg: 'Ed25519', use: 'enc' },
  { ...x25519Recipient.publicJwk, kid: 'x25519', alg: 'ECDH-ES', use: 'enc' },
]

/** The request that is answered: the detached example of the specification. */
export const REQUEST = DETACHED_EXAMPLE
export const CONTENT = '{"id": 7}'
export const CREATED = 1_700_000_001

type Line = readonly [name: string, value: string]

const FIELDS: readonly Line[] = [
  ['Content-Type', 'application/json'],
  ['Location', '/orders/7'],
]

/** An answer and its response: correct unless a member says otherwise. */
export interface Recipe extends Omit<JwsRewrites, 'payloadSegment'> {
  readonly signer?: Signer
  readonly method?: string
  readonly status?: number
  /** The content that is signed; empty for none. */
  readonly content?: string | Uint8Array
  /** The lines of the response. */
  readonly lines?: readonly Line[]
  /** What arrives in the place of what was signed. */
  readonly receivedStatus?: number
  readonly receivedContent?: string
  /** Header parameters to replace; `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Signed fields to add or replace; `undefined` removes one. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** The payload in the place of an empty one. */
  readonly payload?: string
}

/** Makes one vector of answer-jws.json. */
export async function answerVector(
  id: string,
  comment: string,
  flags: readonly Flag[],
  rfc: string | readonly string[],
  expect: Expectation,
  recipe: Recipe = {},
): Promise<Vector> {
  const { method = 'POST', status = 201, content = CONTENT, lines = FIELDS } = recipe
  const answer = await makeAnswer({ ...recipe, status, content })
  const received = recipe.receivedContent ?? content
  const response = {
    status: recipe.receivedStatus ?? status,
    fields: lines,
    ...(received.length > 0 && { content: base64url(received) }),
  }
  const input = { method, envelope: REQUEST, response, answer }
  return vector(`answer-${id}`, comment, { rfc: [rfc].flat(), flags }, input, expect)
}

async function makeAnswer(recipe: Recipe & { readonly status: number; readonly content: string | Uint8Array }) {
  const { signer = signers.ed25519, status, content, payload = '' } = recipe
  const header = {
    typ: 'countersign-answer',
    alg: signer.alg,
    kid: signer.kid,
    status,
    fields: { 'content-type': 'application/json', location: '/orders/7', ...recipe.fields },
    digest: content.length === 0 ? undefined : base64url(sha256(content)),
    created: CREATED,
    req: base64url(sha256(REQUEST)),
    ...recipe.header,
  }
  return makeJws(signer, header, () => payload, recipe)
}
