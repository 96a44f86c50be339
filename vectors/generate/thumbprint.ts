// JWK thumbprints with SHA-256: RFC 7638, and the values that RFCs print.

import { base64url, bytesFrom, sha256 } from './encoding.ts'
import type { Jwk } from './keys.ts'
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
  rsa2048,
  thumbprintInput,
} from './keys.ts'
import type { Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

const notes = {
  printed: 'The thumbprint is printed in an RFC or a draft; the others were computed here.',
  'extra-members': 'Members that take no part in the thumbprint.',
  order: 'The members are in another order than in the text that is hashed.',
  'ml-dsa': 'A key of the type AKP; its octets are made up.',
}
type Flag = keyof typeof notes

function entry(id: string, comment: string, rfc: string, jwk: Jwk, flags: Flag[] = [], printed?: string): Vector {
  const input = thumbprintInput(jwk)
  const thumbprint = base64url(sha256(input))
  if (printed !== undefined && printed !== thumbprint) throw new Error(`The thumbprint of ${id} is not the printed one`)
  const common = { rfc: [rfc], flags: printed === undefined ? flags : ['printed', ...flags] }
  return vector(`thumbprint-${id}`, comment, common, { jwk }, 'valid', { input, thumbprint })
}

const reversed = (jwk: Jwk): Jwk => Object.fromEntries(Object.entries(jwk).reverse())

/** `thumbprint.json` */
export const thumbprintFile: VectorFile = {
  kind: 'thumbprint',
  description:
    'Hash the required members of `jwk` in lexicographic order: `input` is the text, `thumbprint` its SHA-256.',
  notes,
  vectors: [
    entry(
      'rfc7638',
      'The RSA key of RFC 7638, section 3.1, with alg and kid',
      '7638#section-3.1',
      publicOnly.rfc7638,
      ['extra-members'],
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    ),
    entry(
      'rfc8037',
      'The Ed25519 key of RFC 8037, appendix A.3',
      '8037#appendix-A.3',
      otherEd25519.publicJwk,
      [],
      'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    ),
    entry(
      'rfc9449',
      'The P-256 key of RFC 9449, section 6.1; hashed in the order as sent it would begin with Hhh7',
      '9449#section-6.1',
      publicOnly.rfc9449,
      ['order'],
      '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
    ),
    entry(
      'rfc9421-ed25519',
      'test-key-ed25519 of RFC 9421, appendix B.1.4, as the drafts of web bot authentication print it',
      '7638#section-3',
      ed25519.publicJwk,
      [],
      'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U',
    ),
    entry('rfc9421-p256', 'test-key-ecc-p256 of RFC 9421', '7638#section-3', p256.publicJwk),
    entry('rfc9421-rsa-pss', 'test-key-rsa-pss of RFC 9421', '7638#section-3', publicOnly.rfc9421Pss),
    entry('rfc7515-p256', 'The key of RFC 7515, appendix A.3', '7638#section-3', otherP256.publicJwk),
    entry('rfc7515-rsa', 'The key of RFC 7515, appendix A.2', '7638#section-3', rsa2048.publicJwk),
    entry('rfc6979-p256', 'The key of RFC 6979, appendix A.2.5', '7638#section-3', rfc6979P256.publicJwk),
    entry('rfc6979-p384', 'The key of RFC 6979, appendix A.2.6', '7638#section-3', p384.publicJwk),
    entry('rfc7520-p521', 'The key of RFC 7520, section 3.2', '7638#section-3', p521.publicJwk),
    entry('leading-zero', 'A coordinate that begins with a zero octet', '7638#section-3', leadingZeroP256.publicJwk),
    entry('reversed-ec', 'An EC key in reversed order', '7638#section-3.3', reversed(p256.publicJwk), ['order']),
    entry('reversed-rsa', 'An RSA key in reversed order', '7638#section-3.3', reversed(rsa2048.publicJwk), ['order']),
    entry('reversed-okp', 'An OKP key in reversed order', '7638#section-3.3', reversed(ed25519.publicJwk), ['order']),
    entry(
      'extra-members',
      'use, key_ops, kid, alg and ext take no part',
      '7638#section-3.2.2',
      { ...p256.publicJwk, use: 'sig', key_ops: ['verify'], kid: 'k1', alg: 'ES256', ext: true },
      ['extra-members'],
    ),
    entry(
      'extra-members-okp',
      'A kid that is not ASCII takes no part',
      '7638#section-3.2.2',
      { ...ed25519.publicJwk, kid: 'cl\u00e9', alg: 'EdDSA' },
      ['extra-members'],
    ),
    entry(
      'ml-dsa-44',
      'For an AKP key the alg takes part',
      '7638#section-3.2',
      { kty: 'AKP', alg: 'ML-DSA-44', pub: base64url(bytesFrom('public key of ML-DSA-44', 1312)), kid: 'k1' },
      ['ml-dsa', 'extra-members'],
    ),
  ],
}
