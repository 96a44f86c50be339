// How a security module signs for a JWS algorithm: which mechanism, what it is given, and what its signature is made of.

import { createHash } from 'node:crypto'
import type { AlgorithmEntry, JwsAlgorithm } from '@countersign/shared'
import type { Mechanism } from 'pkcs11js'
import * as CK from './pkcs11-constants.ts'

/** A way to sign. */
export interface SigningMechanism {
  readonly mechanism: Mechanism
  /** What the mechanism signs: the data, its digest, or the digest with the name of its algorithm. The result is a copy. */
  prepare(data: Uint8Array): Buffer
}

/** DigestInfo of SHA-256, up to the digest (RFC 8017 section 9.2, note 1). */
const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** How `pkcs11js` calls the parameters of RSA-PSS. */
const CK_PARAMS_RSA_PSS = 5

const PSS = {
  'SHA-256': { hashAlg: CK.CKM_SHA256, mgf: CK.CKG_MGF1_SHA256, saltLen: 32, whole: CK.CKM_SHA256_RSA_PKCS_PSS },
  'SHA-384': { hashAlg: CK.CKM_SHA384, mgf: CK.CKG_MGF1_SHA384, saltLen: 48, whole: CK.CKM_SHA384_RSA_PKCS_PSS },
  'SHA-512': { hashAlg: CK.CKM_SHA512, mgf: CK.CKG_MGF1_SHA512, saltLen: 64, whole: CK.CKM_SHA512_RSA_PKCS_PSS },
} as const

/** The algorithms that there are mechanisms for. */
export const pkcs11Algorithms: readonly JwsAlgorithm[] = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'Ed25519',
  'EdDSA',
]

/**
 * The first mechanism for an algorithm that a token offers. Those that sign a digest come first, since then the digest is all that has to
 * go to the token; Ed25519 needs the whole of the data (RFC 8032 section 5.1.6).
 *
 * @param offered - The mechanisms of the token.
 */
export function signingMechanism(entry: AlgorithmEntry, offered: readonly number[]): SigningMechanism | undefined {
  return mechanismsFor(entry).find(({ mechanism: { mechanism } }) => offered.includes(mechanism))
}

function mechanismsFor({ alg, kty, hash = 'SHA-256' }: AlgorithmEntry): readonly SigningMechanism[] {
  const digest = (data: Uint8Array) => createHash(hash).update(data).digest()
  const whole = (data: Uint8Array) => Buffer.from(data)
  if (kty === 'EC') return [{ mechanism: { mechanism: CK.CKM_ECDSA }, prepare: digest }]
  if (kty === 'OKP') return [{ mechanism: { mechanism: CK.CKM_EDDSA }, prepare: whole }]
  if (alg.startsWith('PS')) {
    const { whole: wholeMechanism, ...parameters } = PSS[hash]
    const parameter = { type: CK_PARAMS_RSA_PSS, ...parameters }
    return [
      { mechanism: { mechanism: CK.CKM_RSA_PKCS_PSS, parameter }, prepare: digest },
      { mechanism: { mechanism: wholeMechanism, parameter }, prepare: whole },
    ]
  }
  return [
    { mechanism: { mechanism: CK.CKM_RSA_PKCS }, prepare: (data) => Buffer.concat([SHA256_DIGEST_INFO, digest(data)]) },
    { mechanism: { mechanism: CK.CKM_SHA256_RSA_PKCS }, prepare: whole },
  ]
}

/**
 * A signature as JWS has it. PKCS#11 has r and s of ECDSA side by side too, but some modules leave out leading zeros of both: each half is
 * filled up to its length (RFC 7518 section 3.4).
 */
export function toJwsSignature(signature: Uint8Array, { kty, signatureBytes }: AlgorithmEntry): Uint8Array {
  const { length } = signature
  if (kty !== 'EC' || signatureBytes === undefined || length >= signatureBytes || length % 2 === 1)
    return new Uint8Array(signature)
  const filled = new Uint8Array(signatureBytes)
  filled.set(signature.subarray(0, length / 2), (signatureBytes - length) / 2)
  filled.set(signature.subarray(length / 2), signatureBytes - length / 2)
  return filled
}
