// The key that signs calls: by default a WebCrypto key that cannot be exported, or anything that can sign bytes (KMS, PKCS#11, TPM).

import type { JwsAlgorithm, PublicJwk } from '@countersign/shared'
import { algorithmOf, CountersignError, readPublicJwk } from '@countersign/shared'

/** Something that signs with a private key it does not show. */
export interface Signer {
  readonly algorithm: JwsAlgorithm
  readonly publicJwk: PublicJwk
  /** Signs bytes as JWS asks for the algorithm: an ECDSA signature is r and s side by side, not DER (RFC 7518 section 3.4). */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/**
 * Generates a key pair whose private key cannot be exported, in the memory of this process or page.
 *
 * @param algorithm - Default ES256, which every WebCrypto has.
 * @throws {CountersignError} `ERR_OPTION_INVALID` for an algorithm that is none or that this platform does not have.
 */
export async function generateSigner(algorithm: JwsAlgorithm = 'ES256'): Promise<Signer> {
  const entry = algorithmOf(algorithm)
  if (entry === undefined) throw unsupported(algorithm)
  let keyPair: CryptoKeyPair
  try {
    keyPair = (await crypto.subtle.generateKey(entry.keyParameters as unknown as Algorithm, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
  } catch (cause) {
    throw unsupported(algorithm, cause)
  }
  const publicJwk = readPublicJwk(await crypto.subtle.exportKey('jwk', keyPair.publicKey), entry)
  return {
    algorithm,
    publicJwk,
    async sign(data) {
      return new Uint8Array(await crypto.subtle.sign(entry.signParameters, keyPair.privateKey, data))
    },
  }
}

function unsupported(actual: unknown, cause?: unknown): CountersignError {
  return new CountersignError(
    'ERR_OPTION_INVALID',
    '"algorithm" must be one that this platform can generate keys for',
    {
      parameter: 'algorithm',
      expected: 'ES256',
      actual,
      cause,
    },
  )
}
