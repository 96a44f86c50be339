// The access token hash of RFC 9449 section 4.2.

import { sha256Base64url } from './sha256.ts'

/**
 * The `ath` of an access token: the base64url SHA-256 of its characters exactly as sent, without the scheme.
 *
 * Does not look into the token, which is opaque to a client (RFC 9068 section 6).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-4.2 RFC 9449, section 4.2}
 */
export function computeAth(accessToken: string): Promise<string> {
  return sha256Base64url(accessToken)
}
