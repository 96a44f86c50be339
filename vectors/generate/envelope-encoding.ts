// Faults in the encoding of an envelope and in its signature: spec/request-envelope.md, "Verification", steps 1, 3 and
// 7.

import { base64url, fromBase64url, standard, withSpareBit } from './encoding.ts'
import type { Flag, Recipe } from './envelope-recipe.ts'
import { envelopeVector, settings } from './envelope-recipe.ts'
import { ed25519, otherEd25519, otherP256, p256, rsa2048 } from './keys.ts'
import { signUnchecked } from './sign.ts'
import type { Expectation, Vector } from './vector.ts'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function encodingVectors(): Promise<Vector[]> {
  const malformed = 'ERR_ENVELOPE_MALFORMED'
  return Promise.all([
    ...group('joined', '9110#section-5.3', 'ERR_ENVELOPE_DUPLICATE', joined),
    ...group('segments', '7515#section-7.1', malformed, segments),
    ...group('base64url', ['7515#section-2', '4648#section-3.5'], malformed, spellings),
    ...group('json', ['7515#section-5.2', '7493#section-2.3'], malformed, texts),
    ...group('json', '8259#section-9', 'valid', [
      ['json-depth-at-limit', 'A parameter as deep as is allowed', nested(31)],
    ]),
    ...group('size', '9635#section-7.3.3', 'valid', sizes),
    ...group('size', '9635#section-7.3.3', 'ERR_ENVELOPE_TOO_LARGE', tooLarge),
    ...group('signature', '7515#section-5.2', 'ERR_ENVELOPE_SIGNATURE', signatures),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => envelopeVector(id, comment, [flag], rfc, expect, recipe))
}

const joined: readonly Row[] = [
  ['joined-twice', 'The same envelope twice', { assemble: (...parts) => `${parts.join('.')}, ${parts.join('.')}` }],
  ['joined-with-nothing', 'A comma after it', { assemble: (...parts) => `${parts.join('.')},` }],
]

const segments: readonly Row[] = [
  ['segments-one', 'The header only', { assemble: (header) => header }],
  ['segments-two', 'No signature and no dot for it', { assemble: (header, payload) => `${header}.${payload}` }],
  ['segments-four', 'An empty fourth segment', { assemble: (...parts) => `${parts.join('.')}.` }],
  ['segments-five', 'Five segments in the field, as a JWE has', { assemble: (...parts) => `${parts.join('.')}.AA.AA` }],
  ['segment-header-empty', 'An empty header', { headerSegment: () => '' }],
  ['segment-signature-empty', 'An empty signature', { signatureSegment: () => '' }],
  ['segments-json-serialisation', 'The flattened JSON serialisation', { form: 'attached', assemble: flattened }],
  ['segments-quoted', 'The envelope in quotation marks', { assemble: (...parts) => `"${parts.join('.')}"` }],
]

function flattened(header: string, payload: string, signature: string): string {
  return JSON.stringify({ payload, protected: header, signature })
}

/** A header whose encoding leaves two characters at the end and has a hyphen or an underscore. */
function fill(text: string): Uint8Array {
  for (let length = 0; ; length++) {
    const bytes = Buffer.from(text.replace('{', `{"fill":"${'?'.repeat(length)}~~~???\u00ff\u00ff",`))
    if (bytes.length % 3 === 1 && /[-_]/.test(base64url(bytes))) return bytes
  }
}

const around = (before: string, after: string): Recipe => ({
  form: 'attached',
  assemble: (...parts) => before + parts.join('.') + after,
})

const spellings: readonly Row[] = [
  [
    'base64url-header-padding',
    'The header with padding',
    { headerText: fill, headerSegment: (segment) => `${segment}==` },
  ],
  [
    'base64url-header-trailing-bits',
    'The header with spare bits set',
    { headerText: fill, headerSegment: withSpareBit },
  ],
  ['base64url-header-alphabet', 'The header in the alphabet of base64', { headerText: fill, headerSegment: standard }],
  ['base64url-payload-padding', 'Attached content with padding', attached('a', (segment) => `${segment}==`)],
  ['base64url-payload-trailing-bits', 'Attached content with spare bits set', attached('a', withSpareBit)],
  ['base64url-payload-alphabet', 'Attached content in the alphabet of base64', attached('\u00ff\u00ff??', standard)],
  [
    'base64url-payload-length',
    'Attached content of a length that encodes nothing',
    attached('abc', (segment) => `${segment}A`),
  ],
  [
    'base64url-payload-line-feed',
    'A line feed in attached content',
    attached('abcdef', (segment) => `${segment.slice(0, 4)}\n${segment.slice(4)}`),
  ],
  ['base64url-signature-padding', 'The signature with padding', { signatureSegment: (segment) => `${segment}==` }],
  ['base64url-signature-trailing-bits', 'The signature with spare bits set', { signatureSegment: withSpareBit }],
  ['base64url-space-before', 'A space before an attached envelope', around(' ', '')],
  ['base64url-line-feed-after', 'A line feed after an attached envelope', around('', '\n')],
]

function attached(content: string, payloadSegment: (segment: string) => string): Recipe {
  return { form: 'attached', content, contentType: 'text/plain', payloadSegment }
}

/** A parameter of this many objects in each other. */
function nested(depth: number): Recipe {
  const text = `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`
  return { headerText: (header) => header.replace('{', `{"deep":${text},`) }
}

const texts: readonly Row[] = [
  ['json-array', 'The header in an array', { headerText: (text) => `[${text}]` }],
  ['json-string', 'A header that is a text', { headerText: (text) => JSON.stringify(text) }],
  ['json-truncated', 'A header without its last brace', { headerText: (text) => text.slice(0, -1) }],
  ['json-duplicate', 'Two htm of one value', { headerText: (text) => text.replace('"htm"', '"htm":"POST","htm"') }],
  [
    'json-duplicate-last',
    'Two htm, of which the last is right',
    { headerText: (text) => text.replace('"htm"', '"htm":"GET","htm"') },
  ],
  [
    'json-duplicate-uri',
    'Two uri',
    { headerText: (text) => text.replace('"uri"', '"uri":"https://evil.example/","uri"') },
  ],
  [
    'json-duplicate-escaped',
    'Two htm, one of them with an escape',
    { headerText: (text) => text.replace('"htm"', '"\\u0068tm":"GET","htm"') },
  ],
  ['json-duplicate-in-jwk', 'Two x in the jwk', { headerText: (text) => text.replace('"x"', '"x":"AA","x"') }],
  ['json-byte-order-mark', 'A byte order mark', { headerText: (text) => `\ufeff${text}` }],
  [
    'json-utf-8',
    'An octet that is no UTF-8',
    { headerText: (text) => Buffer.from(text.replace('{', '{"a":"\u00ff",'), 'latin1') },
  ],
  ['json-lone-surrogate', 'Half of a surrogate pair', { headerText: (text) => text.replace('{', '{"a":"\\ud800",') }],
  [
    'json-infinity',
    'A created that no double holds',
    { headerText: (text) => text.replace(/"created":[0-9]+/, '"created":1e999') },
  ],
  ['json-too-deep', 'A parameter one level too deep', nested(32)],
]

/** Fills the header until the envelope, or the header where there is another measure, has this length. */
function sized(length: number, measure: (envelope: string) => number, recipe: Recipe): Recipe {
  // The header of the vectors here is some 550 characters long; every three characters of filling make four of
  // base64url.
  const filled = (text: string) => {
    for (let filling = Math.floor((length * 3) / 4) - 900; ; filling++) {
      const candidate = text.replace('{', `{"fill":"${'x'.repeat(filling)}",`)
      const measured = measure(base64url(candidate))
      if (measured === length) return candidate
      if (measured > length) throw new Error(`No header makes the length ${length}`)
    }
  }
  return { ...recipe, headerText: filled }
}

const { maxDetachedJwsLength, maxHeaderLength } = settings
/** Two dots, the digest and an Ed25519 signature. */
const withDigest = (header: string) => header.length + 2 + 43 + 86
const withoutContent = (header: string) => header.length + 2 + 86
const none: Recipe = { content: '', method: 'GET' }

const sizes: readonly Row[] = [
  ['field-at-limit', 'A field of the longest length', sized(maxDetachedJwsLength, withoutContent, none)],
  [
    'header-at-limit',
    'A header of the longest length, in the content',
    sized(maxHeaderLength, (header) => header.length, { form: 'attached' }),
  ],
]

const tooLarge: readonly Row[] = [
  ['field-beyond-limit', 'A field of one character more', sized(maxDetachedJwsLength + 1, withDigest, {})],
  [
    'header-beyond-limit',
    'A header of two characters more, in the content; none is one character longer',
    sized(maxHeaderLength + 2, (header) => header.length, { form: 'attached' }),
  ],
]

/** One bit of one octet changed; a negative position counts from the end. */
const flipped = (position: number) => (signature: Buffer) => {
  const changed = (position + signature.length) % signature.length
  return Buffer.from(signature.map((byte, index) => (index === changed ? byte ^ 1 : byte)))
}

const es256 = { key: p256, scheme: 'ES256' } as const
const eddsa = { key: ed25519, scheme: 'EdDSA', alg: 'Ed25519' } as const

const signatures: readonly Row[] = [
  ['signature-bit-flipped', 'One bit changed', { signature: flipped(0) }],
  ['signature-es256-bit-flipped', 'ES256: one bit changed', { signer: es256, signature: flipped(-1) }],
  [
    'signature-ps256-bit-flipped',
    'PS256: one bit changed',
    { signer: { key: rsa2048, scheme: 'PS256' }, signature: flipped(-1) },
  ],
  ['signature-truncated', 'Without its last octet', { signature: (signature) => signature.subarray(0, -1) }],
  [
    'signature-by-other-key',
    'Signed by another key',
    { signer: { ...eddsa, key: otherEd25519 }, header: ofKey(ed25519) },
  ],
  [
    'signature-es256-by-other-key',
    'ES256: signed by another key',
    { signer: { ...es256, key: otherP256 }, header: ofKey(p256) },
  ],
  [
    'signature-of-payload',
    'Over the payload without the header',
    { signature: (_, input) => signUnchecked(ed25519, 'EdDSA', input.slice(input.indexOf('.') + 1)) },
  ],
  [
    'signature-of-content',
    'Over the content in the place of the payload',
    {
      signature: (_, input) =>
        signUnchecked(ed25519, 'EdDSA', `${input.slice(0, input.indexOf('.'))}.${base64url('{"hello": "world"}')}`),
    },
  ],
  [
    'signature-content-changed',
    'Attached content changed after signing',
    {
      form: 'attached',
      assemble: (header, payload, signature) => `${header}.${changed(payload, 'world', 'World')}.${signature}`,
    },
  ],
  [
    'signature-header-changed',
    'White space in the header added after signing',
    { assemble: (header, payload, signature) => `${changed(header, '{"typ"', '{ "typ"')}.${payload}.${signature}` },
  ],
]

function ofKey({ publicJwk }: typeof ed25519) {
  return { jwk: publicJwk }
}

function changed(segment: string, from: string, to: string): string {
  const text = fromBase64url(segment).toString()
  if (!text.includes(from)) throw new Error('The text to change is not there')
  return base64url(text.replace(from, to))
}
