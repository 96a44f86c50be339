// The keyed hash of the replay store: equal texts meet, others do not, and chosen texts cannot be made to crowd.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKeyedHash } from '../src/replay/keyed-hash.ts'

const PREFIX = 43

function hashOf(hash: ReturnType<typeof createKeyedHash>, text: string): string {
  hash.take(text)
  return hash.fingerprint.join('.')
}

test('equal texts meet, other texts do not', () => {
  const hash = createKeyedHash(PREFIX)
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 700 }),
      fc.string({ unit: 'binary', maxLength: 700 }),
      (one, other) => {
        expect(hashOf(hash, one) === hashOf(hash, other)).toBe(one === other)
        expect(hashOf(hash, one)).toBe(hashOf(hash, one))
      },
    ),
  )
})

test('a text and the same with something behind it differ', () => {
  const hash = createKeyedHash(PREFIX)
  for (const text of ['', 'a', 'x'.repeat(511), 'x'.repeat(512), 'x'.repeat(600)]) {
    for (const more of ['\0', '\0\0', 'a', '\uffff']) expect(hashOf(hash, text + more)).not.toBe(hashOf(hash, text))
  }
})

test('the numbers of another are others', () => {
  expect(hashOf(createKeyedHash(PREFIX), 'a')).not.toBe(hashOf(createKeyedHash(PREFIX), 'a'))
})

test('the prefix depends on the first characters, all of them and no others', () => {
  const hash = createKeyedHash(PREFIX)
  const prefixOf = (text: string) => {
    hash.take(text)
    return hash.prefix
  }
  const thumbprint = 'x'.repeat(PREFIX)
  expect(prefixOf(`${thumbprint}.1`)).toBe(prefixOf(thumbprint))
  expect(prefixOf(`${thumbprint}.${'2'.repeat(256)}`)).toBe(prefixOf(thumbprint))
  for (const index of [0, 21, PREFIX - 1]) {
    const other = `${thumbprint.slice(0, index)}y${thumbprint.slice(index + 1)}`
    expect(prefixOf(`${other}.1`)).not.toBe(prefixOf(thumbprint))
  }
})

describe('texts that are chosen to differ in the high bits of their characters', () => {
  const crowds: [string, string][] = [
    ['by 32', '!Aa'],
    ['by 64', '!a'],
    ['by 32 768', '\u0001\u8001'],
  ]
  test.each(crowds)('%s, spread over the high bits of every word', (_, alphabet) => {
    const hash = createKeyedHash(PREFIX)
    const bins = Array.from({ length: 4 }, () => new Uint32Array(64))
    const count = 8_192
    for (let index = 0; index < count; index++) {
      const digits = index.toString(alphabet.length).padStart(14, '0')
      hash.take(`${'x'.repeat(PREFIX)}.${digits.replace(/./g, (digit) => alphabet[Number(digit)] as string)}`)
      hash.fingerprint.forEach((word, lane) => {
        const bin = bins[lane] as Uint32Array
        bin[word >>> 26] = (bin[word >>> 26] as number) + 1
      })
    }
    // 128 in each on average. Far more in one would be a crowd.
    for (const bin of bins) expect(Math.max(...bin)).toBeLessThan(512)
  })
})
