// Nonces are stateless: every replica with the same secrets accepts them, and nobody else can make them.

import { createHash, createHmac } from 'node:crypto'
import { isNonce } from '@countersign/shared'
import { describe, expect, test } from 'vitest'
import { createNonceAuthority } from '../src/nonce.ts'
import { createClock } from './support.ts'

const clock = createClock(1_750_000_000)
const first = new Uint8Array(32).fill(1)
const second = new Uint8Array(32).fill(2)
const options = { resource: 'https://api.example.com', secrets: [first], ttlSeconds: 100, toleranceSeconds: 5, clock }
const authority = createNonceAuthority(options)

test('a nonce has the syntax of RFC 9449, and is the same for everyone within a second', () => {
  const nonce = authority.current()
  expect(isNonce(nonce)).toBe(true)
  expect(nonce).toHaveLength(32)
  expect(authority.current()).toBe(nonce)
})

test('it is a time, the id of a secret, and a MAC over both and the resource', () => {
  const id = createHash('sha256').update('countersign nonce secret id\0').update(first).digest().subarray(0, 4)
  const head = Buffer.concat([Buffer.from('684ee180', 'hex'), id])
  const mac = createHmac('sha256', first).update('countersign nonce\0https://api.example.com\0').update(head).digest()
  expect(authority.current()).toBe(Buffer.concat([head, mac.subarray(0, 16)]).toString('base64url'))
})

test('it is accepted within its lifetime, by every replica', () => {
  const start = createClock(clock.now)
  const nonce = createNonceAuthority({ ...options, clock: start }).current()
  const replica = createNonceAuthority({ ...options, clock: start })
  for (const [age, verdict] of [
    [0, { issuedAt: clock.now }],
    [99, { issuedAt: clock.now }],
    [100, 'expired'],
    [-5, { issuedAt: clock.now }],
    [-6, 'invalid'],
  ] as const) {
    start.now = clock.now + age
    expect(replica.check(nonce)).toEqual(verdict)
  }
})

test('secrets are rotated with overlap', () => {
  const nonce = authority.current()
  const rotated = createNonceAuthority({ ...options, secrets: [second, first] })
  expect(rotated.check(nonce)).toEqual({ issuedAt: clock.now })
  expect(authority.check(rotated.current())).toBe('invalid')
  expect(createNonceAuthority({ ...options, secrets: [second] }).check(nonce)).toBe('invalid')
})

describe('refused', () => {
  const nonce = authority.current()
  test.each([
    ['of another resource', createNonceAuthority({ ...options, resource: 'https://other.example' }).current()],
    ['empty', ''],
    ['cut', nonce.slice(0, -1)],
    ['lengthened', `${nonce}A`],
    ['padded', `${nonce.slice(0, -1)}=`],
    ['of another alphabet', `${nonce.slice(0, -1)}+`],
  ])('%s', (_, value) => {
    expect(authority.check(value)).toBe('invalid')
  })

  test('changed in any character', () => {
    for (let index = 0; index < nonce.length; index++) {
      const changed = nonce.slice(0, index) + (nonce[index] === 'A' ? 'B' : 'A') + nonce.slice(index + 1)
      expect(authority.check(changed)).toBe('invalid')
    }
  })
})
