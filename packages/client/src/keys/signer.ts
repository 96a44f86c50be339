// Something that signs calls with a private key it does not show: a key of WebCrypto, or of a KMS, a PKCS#11 token, a TPM.

import type { JwsAlgorithm, PublicJwk } from '@countersign/shared'
import { algorithmOf, CountersignError, invalidOption, publicMembersOf } from '@countersign/shared'

/** Something that signs with a private key it does not show. */
export interface Signer {
  readonly algorithm: JwsAlgorithm
  /** The public key. Of a JWK with more members, only those that identify the key are sent. */
  readonly publicJwk: PublicJwk
  /** Signs bytes as JWS asks for the algorithm: an ECDSA signature is r and s side by side, not DER (RFC 7518 section 3.4). */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/**
 * Checks a signer, which may be anybody's. The one that comes of it has the public members of its key and no others, and returns
 * signatures of the right length or throws `ERR_SIGNING_FAILED`.
 *
 * Does not check that the key is a good one, nor that it is the one that signs: a verifier does.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` with parameter `signer`: an algorithm that is none, or a JWK that is private or of
 *   another algorithm.
 */
export function checkSigner(signer: Signer): Signer {
  const entry = algorithmOf(signer?.algorithm)
  const jwk: Readonly<Record<string, unknown>> = { ...signer?.publicJwk }
  const publicJwk = entry && publicMembersOf(jwk, entry)
  // A private key has no business here, even though it would not be sent.
  const isPrivate = jwk['d'] !== undefined || jwk['priv'] !== undefined
  if (publicJwk === undefined || isPrivate || typeof signer.sign !== 'function') {
    throw invalidOption('signer', '{ algorithm, publicJwk, sign }, with a JWK that is public and fits the algorithm')
  }
  const { alg: algorithm, signatureBytes } = entry as NonNullable<typeof entry>
  // An RSA signature is as long as the modulus.
  const bytes = signatureBytes ?? Math.floor(((publicJwk as { n: string }).n.length * 3) / 4)
  return {
    algorithm,
    publicJwk,
    async sign(data) {
      let signature: unknown
      try {
        signature = await signer.sign(data)
      } catch (cause) {
        throw signingFailed('The signer failed', { cause })
      }
      if (signature instanceof Uint8Array && signature.length === bytes) return signature
      throw signingFailed('The signer did not return a signature of its algorithm', {
        parameter: 'signature',
        expected: `${bytes} bytes`,
        actual: signature instanceof Uint8Array ? `${signature.length} bytes` : typeof signature,
      })
    },
  }
}

function signingFailed(message: string, details: object): CountersignError {
  return new CountersignError('ERR_SIGNING_FAILED', message, details)
}
