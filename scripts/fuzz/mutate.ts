// Changes to valid inputs, that a seed repeats.

/** What a parser reads apart from the rest, what it must refuse, and what has surprised parsers before. */
const MORSELS = [
  ...'{}[]":,\\.=%/@?#&;!~-_+*\'() \t\r\n\0',
  ...'0aAzZ9eE\x7f\x80\xa0\xe9\xff',
  ...['\ud800', '\udc00', '\ufeff', '\u2028', '\u00ad', '\u200d', '\u212a', '\uff0e', '\uff10', '。', 'ß', '😀'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'true',
    '1e999',
    '-0',
    '1e-400',
    '\\u0061',
    '\\ud800',
    '\\"',
    '"a":1,',
  ],
  ...[
    '%2e',
    '%2E%2e',
    '%2f',
    '%25',
    '%41',
    '%',
    '%c3%a9',
    '/../',
    '/./',
    '//',
    ':443',
    ':80',
    ':0',
    ':65536',
    'xn--',
    '0x7f',
    '1.2.3.4',
  ],
  ...[
    '[::1]',
    '@',
    '://',
    'http://',
    'HTTPS://',
    'localhost',
    '127.1',
    '==',
    '=',
    '", ',
    ', ',
    ' ,',
    'a=b',
    'a="b"',
    'DPoP ',
  ],
  ...[
    '"d":"AA",',
    '"crit":[],',
    '"alg":"none",',
    '"kty":"oct",',
    'P-384',
    'ES384',
    'EdDSA',
    'ML-DSA-65',
    'sig',
    'verify',
  ],
]

/** Changes a text in one to four places, and sometimes in its size. */
export function mutate(text: string, pool: readonly string[], random: () => number): string {
  let result = text
  const changes = 1 + Math.floor(random() * random() * 4)
  for (let change = 0; change < changes; change++) {
    const at = Math.floor(random() * (result.length + 1))
    const length = Math.floor(random() * random() * 12)
    const before = result.slice(0, at)
    const after = result.slice(at)
    switch (Math.floor(random() * 9)) {
      case 0:
        result = before + after.slice(length)
        break
      case 1:
        result = before + pick(MORSELS, random) + after
        break
      case 2:
        result = before + pick(MORSELS, random) + after.slice(1)
        break
      case 3:
        result = before + after.slice(0, length) + after
        break
      case 4:
        result = before + String.fromCharCode(Math.floor(random() ** 4 * 0x1_00_00)) + after.slice(1)
        break
      case 5:
        result =
          before + String.fromCharCode((after.charCodeAt(0) || 0) ^ (1 << Math.floor(random() * 7))) + after.slice(1)
        break
      case 6: {
        const other = pick(pool, random)
        result = before + other.slice(Math.floor(random() * other.length))
        break
      }
      case 7: {
        const piece = after.slice(0, length)
        const swapped = piece === piece.toLowerCase() ? piece.toUpperCase() : piece.toLowerCase()
        result = before + swapped + after.slice(length)
        break
      }
      default: {
        // Rarely something long, up to and beyond every limit: this is what finds time that grows too fast.
        const piece = random() < 0.5 ? pick(MORSELS, random) : after.slice(0, 1 + length) || 'a'
        const size = random() < 0.05 ? Math.floor(random() * 70_000) : Math.floor(random() * 40)
        result = before + piece.repeat(Math.ceil(size / piece.length)) + after
      }
    }
  }
  return result
}

/** One of some items. */
export function pick<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)] as Item
}

/** Numbers from 0 up to 1 that a seed repeats (mulberry32). */
export function createRandom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
