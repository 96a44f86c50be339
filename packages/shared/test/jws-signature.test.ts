// Signatures of JWSs by WebCrypto: those of the vectors, which another library made.

import { describe, expect, it } from 'vitest'
import type { AlgorithmEntry } from '../src/algorithms.ts'
import { algorithmOf } from '../src/algorithms.ts'
import { decodeEnvelope } from '../src/jws-envelope.ts'
import type { SignedText } from '../src/jws-signature.ts'
import { verifyJwsSignature } from '../src/jws-signature.ts'
import { readVectors } from './vector-files.ts'

const { vectors } = readVectors<{ jws?: string }>('jwe-envelope')

function signedBy(id: string): SignedText {
  const { header, signingInput, signature } = decodeEnvelope(
    vectors.find((each) => each.id === id)?.jws ?? '',
    'content',
  )
  return { algorithm: algorithmOf(header.alg) as AlgorithmEntry, jwk: header.jwk, signingInput, signature }
}

describe('verifyJwsSignature', () => {
  it.each([
    ['Ed25519', 'sealed-p256'],
    ['ES256', 'sealed-es256'],
    ['PS256', 'sealed-ps256'],
  ])('verifies a signature by %s, and no other', async (alg, id) => {
    const signed = signedBy(id)
    expect(signed.algorithm.alg).toBe(alg)
    expect(await verifyJwsSignature(signed)).toBe(true)
    expect(await verifyJwsSignature({ ...signed, signingInput: `${signed.signingInput}A` })).toBe(false)
    expect(await verifyJwsSignature({ ...signed, signature: signed.signature.slice(1) })).toBe(false)
  })

  it('rejects for a point that is not on its curve', async () => {
    const signed = signedBy('sealed-es256')
    const { x } = signed.jwk as { readonly x: string }
    const jwk = { kty: 'EC', crv: 'P-256', x, y: x } as const
    await expect(verifyJwsSignature({ ...signed, jwk })).rejects.toThrow(DOMException)
  })
})
