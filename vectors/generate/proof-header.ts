// Faults in the JOSE header of a proof: typ, alg, crit, jwk. RFC 9449 section 4.3, checks 4, 5 and 7.

import { createHmac } from 'node:crypto'
import { base64url, bytesFrom, fromBase64url, toBytes } from './encoding.ts'
import type { Jwk } from './keys.ts'
import { ed25519, leadingZeroP256, p256, p384, p521, power, rsa1024, rsa2048, thumbprint } from './keys.ts'
import type { Flag, Recipe, Signer } from './proof.ts'
import { proofVector } from './proof.ts'
import { encodePss } from './sign.ts'
import type { Vector } from './vector.ts'

const CHECKS = '9449#section-4.3'

const eddsa: Signer = { key: ed25519, scheme: 'EdDSA' }
const ps256: Signer = { key: rsa2048, scheme: 'PS256' }
const rs256: Signer = { key: rsa2048, scheme: 'RS256' }
const es384: Signer = { key: p384, scheme: 'ES384' }
const es512: Signer = { key: p521, scheme: 'ES512' }

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function headerVectors(): Promise<Vector[]> {
  return Promise.all([
    ...validKeys.map(([id, comment, recipe]) => proofVector(id, comment, ['alg'], CHECKS, 'valid', recipe)),
    ...extras.map(([id, comment, recipe]) => proofVector(id, comment, ['extra'], CHECKS, 'valid', recipe)),
    ...types.map(([id, typ]) =>
      proofVector(id, comments.typ, ['typ'], [CHECKS, '9449#section-11.5'], 'ERR_DPOP_PROOF_TYP', { header: { typ } }),
    ),
    proofVector(
      'typ-in-proto',
      'typ is a member of a member named __proto__ only',
      ['typ'],
      CHECKS,
      'ERR_DPOP_PROOF_TYP',
      {
        headerText: (text) => text.replace('"typ":"dpop+jwt"', '"__proto__":{"typ":"dpop+jwt"}'),
      },
    ),
    ...algorithms.map(([id, comment, recipe]) =>
      proofVector(id, comment, ['alg'], [CHECKS, '9449#section-11.6'], 'ERR_DPOP_PROOF_ALG', recipe),
    ),
    ...criticals.map(([id, comment, recipe]) =>
      proofVector(id, comment, ['crit'], '7515#section-4.1.11', 'ERR_DPOP_PROOF_CRIT', recipe),
    ),
    ...jwks('jwk', CHECKS, keys),
    ...jwks('private', CHECKS, privates),
    ...jwks('alg', ['7518#section-3.4', '8725#section-3.1'], mismatches),
  ])
}

function jwks(flag: Flag, rfc: string | string[], rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => proofVector(id, comment, [flag], rfc, 'ERR_DPOP_PROOF_JWK', recipe))
}

const validKeys: readonly Row[] = [
  ['es256', 'ES256', {}],
  ['eddsa', 'EdDSA with an Ed25519 key', { signer: eddsa }],
  ['ed25519', 'Ed25519, the name that RFC 9864 gives it', { signer: { ...eddsa, alg: 'Ed25519' } }],
  ['ps256', 'PS256', { signer: ps256 }],
  ['rs256-allowed', 'RS256 where it is allowed', { signer: rs256, allowedAlgorithms: ['RS256'] }],
  ['es384-allowed', 'ES384 where it is allowed', { signer: es384, allowedAlgorithms: ['ES256', 'ES384'] }],
  ['es512-allowed', 'ES512 where it is allowed', { signer: es512, allowedAlgorithms: ['ES512'] }],
  [
    'es256-leading-zero',
    'A coordinate that begins with a zero octet',
    { signer: { key: leadingZeroP256, scheme: 'ES256' } },
  ],
]

const elsewhere = 'https://evil.example/keys'
const extras: readonly Row[] = [
  ['header-jku', 'A jku is ignored: nothing is fetched', { header: { jku: elsewhere } }],
  ['header-x5u', 'An x5u is ignored: nothing is fetched', { header: { x5u: elsewhere } }],
  ['header-x5c', 'An x5c is ignored', { header: { x5c: ['AA=='] } }],
  ['header-kid', 'A kid is ignored', { header: { kid: 'k1' } }],
  ['header-kid-wrong-type', 'A kid of the wrong type is ignored too', { header: { kid: { a: 1 } } }],
  ['header-cty', 'A cty is ignored', { header: { cty: 'JWT' } }],
  ['header-unknown', 'An unknown header parameter', { header: { 'https://example.com/p': [1, null] } }],
  [
    'header-other-order',
    'The parameters in another order',
    { header: { typ: undefined }, headerText: (text) => text.replace(/\}$/, ',"typ":"dpop+jwt"}') },
  ],
  [
    'header-white-space',
    'White space in the JSON of the header',
    { headerText: (text) => JSON.stringify(JSON.parse(text), null, '\t') },
  ],
  [
    'header-escapes',
    'Escapes in names and values of the header',
    { headerText: (text) => text.replace('"typ":"dpop+jwt"', '"\\u0074yp":"dpop\\u002bjwt"') },
  ],
  ['header-not-ascii', 'A header parameter that is not ASCII', { header: { kid: 'cl\u00e9' } }],
  ['jwk-use-sig', 'use is sig', { jwk: { use: 'sig' } }],
  ['jwk-key-ops-verify', 'key_ops has verify', { jwk: { key_ops: ['verify'] } }],
  ['jwk-alg-same', 'The alg of the key is that of the header', { jwk: { alg: 'ES256' } }],
  [
    'jwk-alg-eddsa-for-ed25519',
    'EdDSA and Ed25519 are two names of one algorithm',
    { signer: { ...eddsa, alg: 'Ed25519' }, jwk: { alg: 'EdDSA' } },
  ],
  ['jwk-kid-and-x5u', 'kid and x5u of the key are ignored', { jwk: { kid: 'k1', x5u: elsewhere } }],
  ['jwk-ext', 'ext, as WebCrypto exports it', { jwk: { ext: true } }],
  ['jwk-unknown-member', 'An unknown member of the key', { jwk: { 'https://example.com/m': { a: 1 } } }],
]

const comments = { typ: 'typ is not exactly dpop+jwt' }
const types: readonly (readonly [string, unknown])[] = [
  ['typ-missing', undefined],
  ['typ-null', null],
  ['typ-empty', ''],
  ['typ-jwt', 'JWT'],
  ['typ-access-token', 'at+jwt'],
  ['typ-client-assertion', 'client-authentication+jwt'],
  ['typ-upper-case', 'DPOP+JWT'],
  ['typ-mixed-case', 'DPoP+jwt'],
  ['typ-media-type', 'application/dpop+jwt'],
  ['typ-trailing-space', 'dpop+jwt '],
  ['typ-prefix', 'dpop'],
  ['typ-percent-encoded', 'dpop%2Bjwt'],
  ['typ-array', ['dpop+jwt']],
  ['typ-number', 1],
  ['typ-object', { typ: 'dpop+jwt' }],
]

/** An HMAC keyed with the public key, as a verifier takes it that does not look at the type of the key. */
function hmacWithPublicKey(_: Buffer, signingInput: string): Buffer {
  return createHmac('sha256', JSON.stringify(p256.publicJwk)).update(signingInput).digest()
}

const named = (alg: unknown): Recipe => ({ header: { alg } })
const algorithms: readonly Row[] = [
  ['alg-missing', 'No alg', named(undefined)],
  ['alg-null', 'alg is null', named(null)],
  ['alg-empty', 'alg is empty', named('')],
  ['alg-number', 'alg is the COSE number of ES256', named(-7)],
  ['alg-array', 'alg is an array', named(['ES256'])],
  ['alg-none', 'none, with a signature', named('none')],
  [
    'alg-none-without-signature',
    'An unsecured JWS: none, and the empty signature that belongs to it',
    { ...named('none'), signature: () => Buffer.alloc(0) },
  ],
  ['alg-none-mixed-case', 'nOnE', named('nOnE')],
  ['alg-none-upper-case', 'NONE', named('NONE')],
  ['alg-hs256', 'HS256 with the public key as secret', { ...named('HS256'), signature: hmacWithPublicKey }],
  ['alg-hs512', 'HS512', named('HS512')],
  ['alg-lower-case', 'es256', named('es256')],
  ['alg-trailing-space', 'ES256 and a space', named('ES256 ')],
  ['alg-unknown', 'An unknown name', named('XY256')],
  ['alg-es256k', 'A registered algorithm that is not implemented', named('ES256K')],
  ['alg-key-agreement', 'An algorithm of JWE', named('ECDH-ES')],
  ['alg-proto', 'A name that every object of some languages has', named('__proto__')],
  ['alg-constructor', 'Another such name', named('constructor')],
  ['alg-rs256-not-allowed', 'RS256 is implemented, not allowed by default', { signer: rs256 }],
  ['alg-es384-not-allowed', 'ES384 is implemented, not allowed by default', { signer: es384 }],
  ['alg-es512-not-allowed', 'ES512 is implemented, not allowed by default', { signer: es512 }],
  ['alg-es256-not-allowed', 'ES256 where only EdDSA is allowed', { allowedAlgorithms: ['EdDSA'] }],
]

const criticals: readonly Row[] = [
  ['crit-unknown', 'An unknown critical parameter', { header: { crit: ['x'], x: 1 } }],
  [
    'crit-b64',
    'The critical parameter of RFC 7797, which is not implemented',
    { header: { crit: ['b64'], b64: true } },
  ],
  ['crit-known', 'A parameter that crit must not name', { header: { crit: ['alg'] } }],
  ['crit-exp', 'A claim as critical parameter', { header: { crit: ['exp'], exp: 4_102_444_800 } }],
  ['crit-empty', 'An empty list, which is forbidden', { header: { crit: [] } }],
  ['crit-string', 'A string in the place of the list', { header: { crit: 'x', x: 1 } }],
  ['crit-null', 'null in the place of the list', { header: { crit: null } }],
]

const x = p256.publicJwk['x'] as string
const y = p256.publicJwk['y'] as string
const n = rsa2048.publicJwk['n'] as string

/** `y` with one bit changed. */
const offCurve = base64url(Buffer.from(fromBase64url(y).map((byte, index) => (index === 31 ? byte ^ 1 : byte))))

const FIELD = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/** The first point of P-256 by its x, with the prime of the field added to x: on the curve for a reader that reduces it. */
function pointBeyondField(): Record<string, string> {
  for (let small = 1n; ; small++) {
    const square = (small ** 3n - 3n * small + B) % FIELD
    const root = power(square, (FIELD + 1n) / 4n, FIELD)
    if ((root * root) % FIELD === square) return { x: encoded(small + FIELD), y: encoded(root) }
  }
}

const encoded = (value: bigint) => base64url(toBytes(value, 32))
const zero = base64url(Buffer.alloc(32))
const jwkOf = (jwk: unknown): Recipe => ({ header: { jwk } })
const members = (jwk: Readonly<Record<string, unknown>>): Recipe => ({ jwk })
const rsaMembers = (jwk: Readonly<Record<string, unknown>>): Recipe => ({ signer: ps256, jwk })

const keys: readonly Row[] = [
  ['jwk-missing', 'No jwk', jwkOf(undefined)],
  ['jwk-missing-with-kid', 'No jwk but a kid', { header: { jwk: undefined, kid: thumbprint(p256.publicJwk) } }],
  ['jwk-missing-with-jku', 'No jwk but a jku', { header: { jwk: undefined, jku: elsewhere } }],
  ['jwk-null', 'jwk is null', jwkOf(null)],
  ['jwk-string', 'jwk is JSON in a string', jwkOf(JSON.stringify(p256.publicJwk))],
  ['jwk-array', 'jwk is an array of one key', jwkOf([p256.publicJwk])],
  ['jwk-set', 'jwk is a JWK Set', { ...jwkOf({ keys: [p256.publicJwk] }), jkt: thumbprint(p256.publicJwk) }],
  ['jwk-empty', 'jwk is an empty object', { ...jwkOf({}), jkt: thumbprint(p256.publicJwk) }],
  ['jwk-kty-missing', 'No kty', members({ kty: undefined })],
  ['jwk-kty-lower-case', 'kty in lower case', members({ kty: 'ec' })],
  ['jwk-crv-missing', 'No crv', members({ crv: undefined })],
  ['jwk-crv-unknown', 'A curve that is not implemented', members({ crv: 'secp256k1' })],
  ['jwk-crv-wrong', 'Coordinates of P-256 said to be of P-384', members({ crv: 'P-384' })],
  ['jwk-x-missing', 'No x', members({ x: undefined })],
  ['jwk-y-missing', 'No y', members({ y: undefined })],
  ['jwk-x-number', 'x is a number', members({ x: 1 })],
  ['jwk-x-padded', 'x with padding', members({ x: `${x}=` })],
  ['jwk-x-trailing-bits', 'x with spare bits set', members({ x: `${x.slice(0, -1)}B` })],
  [
    'jwk-y-standard-alphabet',
    'y in the alphabet of base64',
    { signer: { key: leadingZeroP256, scheme: 'ES256' }, jwk: standardAlphabet(leadingZeroP256.publicJwk) },
  ],
  [
    'jwk-x-without-leading-zero',
    'x without its zero octet',
    {
      signer: { key: leadingZeroP256, scheme: 'ES256' },
      jwk: { x: base64url(fromBase64url(leadingZeroP256.publicJwk['x'] as string).subarray(1)) },
    },
  ],
  [
    'jwk-x-extra-zero',
    'x with a zero octet before it',
    members({ x: base64url(Buffer.concat([Buffer.of(0), fromBase64url(x)])) }),
  ],
  ['jwk-point-not-on-curve', 'One bit of y is changed: the point is not on the curve', members({ y: offCurve })],
  ['jwk-coordinates-exchanged', 'x and y exchanged: not on the curve', members({ x: y, y: x })],
  ['jwk-coordinate-beyond-field', 'x is not smaller than the prime of the field', members(pointBeyondField())],
  ['jwk-point-zero', 'Both coordinates zero', members({ x: zero, y: zero })],
  ['jwk-use-enc', 'A key for encryption', members({ use: 'enc' })],
  ['jwk-key-ops-sign', 'key_ops without verify', members({ key_ops: ['sign'] })],
  ['jwk-key-ops-string', 'key_ops is a string', members({ key_ops: 'verify' })],
  ['jwk-rsa-1024', 'An RSA key of 1024 bits; its signature is right', { signer: { key: rsa1024, scheme: 'PS256' } }],
  [
    'jwk-rsa-exponent-one',
    'An RSA exponent of one; its signature is right, and anybody can make it',
    { ...rsaMembers({ e: 'AQ' }), signature: (_, input) => encodePss(input, 256) },
  ],
  ['jwk-rsa-exponent-even', 'An even RSA exponent', rsaMembers({ e: 'AQAA' })],
  ['jwk-rsa-exponent-too-long', 'An RSA exponent of five octets', rsaMembers({ e: 'AQAAAAE' })],
  [
    'jwk-rsa-modulus-leading-zero',
    'An RSA modulus with a zero octet before it',
    rsaMembers({ n: base64url(Buffer.concat([Buffer.of(0), fromBase64url(n)])) }),
  ],
  [
    'jwk-rsa-modulus-too-long',
    'An RSA modulus of 8200 bits',
    rsaMembers({ n: base64url(Buffer.concat([Buffer.of(255), bytesFrom('8200', 1024)])) }),
  ],
  ['jwk-rsa-e-missing', 'No e', rsaMembers({ e: undefined })],
  ['jwk-rsa-n-missing', 'No n', rsaMembers({ n: undefined })],
  ['jwk-x25519', 'A curve for key agreement', { signer: eddsa, jwk: { crv: 'X25519' } }],
  ['jwk-ed448', 'A curve that is not implemented', { signer: eddsa, jwk: { crv: 'Ed448' } }],
  ['jwk-ed25519-short', 'An Ed25519 key of 31 octets', { signer: eddsa, jwk: { x: base64url(bytesFrom('x', 31)) } }],
]

const privates: readonly Row[] = [
  ['jwk-ec-d', 'The private key of the proof itself', members(p256.privateMembers)],
  ['jwk-okp-d', 'The private key of an Ed25519 key', { signer: eddsa, jwk: ed25519.privateMembers }],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi'].map(
    (name): Row => [
      `jwk-rsa-${name}`,
      `The member ${name} of an RSA key`,
      rsaMembers({ [name]: rsa2048.privateMembers[name] }),
    ],
  ),
  ['jwk-rsa-oth', 'The other primes of an RSA key', rsaMembers({ oth: [{ r: 'AQ', d: 'AQ', t: 'AQ' }] })],
  ['jwk-d-null', 'd is null: no public key has the member at all', members({ d: null })],
  ['jwk-d-empty', 'd is empty', members({ d: '' })],
  ['jwk-k', 'k on an EC key', members({ k: 'AA' })],
  [
    'jwk-oct',
    'A symmetric key',
    { ...jwkOf({ kty: 'oct', k: base64url(bytesFrom('secret', 32)) }), jkt: thumbprint(p256.publicJwk) },
  ],
]

const mismatches: readonly Row[] = [
  ['es256-with-p384', 'ES256 with a P-384 key, and SHA-256', { signer: { key: p384, scheme: 'ES256' } }],
  ['es256-with-ed25519', 'ES256 with an Ed25519 key', { signer: { ...eddsa, alg: 'ES256' } }],
  ['es256-with-rsa', 'ES256 with an RSA key', { signer: { ...ps256, alg: 'ES256' } }],
  ['eddsa-with-p256', 'EdDSA with a P-256 key', { header: { alg: 'EdDSA' } }],
  ['ps256-with-p256', 'PS256 with a P-256 key', { header: { alg: 'PS256' } }],
  ['jwk-alg-es384', 'The key says ES384, the header ES256', members({ alg: 'ES384' })],
  ['jwk-alg-rs256', 'The key says RS256, the header PS256', rsaMembers({ alg: 'RS256' })],
  ['jwk-alg-none', 'The key says none', members({ alg: 'none' })],
  ['jwk-alg-ecdh', 'The key says ECDH-ES', members({ alg: 'ECDH-ES' })],
]

/** The first coordinate that differs in the alphabet of base64. */
function standardAlphabet(jwk: Jwk): Record<string, string> {
  for (const name of ['x', 'y']) {
    const value = jwk[name] as string
    const respelt = value.replaceAll('-', '+').replaceAll('_', '/')
    if (respelt !== value) return { [name]: respelt }
  }
  throw new Error('Choose a key whose coordinates have a hyphen or an underscore')
}
