// The numbers of the protocol, and the relations between them that the rest relies on.

import { expect, it } from 'vitest'
import { algorithmOf } from '../src/algorithms.ts'
import * as limits from '../src/limits.ts'

it.each(Object.entries(limits))('%s is a positive integer', (_, value) => {
  expect(Number.isSafeInteger(value) && value > 0).toBe(true)
})

it('lets the largest proof through', () => {
  const publicKeyBytes = 2592
  const { signatureBytes = 0 } = algorithmOf('ML-DSA-87') ?? {}
  const encoded = (bytes: number) => Math.ceil((bytes * 4) / 3)
  expect(encoded(encoded(publicKeyBytes) + 100) + encoded(signatureBytes) + 500).toBeLessThan(limits.MAX_PROOF_LENGTH)
})

it('lets the payload of the largest token through', () => {
  expect(limits.MAX_TOKEN_LENGTH).toBeLessThan(limits.MAX_JSON_LENGTH)
})
