// Faults in the encoding of a proof: segments, base64url, UTF-8, JSON, size. RFC 9449 section 4.3, check 2.

import { base64url } from './encoding.ts'
import { ed25519 } from './keys.ts'
import type { Flag, Recipe } from './proof.ts'
import { NOW, proofVector, settings } from './proof.ts'
import type { Expectation, Vector } from './vector.ts'

const CHECKS = '9449#section-4.3'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function encodingVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('segments', '7515#section-7.1', segments),
    ...group('base64url', ['7515#section-2', '4648#section-3.5'], spellings),
    ...group('json', [CHECKS, '7519#section-7.2'], texts),
    ...group('size', '9449#section-4.3', [['proof-at-limit', 'A proof of the longest length', sized(0)]], 'valid'),
    ...group(
      'size',
      '9449#section-4.3',
      [
        ['proof-beyond-limit', 'A proof of one character more', sized(1)],
        ['proof-far-beyond-limit', 'A proof of about 27 000 characters', { header: { x: 'x'.repeat(20_000) } }],
      ],
      'ERR_DPOP_PROOF_TOO_LARGE',
    ),
    ...group('json', '8259#section-9', [['json-depth-at-limit', 'A claim as deep as is allowed', nested(32)]], 'valid'),
  ])
}

function group(
  flag: Flag,
  rfc: string | string[],
  rows: readonly Row[],
  expect: Expectation = 'ERR_DPOP_PROOF_MALFORMED',
): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => proofVector(id, comment, [flag], rfc, expect, recipe))
}

const segments: readonly Row[] = [
  ['segments-one', 'The header only', { assemble: (header) => header }],
  ['segments-two', 'No signature and no dot for it', { assemble: (header, payload) => `${header}.${payload}` }],
  ['segments-four', 'A fourth segment', { assemble: (...parts) => `${parts.join('.')}.AA` }],
  ['segments-four-empty', 'An empty fourth segment', { assemble: (...parts) => `${parts.join('.')}.` }],
  ['segments-five', 'Five segments, as a JWE has', { assemble: (...parts) => `${parts.join('.')}.AA.AA` }],
  ['segments-leading-dot', 'A dot before', { assemble: (...parts) => `.${parts.join('.')}` }],
  ['segments-dots-only', 'Nothing but two dots', { assemble: () => '..' }],
  ['segment-header-empty', 'An empty header', { headerSegment: () => '' }],
  ['segment-payload-empty', 'An empty payload', { payloadSegment: () => '' }],
  ['segment-signature-empty', 'An empty signature', { signatureSegment: () => '' }],
  ['segments-json-serialisation', 'The flattened JSON serialisation', { assemble: flattened }],
  ['segments-quoted', 'The proof in quotation marks', { assemble: (...parts) => `"${parts.join('.')}"` }],
  [
    'segments-with-scheme',
    'The name of the field before the proof',
    { assemble: (...parts) => `DPoP ${parts.join('.')}` },
  ],
]

function flattened(header: string, payload: string, signature: string): string {
  return JSON.stringify({ payload, protected: header, signature })
}

const inner = (segment: string, text: string) => segment.slice(0, 20) + text + segment.slice(20)

/** Each way of spelling a segment anew, and how it is done to a text whose length leaves two or three characters at the end. */
const respellings: readonly (readonly [string, string, (segment: string) => string])[] = [
  ['padding', 'padding', (segment) => segment + '='.repeat((4 - (segment.length % 4)) % 4)],
  ['trailing-bits', 'spare bits set', withTrailingBits],
  ['space-inside', 'a space inside', (segment) => inner(segment, ' ')],
  ['space-after', 'a space after it', (segment) => `${segment} `],
  ['line-feed-inside', 'a line feed inside', (segment) => inner(segment, '\n')],
  ['line-feed-after', 'a line feed after it', (segment) => `${segment}\n`],
  ['standard-alphabet', 'the alphabet of base64', standardAlphabet],
  ['foreign-character', 'a character that many decoders skip', (segment) => inner(segment, '!')],
]

/** A claim or parameter that makes the length of the JSON leave a remainder, and puts `-` or `_` into its encoding. */
const filler = (name: string): Row[] =>
  respellings.map(([id, comment, respell]) => {
    const recipe = { [`${name}Text`]: fill, [`${name}Segment`]: respell } as Recipe
    return [`base64url-${name}-${id}`, `The ${name} with ${comment}`, recipe]
  })

function fill(text: string): Uint8Array {
  for (let length = 0; ; length++) {
    const bytes = Buffer.from(text.replace('{', `{"fill":"${'?'.repeat(length)}~~~???\u00ff\u00ff",`))
    const segment = base64url(bytes)
    if (bytes.length % 3 === 1 && /[-_]/.test(segment)) return bytes
  }
}

const spellings: readonly Row[] = [
  ...filler('header'),
  ...filler('payload'),
  // An ECDSA or Ed25519 signature of 64 octets leaves two characters at the end.
  ...respellings.map(([id, comment, respell]): Row => {
    const recipe: Recipe = { signer: { key: ed25519, scheme: 'EdDSA' }, signatureSegment: respell }
    return [`base64url-signature-${id}`, `The signature with ${comment}`, recipe]
  }),
  ['base64url-space-before', 'A space before the proof', { assemble: (...parts) => ` ${parts.join('.')}` }],
  [
    'base64url-length',
    'A signature of one character more, which encodes no octet',
    { signatureSegment: (segment) => `${segment}AAA` },
  ],
]

/** A text that leaves spare bits, with the lowest of them set. */
export function withTrailingBits(segment: string): string {
  const last = ALPHABET.indexOf(segment.at(-1) as string)
  return segment.slice(0, -1) + ALPHABET.charAt(last + 1)
}

function standardAlphabet(segment: string): string {
  const respelt = segment.replaceAll('-', '+').replaceAll('_', '/')
  if (respelt === segment) throw new Error('The segment has neither a hyphen nor an underscore')
  return respelt
}

const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)))
const after = (text: string, what: string, added: string) => text.replace(what, `${what}${added}`)
const payload = (payloadText: NonNullable<Recipe['payloadText']>): Recipe => ({ payloadText })
const header = (headerText: NonNullable<Recipe['headerText']>): Recipe => ({ headerText })

const texts: readonly Row[] = [
  ['json-header-array', 'The header is an array', header((text) => `[${text}]`)],
  ['json-header-string', 'The header is a string', header((text) => JSON.stringify(text))],
  ['json-header-null', 'The header is null', header(() => 'null')],
  ['json-header-number', 'The header is a number', header(() => '1')],
  ['json-header-not-json', 'The header is not JSON', header(() => 'typ=dpop+jwt')],
  ['json-header-truncated', 'The header lacks its last brace', header((text) => text.slice(0, -1))],
  ['json-header-text-after', 'A letter after the header', header((text) => `${text}x`)],
  ['json-header-nul-after', 'A NUL after the header', header((text) => `${text}\0`)],
  ['json-header-trailing-comma', 'A comma after the last parameter', header((text) => text.replace(/\}$/, ',}'))],
  ['json-header-byte-order-mark', 'A byte order mark before the header', header((text) => `\ufeff${text}`)],
  ['json-header-utf-16', 'The header in UTF-16', header((text) => Buffer.from(text, 'utf16le'))],
  [
    'json-header-invalid-utf-8',
    'A byte that UTF-8 never has, in a parameter',
    header((text) => bytes(text.slice(0, -1), ',"kid":"', [0xff], '"}')),
  ],
  ['json-header-duplicate-typ', 'typ twice, with one value', header((text) => after(text, '{', '"typ":"dpop+jwt",'))],
  ['json-header-duplicate-alg', 'alg twice: the first is none', header((text) => after(text, '{', '"alg":"none",'))],
  [
    'json-header-duplicate-jwk',
    'jwk twice: the first is another key',
    header((text) => after(text, '{', `"jwk":${JSON.stringify(ed25519.publicJwk)},`)),
  ],
  [
    'json-header-duplicate-in-jwk',
    'A member of the jwk twice',
    header((text) => after(text, '"kty":"EC",', '"crv":"P-256",')),
  ],
  [
    'json-header-duplicate-escaped',
    'alg twice, once with an escape',
    header((text) => after(text, '{', '"\\u0061lg":"none",')),
  ],
  ['json-header-depth', 'A parameter deeper than is allowed', { header: { x: deep(32) } }],
  ['json-payload-array', 'The payload is an array', payload((text) => `[${text}]`)],
  ['json-payload-string', 'The payload is a string', payload((text) => JSON.stringify(text))],
  ['json-payload-null', 'The payload is null', payload(() => 'null')],
  ['json-payload-not-json', 'The payload is not JSON', payload(() => 'htm=GET')],
  [
    'json-payload-compressed',
    'The payload is not text',
    payload(() => Buffer.of(0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01)),
  ],
  ['json-payload-text-after', 'A second object after the payload', payload((text) => `${text}{}`)],
  ['json-payload-comment', 'A comment in the payload', payload((text) => after(text, '{', '/**/'))],
  [
    'json-payload-single-quotes',
    'Apostrophes in the place of quotation marks',
    payload((text) => text.replaceAll('"', "'")),
  ],
  ['json-payload-byte-order-mark', 'A byte order mark before the payload', payload((text) => `\ufeff${text}`)],
  [
    'json-payload-invalid-utf-8',
    'A lone continuation byte in the jti',
    payload((text) => bytes('{"jti":"', [0x80], `",${text.slice(text.indexOf('"htm"'))}`)),
  ],
  [
    'json-payload-overlong-utf-8',
    'A solidus in two bytes in the htu',
    payload((text) => bytes(text.slice(0, text.indexOf('/a"')), [0xc0, 0xaf], text.slice(text.indexOf('/a"') + 1))),
  ],
  [
    'json-payload-surrogate',
    'Half of a surrogate pair in the jti',
    payload((text) => text.replace('"jti":"', '"jti":"\\ud800')),
  ],
  [
    'json-payload-control-character',
    'A raw line feed in the jti',
    payload((text) => text.replace('"jti":"', '"jti":"\n')),
  ],
  [
    'json-payload-duplicate-jti',
    'jti twice: two readers see two proofs',
    payload((text) => after(text, '{', '"jti":"another",')),
  ],
  ['json-payload-duplicate-htm', 'htm twice, with one value', payload((text) => after(text, '{', '"htm":"GET",'))],
  ['json-payload-duplicate-iat', 'iat twice', payload((text) => after(text, '{', '"iat":1,'))],
  [
    'json-payload-duplicate-escaped',
    'htu twice, once with an escape',
    payload((text) => after(text, '{', '"ht\\u0075":"https://evil.example/",')),
  ],
  [
    'json-payload-duplicate-nested',
    'A member of an unknown claim twice',
    payload((text) => after(text, '{', '"x":{"a":1,"a":2},')),
  ],
  ['json-payload-depth', 'A claim deeper than is allowed', nested(33)],
  ['json-payload-depth-far', 'A claim of 2000 arrays within each other', nested(2000)],
  ['json-iat-nan', 'iat is NaN', written('NaN')],
  ['json-iat-infinity', 'iat is Infinity', written('Infinity')],
  ['json-iat-too-large', 'iat is a number beyond the largest double', written('1e400')],
  ['json-iat-leading-zero', 'iat has a leading zero', written(`0${NOW}`)],
  ['json-iat-plus-sign', 'iat has a plus sign', written(`+${NOW}`)],
  ['json-iat-hexadecimal', 'iat is hexadecimal', written(`0x${NOW.toString(16)}`)],
]

function written(iat: string): Recipe {
  return { payloadText: (text) => text.replace(`"iat":${NOW}`, `"iat":${iat}`) }
}

/** A proof whose payload is nested to exactly this depth, the payload itself being the first level. */
function nested(depth: number): Recipe {
  return { claims: { x: deep(depth - 1) } }
}

/** Arrays within each other, so many. */
function deep(levels: number): unknown {
  let value: unknown = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}

/** A proof whose length exceeds the limit by so many characters. */
function sized(extra: number): Recipe {
  const signatureLength = 86
  let payloadLength = 0
  return {
    // No base64url text has a length of one modulo four: the header takes what is left over.
    headerText: (text) => {
      for (let fill = ''; ; fill += 'x') {
        const filled = text.replace(/\}$/, `,"x":"${fill}"}`)
        payloadLength = settings.maxProofLength + extra - 2 - signatureLength - base64url(filled).length
        if (payloadLength % 4 !== 1) return filled
      }
    },
    payloadText: (text) => {
      const octets = Math.floor((payloadLength * 3) / 4)
      return text.replace(/\}$/, `,"x":"${'x'.repeat(octets - text.length - 7)}"}`)
    },
  }
}
