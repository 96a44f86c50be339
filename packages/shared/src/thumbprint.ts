// JWK thumbprints, RFC 7638, always with SHA-256 (RFC 9449 sections 6.1 and 11.10).

import type { PublicJwk } from './jwk.ts'
import { sha256Base64url } from './sha256.ts'

/**
 * The text whose SHA-256 is the thumbprint: the required members in lexicographic order, without white space.
 *
 * The members of a {@link PublicJwk} need no escaping in JSON, so a template is exact.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7638.html#section-3.2 RFC 7638, section 3.2}
 */
export function thumbprintInput(jwk: PublicJwk): string {
  switch (jwk.kty) {
    case 'EC':
      return `{"crv":"${jwk.crv}","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`
    case 'RSA':
      return `{"e":"${jwk.e}","kty":"RSA","n":"${jwk.n}"}`
    case 'OKP':
      return `{"crv":"${jwk.crv}","kty":"OKP","x":"${jwk.x}"}`
    case 'AKP':
      return `{"alg":"${jwk.alg}","kty":"AKP","pub":"${jwk.pub}"}`
  }
}

/** The thumbprint of a public key: 43 characters of base64url, the `jkt` of RFC 9449. */
export function thumbprint(jwk: PublicJwk): Promise<string> {
  return sha256Base64url(thumbprintInput(jwk))
}
