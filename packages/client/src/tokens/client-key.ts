// The key a client authenticates with at the authorization server (RFC 7523). It is another key than the one that signs calls.

import type { JwsAlgorithm } from '@countersign/shared'
import { algorithmOf, CountersignError, webCryptoParameters } from '@countersign/shared'
import type { PrivateKey } from 'oauth4webapi'

/** A private key for client authentication: a CryptoKey, one with its key id, or a private JWK. */
export type ClientKey =
  | CryptoKey
  | { readonly key: CryptoKey; readonly kid?: string }
  | (JsonWebKey & { readonly kid?: string })

/** RFC 7518 section 3.3. Written here, since the list of all limits would come along into a bundle. */
const MIN_RSA_MODULUS_BITS = 2048

/** Algorithms by curve, for a JWK that names none. An RSA key fits several, so it must. */
const ALGORITHM_OF_CURVE: Readonly<Record<string, JwsAlgorithm>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
}

/**
 * Imports a client authentication key so that it cannot be exported again.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` with parameter `key`, `ERR_KEY_EXTRACTABLE` for a CryptoKey that can be exported.
 */
export async function importClientKey(key: ClientKey): Promise<PrivateKey> {
  if (key instanceof CryptoKey) return { key: checked(key) }
  if (typeof key !== 'object' || key === null) throw invalid('type')
  if ('key' in key) {
    const { key: cryptoKey, kid } = key as { readonly key: unknown; readonly kid?: string }
    if (!(cryptoKey instanceof CryptoKey)) throw invalid('type')
    return { key: checked(cryptoKey), ...(kid !== undefined && { kid }) }
  }
  return importJwk(key as JsonWebKey & { readonly kid?: string })
}

async function importJwk(jwk: JsonWebKey & { readonly kid?: string }): Promise<PrivateKey> {
  if (jwk.d === undefined) throw invalid('public')
  const algorithm = algorithmOf(jwk.alg ?? ALGORITHM_OF_CURVE[jwk.crv ?? ''])
  if (algorithm === undefined) throw invalid('alg')
  const { key_ops: _, use: __, ext: ___, ...material } = jwk
  try {
    const key = await crypto.subtle.importKey(
      'jwk',
      material,
      webCryptoParameters(algorithm).keyParameters as unknown as Algorithm,
      false,
      ['sign'],
    )
    if (algorithm.kty === 'RSA' && (key.algorithm as RsaHashedKeyAlgorithm).modulusLength < MIN_RSA_MODULUS_BITS) {
      throw new Error(`The modulus has fewer than ${MIN_RSA_MODULUS_BITS} bits`)
    }
    return { key, ...(jwk.kid !== undefined && { kid: jwk.kid }) }
  } catch (cause) {
    throw invalid('import', cause)
  }
}

function checked(key: CryptoKey): CryptoKey {
  if (key.type !== 'private' || !key.usages.includes('sign')) throw invalid('usage')
  if (key.extractable) {
    throw new CountersignError(
      'ERR_KEY_EXTRACTABLE',
      'The client key can be exported: import it with extractable false',
      {
        parameter: 'key',
      },
    )
  }
  return key
}

const EXPECTATIONS: Readonly<Record<string, string>> = {
  type: 'a CryptoKey, { key, kid }, or a private JWK',
  public: 'a private key; this JWK has no "d"',
  alg: 'a JWK with an asymmetric "alg"',
  import: 'a JWK that the platform can import',
  usage: 'a private CryptoKey with usage "sign"',
}

function invalid(reason: string, cause?: unknown): CountersignError {
  const expected = EXPECTATIONS[reason]
  return new CountersignError('ERR_OPTION_INVALID', `"key" must be ${expected}`, {
    parameter: 'key',
    reason,
    expected,
    cause,
  })
}
