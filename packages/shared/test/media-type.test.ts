// Media types with parameters, RFC 9110 section 8.3.1.

import { describe, expect, it } from 'vitest'
import { MAX_CTY_LENGTH } from '../src/limits.ts'
import { mediaTypeEssence } from '../src/media-type.ts'

describe('mediaTypeEssence', () => {
  it.each([
    ['application/json', 'application/json'],
    ['Application/JSON', 'application/json'],
    ['text/html;charset=utf-8', 'text/html'],
    ['text/html ; Charset="utf-8"\t;\tq=1', 'text/html'],
    ['text/html;', 'text/html'],
    ['text/html;;  ;a=b', 'text/html'],
    ['a/b;c="\\"\\\\"', 'a/b'],
    ['a/b;c=""', 'a/b'],
    ['a/b;c="\t \u00e9;,/="', 'a/b'],
    ["!#$%&'*+-.^_`|~09aZ/x", "!#$%&'*+-.^_`|~09az/x"],
  ])('of %o is %o', (text, essence) => {
    expect(mediaTypeEssence(text)).toBe(essence)
  })

  it.each([
    '',
    'json',
    '/',
    'a/',
    '/b',
    'a/b/c',
    'a /b',
    'a/ b',
    ' a/b',
    'a/b ',
    'a/b; ',
    'a/b c',
    'a/b,c/d',
    'a/b;c',
    'a/b;c=',
    'a/b;=d',
    'a/b;c =d',
    'a/b;c= d',
    'a/b;c="',
    'a/b;c="d"e',
    'a/b;c="\\',
    'a/b;c="\n"',
    'a/b;c="\\\n"',
    'a/b;c="\u007f"',
    'a/b;c="\u0100"',
    'a/b\n',
    '\u00e4/b',
  ])('is none for %o', (text) => {
    expect(mediaTypeEssence(text)).toBeUndefined()
  })

  it('is read up to its longest length', () => {
    const longest = `a/${'b'.repeat(MAX_CTY_LENGTH - 2)}`
    expect(mediaTypeEssence(longest)).toBe(longest)
    expect(mediaTypeEssence(`${longest}b`)).toBeUndefined()
  })

  it('takes no time that grows beyond measure', () => {
    const started = performance.now()
    for (const part of ['; ', ';\t ', ' ;', ';a=b', ';a="\\"', '!']) {
      const text = `a/b${part.repeat(MAX_CTY_LENGTH)}`.slice(0, MAX_CTY_LENGTH - 1)
      expect(mediaTypeEssence(`${text}\n`)).toBeUndefined()
    }
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
