// DPoP proofs, RFC 9449 section 4.2. The header is the same for every proof of a key and the `ath` for every call with a token, so
// both are made once; what a call costs is one signature.

import { encodeBase64url, encodeDPoPProofClaims, encodeDPoPProofHeader } from '@countersign/shared'
import type { Signer } from '../keys/signer.ts'
import { checkSigner } from '../keys/signer.ts'
import { rememberAth } from './latest-ath.ts'
import type { BeginProofs, ProvableCall, Prover } from './proof-kind.ts'

/**
 * Makes one DPoP proof: the value of a `DPoP` header field, for one request.
 *
 * Does not send anything, and does not remember nonces: {@link createClient} does both. The key of a signer is read once: one whose key is
 * exchanged must be another object.
 *
 * @throws {CountersignError} `ERR_SIGNING_FAILED`, `ERR_OPTION_INVALID` for a signer that is none.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449.html#section-4.2 RFC 9449, section 4.2}
 * @example
 * const proof = await createProof({ signer, method: 'GET', url: new URL('https://api.example.com/accounts'), accessToken, nonce })
 */
export async function createProof(call: ProvableCall & { readonly signer: Signer }): Promise<string> {
  const { signer } = call
  let makeProof = makers.get(signer)
  if (makeProof === undefined) {
    makeProof = createDPoPProofMaker(signer)
    makers.set(signer, makeProof)
  }
  return makeProof(call)
}

/** What is the same for every proof of a signer is made once: the header, and the hash of its latest token (a third of a proof's time). */
const makers = new WeakMap<Signer, (call: ProvableCall) => Promise<string>>()

/**
 * Creates the prover of a key.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID` for a signer that is none.
 */
export function createDPoPProver(signer: Signer): Prover {
  const makeProof = createDPoPProofMaker(signer)
  return async (call) => ({ dpop: await makeProof(call) })
}

/** The proofs of calls by a prover. */
export function dpopProofs(prover: () => Prover | Promise<Prover>): BeginProofs {
  return (call) => ({
    call,
    isRequired: false,
    async prove(parts) {
      const prove = await prover()
      return { call, fields: await prove({ method: call.method, url: call.url, ...parts }) }
    },
  })
}

function createDPoPProofMaker(anySigner: Signer): (call: ProvableCall) => Promise<string> {
  const signer = checkSigner(anySigner)
  const header = encodeDPoPProofHeader(signer.algorithm, signer.publicJwk)
  const athOf = rememberAth()

  return async function makeProof({ method, url, accessToken, nonce, time = Math.floor(Date.now() / 1000) }) {
    const claims = encodeDPoPProofClaims({
      jti: crypto.randomUUID(),
      htm: method,
      // Exactly what goes over the wire, without query and fragment: a server that normalises finds it equal, one that does not too.
      htu: url.origin + url.pathname,
      iat: time,
      ath: accessToken === undefined ? undefined : await athOf(accessToken),
      nonce,
    })
    const signingInput = `${header}.${claims}`
    return `${signingInput}.${encodeBase64url(await signer.sign(new TextEncoder().encode(signingInput)))}`
  }
}
