// Verifying the signature of a JWS with WebCrypto. A server on Node has faster means; the verdict is the same.

import type { AlgorithmEntry } from './algorithms.ts'
import type { PublicJwk } from './jwk.ts'
import { webCryptoParameters } from './web-crypto.ts'

/** A signature, what it is over, and the key it is to be by. */
export interface SignedText {
  readonly algorithm: AlgorithmEntry
  /** A key that fits the algorithm, as `readPublicJwk` has read it. */
  readonly jwk: PublicJwk
  /** The ASCII text that was signed. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/**
 * Tells whether a signature verifies.
 *
 * Does not say that the key is the expected one: whoever takes it from the message has to compare it.
 *
 * @throws {DOMException} When the platform cannot import the key: an EC point off its curve, or an algorithm it does not have.
 */
export async function verifyJwsSignature({ algorithm, jwk, signingInput, signature }: SignedText): Promise<boolean> {
  const { keyParameters, signParameters } = webCryptoParameters(algorithm)
  // An RSA signature is as long as the modulus (RFC 8017 section 8); some platforms take one without its leading zeros too.
  if (jwk.kty === 'RSA' && signature.length !== Math.floor((jwk.n.length * 3) / 4)) return false
  const key = await crypto.subtle.importKey('jwk', { ...jwk }, keyParameters as unknown as Algorithm, false, ['verify'])
  return crypto.subtle.verify(signParameters, key, signature, new TextEncoder().encode(signingInput))
}
