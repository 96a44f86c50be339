// What WebCrypto asks for to make keys of an algorithm and to sign with them. Apart from the table of algorithms, since whoever signs
// with a key that is held elsewhere has no need of it.

import type { AlgorithmEntry } from './algorithms.ts'

/** The arguments of WebCrypto that depend on the algorithm. */
export interface WebCryptoParameters {
  /** First argument of `subtle.generateKey`; third of `subtle.importKey`. */
  readonly keyParameters: Readonly<Record<string, unknown>> & { readonly name: string }
  /** First argument of `subtle.sign` and `subtle.verify`. */
  readonly signParameters: Readonly<Record<string, unknown>> & { readonly name: string }
}

/** The parameters of WebCrypto for an algorithm. */
export function webCryptoParameters({ alg, kty, crv, hash }: AlgorithmEntry): WebCryptoParameters {
  if (kty === 'EC') {
    const name = 'ECDSA'
    return { keyParameters: { name, namedCurve: crv }, signParameters: { name, hash } }
  }
  if (kty === 'RSA') {
    const isPss = alg.startsWith('PS')
    const name = isPss ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
    // The salt is as long as the digest (RFC 7518 section 3.5).
    const saltLength = Number(alg.slice(2)) / 8
    return {
      keyParameters: { name, hash, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
      signParameters: { name, ...(isPss && { saltLength }) },
    }
  }
  // The other names are those of WebCrypto, except that EdDSA is Ed25519 there.
  const parameters = { name: crv ?? alg }
  return { keyParameters: parameters, signParameters: parameters }
}
