// Faults in typ, alg, jwk, kid, crit and b64 of an envelope: spec/request-envelope.md, "Verification", step 4.

import { base64url, bytesFrom, fromBase64url } from './encoding.ts'
import type { Flag, Recipe } from './envelope-recipe.ts'
import { envelopeVector } from './envelope-recipe.ts'
import type { Jwk } from './keys.ts'
import { ed25519, otherEd25519, otherP256, p256, rsa1024, rsa2048, thumbprint } from './keys.ts'
import type { Signer } from './proof.ts'
import type { Expectation, Vector } from './vector.ts'

const DETACHED = '9635#section-7.3.3'
const ATTACHED = '9635#section-7.3.4'

type Row = readonly [id: string, comment: string, recipe: Recipe]

const es256: Signer = { key: p256, scheme: 'ES256' }
const ps256: Signer = { key: rsa2048, scheme: 'PS256' }
const header = (members: Recipe['header'] & object): Recipe => ({ header: members })
const members = (jwk: Recipe['jwk'] & object): Recipe => ({ signer: es256, jwk })

/** The vectors of this part. */
export async function headerVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('alg', DETACHED, 'valid', validKeys),
    ...group('typ', [DETACHED, ATTACHED], 'ERR_ENVELOPE_TYP', types),
    ...group('crit', ['7515#section-4.1.11', '7797#section-3'], 'ERR_ENVELOPE_CRIT', criticals),
    ...group('alg', '8725#section-3.2', 'ERR_ENVELOPE_ALG', algorithms),
    ...group('jwk', '7517#section-4', 'ERR_ENVELOPE_JWK', keys),
    ...group('alg', '8725#section-3.1', 'ERR_ENVELOPE_JWK', mismatches),
    ...group('kid', ['7638#section-3', DETACHED], 'ERR_ENVELOPE_KID_MISMATCH', kids),
    ...group('binding', '9449#section-6.1', 'ERR_TOKEN_BINDING_MISMATCH', bindings),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => envelopeVector(id, comment, [flag], rfc, expect, recipe))
}

const validKeys: readonly Row[] = [
  ['es256', 'ES256', { signer: es256 }],
  ['ps256', 'PS256', { signer: ps256 }],
  ['eddsa', 'EdDSA, the older name', { signer: { key: ed25519, scheme: 'EdDSA' } }],
  [
    'rs256-allowed',
    'RS256, where it is allowed',
    { signer: { ...ps256, scheme: 'RS256' }, allowedAlgorithms: ['RS256'] },
  ],
  ['jwk-alg', 'The key names its algorithm', members({ alg: 'ES256' })],
  ['jwk-alg-older-name', 'The key says EdDSA, the header Ed25519', { jwk: { alg: 'EdDSA' } }],
  ['jwk-use-sig', 'A key for signatures, which may verify', members({ use: 'sig', key_ops: ['verify'] })],
  [
    'jwk-extra-members',
    'Members that do not enter the thumbprint',
    members({ kid: 'k1', x5u: 'https://evil.example/' }),
  ],
]

const otherTypes: readonly (readonly [id: string, comment: string, typ: unknown])[] = [
  ['missing', 'No typ', undefined],
  ['null', 'null', null],
  ['empty', 'Empty', ''],
  ['array', 'An array with the right type', ['gnap-binding-jwsd']],
  ['plus', 'The type that the examples of RFC 9635 have in the place of that of its text', 'gnap-binding+jwsd'],
  ['plus-attached', 'The same, for the attached form', 'gnap-binding+jws'],
  ['rotation', 'The type that rotates a key', 'gnap-binding-rotation-jwsd'],
  ['case', 'Capitals', 'GNAP-BINDING-JWSD'],
  ['prefix', 'With application/ before it', 'application/gnap-binding-jwsd'],
  ['trailing-space', 'A space after it', 'gnap-binding-jwsd '],
  ['jwt', 'A JWT', 'JWT'],
  ['dpop', 'A DPoP proof', 'dpop+jwt'],
  ['answer', 'A signed answer', 'countersign-answer'],
]

const types: readonly Row[] = [
  ...otherTypes.map(([id, comment, typ]): Row => [`typ-${id}`, comment, header({ typ })]),
  [
    'typ-plus-in-content',
    'The typ of the examples of RFC 9635, in the content',
    { form: 'attached', header: { typ: 'gnap-binding+jwsd' } },
  ],
  [
    'typ-rotation-in-content',
    'The attached type that rotates a key',
    { form: 'attached', header: { typ: 'gnap-binding-rotation-jws' } },
  ],
  [
    'typ-attached-with-digest',
    'The attached type with the payload of a detached envelope',
    header({ typ: 'gnap-binding-jws' }),
  ],
  [
    'typ-detached-in-content',
    'The detached type in the content',
    { form: 'attached', header: { typ: 'gnap-binding-jwsd' } },
  ],
  [
    'typ-in-proto',
    'typ is a member of a member named __proto__ only',
    { headerText: (text) => text.replace('"typ":"gnap-binding-jwsd"', '"__proto__":{"typ":"gnap-binding-jwsd"}') },
  ],
]

const criticals: readonly Row[] = [
  ['crit', 'A critical parameter', header({ crit: ['created'] })],
  ['crit-b64', 'RFC 7797, which is not used', header({ crit: ['b64'], b64: true })],
  ['crit-empty', 'An empty list', header({ crit: [] })],
  ['crit-null', 'crit is null', header({ crit: null })],
  ['b64-false', 'b64 alone: the payload would not be encoded', header({ b64: false })],
  ['b64-true', 'b64 with the value it has anyway', header({ b64: true })],
  ['b64-null', 'b64 is null', header({ b64: null })],
]

const algorithms: readonly Row[] = [
  ['alg-missing', 'No alg', header({ alg: undefined })],
  ['alg-null', 'alg is null', header({ alg: null })],
  ['alg-number', 'alg is a number', header({ alg: -7 })],
  ['alg-array', 'alg is an array with the right name', header({ alg: ['Ed25519'] })],
  ['alg-none', 'Unsecured by name, with a signature that is right', header({ alg: 'none' })],
  ['alg-hs256', 'A MAC', header({ alg: 'HS256' })],
  ['alg-case', 'The right name in lower case', header({ alg: 'ed25519' })],
  ['alg-ecdh-es', 'An algorithm of key agreement', header({ alg: 'ECDH-ES' })],
  ['alg-rs256', 'RS256, which is not allowed; its signature is right', { signer: { ...ps256, scheme: 'RS256' } }],
  ['alg-not-allowed', 'ES256 where only Ed25519 is allowed', { signer: es256, allowedAlgorithms: ['Ed25519'] }],
]

const own = thumbprint(ed25519.publicJwk)
const { y } = p256.publicJwk as { y: string }
const offCurve = base64url(fromBase64url(y).map((byte, index) => (index === 31 ? byte ^ 1 : byte)))
const oct: Jwk = { kty: 'oct', k: base64url(bytesFrom('secret', 32)) }

const keys: readonly Row[] = [
  ['jwk-missing', 'No jwk', header({ jwk: undefined })],
  ['jwk-null', 'jwk is null', header({ jwk: null })],
  ['jwk-string', 'jwk is the JSON of the right key', header({ jwk: JSON.stringify(ed25519.publicJwk) })],
  ['jwk-array', 'jwk is an array with the right key', header({ jwk: [ed25519.publicJwk] })],
  ['jwk-empty', 'jwk has no members', { header: { jwk: {}, kid: own }, jkt: own }],
  ['jwk-private', 'The private key too', { jwk: ed25519.privateMembers }],
  ['jwk-symmetric', 'A symmetric key', { header: { jwk: oct, kid: own }, jkt: own }],
  ['jwk-point-not-on-curve', 'A point that is not on its curve', members({ y: offCurve })],
  ['jwk-use-enc', 'A key for encryption', members({ use: 'enc' })],
  ['jwk-key-ops', 'A key that may not verify', members({ key_ops: ['sign'] })],
  ['jwk-rsa-1024', 'An RSA key of 1024 bits', { signer: { key: rsa1024, scheme: 'PS256' } }],
  ['jwk-x25519', 'A curve for key agreement', { jwk: { crv: 'X25519' } }],
  ['jwk-padded', 'A member with padding', { jwk: { x: `${ed25519.publicJwk['x']}=` } }],
]

const mismatches: readonly Row[] = [
  ['alg-es256-with-ed25519', 'ES256 with an Ed25519 key', header({ alg: 'ES256' })],
  ['alg-ed25519-with-p256', 'Ed25519 with a P-256 key', { signer: { ...es256, alg: 'Ed25519' } }],
  ['alg-ps256-with-p256', 'PS256 with a P-256 key', { signer: { ...es256, alg: 'PS256' } }],
  ['alg-of-jwk-differs', 'The key says ES384, the header ES256', members({ alg: 'ES384' })],
  ['alg-of-jwk-rs256', 'The key says RS256, the header PS256', { signer: ps256, jwk: { alg: 'RS256' } }],
]

const kids: readonly Row[] = [
  ['kid-of-other-key', 'The thumbprint of another key', header({ kid: thumbprint(otherEd25519.publicJwk) })],
  ['kid-name', 'A name of the key', header({ kid: 'test-key-ed25519' })],
  ['kid-padded', 'The right thumbprint with padding', header({ kid: `${own}=` })],
  ['kid-case', 'The right thumbprint in lower case', header({ kid: own.toLowerCase() })],
  ['kid-trailing-bits', 'The right thumbprint with spare bits set', header({ kid: `${own.slice(0, -1)}V` })],
  ['kid-of-jwk', 'The kid that stands in the jwk', { jwk: { kid: 'k1' }, header: { kid: 'k1' } }],
]

const bindings: readonly Row[] = [
  ['binding-other-key', 'The token is bound to another key', { jkt: thumbprint(otherEd25519.publicJwk) }],
  ['binding-other-type', 'The token is bound to a key of another type', { jkt: thumbprint(otherP256.publicJwk) }],
  ['binding-case', 'The right thumbprint in lower case', { jkt: own.toLowerCase() }],
]
