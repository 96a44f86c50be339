// What is inside a sealed envelope, and whether it can be opened: spec/request-envelope.md, "Verification", steps 3 to 7.

import { base64url, fromBase64url, withSpareBit } from './encoding.ts'
import { eddsa } from './envelope-recipe.ts'
import { ed25519, otherEd25519, otherP256, p256, rsa2048, thumbprint } from './keys.ts'
import { NONCE, NOW } from './proof.ts'
import { p256Ephemeral } from './seal.ts'
import type { Flag, Recipe } from './sealed-recipe.ts'
import { recipients, sealEnvelope, sealedVector } from './sealed-recipe.ts'
import type { Expectation, Vector } from './vector.ts'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function sealedContentVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('form', '7516#section-5.1', 'valid', forms),
    ...group('unopened', '7516#section-5.2', 'ERR_ENVELOPE_SEAL_UNOPENED', unopened),
    ...group('plaintext', '7515#section-7.1', 'ERR_ENVELOPE_SEAL_INVALID', plaintexts),
    ...inner.map(([id, comment, expect, recipe]) =>
      sealedVector(id, comment, ['inner'], '9635#section-7.3.4', expect, { inner: recipe }),
    ),
  ])
}

function group(flag: Flag, rfc: string, expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => sealedVector(id, comment, [flag], rfc, expect, recipe))
}

const forms: readonly Row[] = [
  ['p256', 'ECDH-ES on P-256', {}],
  ['p256-wrapping', 'ECDH-ES+A256KW on P-256', { recipient: recipients.p256Wrapping }],
  ['x25519', 'ECDH-ES on X25519', { recipient: recipients.x25519 }],
  ['x25519-wrapping', 'ECDH-ES+A256KW on X25519', { recipient: recipients.x25519Wrapping }],
  ['es256', 'An envelope by ES256', { inner: { signer: { key: p256, scheme: 'ES256' } } }],
  ['ps256', 'An envelope by PS256', { inner: { signer: { key: rsa2048, scheme: 'PS256' } } }],
  ['put', 'A PUT with one octet', { inner: { method: 'PUT', content: '0', contentType: 'text/plain' } }],
  [
    'octets',
    'Octets that are no text',
    { inner: { content: '\u0000\u0001\ufeff\u007f', contentType: 'application/octet-stream' } },
  ],
  ['nonce', 'With a nonce of the server', { inner: { nonce: NONCE, header: { created: NOW - 100_000 } } }],
  ['like-digest', 'Content of 32 octets, as long as a digest', { inner: { content: 'x'.repeat(32) } }],
]

/** One bit of one octet changed; a negative position counts from the end. */
const flipped = (octets: Buffer, position: number) => {
  const changed = (position + octets.length) % octets.length
  return Buffer.from(octets.map((octet, index) => (index === changed ? octet ^ 1 : octet)))
}

const { publicJwk: epk } = p256Ephemeral

const unopened: readonly Row[] = [
  [
    'ciphertext-bit-flipped',
    'One bit of the ciphertext changed',
    { sealed: (sealed) => ({ ...sealed, ciphertext: flipped(sealed.ciphertext, 0) }) },
  ],
  [
    'ciphertext-truncated',
    'The ciphertext without its last octet',
    { sealed: (sealed) => ({ ...sealed, ciphertext: sealed.ciphertext.subarray(0, -1) }) },
  ],
  [
    'tag-bit-flipped',
    'One bit of the tag changed',
    { sealed: (sealed) => ({ ...sealed, tag: flipped(sealed.tag, -1) }) },
  ],
  ['iv-changed', 'Another initialisation vector', { iv: (iv) => flipped(iv, 0) }],
  [
    'header-changed',
    'White space in the header added after the encryption',
    { assemble: (header, ...rest) => [spaced(header), ...rest].join('.') },
  ],
  [
    'encrypted-key-bit-flipped',
    'One bit of the encrypted key changed',
    {
      recipient: recipients.p256Wrapping,
      sealed: (sealed) => ({ ...sealed, encryptedKey: flipped(sealed.encryptedKey, -1) }),
    },
  ],
  [
    'encrypted-key-truncated',
    'The encrypted key without its last eight octets',
    {
      recipient: recipients.x25519Wrapping,
      sealed: (sealed) => ({ ...sealed, encryptedKey: sealed.encryptedKey.subarray(0, -8) }),
    },
  ],
  ['epk-of-another', 'An epk that was not used', { header: { epk: otherP256.publicJwk } }],
  ['epk-off-curve', 'An epk that is not on its curve', { header: { epk: { ...epk, y: epk['x'] } } }],
  [
    'epk-zero',
    'An X25519 key of zeros, with which every agreed key is the same',
    {
      recipient: recipients.x25519,
      header: { epk: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) } },
    },
  ],
  ['encrypted-to-another', 'Encrypted to another key than it names', { encryptTo: p256Ephemeral.publicJwk }],
]

function spaced(header: string): string {
  return base64url(fromBase64url(header).toString().replace('{"alg"', '{ "alg"'))
}

const plaintexts: readonly Row[] = [
  ['plaintext-sealed', 'Sealed twice', { plaintext: (jws) => sealEnvelope('inner', jws) }],
  ['plaintext-content', 'The content without an envelope', { plaintext: () => '{"hello": "world"}' }],
  ['plaintext-jwe-header', 'The header of the envelope only', { plaintext: (jws) => jws.split('.')[0] as string }],
  ['plaintext-two-segments', 'No signature and no dot for it', { plaintext: (jws) => jws.replace(/\.[^.]*$/, '') }],
  ['plaintext-four-segments', 'An empty fourth segment', { plaintext: (jws) => `${jws}.` }],
  ['plaintext-unsigned', 'An empty signature', { plaintext: (jws) => jws.replace(/\.[^.]*$/, '.') }],
  ['plaintext-headless', 'An empty header', { plaintext: (jws) => jws.slice(jws.indexOf('.')) }],
  ['plaintext-space-before', 'A space before the envelope', { plaintext: (jws) => ` ${jws}` }],
  ['plaintext-line-feed-after', 'A line feed after the envelope', { plaintext: (jws) => `${jws}\n` }],
  ['plaintext-byte-order-mark', 'A byte order mark before the envelope', { plaintext: (jws) => `\ufeff${jws}` }],
  ['plaintext-padding', 'The signature with padding', { plaintext: (jws) => `${jws}==` }],
  ['plaintext-utf-16', 'The envelope in UTF-16', { plaintext: (jws) => Buffer.from(jws, 'utf16le') }],
  ['plaintext-octet', 'An octet that is no ASCII', { plaintext: (jws) => Buffer.from(`${jws}\u00ff`, 'latin1') }],
  ['plaintext-json', 'The flattened JSON serialisation', { plaintext: flattened }],
]

function flattened(jws: string): string {
  const [header, payload, signature] = jws.split('.')
  return JSON.stringify({ payload, protected: header, signature })
}

const inner: readonly (readonly [
  id: string,
  comment: string,
  expect: Expectation,
  recipe: NonNullable<Recipe['inner']>,
])[] = [
  [
    'inner-signature',
    'An envelope whose signature does not verify',
    'ERR_ENVELOPE_SIGNATURE',
    { signature: changedSignature },
  ],
  ['inner-detached', 'A detached envelope', 'ERR_ENVELOPE_TYP', { form: 'detached' }],
  [
    'inner-no-content',
    'An envelope without content, which is not to be sealed',
    'ERR_ENVELOPE_CONTENT_MISMATCH',
    { method: 'GET', content: '' },
  ],
  [
    'inner-malformed',
    'An envelope whose payload has spare bits set',
    'ERR_ENVELOPE_MALFORMED',
    {
      content: 'a',
      payloadSegment: withSpareBit,
    },
  ],
  [
    'inner-header-too-large',
    'An envelope with too long a header',
    'ERR_ENVELOPE_TOO_LARGE',
    { header: { a: 'x'.repeat(13_000) } },
  ],
  ['inner-crit', 'A crit in the envelope', 'ERR_ENVELOPE_CRIT', { header: { crit: ['b64'], b64: true } }],
  ['inner-alg', 'An algorithm that is not allowed', 'ERR_ENVELOPE_ALG', { signer: { key: rsa2048, scheme: 'RS256' } }],
  ['inner-kid', 'The kid of another key', 'ERR_ENVELOPE_KID_MISMATCH', { header: { kid: thumbprint(p256.publicJwk) } }],
  ['inner-cty-missing', 'No cty in the envelope', 'ERR_ENVELOPE_PARAMETER_MISSING', { header: { cty: undefined } }],
  [
    'inner-cty-jose',
    'An envelope as content',
    'ERR_ENVELOPE_PARAMETER_INVALID',
    { header: { cty: 'application/jose' } },
  ],
  ['inner-htm', 'Another method', 'ERR_ENVELOPE_HTM_MISMATCH', { header: { htm: 'PUT' } }],
  ['inner-uri', 'Another query', 'ERR_ENVELOPE_URI_MISMATCH', { header: { uri: 'https://rs.example/orders?x=2' } }],
  ['inner-expired', 'Signed too long ago', 'ERR_ENVELOPE_EXPIRED', { header: { created: NOW - 61 } }],
  ['inner-ath', 'Another access token', 'ERR_ENVELOPE_ATH_MISMATCH', { header: { ath: base64url(Buffer.alloc(32)) } }],
  [
    'inner-binding',
    'A token that is bound to another key',
    'ERR_TOKEN_BINDING_MISMATCH',
    { signer: eddsa, jkt: thumbprint(otherEd25519.publicJwk) },
  ],
  [
    'inner-by-other-key',
    'Signed by another key than its jwk',
    'ERR_ENVELOPE_SIGNATURE',
    { signer: { ...eddsa, key: otherEd25519 }, header: { jwk: ed25519.publicJwk } },
  ],
]

function changedSignature(signature: Buffer): Buffer {
  return flipped(signature, 0)
}
