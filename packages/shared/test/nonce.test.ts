// The nonce syntax of RFC 9449 section 8.1.

import { expect, it } from 'vitest'
import { MAX_NONCE_LENGTH } from '../src/limits.ts'
import { isNonce } from '../src/nonce.ts'

it.each(['eyJ7S_zG.eyJH0-Z.HX4w-7v', '!', '~', '#[', ']', 'a'.repeat(MAX_NONCE_LENGTH)])('accepts %j', (value) => {
  expect(isNonce(value)).toBe(true)
})

it.each(['', ' ', 'a b', 'a"b', 'a\\b', 'a\n', '\x7f', 'é', '\ud800', 'a, b', 'a'.repeat(MAX_NONCE_LENGTH + 1)])(
  'refuses %j',
  (value) => {
    expect(isNonce(value)).toBe(false)
  },
)

it('accepts NQCHAR and no other character', () => {
  const accepted = Array.from({ length: 0x200 }, (_, code) => code).filter((code) => isNonce(String.fromCharCode(code)))
  const nqchar = Array.from({ length: 0x5e }, (_, index) => 0x21 + index).filter(
    (code) => code !== 0x22 && code !== 0x5c,
  )
  expect(accepted).toEqual(nqchar)
})
