// The key that signs calls: by default a WebCrypto key that cannot be exported, or anything that can sign bytes (KMS, PKCS#11, TPM).

import type { AlgorithmEntry, JwsAlgorithm, PublicJwk } from '@countersign/shared'
import { algorithmOf, CountersignError, decodeBase64url, readPublicJwk } from '@countersign/shared'

/** Something that signs with a private key it does not show. */
export interface Signer {
  readonly algorithm: JwsAlgorithm
  readonly publicJwk: PublicJwk
  /** Signs bytes as JWS asks for the algorithm: an ECDSA signature is r and s side by side, not DER (RFC 7518 section 3.4). */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/** What is needed of a signer to make proofs, checked. */
export interface CheckedSigner {
  readonly algorithm: JwsAlgorithm
  /** Only the public members that identify the key, whatever else the signer's JWK holds. */
  readonly publicJwk: PublicJwk
  /**
   * @throws {CountersignError} `ERR_SIGNING_FAILED` when the signer fails, or returns what cannot be a signature of its algorithm.
   */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/**
 * Checks a signer, which may be anybody's.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` with parameter `signer`: an algorithm that is none, or a JWK that is private, malformed
 *   or of another algorithm.
 */
export function checkSigner(signer: Signer): CheckedSigner {
  const { algorithm, publicJwk } = readSigner(signer)
  const { alg, signatureBytes = modulusBytes(publicJwk) } = algorithm
  return {
    algorithm: alg,
    publicJwk,
    async sign(data) {
      let signature: unknown
      try {
        signature = await signer.sign(data)
      } catch (cause) {
        throw new CountersignError('ERR_SIGNING_FAILED', 'The signer failed', { cause })
      }
      if (!(signature instanceof Uint8Array) || signature.length !== signatureBytes) {
        throw new CountersignError('ERR_SIGNING_FAILED', 'The signer did not return a signature of its algorithm', {
          parameter: 'signature',
          expected: `${signatureBytes} bytes`,
          actual: signature instanceof Uint8Array ? `${signature.length} bytes` : typeof signature,
        })
      }
      return signature
    },
  }
}

function readSigner(signer: Signer): { algorithm: AlgorithmEntry; publicJwk: PublicJwk } {
  const algorithm = algorithmOf(signer?.algorithm)
  if (algorithm === undefined || typeof signer.sign !== 'function') throw notASigner()
  try {
    return { algorithm, publicJwk: readPublicJwk(signer.publicJwk, algorithm) }
  } catch (cause) {
    throw notASigner(cause)
  }
}

function modulusBytes(jwk: PublicJwk): number {
  return jwk.kty === 'RSA' ? decodeBase64url(jwk.n).length : 0
}

function notASigner(cause?: unknown): CountersignError {
  const expected = '{ algorithm, publicJwk, sign }, with a JWK that is public and fits the algorithm'
  return new CountersignError('ERR_OPTION_INVALID', `"signer" must be ${expected}`, {
    parameter: 'signer',
    expected,
    cause,
  })
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
