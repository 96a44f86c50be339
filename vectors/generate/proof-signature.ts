// Faults in the signature of a proof: RFC 9449 section 4.3, check 6.

import { fromBase64url, toBytes, toInteger } from './encoding.ts'
import { ed25519, otherEd25519, otherP256, p256, rsa2048 } from './keys.ts'
import type { Recipe, Signer } from './proof.ts'
import { proofVector } from './proof.ts'
import { signUnchecked } from './sign.ts'
import type { Vector } from './vector.ts'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function signatureVectors(): Promise<Vector[]> {
  const rfc = ['9449#section-4.3', '7518#section-3.4']
  return Promise.all(
    rows.map(([id, comment, recipe]) =>
      proofVector(id, comment, ['signature'], rfc, 'ERR_DPOP_PROOF_SIGNATURE', recipe),
    ),
  )
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const eddsa: Signer = { key: ed25519, scheme: 'EdDSA' }
const ps256: Signer = { key: rsa2048, scheme: 'PS256' }

/** One bit of one octet changed; a negative position counts from the end. */
const flipped = (position: number) => (signature: Buffer) => {
  const changed = (position + signature.length) % signature.length
  return Buffer.from(signature.map((byte, index) => (index === changed ? byte ^ 1 : byte)))
}

/** Signed as it was, sent with another text in one segment. */
const sentWith = (segment: 'header' | 'payload', from: string, to: string): Recipe => ({
  header: { kid: 'k1' },
  claims: { jti: 'jti-1' },
  assemble: (header, payload, signature) => {
    const segments = { header, payload }
    const text = fromBase64url(segments[segment]).toString()
    if (!text.includes(from)) throw new Error('The text to change is not there')
    segments[segment] = Buffer.from(text.replace(from, to)).toString('base64url')
    return `${segments.header}.${segments.payload}.${signature}`
  },
})

/** ASN.1 DER, as most libraries outside JOSE make it. */
function der(signature: Buffer): Buffer {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((half) => {
    const digits = Buffer.from(half.subarray(half.findIndex((byte) => byte !== 0)))
    const value = (digits[0] as number) & 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits
    return Buffer.concat([Buffer.of(2, value.length), value])
  })
  const content = Buffer.concat(integers)
  return Buffer.concat([Buffer.of(0x30, content.length), content])
}

const r = (signature: Buffer) => signature.subarray(0, 32)
const s = (signature: Buffer) => signature.subarray(32)
const zeros = Buffer.alloc(32)

const rows: readonly Row[] = [
  ['signature-bit-flipped-in-r', 'One bit of r changed', { signature: flipped(0) }],
  ['signature-bit-flipped-in-s', 'One bit of s changed', { signature: flipped(-1) }],
  ['signature-header-changed', 'One bit of the header changed after signing', sentWith('header', '"k1"', '"k0"')],
  [
    'signature-payload-changed',
    'One bit of the payload changed after signing',
    sentWith('payload', '"jti-1"', '"jti-0"'),
  ],
  [
    'signature-header-respelt',
    'White space in the header added after signing',
    sentWith('header', '{"typ"', '{ "typ"'),
  ],
  [
    'signature-payload-respelt',
    'White space in the payload added after signing',
    sentWith('payload', '{"jti"', '{ "jti"'),
  ],
  [
    'signature-by-other-key',
    'Signed by another key',
    { signer: { key: otherP256, scheme: 'ES256' }, header: { jwk: p256.publicJwk } },
  ],
  ['signature-der', 'In DER', { signature: der }],
  ['signature-all-zero', 'r and s are zero', { signature: () => Buffer.alloc(64) }],
  ['signature-r-zero', 'r is zero', { signature: (signature) => Buffer.concat([zeros, s(signature)]) }],
  ['signature-s-zero', 's is zero', { signature: (signature) => Buffer.concat([r(signature), zeros]) }],
  ['signature-r-and-s-one', 'r and s are one', { signature: () => Buffer.concat([toBytes(1n, 32), toBytes(1n, 32)]) }],
  [
    'signature-r-and-s-order',
    'r and s are the order of the curve',
    { signature: () => Buffer.concat([toBytes(ORDER, 32), toBytes(ORDER, 32)]) },
  ],
  ['signature-all-ones', 'Nothing but ones', { signature: () => Buffer.alloc(64, 255) }],
  [
    'signature-r-and-s-exchanged',
    's before r',
    { signature: (signature) => Buffer.concat([s(signature), r(signature)]) },
  ],
  ['signature-one-octet-short', 'Without its last octet', { signature: (signature) => signature.subarray(0, -1) }],
  [
    'signature-one-octet-long',
    'With a zero octet after it',
    { signature: (signature) => Buffer.concat([signature, Buffer.of(0)]) },
  ],
  [
    'signature-leading-zero',
    'With a zero octet before it',
    { signature: (signature) => Buffer.concat([Buffer.of(0), signature]) },
  ],
  [
    'signature-r-and-s-widened',
    'r and s in 33 octets each',
    { signature: (signature) => Buffer.concat([Buffer.of(0), r(signature), Buffer.of(0), s(signature)]) },
  ],
  ['signature-r-only', 'r only', { signature: (signature) => r(signature) }],
  ['signature-one-octet', 'One octet', { signature: () => Buffer.of(1) }],
  [
    'signature-hexadecimal',
    'The signature in hexadecimal, encoded once more',
    { signature: (signature) => Buffer.from(signature.toString('hex')) },
  ],
  ['signature-of-payload-only', 'Over the payload without the header', { signature: notOverAll }],
  ['signature-eddsa-bit-flipped', 'Ed25519: one bit changed', { signer: eddsa, signature: flipped(10) }],
  [
    'signature-eddsa-by-other-key',
    'Ed25519: signed by another key',
    { signer: { ...eddsa, key: otherEd25519 }, header: { jwk: ed25519.publicJwk } },
  ],
  [
    'signature-eddsa-s-plus-order',
    'Ed25519: s plus the order of the group, which RFC 8032 refuses',
    { signer: eddsa, signature: withLargeS },
  ],
  [
    'signature-eddsa-truncated',
    'Ed25519: without its last octet',
    { signer: eddsa, signature: (signature) => signature.subarray(0, 63) },
  ],
  ['signature-ps256-bit-flipped', 'PS256: one bit changed', { signer: ps256, signature: flipped(-1) }],
  [
    'signature-ps256-truncated',
    'PS256: without its last octet',
    { signer: ps256, signature: (signature) => signature.subarray(0, -1) },
  ],
  [
    'signature-ps256-pkcs1',
    'PS256 in the header, RSASSA-PKCS1-v1_5 in the signature',
    { signer: { key: rsa2048, scheme: 'RS256', alg: 'PS256' } },
  ],
]

function notOverAll(_: Buffer, signingInput: string): Buffer {
  return signUnchecked(p256, 'ES256', signingInput.slice(signingInput.indexOf('.') + 1))
}

const GROUP = 2n ** 252n + 27742317777372353535851937790883648493n

/** The second half of an Ed25519 signature is a little-endian integer. */
function withLargeS(signature: Buffer): Buffer {
  const value = toInteger(Buffer.from(s(signature)).reverse()) + GROUP
  return Buffer.concat([r(signature), toBytes(value, 32).reverse()])
}
