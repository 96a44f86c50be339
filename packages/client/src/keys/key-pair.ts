// Keys of WebCrypto. They are not extractable: no code, ours or anybody's, can read the private key.

import type { AlgorithmEntry, JwsAlgorithm } from '@countersign/shared'
import {
  algorithmOf,
  CountersignError,
  invalidOption,
  jwsAlgorithms,
  publicMembersOf,
  webCryptoParameters,
} from '@countersign/shared'
import type { Signer } from './signer.ts'

/**
 * Generates a key pair whose private key cannot be exported.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` for an algorithm that is none or that this platform does not have; `ERR_KEY_UNAVAILABLE`
 *   with reason `insecure` in a page that is no secure context.
 */
export async function generateKeyPair(algorithm: JwsAlgorithm = 'ES256'): Promise<CryptoKeyPair> {
  if (globalThis.crypto?.subtle === undefined) {
    const message = 'This page has no keys: browsers have them in secure contexts only, which are https and localhost'
    throw new CountersignError('ERR_KEY_UNAVAILABLE', message, { reason: 'insecure' })
  }
  try {
    const { keyParameters } = webCryptoParameters(algorithmOf(algorithm) as AlgorithmEntry)
    return (await crypto.subtle.generateKey(keyParameters as unknown as Algorithm, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
  } catch (cause) {
    throw new CountersignError('ERR_OPTION_INVALID', `This platform has no keys for the algorithm ${algorithm}`, {
      parameter: 'algorithm',
      expected: 'one that this platform has keys for, such as "ES256"',
      actual: algorithm,
      cause,
    })
  }
}

/**
 * Generates a key that cannot be exported, in the memory of this process or page, and signs with it.
 *
 * @param algorithm - Default ES256, which every WebCrypto has.
 * @throws {CountersignError} `ERR_OPTION_INVALID` for an algorithm that is none or that this platform does not have; `ERR_KEY_UNAVAILABLE`
 *   with reason `insecure` in a page that is no secure context.
 */
export async function generateSigner(algorithm?: JwsAlgorithm): Promise<Signer> {
  return createSigner(await generateKeyPair(algorithm), algorithm)
}

/**
 * Makes a signer of a key pair.
 *
 * @param algorithm - One that the keys are for. Default: the one they are for; `Ed25519` for keys that are for `EdDSA` too.
 * @throws {CountersignError} `ERR_KEY_EXTRACTABLE` for a private key that can be exported, `ERR_OPTION_INVALID` for keys that do not sign.
 */
export async function createSigner(keyPair: CryptoKeyPair, algorithm?: JwsAlgorithm): Promise<Signer> {
  const { privateKey, publicKey } = keyPair ?? {}
  const fitting = jwsAlgorithms.filter((alg) => isKeyOf(privateKey, algorithmOf(alg) as AlgorithmEntry))
  const alg = algorithm === undefined ? fitting.at(-1) : fitting.find((each) => each === algorithm)
  const entry = algorithmOf(alg)
  if (entry === undefined) throw invalidOption('keyPair', 'a CryptoKeyPair of the algorithm, which signs')
  if (privateKey.extractable) {
    throw new CountersignError('ERR_KEY_EXTRACTABLE', 'The private key can be exported', { parameter: 'keyPair' })
  }
  const publicJwk = publicMembersOf({ ...(await crypto.subtle.exportKey('jwk', publicKey)) }, entry)
  if (publicJwk === undefined) throw invalidOption('keyPair', 'a private key and its public key')
  const { signParameters } = webCryptoParameters(entry)
  return {
    algorithm: entry.alg,
    publicJwk,
    async sign(data) {
      return new Uint8Array(await crypto.subtle.sign(signParameters, privateKey, data))
    },
  }
}

/** Whether a key is one that signs with an algorithm. */
function isKeyOf(key: CryptoKey | undefined, algorithm: AlgorithmEntry): boolean {
  if (key?.type !== 'private' || !key.usages.includes('sign')) return false
  const { name, namedCurve, hash } = key.algorithm as Partial<EcKeyAlgorithm & RsaHashedKeyAlgorithm>
  const { keyParameters } = webCryptoParameters(algorithm)
  return (
    name === keyParameters.name && namedCurve === keyParameters['namedCurve'] && hash?.name === keyParameters['hash']
  )
}
