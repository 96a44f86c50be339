// DPoP proofs, RFC 9449 section 4.2. The header is the same for every proof of a key and the `ath` for every call with a token, so
// both are made once; what a call costs is one signature.

import {
  CountersignError,
  computeAth,
  encodeBase64url,
  encodeDPoPProofClaims,
  encodeDPoPProofHeader,
} from '@countersign/shared'
import type { Signer } from '../signer.ts'
import type { ProvableCall, Prover } from './proof-kind.ts'

/**
 * Makes one DPoP proof: the value of a `DPoP` header field, for one request.
 *
 * Does not send anything, and does not remember nonces: {@link createClient} does both.
 *
 * @throws {CountersignError} `ERR_SIGNING_FAILED`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-4.2 RFC 9449, section 4.2}
 * @example
 * const proof = await createProof({ signer, method: 'GET', url: new URL('https://api.example.com/accounts'), accessToken, nonce })
 */
export async function createProof(call: ProvableCall & { readonly signer: Signer }): Promise<string> {
  const ath = call.accessToken === undefined ? undefined : await computeAth(call.accessToken)
  return makeProof(call.signer, encodeDPoPProofHeader(call.signer.algorithm, call.signer.publicJwk), call, ath)
}

/** Creates the prover of a key. */
export function createDPoPProver(signer: Signer): Prover {
  const header = encodeDPoPProofHeader(signer.algorithm, signer.publicJwk)
  let latest: { readonly accessToken: string; readonly ath: Promise<string> } | undefined

  return {
    async prove(call) {
      const ath = call.accessToken === undefined ? undefined : await athOf(call.accessToken)
      return { dpop: await makeProof(signer, header, call, ath) }
    },
  }

  function athOf(accessToken: string): Promise<string> {
    if (latest?.accessToken !== accessToken) latest = { accessToken, ath: computeAth(accessToken) }
    return latest.ath
  }
}

async function makeProof(signer: Signer, header: string, call: ProvableCall, ath: string | undefined): Promise<string> {
  const { method, url, nonce } = call
  const claims = encodeDPoPProofClaims({
    jti: crypto.randomUUID(),
    htm: method,
    // Exactly what goes over the wire, without query and fragment: a server that normalises finds it equal, one that does not too.
    htu: url.origin + url.pathname,
    iat: Math.floor(Date.now() / 1000),
    ...(ath !== undefined && { ath }),
    ...(nonce !== undefined && { nonce }),
  })
  const signingInput = `${header}.${claims}`
  let signature: Uint8Array
  try {
    signature = await signer.sign(new TextEncoder().encode(signingInput))
  } catch (cause) {
    throw new CountersignError('ERR_SIGNING_FAILED', 'The signer failed', { cause })
  }
  return `${signingInput}.${encodeBase64url(signature)}`
}
