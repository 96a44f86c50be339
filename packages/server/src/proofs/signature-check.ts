// The signature of a proof: the one check of it that costs a public-key operation.

import type { AlgorithmEntry } from '@countersign/shared'
import { refusal } from '@countersign/shared'
import type { Check } from '../check.ts'
import { importPublicKey } from '../keys.ts'
import { verifySignature } from '../signature.ts'
import type { ProofKey } from '../token-cache.ts'
import type { ProofKind, ProofState } from './proof-kind.ts'

/** Creates the check that the key in a proof has signed it. */
export function createSignatureCheck({ codes }: ProofKind): Check {
  return {
    id: 'proof.signature',
    title: 'The proof is signed by the key in it',
    source: 'RFC 9449, section 4.3, check 6',
    needs: ['proof.form', 'proof.jwk'],
    run(exchange) {
      const proof = exchange.proof as ProofState
      const signature = proof.signature()
      proof.key ??= importProofKey(proof)
      const { algorithm, keyObject } = proof.key
      const valid = verifySignature(algorithm, keyObject, proof.signingInput, signature, exchange.request)
      if (typeof valid !== 'boolean') return valid.then(check)
      return check(valid)
    },
    show: ({ proof }) => ({ actual: `verified with the key of thumbprint ${proof?.jkt}` }),
  }

  function check(valid: boolean): void {
    if (valid) return
    throw refusal(codes.signature, 'The signature of the proof does not verify', {
      parameter: 'signature',
    })
  }

  function importProofKey({ headerSegment, algorithm, jkt, jwk }: ProofState): ProofKey {
    const keyObject = jwk && importPublicKey(jwk)
    if (keyObject === undefined) {
      throw refusal(codes.jwk, 'The key of the proof is not a valid one', {
        parameter: 'jwk',
        reason: 'key',
      })
    }
    // A copy: the segment is a slice, and would keep the whole proof in memory.
    const copy = headerSegment && Buffer.from(headerSegment, 'latin1').toString('latin1')
    return { headerSegment: copy, algorithm: algorithm as AlgorithmEntry, keyObject, jkt }
  }
}
