// Public keys read from untrusted JWKs: RFC 7517, RFC 7518 section 6, RFC 8037, and the key type AKP of ML-DSA.

import { base64url, bytesFrom, fromBase64url } from './encoding.ts'
import type { Jwk, TestKey } from './keys.ts'
import {
  ed25519,
  leadingZeroP256,
  otherEd25519,
  otherP256,
  p256,
  p384,
  p521,
  publicOnly,
  rfc6979P256,
  rsa1024,
  rsa2048,
  thumbprint,
} from './keys.ts'
import type { Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

/** Sizes of RSA keys and ML-DSA public keys. */
const RSA_BITS = { smallest: 2048, largest: 8192 }
const ML_DSA_BYTES = { 'ML-DSA-44': 1312, 'ML-DSA-65': 1952, 'ML-DSA-87': 2592 } as const

const notes = {
  alg: 'The alg of the key, or the algorithm it is to be used with, is not one for such a key.',
  crv: 'A curve that is not for signatures here.',
  encoding: 'A member whose text is not the one canonical encoding of its value.',
  'extra-members': 'Members that do not identify the key and do not matter.',
  kty: 'A key type that is absent, unknown or misspelt.',
  length: 'A member of the wrong length.',
  'ml-dsa': 'Keys of the type AKP. Their octets are made up; only length and spelling count here.',
  private: 'A member that holds private or symmetric key material, whatever its value.',
  rsa: 'Limits on the modulus and the exponent.',
  type: 'A value of the wrong JSON type.',
  use: 'use or key_ops that do not permit verification.',
}
type Flag = keyof typeof notes

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['kty', 'crv', 'x', 'y'],
  RSA: ['kty', 'n', 'e'],
  OKP: ['kty', 'crv', 'x'],
  AKP: ['kty', 'alg', 'pub'],
}

function valid(
  id: string,
  comment: string,
  jwk: Jwk,
  options: { flags?: Flag[]; algorithm?: string; rfc?: string } = {},
) {
  const { flags = [], algorithm, rfc = '7517#section-4' } = options
  const names = MEMBERS[String(jwk['kty'])] as readonly string[]
  const publicJwk = Object.fromEntries(names.map((name) => [name, jwk[name]]))
  const result = { publicJwk, thumbprint: thumbprint(jwk) }
  return vector(`jwk-${id}`, comment, { rfc: [rfc], flags }, { jwk, algorithm }, 'valid', result)
}

function refused(id: string, comment: string, jwk: unknown, flag: Flag, rfc: string, algorithm?: string): Vector {
  return vector(`jwk-${id}`, comment, { rfc: [rfc], flags: [flag] }, { jwk, algorithm }, 'ERR_JWK_INVALID')
}

/** A copy of a key's public JWK with other members; `undefined` removes one. */
function changed(key: TestKey, members: Readonly<Record<string, unknown>>): Jwk {
  return Object.fromEntries(Object.entries({ ...key.publicJwk, ...members }).filter(([, value]) => value !== undefined))
}

/** A modulus of exactly so many bits that is no product of primes: only its length counts. */
function modulus(bits: number): string {
  const bytes = bytesFrom(`modulus of ${bits} bits`, Math.ceil(bits / 8))
  const top = 1 << ((bits - 1) % 8)
  bytes[0] = ((bytes[0] as number) & (top - 1)) | top
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) | 1
  return base64url(bytes)
}

const rsa = (members: Readonly<Record<string, unknown>>) => changed(rsa2048, members)
const akp = (alg: keyof typeof ML_DSA_BYTES, extra = 0): Jwk => ({
  kty: 'AKP',
  alg,
  pub: base64url(bytesFrom(`public key of ${alg}`, ML_DSA_BYTES[alg] + extra)),
})
const x = p256.publicJwk['x'] as string
const n = rsa2048.publicJwk['n'] as string

/** The same octets with spare bits set: the character after the last one. */
function withTrailingBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.at(-1) as string) + 1)
}

const validKeys = [
  valid('p256-rfc9421', 'RFC 9421, appendix B.1.3', p256.publicJwk),
  valid('p256-rfc7515', 'RFC 7515, appendix A.3', otherP256.publicJwk),
  valid('p256-rfc6979', 'RFC 6979, appendix A.2.5', rfc6979P256.publicJwk),
  valid('p256-rfc9449', 'RFC 9449, section 4.1; the members are in another order', publicOnly.rfc9449, {
    rfc: '9449#section-4.1',
  }),
  valid('p256-leading-zero', 'A coordinate whose first octet is zero keeps it', leadingZeroP256.publicJwk, {
    flags: ['length'],
    rfc: '7518#section-6.2.1.2',
  }),
  valid('p384-rfc6979', 'RFC 6979, appendix A.2.6', p384.publicJwk, { algorithm: 'ES384' }),
  valid('p521-rfc7520', 'RFC 7520, section 3.2; x begins with a zero octet', p521.publicJwk, { algorithm: 'ES512' }),
  valid('ed25519-rfc9421', 'RFC 9421, appendix B.1.4', ed25519.publicJwk, { rfc: '8037#section-2' }),
  valid('ed25519-rfc8037', 'RFC 8037, appendix A.2', otherEd25519.publicJwk, { rfc: '8037#appendix-A.2' }),
  valid('rsa-rfc7638', 'RFC 7638, section 3.1, with its alg and kid', publicOnly.rfc7638, { rfc: '7638#section-3.1' }),
  valid('rsa-rfc7515', 'RFC 7515, appendix A.2', rsa2048.publicJwk, { algorithm: 'PS256' }),
  valid('rsa-rfc9421', 'RFC 9421, appendix B.1.2', publicOnly.rfc9421Pss, { algorithm: 'PS512' }),
  ...(Object.keys(ML_DSA_BYTES) as (keyof typeof ML_DSA_BYTES)[]).map((alg) =>
    valid(alg.toLowerCase(), `A public key of ${alg}`, akp(alg), { flags: ['ml-dsa'], algorithm: alg }),
  ),
]

const fittingKeys = [
  ['p256-for-es256', p256.publicJwk, 'ES256'],
  ['ed25519-for-eddsa', ed25519.publicJwk, 'EdDSA'],
  ['ed25519-for-ed25519', ed25519.publicJwk, 'Ed25519'],
  ['rsa-for-rs256', rsa2048.publicJwk, 'RS256'],
  ['p256-own-alg', changed(p256, { alg: 'ES256' }), 'ES256'],
  ['ed25519-own-alg-eddsa', changed(ed25519, { alg: 'EdDSA' }), 'EdDSA'],
  ['ed25519-own-alg-eddsa-for-ed25519', changed(ed25519, { alg: 'EdDSA' }), 'Ed25519'],
  ['ed25519-own-alg-ed25519-for-eddsa', changed(ed25519, { alg: 'Ed25519' }), 'EdDSA'],
  ['rsa-own-alg', rsa({ alg: 'PS384' }), 'PS384'],
  ['p256-own-alg-unasked', changed(p256, { alg: 'ES256' }), undefined],
].map(([id, jwk, algorithm]) =>
  valid(id as string, 'The key fits the algorithm', jwk as Jwk, {
    flags: ['alg'],
    rfc: '8725#section-3.1',
    ...(algorithm !== undefined && { algorithm: algorithm as string }),
  }),
)

const harmlessMembers: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
  ['kid', 'A key id', { kid: 'k1' }],
  ['use-sig', 'use is sig', { use: 'sig' }],
  ['key-ops-verify', 'key_ops has verify only', { key_ops: ['verify'] }],
  ['key-ops-verify-among-others', 'key_ops has verify among others', { key_ops: ['sign', 'verify'] }],
  ['ext', 'The member that WebCrypto adds', { ext: true }],
  ['x5', 'Members for certificates', { x5u: 'https://evil.example/c', x5c: ['AA=='], x5t: 'AA', 'x5t#S256': 'AA' }],
  ['unknown', 'A member of an unknown name', { 'https://example.com/m': { d: 1 } }],
  ['member-of-another-type', 'A member that belongs to RSA keys', { e: 'AQAB' }],
  ['proto', 'A member named __proto__', JSON.parse('{"__proto__":{"d":"AA"}}')],
]

const requiredMembers: readonly (readonly [string, TestKey, string])[] = [
  ['ec-crv', p256, 'crv'],
  ['ec-x', p256, 'x'],
  ['ec-y', p256, 'y'],
  ['okp-crv', ed25519, 'crv'],
  ['okp-x', ed25519, 'x'],
  ['rsa-n', rsa2048, 'n'],
  ['rsa-e', rsa2048, 'e'],
]

const wrongTypes: readonly (readonly [string, string, unknown])[] = [
  ['null', 'null', null],
  ['string', 'A string, even one that is a JWK in JSON', JSON.stringify(p256.publicJwk)],
  ['number', 'A number', 1],
  ['boolean', 'A boolean', true],
  ['array', 'An array that holds a JWK', [p256.publicJwk]],
  ['empty-array', 'An empty array', []],
  ['x-number', 'x is a number', changed(p256, { x: 1 })],
  ['x-null', 'x is null', changed(p256, { x: null })],
  ['y-array', 'y is an array with the right text', changed(p256, { y: [p256.publicJwk['y']] })],
  ['n-number', 'n is a number', rsa({ n: 65_537 })],
  ['e-number', 'e is a number', rsa({ e: 65_537 })],
  ['crv-array', 'crv is an array', changed(p256, { crv: ['P-256'] })],
  ['kty-array', 'kty is an array', changed(p256, { kty: ['EC'] })],
]

const keyTypes: readonly (readonly [string, string, Jwk])[] = [
  ['kty-missing', 'No kty', changed(p256, { kty: undefined })],
  ['kty-null', 'kty is null', changed(p256, { kty: null })],
  ['kty-lower-case', 'kty in lower case', changed(p256, { kty: 'ec' })],
  ['kty-oct', 'A symmetric key without its k', { kty: 'oct' }],
  ['kty-unknown', 'An unknown key type', { kty: 'XYZ', x }],
  ['kty-of-another-key', 'An EC key called OKP', changed(p256, { kty: 'OKP' })],
  ['empty', 'No members at all', {}],
]

const curves: readonly (readonly [string, string, Jwk])[] = [
  ['crv-secp256k1', 'The curve of ES256K', changed(p256, { crv: 'secp256k1' })],
  ['crv-lower-case', 'The curve in lower case', changed(p256, { crv: 'p-256' })],
  ['crv-nist-name', 'The curve by another name', changed(p256, { crv: 'prime256v1' })],
  ['crv-ed25519-for-ec', 'A curve of OKP keys on an EC key', changed(p256, { crv: 'Ed25519' })],
  ['crv-p256-for-okp', 'A curve of EC keys on an OKP key', changed(ed25519, { crv: 'P-256' })],
  ['crv-x25519', 'A curve for key agreement', changed(ed25519, { crv: 'X25519' })],
  ['crv-x448', 'A curve for key agreement', { kty: 'OKP', crv: 'X448', x: base64url(bytesFrom('X448', 56)) }],
  ['crv-ed448', 'A curve that is not implemented', { kty: 'OKP', crv: 'Ed448', x: base64url(bytesFrom('Ed448', 57)) }],
]

const lengths: readonly (readonly [string, string, Jwk])[] = [
  [
    'x-without-leading-zero',
    'The zero octet is left out',
    changed(leadingZeroP256, { x: base64url(fromBase64url(leadingZeroP256.publicJwk['x'] as string).subarray(1)) }),
  ],
  [
    'x-extra-leading-zero',
    'A zero octet too many',
    changed(p256, { x: base64url(Buffer.concat([Buffer.of(0), fromBase64url(x)])) }),
  ],
  ['x-empty', 'x is empty', changed(p256, { x: '' })],
  ['y-short', 'y lacks its last octet', changed(p256, { y: base64url(bytesFrom('y', 31)) })],
  ['p384-coordinates-of-p256', 'Coordinates too short for the curve', changed(p256, { crv: 'P-384' })],
  ['p256-coordinates-of-p384', 'Coordinates too long for the curve', changed(p384, { crv: 'P-256' })],
  [
    'p521-coordinates-of-65-octets',
    'Coordinates of P-521 have 66 octets',
    changed(p521, { x: base64url(bytesFrom('x', 65)) }),
  ],
  ['ed25519-short', 'An Ed25519 key of 31 octets', changed(ed25519, { x: base64url(bytesFrom('x', 31)) })],
  ['ed25519-long', 'An Ed25519 key of 33 octets', changed(ed25519, { x: base64url(bytesFrom('x', 33)) })],
  ['ed25519-empty', 'An empty Ed25519 key', changed(ed25519, { x: '' })],
]

const encodings: readonly (readonly [string, string, Jwk])[] = [
  ['x-padded', 'x with padding', changed(p256, { x: `${x}=` })],
  ['x-trailing-bits', 'x with spare bits set', changed(p256, { x: withTrailingBits(x) })],
  [
    'x-standard-alphabet',
    'y of another key in the alphabet of base64',
    changed(otherP256, { y: (otherP256.publicJwk['y'] as string).replaceAll('_', '/') }),
  ],
  ['x-line-feed', 'x with a line feed in the place of its last character', changed(p256, { x: `${x.slice(0, -1)}\n` })],
  ['x-space', 'x with a space inside', changed(p256, { x: `${x.slice(0, 9)} ${x.slice(10)}` })],
  ['x-hexadecimal', 'x in hexadecimal', changed(p256, { x: fromBase64url(x).toString('hex') })],
  [
    'ed25519-trailing-bits',
    'An Ed25519 key with spare bits set',
    changed(ed25519, { x: withTrailingBits(ed25519.publicJwk['x'] as string) }),
  ],
  ['ed25519-padded', 'An Ed25519 key with padding', changed(ed25519, { x: `${ed25519.publicJwk['x']}=` })],
  [
    'n-leading-zero',
    'A modulus with a leading zero octet',
    rsa({ n: base64url(Buffer.concat([Buffer.of(0), fromBase64url(n)])) }),
  ],
  ['n-padded', 'A modulus with padding', rsa({ n: `${n}==` })],
  ['n-trailing-bits', 'A modulus with spare bits set', rsa({ n: withTrailingBits(n) })],
  ['n-space', 'A modulus with a space at the end', rsa({ n: `${n} ` })],
  ['e-leading-zero', 'An exponent with a leading zero octet', rsa({ e: 'AAEAAQ' })],
  ['e-padded', 'An exponent with padding', rsa({ e: 'Aw==' })],
  ['e-trailing-bits', 'An exponent of three with spare bits set', rsa({ e: 'Ax' })],
  ['e-empty', 'An empty exponent', rsa({ e: '' })],
]

const rsaRefusals: readonly (readonly [string, string, Jwk])[] = [
  ['rsa-1024', 'The key of 1024 bits of RFC 8463', rsa1024.publicJwk],
  ['rsa-2047', 'A modulus of one bit less than the smallest', rsa({ n: modulus(RSA_BITS.smallest - 1) })],
  ['rsa-8193', 'A modulus of one bit more than the largest', rsa({ n: modulus(RSA_BITS.largest + 1) })],
  ['rsa-16384', 'A modulus of 16 384 bits', rsa({ n: modulus(16_384) })],
  ['rsa-empty-modulus', 'An empty modulus', rsa({ n: '' })],
  ['rsa-exponent-one', 'With an exponent of one anybody can sign', rsa({ e: 'AQ' })],
  ['rsa-exponent-zero', 'An exponent of zero', rsa({ e: 'AA' })],
  ['rsa-exponent-two', 'An even exponent of two', rsa({ e: 'Ag' })],
  ['rsa-exponent-even', 'The even exponent 65536', rsa({ e: 'AQAA' })],
  ['rsa-exponent-five-octets', 'An exponent of five octets', rsa({ e: 'AQAAAAE' })],
]

const privateMembers: readonly (readonly [string, string, Jwk])[] = [
  ['ec-private-d', 'The private key of an EC key', { ...p256.publicJwk, ...p256.privateMembers }],
  ['okp-private-d', 'The private key of an OKP key', { ...ed25519.publicJwk, ...ed25519.privateMembers }],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi'].map(
    (name) => [`rsa-private-${name}`, `${name} of an RSA key`, rsa({ [name]: rsa2048.privateMembers[name] })] as const,
  ),
  ['rsa-private-oth', 'The other primes of an RSA key', rsa({ oth: [{ r: 'AQ', d: 'AQ', t: 'AQ' }] })],
  ['rsa-private-oth-empty', 'An empty list of other primes', rsa({ oth: [] })],
  ['rsa-private-all', 'Every private member of an RSA key', { ...rsa2048.publicJwk, ...rsa2048.privateMembers }],
  ['oct-k', 'A symmetric key', { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75' }],
  ['ec-k', 'k on an EC key', changed(p256, { k: 'AA' })],
  ['akp-private', 'The seed of an ML-DSA key', { ...akp('ML-DSA-44'), priv: base64url(bytesFrom('seed', 32)) }],
  ['private-d-null', 'd is null', changed(p256, { d: null })],
  ['private-d-empty', 'd is empty', changed(p256, { d: '' })],
  ['private-d-false', 'd is false', changed(p256, { d: false })],
]

const uses: readonly (readonly [string, string, Jwk])[] = [
  ['use-enc', 'A key for encryption', changed(p256, { use: 'enc' })],
  ['use-upper-case', 'use in capitals', changed(p256, { use: 'SIG' })],
  ['use-null', 'use is null', changed(p256, { use: null })],
  ['use-array', 'use is an array', changed(p256, { use: ['sig'] })],
  ['key-ops-sign', 'key_ops has sign only', changed(p256, { key_ops: ['sign'] })],
  ['key-ops-empty', 'key_ops is empty', changed(p256, { key_ops: [] })],
  ['key-ops-string', 'key_ops is a string', changed(p256, { key_ops: 'verify' })],
  ['key-ops-encrypt', 'key_ops is for encryption', changed(p256, { key_ops: ['encrypt', 'wrapKey'] })],
  ['key-ops-null', 'key_ops is null', changed(p256, { key_ops: null })],
]

const algorithms: readonly (readonly [string, string, Jwk, string?])[] = [
  ['own-alg-of-another-curve', 'ES384 on a P-256 key', changed(p256, { alg: 'ES384' })],
  ['own-alg-of-another-type', 'RS256 on a P-256 key', changed(p256, { alg: 'RS256' })],
  ['own-alg-none', 'none', changed(p256, { alg: 'none' })],
  ['own-alg-hmac', 'HS256', changed(p256, { alg: 'HS256' })],
  ['own-alg-key-agreement', 'ECDH-ES', changed(p256, { alg: 'ECDH-ES' })],
  ['own-alg-encryption', 'RSA-OAEP', rsa({ alg: 'RSA-OAEP' })],
  ['own-alg-lower-case', 'es256', changed(p256, { alg: 'es256' })],
  ['own-alg-number', 'The COSE number of ES256', changed(p256, { alg: -7 })],
  ['own-alg-null', 'null', changed(p256, { alg: null })],
  ['own-alg-differs', 'A key for RS256 used with PS256', rsa({ alg: 'RS256' }), 'PS256'],
  ['own-alg-differs-in-hash', 'A key for PS512 used with PS256', rsa({ alg: 'PS512' }), 'PS256'],
  ['p384-for-es256', 'A P-384 key used with ES256', p384.publicJwk, 'ES256'],
  ['p256-for-es384', 'A P-256 key used with ES384', p256.publicJwk, 'ES384'],
  ['p256-for-eddsa', 'A P-256 key used with EdDSA', p256.publicJwk, 'EdDSA'],
  ['p256-for-ps256', 'A P-256 key used with PS256', p256.publicJwk, 'PS256'],
  ['ed25519-for-es256', 'An Ed25519 key used with ES256', ed25519.publicJwk, 'ES256'],
  ['rsa-for-es256', 'An RSA key used with ES256', rsa2048.publicJwk, 'ES256'],
  ['ml-dsa-44-for-ml-dsa-65', 'An ML-DSA-44 key used with ML-DSA-65', akp('ML-DSA-44'), 'ML-DSA-65'],
  ['ed25519-own-alg-es256', 'ES256 on an Ed25519 key used with EdDSA', changed(ed25519, { alg: 'ES256' }), 'EdDSA'],
]

const mlDsa: readonly (readonly [string, string, Jwk])[] = [
  ['ml-dsa-without-alg', 'AKP keys need their alg', { kty: 'AKP', pub: akp('ML-DSA-44')['pub'] }],
  ['ml-dsa-without-pub', 'AKP keys need their pub', { kty: 'AKP', alg: 'ML-DSA-44' }],
  ['ml-dsa-short', 'pub lacks an octet', akp('ML-DSA-44', -1)],
  ['ml-dsa-long', 'pub has an octet too many', akp('ML-DSA-65', 1)],
  ['ml-dsa-pub-of-another-size', 'pub of ML-DSA-44 called ML-DSA-87', { ...akp('ML-DSA-44'), alg: 'ML-DSA-87' }],
  [
    'akp-unknown-alg',
    'An AKP key of an algorithm that is not implemented',
    { ...akp('ML-DSA-44'), alg: 'SLH-DSA-SHA2-128s' },
  ],
  ['akp-of-es256', 'An AKP key for ES256', { kty: 'AKP', alg: 'ES256', pub: akp('ML-DSA-44')['pub'] }],
  [
    'ml-dsa-trailing-bits',
    'pub with spare bits set',
    { ...akp('ML-DSA-44'), pub: withTrailingBits(akp('ML-DSA-44')['pub'] as string) },
  ],
]

function table(rows: readonly (readonly [string, string, unknown, string?])[], flag: Flag, rfc: string): Vector[] {
  return rows.map(([id, comment, jwk, algorithm]) => refused(id, comment, jwk, flag, rfc, algorithm))
}

const rsaLimits = { flags: ['rsa'] as Flag[], rfc: '7518#section-3.3' }

/** `jwk.json` */
export const jwkFile: VectorFile = {
  kind: 'jwk',
  description:
    'Read a public signature key from `jwk`, for use with `algorithm` where one is named. Where it is valid, `publicJwk` is the ' +
    'members that identify it and `thumbprint` is its RFC 7638 thumbprint with SHA-256. That a point lies on its curve is not ' +
    'checked here but when the key is imported; see dpop-proof.json.',
  notes,
  settings: { minRsaModulusBits: RSA_BITS.smallest, maxRsaModulusBits: RSA_BITS.largest, maxRsaExponentBytes: 4 },
  vectors: [
    ...validKeys,
    ...fittingKeys,
    ...harmlessMembers.map(([id, comment, members]) =>
      valid(`with-${id}`, comment, { ...p256.publicJwk, ...members }, { flags: ['extra-members'] }),
    ),
    valid('rsa-with-crv', 'A member that belongs to EC keys, on an RSA key', rsa({ crv: 'P-256' }), {
      flags: ['extra-members'],
      algorithm: 'PS256',
    }),
    valid('rsa-2048-exactly', 'A modulus of the smallest size', rsa({ n: modulus(RSA_BITS.smallest) }), rsaLimits),
    valid('rsa-2049', 'A modulus whose first octet is one', rsa({ n: modulus(RSA_BITS.smallest + 1) }), rsaLimits),
    valid('rsa-8192-exactly', 'A modulus of the largest size', rsa({ n: modulus(RSA_BITS.largest) }), rsaLimits),
    valid('rsa-exponent-three', 'An exponent of three', rsa({ e: 'Aw' }), rsaLimits),
    valid('rsa-exponent-four-octets', 'An exponent of four octets', rsa({ e: 'gAAAAQ' }), rsaLimits),
    ...table(wrongTypes, 'type', '7517#section-4'),
    ...requiredMembers.map(([id, key, name]) =>
      refused(`${id}-missing`, `No ${name}`, changed(key, { [name]: undefined }), 'type', '7518#section-6'),
    ),
    ...table(keyTypes, 'kty', '7517#section-4.1'),
    ...table(curves, 'crv', '7518#section-6.2.1.1'),
    ...table(lengths, 'length', '7518#section-6.2.1.2'),
    ...table(encodings, 'encoding', '7518#section-2'),
    ...table(rsaRefusals, 'rsa', '7518#section-3.3'),
    ...table(privateMembers, 'private', '9449#section-4.3'),
    ...table(uses, 'use', '7517#section-4.2'),
    ...table(algorithms, 'alg', '8725#section-3.1'),
    ...table(mlDsa, 'ml-dsa', '7517#section-4'),
  ],
}
