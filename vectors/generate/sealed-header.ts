// The header parameters of a sealed envelope: spec/request-envelope.md, "Sealed".

import { otherP256, p256, p384 } from './keys.ts'
import { p256Ephemeral, p256Recipient, x25519Ephemeral } from './seal.ts'
import type { Flag, Recipe } from './sealed-recipe.ts'
import { recipients, SIGNING_KID, sealedVector } from './sealed-recipe.ts'
import type { Expectation, Vector } from './vector.ts'

type Members = Readonly<Record<string, unknown>>
/** A row changes parameters of the header, or rewrites its text, or more. */
type Row = readonly [
  id: string,
  comment: string,
  change: Members | ((text: string) => string) | { readonly recipe: Recipe },
]

/** The vectors of this part. */
export async function sealedHeaderVectors(): Promise<Vector[]> {
  const invalid = 'ERR_ENVELOPE_SEAL_INVALID'
  return Promise.all([
    ...group('alg', '7518#section-4.1', invalid, algorithms),
    ...group('enc', '7518#section-5.1', invalid, encryptions),
    ...group('cty', '7516#section-4.1.12', invalid, contentTypes),
    ...group('kid', '7516#section-4.1.6', invalid, names),
    ...group('kid', '7516#section-4.1.6', 'ERR_ENVELOPE_SEAL_KEY_UNKNOWN', unknownKeys),
    ...group('epk', '7518#section-4.6.1', invalid, ephemeralKeys),
    ...group('forbidden', '7516#section-4.1', invalid, forbidden),
    ...group('extra', '7516#section-4', 'valid', extras),
  ])
}

function group(flag: Flag, rfc: string, expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, change]) => sealedVector(id, comment, [flag], rfc, expect, recipeOf(change)))
}

function recipeOf(change: Row[2]): Recipe {
  if (typeof change === 'function') return { headerText: change }
  return isWhole(change) ? change.recipe : { header: change }
}

function isWhole(change: object): change is { readonly recipe: Recipe } {
  return 'recipe' in change
}

const { publicJwk: epk } = p256Ephemeral

const algorithms: readonly Row[] = [
  ['alg-missing', 'No alg', { alg: undefined }],
  ['alg-number', 'An alg that is a number', { alg: 1 }],
  ['alg-direct', 'A shared symmetric key', { alg: 'dir' }],
  ['alg-rsa', 'RSA-OAEP-256', { alg: 'RSA-OAEP-256' }],
  ['alg-a128kw', 'Another key wrap', { alg: 'ECDH-ES+A128KW' }],
  ['alg-password', 'A password', { alg: 'PBES2-HS512+A256KW' }],
  ['alg-case', 'alg in lower case', { alg: 'ecdh-es' }],
  [
    'alg-not-of-key',
    'ECDH-ES+A256KW, rightly made, to the key for ECDH-ES',
    { recipe: { recipient: { ...recipients.p256Wrapping, kid: recipients.p256.kid } } },
  ],
  [
    'alg-not-of-wrapping-key',
    'ECDH-ES, rightly made, to the key for ECDH-ES+A256KW',
    { recipe: { recipient: { ...recipients.x25519, kid: recipients.x25519Wrapping.kid } } },
  ],
]

const encryptions: readonly Row[] = [
  ['enc-missing', 'No enc', { enc: undefined }],
  ['enc-a128gcm', 'A128GCM', { enc: 'A128GCM' }],
  ['enc-cbc', 'A256CBC-HS512', { enc: 'A256CBC-HS512' }],
  ['enc-case', 'enc in lower case', { enc: 'a256gcm' }],
  ['enc-list', 'enc in a list', { enc: ['A256GCM'] }],
]

const contentTypes: readonly Row[] = [
  ['cty-missing', 'No cty', { cty: undefined }],
  ['cty-case', 'cty in upper case', { cty: 'JOSE' }],
  ['cty-media-type', 'The media type in full', { cty: 'application/jose' }],
  ['cty-jwt', 'cty for a JWT', { cty: 'JWT' }],
  ['cty-empty', 'An empty cty', { cty: '' }],
]

const names: readonly Row[] = [
  ['kid-missing', 'No kid', { kid: undefined }],
  ['kid-empty', 'An empty kid', { kid: '' }],
  ['kid-number', 'A kid that is a number', { kid: 1 }],
  ['kid-null', 'A kid that is null', { kid: null }],
]

const unknownKeys: readonly Row[] = [
  ['kid-unknown', 'A kid that no key of the server has', { kid: 'p256-of-last-year' }],
  ['kid-case', 'The right kid in lower case', { kid: recipients.p256.kid.toLowerCase() }],
  ['kid-space', 'The right kid with a space', { kid: `${recipients.p256.kid} ` }],
  ['kid-of-signing-key', 'The kid of a key that is not for encryption', { kid: SIGNING_KID }],
]

const ephemeralKeys: readonly Row[] = [
  ['epk-missing', 'No epk', { epk: undefined }],
  ['epk-string', 'An epk that is a text', { epk: JSON.stringify(epk) }],
  ['epk-array', 'An epk in a list', { epk: [epk] }],
  ['epk-null', 'An epk that is null', { epk: null }],
  ['epk-private', 'An epk with its private key', { epk: { ...epk, ...p256Ephemeral.privateMembers } }],
  ['epk-private-null', 'An epk with a private member that is null', { epk: { ...epk, d: null } }],
  ['epk-without-y', 'An epk without y', { epk: { ...epk, y: undefined } }],
  ['epk-x-short', 'An x of 31 octets', { epk: { ...epk, x: 'A'.repeat(42) } }],
  ['epk-x-spelling', 'An x with spare bits set', { epk: { ...epk, x: `${String(epk['x']).slice(0, -1)}1` } }],
  ['epk-y-number', 'A y that is a number', { epk: { ...epk, y: 1 } }],
  ['epk-p384', 'An epk on P-384', { epk: p384.publicJwk }],
  ['epk-ed25519', 'An Ed25519 key', { epk: { ...x25519Ephemeral.publicJwk, crv: 'Ed25519' } }],
  ['epk-kty', 'kty OKP with the curve P-256', { epk: { ...epk, kty: 'OKP' } }],
  ['epk-crv-case', 'The curve in lower case', { epk: { ...epk, crv: 'p-256' } }],
  ['epk-other-curve', 'An X25519 key for a recipient on P-256', { epk: x25519Ephemeral.publicJwk }],
  [
    'epk-other-curve-x25519',
    'A P-256 key for a recipient on X25519',
    { recipe: { recipient: recipients.x25519, header: { epk: p256Ephemeral.publicJwk } } },
  ],
]

const forbidden: readonly Row[] = [
  ['zip', 'Compressed before encryption, it says', { zip: 'DEF' }],
  ['zip-null', 'A zip that is null', { zip: null }],
  ['crit', 'A critical parameter', { crit: ['exp'], exp: 1 }],
  ['crit-empty', 'An empty crit', { crit: [] }],
  ['apu', 'Information on the sender', { apu: 'QWxpY2U' }],
  ['apu-empty', 'An empty apu', { apu: '' }],
  ['apv', 'Information on the recipient', { apv: 'Qm9i' }],
]

const extras: readonly Row[] = [
  ['extra-typ', 'A typ', { typ: 'JOSE' }],
  ['extra-jwk', 'A jwk, which is not the recipient', { jwk: otherP256.publicJwk }],
  ['extra-jku', 'The address of a key set, which nobody fetches', { jku: 'https://evil.example/jwks' }],
  ['extra-recipient-key', 'The recipient key with the epk beside it', { 'x-recipient': p256Recipient.publicJwk }],
  ['extra-b64', 'b64, which means nothing in a JWE', { b64: false }],
  ['extra-epk-members', 'An epk with kid, alg and use', { epk: { ...epk, kid: 'a', alg: 'ES256', use: 'sig' } }],
  ['extra-unknown', 'An object that nobody knows', { unknown: { a: [p256.publicJwk] } }],
  ['extra-white-space', 'White space between the members', (text) => text.replaceAll(',"', ' ,\n\t"')],
  ['extra-order', 'The members in reverse order', reversed],
  [
    'extra-escape',
    'An escape in the name and in the value of kid',
    (text) => text.replace('"kid":"V', '"\\u006bid":"\\u0056'),
  ],
]

function reversed(text: string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()))
}
