// The access token hash of RFC 9449 section 4.2.

import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { computeAth } from '../src/ath.ts'

it('is that of RFC 9449, section 7.1', async () => {
  expect(await computeAth('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU')).toBe(
    'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  )
})

it.each(['', 'a', 'a'.repeat(16_384), 'DPoP a'])('agrees with node:crypto (%#)', async (token) => {
  expect(await computeAth(token)).toBe(createHash('sha256').update(token).digest('base64url'))
})

it('depends on every character', async () => {
  expect(await computeAth('a.b.c')).not.toBe(await computeAth('a.b.C'))
  expect(await computeAth('a.b.c')).not.toBe(await computeAth('a.b.c '))
})
