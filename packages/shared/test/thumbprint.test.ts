// RFC 7638 thumbprints against the values of the RFCs and against jose.

import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { thumbprint, thumbprintInput } from '../src/thumbprint.ts'
import { akpJwk, ecJwk, okpJwk, rsaJwk } from './support.ts'

describe('thumbprint', () => {
  it.each([
    ['RFC 9449, section 6.1', ecJwk, '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'],
    ['RFC 7638, section 3.1', rsaJwk, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
    ['RFC 8037, appendix A.3', okpJwk, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'],
  ])('is that of %s', async (_, jwk, expected) => {
    expect(await thumbprint(jwk)).toBe(expected)
  })

  it.each([ecJwk, rsaJwk, okpJwk, akpJwk])('agrees with jose for $kty', async (jwk) => {
    expect(await thumbprint(jwk)).toBe(await calculateJwkThumbprint(jwk))
  })
})

describe('thumbprintInput', () => {
  it.each([
    [ecJwk, ['crv', 'kty', 'x', 'y']],
    [rsaJwk, ['e', 'kty', 'n']],
    [okpJwk, ['crv', 'kty', 'x']],
    [akpJwk, ['alg', 'kty', 'pub']],
  ] as const)('is the JSON of the required members in order: $0.kty', (jwk, members) => {
    const input = thumbprintInput(jwk)
    expect(Object.keys(JSON.parse(input))).toEqual(members)
    expect(JSON.parse(input)).toEqual(jwk)
    expect(JSON.stringify(JSON.parse(input))).toBe(input)
  })

  it('leaves out every other member', () => {
    expect(thumbprintInput({ ...ecJwk, kid: 'a', alg: 'ES256' } as typeof ecJwk)).toBe(thumbprintInput(ecJwk))
  })
})
