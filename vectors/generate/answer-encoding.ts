// Faults in the encoding of a signed answer and in its signature: spec/request-envelope.md, "Signed answer", steps 1 and 5 of
// the client.

import type { Flag, Recipe } from './answer-recipe.ts'
import { answerVector, CONTENT, settings, signers } from './answer-recipe.ts'
import { base64url, fromBase64url, sha256, standard, withRest, withSpareBit } from './encoding.ts'
import { ed25519, p256 } from './keys.ts'
import { signUnchecked } from './sign.ts'
import type { Expectation, Vector } from './vector.ts'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function answerEncodingVectors(): Promise<Vector[]> {
  const invalid = 'ERR_ENVELOPE_ANSWER_INVALID'
  return Promise.all([
    ...group('joined', '9110#section-5.3', invalid, joined),
    ...group('segments', '7515#section-7.1', invalid, segments),
    ...group('base64url', ['7515#section-2', '4648#section-3.5'], invalid, spellings),
    ...group('json', ['7515#section-5.2', '7493#section-2.3'], invalid, texts),
    ...group('size', '7515#section-7.1', 'valid', [
      ['at-limit', 'An answer of the longest length', { headerText: filledTo(settings.maxAnswerLength) }],
    ]),
    ...group('size', '7515#section-7.1', invalid, [
      [
        'beyond-limit',
        'An answer of two characters more; none is one character longer',
        { headerText: filledTo(settings.maxAnswerLength + 2) },
      ],
    ]),
    ...group('signature', '7515#section-5.2', 'ERR_ENVELOPE_ANSWER_SIGNATURE', signatures),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => answerVector(id, comment, [flag], rfc, expect, recipe))
}

const joined: readonly Row[] = [
  ['joined-twice', 'The same answer twice', { assemble: (...parts) => `${parts.join('.')}, ${parts.join('.')}` }],
  ['joined-with-nothing', 'A comma after it', { assemble: (...parts) => `${parts.join('.')},` }],
]

const segments: readonly Row[] = [
  ['segments-none', 'An empty field', { assemble: () => '' }],
  ['segments-one', 'The header only', { assemble: (header) => header }],
  [
    'segments-two',
    'The payload left out with its dot',
    { assemble: (header, _, signature) => `${header}.${signature}` },
  ],
  ['segments-four', 'An empty fourth segment', { assemble: (...parts) => `${parts.join('.')}.` }],
  ['segments-five', 'Five segments, as a JWE has', { assemble: (...parts) => `${parts.join('.')}.AA.AA` }],
  ['header-empty', 'An empty header', { headerSegment: () => '' }],
  ['signature-empty', 'An empty signature', { signatureSegment: () => '' }],
  ['payload-content', 'The content as payload', { payload: base64url(CONTENT) }],
  ['payload-digest', 'The digest as payload', { payload: base64url(sha256(CONTENT)) }],
  ['quoted', 'The answer in quotation marks', { assemble: (...parts) => `"${parts.join('.')}"` }],
]

/** A header whose encoding has a character that only the alphabet of base64url has. */
const withMarks = (text: string) => text.replace('{', '{"fill":"???~~~???~~~",')

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
    'base64url-header-alphabet',
    'The header in the alphabet of base64',
    { headerText: withMarks, headerSegment: standard },
  ],
  ['base64url-signature-padding', 'The signature with padding', { signatureSegment: (segment) => `${segment}==` }],
  ['base64url-signature-trailing-bits', 'The signature with spare bits set', { signatureSegment: withSpareBit }],
  [
    'base64url-signature-space',
    'A space in the signature',
    { signatureSegment: (segment) => `${segment.slice(0, 8)} ${segment.slice(8)}` },
  ],
]

const texts: readonly Row[] = [
  ['json-array', 'The header in an array', { headerText: (text) => `[${text}]` }],
  ['json-string', 'A header that is a text', { headerText: (text) => JSON.stringify(text) }],
  ['json-truncated', 'A header without its last brace', { headerText: (text) => text.slice(0, -1) }],
  ['json-duplicate', 'Two status, of which the last is right', { headerText: before('"status"', '"status":200,') }],
  [
    'json-duplicate-escaped',
    'Two status, one of them with an escape',
    { headerText: before('"status"', '"\\u0073tatus":200,') },
  ],
  ['json-duplicate-in-fields', 'Two location', { headerText: before('"location"', '"location":"/evil",') }],
  ['json-byte-order-mark', 'A byte order mark', { headerText: (text) => `\ufeff${text}` }],
  [
    'json-utf-8',
    'An octet that is no UTF-8',
    { headerText: (text) => Buffer.from(text.replace('{', '{"a":"\u00ff",'), 'latin1') },
  ],
  ['json-lone-surrogate', 'Half of a surrogate pair', { headerText: before('"typ"', '"a":"\\ud800",') }],
  ['json-infinity', 'A number that no double holds', { headerText: before('"typ"', '"a":1e999,') }],
  [
    'json-too-deep',
    'A parameter one level too deep',
    { headerText: before('"typ"', `"a":${'{"a":'.repeat(32)}0${'}'.repeat(32)},`) },
  ],
]

function before(member: string, inserted: string): (text: string) => string {
  return (text) => text.replace(member, inserted + member)
}

/** Fills the header until the answer, with its two dots and its Ed25519 signature, has this length. */
function filledTo(length: number): (text: string) => string {
  return (text) => {
    for (let filling = 0; ; filling++) {
      const candidate = text.replace('{', `{"fill":"${'x'.repeat(filling)}",`)
      const measured = base64url(candidate).length + 2 + 86
      if (measured === length) return candidate
      if (measured > length) throw new Error(`No header makes the length ${length}`)
    }
  }
}

/** One bit of one octet changed; a negative position counts from the end. */
const flipped = (position: number) => (signature: Buffer) => {
  const changed = (position + signature.length) % signature.length
  return Buffer.from(signature.map((octet, index) => (index === changed ? octet ^ 1 : octet)))
}

const { key } = signers.ed25519

const signatures: readonly Row[] = [
  ['signature-bit-flipped', 'One bit changed', { signature: flipped(0) }],
  ['signature-es256-bit-flipped', 'ES256: one bit changed', { signer: signers.es256, signature: flipped(-1) }],
  ['signature-ps256-bit-flipped', 'PS256: one bit changed', { signer: signers.ps256, signature: flipped(-1) }],
  ['signature-truncated', 'Without its last octet', { signature: (signature) => signature.subarray(0, -1) }],
  ['signature-by-other-key', 'By another key than it names', { signer: { ...signers.ed25519, key: ed25519 } }],
  ['signature-es256-by-other-key', 'ES256: by another key', { signer: { ...signers.es256, key: p256 } }],
  [
    'signature-without-dot',
    'Over the header without the dot after it',
    { signature: (_, input) => signUnchecked(key, 'EdDSA', input.slice(0, -1)) },
  ],
  [
    'signature-of-content',
    'Over the content in the place of the empty payload',
    { signature: (_, input) => signUnchecked(key, 'EdDSA', input + base64url(CONTENT)) },
  ],
  [
    'signature-header-changed',
    'White space in the header added after signing',
    {
      assemble: (header, payload, signature) =>
        `${base64url(fromBase64url(header).toString().replace('{', '{ '))}.${payload}.${signature}`,
    },
  ],
]
