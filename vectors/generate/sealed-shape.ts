// Faults in the segments of a sealed envelope and in the JSON of its header: spec/request-envelope.md, "Verification", step 3.

import { base64url, withRest, withSpareBit } from './encoding.ts'
import type { Flag, Recipe, Segments } from './sealed-recipe.ts'
import { recipients, sealedVector, settings } from './sealed-recipe.ts'
import type { Expectation, Vector } from './vector.ts'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function shapeVectors(): Promise<Vector[]> {
  const invalid = 'ERR_ENVELOPE_SEAL_INVALID'
  return Promise.all([
    ...group('segments', '7516#section-7.1', 'ERR_ENVELOPE_MALFORMED', numbers),
    ...group('segments', '7516#section-7.1', invalid, emptySegments),
    ...group('size', '7518#section-5.3', invalid, sizes),
    ...group('base64url', ['7515#section-2', '4648#section-3.5'], invalid, spellings),
    ...group('json', ['7516#section-5.2', '7493#section-2.3'], invalid, texts),
    ...group('size', '7516#section-7.1', 'valid', [
      ['header-at-limit', 'A header of the longest length', { headerText: filledTo(settings.maxSealHeaderLength) }],
    ]),
    ...group('size', '7516#section-7.1', 'ERR_ENVELOPE_TOO_LARGE', [
      [
        'header-beyond-limit',
        'A header of two characters more; none is one character longer',
        { headerText: filledTo(settings.maxSealHeaderLength + 2) },
      ],
    ]),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => sealedVector(id, comment, [flag], rfc, expect, recipe))
}

const numbers: readonly Row[] = [
  ['segments-four', 'Without the tag', { assemble: (...segments) => segments.slice(0, 4).join('.') }],
  ['segments-six', 'An empty sixth segment', { assemble: (...segments) => `${segments.join('.')}.` }],
]

const NAMES = ['header', 'encrypted-key', 'iv', 'ciphertext', 'tag'] as const
type Name = (typeof NAMES)[number]

/** Changes one segment after the encryption. */
function changed(name: Name, change: (segment: string) => string): Recipe {
  const assemble = (...segments: Segments) =>
    segments.map((segment, index) => (NAMES[index] === name ? change(segment) : segment)).join('.')
  return name === 'encrypted-key' ? { recipient: recipients.p256Wrapping, assemble } : { assemble }
}

const emptySegments: readonly Row[] = [
  ['header-empty', 'No header', changed('header', () => '')],
  ['encrypted-key-empty', 'ECDH-ES+A256KW without an encrypted key', changed('encrypted-key', () => '')],
  ['iv-empty', 'No initialisation vector', changed('iv', () => '')],
  ['ciphertext-empty', 'Nothing encrypted', { plaintext: () => '' }],
  ['tag-empty', 'No authentication tag', changed('tag', () => '')],
]

const sizes: readonly Row[] = [
  ['encrypted-key-unexpected', 'ECDH-ES with an encrypted key', { sealed: (sealed) => ({ ...sealed, encryptedKey }) }],
  ['iv-short', 'An initialisation vector of 11 octets', { iv: (iv) => iv.subarray(1) }],
  ['iv-long', 'An initialisation vector of 16 octets', { iv: (iv) => Buffer.concat([iv, Buffer.alloc(4)]) }],
  ['tag-short', 'A tag of 12 octets', { sealed: (sealed) => ({ ...sealed, tag: sealed.tag.subarray(0, 12) }) }],
  [
    'tag-long',
    'A tag of 17 octets',
    { sealed: (sealed) => ({ ...sealed, tag: Buffer.concat([sealed.tag, Buffer.alloc(1)]) }) },
  ],
]

const encryptedKey = Buffer.alloc(40, 1)

const around = (before: string, after: string): Recipe => ({
  assemble: (...segments) => before + segments.join('.') + after,
})

/** An envelope whose encryption leaves two characters at the end. */
const restOfPlaintext: Recipe = {
  inner: { content: '[]' },
  plaintext(jws) {
    if (jws.length % 3 !== 1) throw new Error('The ciphertext would leave another number of characters')
    return jws
  },
}

const spellings: readonly Row[] = [
  [
    'base64url-header-padding',
    'The header with padding',
    { headerText: withRest, headerSegment: (segment) => `${segment}==` },
  ],
  [
    'base64url-header-trailing-bits',
    'The header with spare bits set',
    { headerText: withRest, headerSegment: withSpareBit },
  ],
  [
    'base64url-encrypted-key-padding',
    'The encrypted key with padding',
    changed('encrypted-key', (segment) => `${segment}==`),
  ],
  [
    'base64url-encrypted-key-trailing-bits',
    'The encrypted key with spare bits set',
    changed('encrypted-key', withSpareBit),
  ],
  [
    'base64url-iv-alphabet',
    'An initialisation vector in the alphabet of base64',
    changed('iv', (segment) => `+${segment.slice(1)}`),
  ],
  [
    'base64url-ciphertext-padding',
    'The ciphertext with padding',
    { ...changed('ciphertext', (segment) => `${segment}==`), ...restOfPlaintext },
  ],
  [
    'base64url-ciphertext-trailing-bits',
    'The ciphertext with spare bits set',
    { ...changed('ciphertext', withSpareBit), ...restOfPlaintext },
  ],
  [
    'base64url-ciphertext-line-feed',
    'A line feed in the ciphertext',
    changed('ciphertext', (segment) => `${segment.slice(0, 64)}\n${segment.slice(64)}`),
  ],
  ['base64url-tag-trailing-bits', 'The tag with spare bits set', changed('tag', withSpareBit)],
  ['base64url-tag-padding', 'The tag with padding', changed('tag', (segment) => `${segment}==`)],
  ['base64url-space-before', 'A space before all', around(' ', '')],
  ['base64url-line-feed-after', 'A line feed after all', around('', '\n')],
]

const texts: readonly Row[] = [
  ['json-array', 'The header in an array', { headerText: (text) => `[${text}]` }],
  ['json-string', 'A header that is a text', { headerText: (text) => JSON.stringify(text) }],
  ['json-truncated', 'A header without its last brace', { headerText: (text) => text.slice(0, -1) }],
  [
    'json-duplicate',
    'Two alg, of which the last is right',
    { headerText: (text) => text.replace('"alg"', '"alg":"dir","alg"') },
  ],
  [
    'json-duplicate-escaped',
    'Two kid, one of them with an escape',
    { headerText: (text) => text.replace('"kid"', '"\\u006bid":"a","kid"') },
  ],
  ['json-duplicate-in-epk', 'Two x in the epk', { headerText: (text) => text.replace('"x"', '"x":"AA","x"') }],
  ['json-byte-order-mark', 'A byte order mark', { headerText: (text) => `\ufeff${text}` }],
  [
    'json-utf-8',
    'An octet that is no UTF-8',
    { headerText: (text) => Buffer.from(text.replace('{', '{"a":"\u00ff",'), 'latin1') },
  ],
  ['json-lone-surrogate', 'Half of a surrogate pair', { headerText: (text) => text.replace('{', '{"a":"\\ud800",') }],
  [
    'json-too-deep',
    'A parameter one level too deep',
    { headerText: (text) => text.replace('{', `{"a":${'{"a":'.repeat(32)}0${'}'.repeat(32)},`) },
  ],
]

/** Fills a header until it has this length when it is encoded. */
function filledTo(length: number): (text: string) => string {
  return (text) => {
    for (let filling = 0; ; filling++) {
      const candidate = text.replace('{', `{"fill":"${'x'.repeat(filling)}",`)
      const measured = base64url(candidate).length
      if (measured === length) return candidate
      if (measured > length) throw new Error(`No header makes the length ${length}`)
    }
  }
}
