// Keys, thumbprints, proofs and base64url as RFCs print them. Each must come out as the RFC says, or as
// `vectors/third-party/expectations.json` says: a departure that no longer happens fails too. The server's tests check signatures.

import {
  CountersignError,
  computeAth,
  decodeBase64url,
  decodeDPoPProof,
  encodeBase64url,
  readPublicJwk,
  thumbprint,
} from '@countersign/shared'
import { describe, expect, test } from 'vitest'
import type { Departure } from '../../../vectors/third-party/third-party.ts'
import { expectations, expectedOutcome, publicHalfOf, rfc, rfcIds } from '../../../vectors/third-party/third-party.ts'

const byId = <Vector extends { readonly id: string }>(vectors: readonly Vector[]) =>
  vectors.map((vector) => [vector.id, vector] as const)

test.each(byId(rfc.keys))('key %s', (id, { jwk }) => {
  const outcome = outcomeOf(() => readPublicJwk(jwk))
  expect(outcome).toBe(expectedOutcome(id, 'valid'))
  if (outcome !== 'valid') return
  const { kid, alg, use, ...identity } = publicHalfOf(id)
  expect(readPublicJwk(jwk)).toEqual(identity)
})

test.each(byId(rfc.thumbprints))('thumbprint %s', async (_, { key, thumbprint: printed }) => {
  expect(await thumbprint(readPublicJwk(publicHalfOf(key)))).toBe(printed)
})

test.each(byId(rfc.base64url))('base64url %s', (_, { hex, text }) => {
  expect(Buffer.from(decodeBase64url(text)).toString('hex')).toBe(hex)
  expect(encodeBase64url(Buffer.from(hex, 'hex'))).toBe(text)
})

test.each(byId(rfc.proofs))('proof %s', async (_, { proof, key, claims, accessToken }) => {
  const decoded = decodeDPoPProof(proof)
  expect(decoded.claims).toEqual(claims)
  expect(decoded.header).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicHalfOf(key) })
  if (accessToken !== undefined) expect(await computeAth(accessToken)).toBe(decoded.claims.ath)
})

describe('the expectations', () => {
  const files = Object.values(expectations.wycheproof.files).map(({ departures }) => departures)
  const lists: readonly (readonly Departure<unknown>[])[] = [expectations.rfc, ...files]

  test('name vectors of the RFCs, and each only once', () => {
    expect(rfcIds.filter((id, index) => rfcIds.indexOf(id) !== index)).toEqual([])
    for (const { vectors } of expectations.rfc) for (const id of vectors) expect(rfcIds).toContain(id)
    for (const list of lists) {
      const named = list.flatMap(({ vectors }) => vectors)
      expect(new Set(named).size).toBe(named.length)
    }
  })

  test('depart from the source, and say why', () => {
    const invalid = new Set(rfc.jws.filter(({ result }) => result === 'invalid').map(({ id }) => id))
    for (const { vectors, outcome } of expectations.rfc) {
      for (const id of vectors) expect(outcome === 'valid').toBe(invalid.has(id))
    }
    for (const { vectors, reason } of lists.flat()) {
      expect(vectors).not.toEqual([])
      expect(reason).toMatch(/^[A-Z].*\.$/)
    }
  })
})

/** `valid`, or the code and the reason of the refusal. Every other error is a failure of its own. */
function outcomeOf(run: () => unknown): string {
  try {
    run()
    return 'valid'
  } catch (error) {
    if (error instanceof CountersignError) return `${error.code} ${error.reason}`
    throw error
  }
}
