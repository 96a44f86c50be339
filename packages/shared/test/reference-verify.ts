// RFC 9449 section 4.3 written out plainly, for the vectors: the shared functions, WebCrypto and comparisons, nothing cached and
// nothing clever. The server's verifier is tested against the same vectors by itself.

import type { AlgorithmEntry, DPoPProofClaims, ErrorCode, PublicJwk } from '@countersign/shared'
import {
  CountersignError,
  computeAth,
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeDPoPProofSignature,
  normalizeHtu,
  splitDPoPProof,
  thumbprint,
  webCryptoParameters,
} from '@countersign/shared'

/** What a resource server knows when a proof arrives. */
export interface Verification {
  readonly nowSeconds: number
  readonly request: { readonly method: string; readonly uri: string }
  readonly accessToken: string
  /** The thumbprint that the access token is bound to. */
  readonly jkt: string
  /** `off`, or the one nonce that is valid. */
  readonly nonce: string
  readonly proof: string
  readonly allowedAlgorithms: readonly string[]
  readonly maxAgeSeconds: number
  readonly maxFutureSeconds: number
}

/** Verifies a proof, or throws the error of the first check that fails. */
export async function referenceVerify(verification: Verification): Promise<void> {
  const { proof, request, accessToken, jkt, allowedAlgorithms } = verification
  const { header: headerSegment, payload, signature, signingInput } = splitDPoPProof(proof)
  const { header, algorithm } = decodeDPoPProofHeader(headerSegment)
  check(allowedAlgorithms.includes(header.alg), 'ERR_DPOP_PROOF_ALG')
  const claims = decodeDPoPProofClaims(payload)
  check(claims.htm === request.method, 'ERR_DPOP_PROOF_HTM_MISMATCH')
  check(isSameTarget(claims.htu, request.uri), 'ERR_DPOP_PROOF_HTU_MISMATCH')
  checkFreshness(claims, verification)
  check(claims.ath !== undefined, 'ERR_DPOP_PROOF_CLAIM_MISSING')
  check(claims.ath === (await computeAth(accessToken)), 'ERR_DPOP_PROOF_ATH_MISMATCH')
  check(jkt === (await thumbprint(header.jwk)), 'ERR_TOKEN_BINDING_MISMATCH')
  const key = await importKey(header.jwk, algorithm)
  const octets = decodeDPoPProofSignature(signature)
  const signed = new TextEncoder().encode(signingInput)
  const { signParameters } = webCryptoParameters(algorithm)
  check(await crypto.subtle.verify(signParameters, key, octets, signed), 'ERR_DPOP_PROOF_SIGNATURE')
}

function checkFreshness({ iat, nonce }: DPoPProofClaims, { nonce: expected, ...settings }: Verification): void {
  if (expected !== 'off') {
    check(nonce !== undefined, 'ERR_DPOP_NONCE_REQUIRED')
    check(nonce === expected, 'ERR_DPOP_NONCE_INVALID')
    return
  }
  check(iat >= settings.nowSeconds - settings.maxAgeSeconds, 'ERR_DPOP_PROOF_EXPIRED')
  check(iat <= settings.nowSeconds + settings.maxFutureSeconds, 'ERR_DPOP_PROOF_NOT_YET_VALID')
}

/** A proof whose `htu` cannot be compared was made for another URI than this one. */
function isSameTarget(htu: string, uri: string): boolean {
  const expected = normalizeHtu(uri)
  try {
    return normalizeHtu(htu) === expected
  } catch {
    return false
  }
}

/** WebCrypto refuses a point that is not on its curve. */
async function importKey(jwk: PublicJwk, algorithm: AlgorithmEntry): Promise<CryptoKey> {
  try {
    const parameters = webCryptoParameters(algorithm).keyParameters as unknown as EcKeyImportParams
    return await crypto.subtle.importKey('jwk', { ...jwk }, parameters, false, ['verify'])
  } catch (cause) {
    throw new CountersignError('ERR_DPOP_PROOF_JWK', 'The key cannot be imported', { cause })
  }
}

function check(condition: boolean, code: ErrorCode): asserts condition {
  if (!condition) throw new CountersignError(code, 'The proof does not verify')
}
