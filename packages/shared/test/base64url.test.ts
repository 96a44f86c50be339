// RFC 4648 section 5 without padding: one spelling for any bytes, and no other spelling read.

import { describe, expect, it } from 'vitest'
import {
  bytesOfBinary,
  decodeBase64url,
  decodeBase64urlToBinary,
  encodeBase64url,
  isBase64url,
} from '../src/base64url.ts'
import { expectRefusal } from './support.ts'

const code = 'ERR_BASE64URL_INVALID'

describe('encodeBase64url', () => {
  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('writes %j of RFC 4648, section 10, without padding', (text, encoded) => {
    expect(encodeBase64url(text)).toBe(encoded)
    expect(decodeBase64urlToBinary(encoded)).toBe(text)
  })

  it('uses the letters of the URL-safe alphabet', () => {
    expect(encodeBase64url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-')
  })

  it('encodes a string as UTF-8', () => {
    expect(encodeBase64url('é€😀')).toBe(Buffer.from('é€😀').toString('base64url'))
  })

  it('encodes exactly the bytes of a view', () => {
    expect(encodeBase64url(new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2))).toBe('AgM')
  })
})

describe('decodeBase64url', () => {
  it('reads every byte', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(decodeBase64url(Buffer.from(bytes).toString('base64url'))).toEqual(bytes)
  })

  it.each(['-A', '_w', '-_'.repeat(4), 'AAAA'])('reads %j, with and without letters of its own', (text) => {
    expect(Buffer.from(decodeBase64url(text)).toString('base64url')).toBe(text)
  })

  it.each([
    ['padding', 'Zg=='],
    ['padding of one', 'Zm8='],
    ['the alphabet of base64, plus', '+A'],
    ['the alphabet of base64, slash', '/w'],
    ['a leading space', ' Zg'],
    ['an inner newline', 'Zm\n9v'],
    ['a final newline', 'Zm9v\n'],
    ['an inner newline, in a text of a possible length', 'Zm9\nZm9v'],
    ['an inner space, in a text of a possible length', 'Zm 9v Zg'],
    ['a first newline, in a text of a possible length', '\nZm9v\nZg'],
    ['a NUL', 'Zm9\0'],
    ['a length no bytes have', 'Zm9vY'],
    ['stray bits after one byte', 'Zh'],
    ['stray bits after two bytes', 'Zm9'],
    ['a letter beyond ASCII', 'Zm9é'],
    ['a full-width letter', 'Zm9\uff36'],
    ['a lone surrogate', 'Zm9\ud800'],
  ])('refuses %s', (_, text) => {
    expect(isBase64url(text)).toBe(false)
    expectRefusal(() => decodeBase64url(text), { code })
    expectRefusal(() => decodeBase64urlToBinary(text), { code })
  })

  it('accepts exactly one last letter per last bits', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    expect([...alphabet].filter((last) => isBase64url(`A${last}`))).toHaveLength(4)
    expect([...alphabet].filter((last) => isBase64url(`AA${last}`))).toHaveLength(16)
    expect([...alphabet].filter((last) => isBase64url(`AAA${last}`))).toHaveLength(64)
    expect([...alphabet].filter((last) => isBase64url(last))).toHaveLength(0)
  })
})

describe('bytesOfBinary', () => {
  it('makes one byte of each character', () => {
    expect(bytesOfBinary('\0A\xff')).toEqual(Uint8Array.of(0, 0x41, 0xff))
  })
})
