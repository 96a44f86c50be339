// SHA-256 by WebCrypto. A server on Node has a synchronous one that is far faster and uses that instead; the input is the same.

import { encodeBase64url } from './base64url.ts'

/** The base64url SHA-256 of bytes, or of the UTF-8 bytes of a text: 43 characters. */
export async function sha256Base64url(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}
