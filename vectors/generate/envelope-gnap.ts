// Plain key proofs of RFC 9635, read under profile `gnap`: spec/request-envelope.md, "Differences from RFC 9635".

import type { Flag, Recipe } from './envelope-recipe.ts'
import { envelopeVector, GNAP_KID, gnapKey, JSON_TYPE } from './envelope-recipe.ts'
import { ed25519, otherEd25519, rsa2048 } from './keys.ts'
import { NONCE, NOW } from './proof.ts'
import type { Expectation, Vector } from './vector.ts'

const DETACHED = '9635#section-7.3.3'
const ATTACHED = '9635#section-7.3.4'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function gnapVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('form', 'valid', proofs),
    ...group('missing', 'ERR_ENVELOPE_PARAMETER_MISSING', missing),
    ...group('type', 'ERR_ENVELOPE_PARAMETER_INVALID', invalid),
    ...group('typ', 'ERR_ENVELOPE_TYP', [
      ['plus', 'The type of the printed examples', header({ typ: 'gnap-binding+jwsd' })],
      ['rotation', 'The type that rotates a key', header({ typ: 'gnap-binding-rotation-jwsd' })],
    ]),
    ...group('crit', 'ERR_ENVELOPE_CRIT', [['b64', 'b64', header({ b64: false })]]),
    ...group('kid', 'ERR_ENVELOPE_KID_MISMATCH', [['kid-other', 'Another name of the key', header({ kid: 'k1' })]]),
    ...group('alg', 'ERR_ENVELOPE_ALG', [
      ['alg-missing', 'No alg', header({ alg: undefined })],
      ['alg-of-key-differs', 'The key is for PS256, the header says RS256; both are allowed', otherAlgorithm],
    ]),
    ...group('cty', 'ERR_ENVELOPE_CTY_MISMATCH', [
      ['cty-other', 'A cty that is not the Content-Type', header({ cty: 'text/html' })],
    ]),
    ...group('created', 'ERR_ENVELOPE_EXPIRED', [
      ['created-too-old', 'Made 61 seconds ago', header({ created: NOW - 61 })],
      ['created-too-old-without-nonce', 'The same where nonces are required, and none is sent', oldWithoutNonce],
    ]),
    ...group('nonce', 'ERR_DPOP_NONCE_INVALID', [
      ['nonce-foreign', 'A nonce of another server', { ...gnap, nonce: NONCE, header: { nonce: 'n-0S6_WzA2Mj' } }],
    ]),
    ...group('content', 'ERR_ENVELOPE_CONTENT_MISMATCH', [
      ['content-other', 'Other content', { ...gnap, received: '{"hello": "w0rld"}' }],
    ]),
    ...group('signature', 'ERR_ENVELOPE_SIGNATURE', [
      ['other-key', 'Signed by another key, which stands in its jwk', byOtherKey],
    ]),
    envelopeVector(
      'gnap-without-profile',
      'A plain key proof where the profile is not in use: it has no jwk',
      ['gnap'],
      DETACHED,
      'ERR_ENVELOPE_JWK',
      { header: { jwk: undefined, jti: undefined, cty: undefined, kid: GNAP_KID } },
    ),
  ])
}

function group(flag: Flag, expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) =>
    envelopeVector(
      `gnap-${id}`,
      comment,
      ['gnap', flag],
      recipe.form === 'attached' ? ATTACHED : DETACHED,
      expect,
      recipe,
    ),
  )
}

const gnap = { profile: 'gnap' } as const
const header = (members: Recipe['header'] & object): Recipe => ({ ...gnap, header: members })

const proofs: readonly Row[] = [
  ['detached', 'Detached, with content; no cty', gnap],
  ['detached-no-content', 'Detached, no content', { ...gnap, method: 'GET', content: '' }],
  ['attached', 'Attached; without cty the content is JSON', { ...gnap, form: 'attached' }],
  ['attached-cty', 'Attached, with a cty', { ...gnap, form: 'attached', header: { cty: 'text/plain' } }],
  [
    'jti-nonce-cty',
    'Detached, with all that may be absent',
    { ...gnap, nonce: NONCE, header: { jti: 'j', nonce: NONCE, cty: JSON_TYPE } },
  ],
  [
    'created-with-nonce',
    'With a valid nonce the clock does not matter',
    { ...gnap, nonce: NONCE, header: { nonce: NONCE, created: 1 } },
  ],
  [
    'created-without-nonce',
    'Where nonces are required, and none is sent, the clock decides',
    { ...gnap, nonce: NONCE, header: { nonce: undefined } },
  ],
  ['jwk-ignored', 'The jwk of another key, which does not count', header({ jwk: otherEd25519.publicJwk })],
  ['jwk-malformed', 'A jwk that is none, which does not count', header({ jwk: 'none' })],
]

const missing: readonly Row[] = ['kid', 'htm', 'uri', 'created', 'ath'].map((name) => [
  `${name}-missing`,
  `No ${name}`,
  header({ [name]: undefined }),
])

const invalid: readonly Row[] = [
  ['kid-empty', 'An empty kid', header({ kid: '' })],
  ['created-milliseconds', 'Milliseconds, as some clients send', header({ created: NOW * 1000 })],
  ['jti-number', 'A jti that is a number', header({ jti: 1 })],
  ['jti-too-long', 'A jti of one character more than is read', header({ jti: 'j'.repeat(257) })],
  ['nonce-quoted', 'A text that is no nonce', header({ nonce: 'a"b' })],
  ['cty-abbreviated', 'The abbreviation of RFC 7515', { ...gnap, form: 'attached', header: { cty: 'json' } }],
]

const otherAlgorithm: Recipe = {
  ...gnap,
  signer: { key: rsa2048, scheme: 'RS256' },
  key: { ...rsa2048.publicJwk, kid: GNAP_KID, alg: 'PS256' },
  allowedAlgorithms: ['PS256', 'RS256'],
}

const oldWithoutNonce: Recipe = { ...gnap, nonce: NONCE, header: { nonce: undefined, created: NOW - 61 } }

const byOtherKey: Recipe = {
  ...gnap,
  signer: { key: otherEd25519, scheme: 'EdDSA' },
  header: { jwk: otherEd25519.publicJwk },
  key: { ...gnapKey, ...ed25519.publicJwk },
}
