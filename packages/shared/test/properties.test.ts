// What must hold for every input, not only for the examples of the other files. A failure prints the seed that repeats it.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnswerHeader } from '../src/answer.ts'
import { decodeAnswer, encodeAnswerHeader } from '../src/answer.ts'
import { isAnswerField } from '../src/answer-field.ts'
import {
  bytesOfBinary,
  decodeBase64url,
  decodeBase64urlToBinary,
  encodeBase64url,
  isBase64url,
} from '../src/base64url.ts'
import type { Challenge } from '../src/challenge.ts'
import { formatChallenges, parseChallenges } from '../src/challenge.ts'
import type { DPoPProofClaims } from '../src/dpop-proof.ts'
import {
  decodeDPoPProof,
  decodeDPoPProofClaims,
  decodeDPoPProofHeader,
  decodeDPoPProofSignature,
  encodeDPoPProofClaims,
  encodeDPoPProofHeader,
  splitDPoPProof,
} from '../src/dpop-proof.ts'
import { CountersignError, isCountersignError } from '../src/errors.ts'
import { verifyEvidence } from '../src/evidence.ts'
import { normalizeHtu } from '../src/htu.ts'
import { parseJson, parseJsonBytes, parseJsonObject, parseJsonObjectOfBinary } from '../src/json.ts'
import type { PublicJwk } from '../src/jwk.ts'
import { readPublicJwk } from '../src/jwk.ts'
import { decodeJsonSegment, decodeSignatureSegment, encodeJsonSegment, splitCompactJws } from '../src/jws.ts'
import {
  MAX_ANSWER_LENGTH,
  MAX_CHALLENGE_LENGTH,
  MAX_CREATED_SECONDS,
  MAX_JSON_DEPTH,
  MAX_URI_LENGTH,
} from '../src/limits.ts'
import { isNonce } from '../src/nonce.ts'
import type { SealHeader, SealSegments } from '../src/seal.ts'
import { decodeSealHeader, decodeSealPlaintext, isSealed, splitSeal } from '../src/seal.ts'
import { readSealKey } from '../src/seal-key.ts'
import { secureUrl } from '../src/secure-url.ts'
import { thumbprintInput } from '../src/thumbprint.ts'
import { akpJwk, ecJwk, okpJwk, rfcProof, rsaJwk } from './support.ts'
import { readVectors } from './vector-files.ts'

fc.configureGlobal({ numRuns: 300 })

/** The result of a call, or `undefined` where it refuses; every other failure is the test's. */
function accepted<Result>(call: () => Result): Result | undefined {
  try {
    return call()
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return undefined
  }
}

const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
const latin1 = fc.array(fc.integer({ min: 0, max: 0xff })).map((units) => String.fromCharCode(...units))
const wellFormed = fc.string({ unit: 'binary' })
const oneOf = (characters: string) => fc.constantFrom(...characters)
const string = (characters: string, constraints: fc.StringConstraints = {}) =>
  fc.string({ ...constraints, unit: oneOf(characters) })

/** Texts that have broken parsers before. */
const hostile = fc.constantFrom(
  '__proto__',
  '{"__proto__":{"__proto__":null}}',
  '{"constructor":{"prototype":1}}',
  '\ud800',
  '"\\udfff"',
  '\ufeff{}',
  '['.repeat(100_000),
  '{"a":'.repeat(50_000),
  '"'.repeat(100_000),
  '\\'.repeat(100_000),
  '"\\'.repeat(50_000),
  'A'.repeat(1_000_000),
  '.'.repeat(100_000),
  ','.repeat(100_000),
  `A ${' '.repeat(8_000)}=`,
  `A b="${'\\'.repeat(8_000)}`,
  `https://${'a.'.repeat(4_000)}`,
  `https://${'ü'.repeat(8_000)}/`,
  `https://a/${'/..'.repeat(2_700)}`,
  `https://a/${'%2e'.repeat(2_700)}`,
  `https://a:${'0'.repeat(8_000)}/`,
  'https://[::1',
  'https://a@b:c@d/',
)

const [{ envelope: sealed } = { envelope: '' }] = readVectors<{ envelope: string }>('jwe-envelope').vectors
const [{ answer, envelope } = { answer: '', envelope: '' }] = readVectors<{ answer: string; envelope: string }>(
  'answer-jws',
).vectors

/** Valid texts of every parser; changed in one place they come close to what the parsers accept. */
const valid = fc.constantFrom(
  rfcProof,
  ...rfcProof.split('.'),
  JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: ecJwk }),
  '{"a":[1,{"b":"\\u00e9"}],"c":-1.5e3}',
  'https://rs.example:8443/a/../%7Eb?c#d',
  'https://bücher.example/é',
  'http://[::1]:3000/',
  'http://127.0.0.1/',
  'DPoP error="use_dpop_nonce", error_description="a, b=\\"c\\"", Bearer realm=x, Negotiate abc==',
  'eyJ7S_zG.eyJH0-Z.HX4w-7v',
  ...[sealed, answer, envelope],
  ...[sealed, answer].map((text) => Buffer.from(text.split('.')[0] ?? '', 'base64url').toString()),
)

const changed = fc
  .record({
    text: valid,
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.oneof(codeUnits, string('{}[]":\\,.%/@=? 0A')),
  })
  .map(({ text, at, remove, insert }) => {
    const start = at % (text.length + 1)
    return text.slice(0, start) + insert + text.slice(start + remove)
  })

const anyText = fc.oneof(
  { arbitrary: changed, weight: 5 },
  { arbitrary: codeUnits, weight: 2 },
  { arbitrary: wellFormed, weight: 1 },
  { arbitrary: string('{}[]":\\,.%/@=? 0A-_'), weight: 1 },
  { arbitrary: hostile, weight: 1 },
)

describe('every parser', () => {
  it.each<[string, (text: string) => unknown]>([
    ['isBase64url', isBase64url],
    ['decodeBase64url', decodeBase64url],
    ['decodeBase64urlToBinary', decodeBase64urlToBinary],
    ['parseJson', parseJson],
    ['parseJsonObject', parseJsonObject],
    ['parseJsonBytes', (text) => parseJsonBytes(bytesOfBinary(text))],
    ['parseJsonObjectOfBinary', parseJsonObjectOfBinary],
    ['normalizeHtu', normalizeHtu],
    ['parseChallenges', parseChallenges],
    ['splitCompactJws', splitCompactJws],
    ['decodeJsonSegment', (text) => decodeJsonSegment(text, 'header')],
    ['decodeJsonSegment of an encoded text', (text) => decodeJsonSegment(encodeBase64url(text), 'payload')],
    ['decodeSignatureSegment', decodeSignatureSegment],
    ['splitDPoPProof', splitDPoPProof],
    ['decodeDPoPProof', decodeDPoPProof],
    ['decodeDPoPProofHeader', (text) => decodeDPoPProofHeader(encodeBase64url(text))],
    ['decodeDPoPProofClaims', (text) => decodeDPoPProofClaims(encodeBase64url(text))],
    ['decodeDPoPProofSignature', decodeDPoPProofSignature],
    ['isNonce', isNonce],
    ['secureUrl', (text) => secureUrl(text, 'resource')],
    ['readPublicJwk', readPublicJwk],
    ['isSealed', isSealed],
    ['splitSeal', splitSeal],
    ['decodeSealHeader', (text) => decodeSealHeader(segmentsWith(encodeBase64url(text)))],
    ['decodeSealHeader of a segment', (text) => decodeSealHeader(segmentsWith(text))],
    ['decodeSealPlaintext', (text) => decodeSealPlaintext(bytesOfBinary(text))],
    ['readSealKey', readSealKey],
    ['decodeAnswer', decodeAnswer],
    ['decodeAnswer of an encoded header', (text) => decodeAnswer(`${encodeBase64url(text)}..AAAA`)],
    ['isAnswerField', isAnswerField],
  ])('%s throws nothing but its own errors', (_, parse) => {
    fc.assert(fc.property(anyText, (text) => void accepted(() => parse(text))))
  })

  it('throws nothing but its own errors on any value that may stand for a JWK or an option', () => {
    const value = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true })
    fc.assert(fc.property(value, (any) => void accepted(() => readPublicJwk(any))))
    fc.assert(fc.property(value, (any) => void accepted(() => secureUrl(any, 'resource'))))
    fc.assert(fc.property(value, (any) => void accepted(() => readSealKey(any))))
  })

  it('throws nothing but its own errors on a JWK with one member changed', () => {
    const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'alg', 'pub', 'use', 'key_ops', 'd', '__proto__')
    const key = fc.constantFrom<PublicJwk>(ecJwk, rsaJwk, okpJwk, akpJwk)
    fc.assert(
      fc.property(key, member, fc.oneof(anyText, fc.anything()), (jwk, name, value) => {
        const read = accepted(() => readPublicJwk({ ...jwk, [name]: value }))
        if (read === undefined) return
        expect(readPublicJwk(read)).toEqual(read)
        expect(JSON.parse(thumbprintInput(read))).toEqual(read)
      }),
    )
  })
})

describe('base64url', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const text = encodeBase64url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(decodeBase64url(text)).toEqual(bytes)
      }),
    )
  })

  it('encodes what it decodes to the same text: no bytes have two spellings', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    fc.assert(
      fc.property(fc.oneof(string(letters), string(`${letters}+/= `), anyText), (text) => {
        const bytes = accepted(() => decodeBase64url(text))
        expect(bytes !== undefined).toBe(isBase64url(text))
        if (bytes !== undefined) expect(encodeBase64url(bytes) === text).toBe(true)
      }),
    )
  })

  it('encodes strings as their UTF-8', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(encodeBase64url(text)).toBe(Buffer.from(text).toString('base64url'))
      }),
    )
  })
})

/** A string literal of JSON in one of its spellings. */
const jsonString = fc
  .array(
    fc.tuple(
      fc.oneof(
        string('ab"\\/\b\n:{}[],', { minLength: 1, maxLength: 1 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      fc.nat({ max: 2 }),
    ),
  )
  .map((characters) => {
    const escapes = (text: string) =>
      text.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    return `"${characters.map(([text, style]) => (style === 0 ? escapes(text) : JSON.stringify(text).slice(1, -1))).join('')}"`
  })
const jsonNumber = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('-0', '0e0', '1E+2', '1e-400', '0.10', '123456789012345678901234567890', '1.7976931348623157e308'),
)
const space = fc.oneof(
  { arbitrary: fc.constant(''), weight: 4 },
  { arbitrary: string(' \t\r\n', { maxLength: 2 }), weight: 1 },
)
const jsonText = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom('null', 'true', 'false'),
        jsonString,
        jsonNumber,
        tie('array'),
        tie('object'),
      ),
      space,
    )
    .map((parts) => parts.join('')),
  array: fc.oneof(
    space.map((inner) => `[${inner}]`),
    fc.array(tie('value'), { minLength: 1, maxLength: 4 }).map((values) => `[${values.join(',')}]`),
  ),
  object: fc.oneof(
    space.map((inner) => `{${inner}}`),
    fc
      .uniqueArray(
        fc.tuple(space, fc.oneof(jsonString, fc.constantFrom('"__proto__"', '"1"', '"toString"')), space, tie('value')),
        {
          minLength: 1,
          maxLength: 4,
          selector: ([, name]) => JSON.parse(name),
        },
      )
      .map(
        (members) =>
          `{${members.map(([before, name, after, value]) => `${before}${name}${after}:${value}`).join(',')}}`,
      ),
  ),
})).value

describe('parseJson', () => {
  it('reads every valid document without duplicates as JSON.parse does', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)))
        expect(JSON.stringify(parseJsonBytes(new TextEncoder().encode(text)))).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { numRuns: 1000 },
    )
  })

  it('accepts nothing that JSON.parse refuses, and refuses as syntax only what JSON.parse refuses', () => {
    const broken = fc
      .record({
        text: jsonText,
        at: fc.nat(),
        remove: fc.nat({ max: 2 }),
        insert: string('{}[]":\\,0aeE.- \n', { maxLength: 2 }),
      })
      .map(({ text, at, remove, insert }) => {
        const start = at % (text.length + 1)
        return text.slice(0, start) + insert + text.slice(start + remove)
      })
    fc.assert(
      fc.property(fc.oneof(broken, anyText), (text) => {
        let expected: string | undefined
        try {
          expected = JSON.stringify(JSON.parse(text))
        } catch {
          expected = undefined
        }
        try {
          expect(JSON.stringify(parseJson(text))).toBe(expected)
        } catch (error) {
          if (!isCountersignError(error)) throw error
          if (error.reason === 'syntax') expect(expected).toBeUndefined()
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses two members of one name, however spelt and wherever they stand', () => {
    const wrap = fc.array(fc.constantFrom(['[', ']'], ['{"w":', '}'], ['[0,{"w":{},"v":', '}]']), {
      maxLength: MAX_JSON_DEPTH / 4,
    })
    fc.assert(
      fc.property(
        jsonString,
        fc.boolean(),
        fc.array(jsonString),
        jsonText,
        wrap,
        (name, escaped, others, value, wrapping) => {
          const again = escaped ? name : JSON.stringify(JSON.parse(name))
          const between = [...new Set(others)].map((other) => `${other}:0,`).join('')
          const object = `{${name}:${value},${between}${again}:0}`
          const text = wrapping.reduce((inner, [before, after]) => `${before}${inner}${after}`, object)
          expect(() => JSON.parse(text)).not.toThrow()
          expect(() => parseJson(text)).toThrow(expect.objectContaining({ reason: 'duplicate_member' }))
        },
      ),
    )
  })

  it('returns objects without prototype only', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const stack: unknown[] = [parseJson(text)]
        for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
          if (typeof value !== 'object' || value === null) continue
          if (!Array.isArray(value)) expect(Object.getPrototypeOf(value)).toBeNull()
          stack.push(...Object.values(value))
        }
      }),
    )
  })
})

const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
const token = fc.oneof(
  string(TOKEN, { minLength: 1, maxLength: 8 }),
  fc.constantFrom('realm', '__proto__', 'constructor'),
)
const quotable = fc.oneof(
  string('\t "\\,=aé\xff', { maxLength: 12 }),
  latin1.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')),
)
const challenge: fc.Arbitrary<Challenge> = fc.oneof(
  fc.record({
    scheme: string(`${TOKEN}ABC`, { minLength: 1, maxLength: 8 }),
    parameters: fc.dictionary(token, quotable, { maxKeys: 4, noNullPrototype: true }),
  }),
  fc.record({
    scheme: token,
    token68: fc
      .tuple(string('ABCabc012-._~+/', { minLength: 1, maxLength: 12 }), string('=', { maxLength: 3 }))
      .map((parts) => parts.join('')),
    parameters: fc.constant({}),
  }),
)
const flat = (challenges: readonly Challenge[]) =>
  challenges.map(({ scheme, token68, parameters }) => ({
    scheme,
    token68,
    parameters: Object.entries(parameters).sort(),
  }))

describe('challenges', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 5 }), (challenges) => {
        expect(flat(parseChallenges(formatChallenges(challenges)))).toEqual(flat(challenges))
      }),
      { numRuns: 1000 },
    )
  })

  it('are read the same from one field and from several joined', () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 3 }), fc.array(challenge, { maxLength: 3 }), (first, second) => {
        const joined = new Headers()
        joined.append('www-authenticate', formatChallenges(first))
        joined.append('www-authenticate', formatChallenges(second))
        expect(flat(parseChallenges(joined.get('www-authenticate') ?? ''))).toEqual(flat([...first, ...second]))
      }),
    )
  })

  it('are written, once read, so that they read the same', () => {
    const field = string('AaBb=", \t\\\x80~/', { maxLength: 24 })
    fc.assert(
      fc.property(
        fc.oneof(
          field,
          field.map((text) => `A a="b", ${text}`),
          anyText,
        ),
        (text) => {
          const challenges = accepted(() => parseChallenges(text))
          if (challenges === undefined) return
          const written = formatChallenges(challenges)
          if (written.length <= MAX_CHALLENGE_LENGTH) expect(flat(parseChallenges(written))).toEqual(flat(challenges))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('are never made by the value of a parameter', () => {
    fc.assert(
      fc.property(quotable, (value) => {
        const field = formatChallenges([{ scheme: 'DPoP', parameters: { error: 'x', error_description: value } }])
        expect(parseChallenges(field)).toHaveLength(1)
      }),
    )
  })
})

const hostLabel = fc.oneof(
  string('abcXYZ019-_', { minLength: 1, maxLength: 6 }),
  fc.constantFrom('xn--bcher-kva', 'bücher', 'ß', '\u212a', 'ａ', 'א', '日本', '0x7f', '127', '1', '00', 'İ', 'ſ'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
)
const host = fc.oneof(
  { arbitrary: fc.array(hostLabel, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')), weight: 6 },
  { arbitrary: fc.tuple(fc.ipV4Extended(), fc.constantFrom('', '.')).map((parts) => parts.join('')), weight: 1 },
  { arbitrary: fc.ipV6().map((address) => `[${address}]`), weight: 1 },
  { arbitrary: fc.constantFrom('rs.example', 'RS.example.', 'rs。example', 'localhost'), weight: 2 },
)
const segment = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '%2e',
    '.%2E',
    '%2e%2E',
    '...',
    'a',
    'A',
    '%61',
    '%2f',
    '%2F',
    '%25',
    '%252e',
    'é',
    '%c3%a9',
  ),
  string('aA0-._~!$&\'()*+,;=:@|^`{}[]<>"é😀', { maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => encodeURIComponent(text)),
)
const uri = fc
  .record({
    scheme: fc.constantFrom('http', 'https', 'HTTPS', 'hTtP'),
    host,
    port: fc.oneof(
      fc.constantFrom('', ':', ':80', ':443', ':0443', ':8443', ':0'),
      fc.nat({ max: 70_000 }).map((port) => `:${port}`),
    ),
    path: fc.array(segment, { maxLength: 6 }).map((segments) => segments.map((each) => `/${each}`).join('')),
    rest: fc.constantFrom('', '?', '?a=b/../c', '#', '#f?g', '?%zz#%'),
  })
  .map(({ scheme, host, port, path, rest }) => `${scheme}://${host}${port}${path}${rest}`)

/** The same by other means: the platform's parser, then the percent-encodings that it leaves as they are. */
function normalizeByPlatform(text: string): string {
  const { origin, pathname } = new URL(text)
  const decoded = pathname.replace(/%[0-9a-f]{2}/gi, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : triplet.toUpperCase()
  })
  return origin + decoded.replace(/[[\]|^"<>`{}]/g, (character) => encodeURIComponent(character))
}

describe('normalizeHtu', () => {
  it('leaves what it returns as it is', () => {
    fc.assert(
      fc.property(fc.oneof(uri, anyText), (text) => {
        const normal = accepted(() => normalizeHtu(text))
        if (normal === undefined) return
        expect(normalizeHtu(normal)).toBe(normal)
        expect(normal.length).toBeLessThanOrEqual(MAX_URI_LENGTH)
        expect(normal).toMatch(/^https?:\/\/[a-z0-9._:[\]-]+\/[\w\-.~!$&'()*+,;=:@/%]*$/)
      }),
      { numRuns: 2000 },
    )
  })

  it('agrees with the platform: what fetch takes for one URL compares equal, and nothing else does', () => {
    let compared = 0
    fc.assert(
      fc.property(fc.oneof({ arbitrary: uri, weight: 9 }, { arbitrary: anyText, weight: 1 }), (text) => {
        const normal = accepted(() => normalizeHtu(text))
        if (normal === undefined) return
        compared++
        expect(normal).toBe(normalizeByPlatform(text))
        expect(new URL(normal).href).toBe(normal)
        expect(accepted(() => normalizeHtu(new URL(text).href)) ?? normal).toBe(normal)
      }),
      { numRuns: 3000 },
    )
    expect(compared).toBeGreaterThan(500)
  })

  it('refuses nothing that a platform sends and RFC 3986 allows', () => {
    const name = string('abc019-', { minLength: 1, maxLength: 6 })
    const path = fc.array(string("aZ09-._~!$&'()*+,;=:@", { maxLength: 6 }), { maxLength: 5 })
    fc.assert(
      fc.property(name, path, fc.webQueryParameters(), (label, segments, query) => {
        const { href } = new URL(`https://${label}.example/${segments.join('/')}?${query}`)
        expect(normalizeHtu(href)).toBe(normalizeByPlatform(href))
      }),
    )
  })

  it('tells apart what differs by more than spelling', () => {
    const parts = fc.record({
      scheme: fc.constantFrom('http', 'https'),
      host: fc.constantFrom('a.example', 'b.example', 'a.example.', '127.0.0.1', '[::1]'),
      port: fc.constantFrom('', ':8443', ':81'),
      path: fc
        .array(fc.constantFrom('a', 'A', '', '%2F', 'b', '%25', ';'), { maxLength: 3 })
        .map((each) => `/${each.join('/')}`),
    })
    fc.assert(
      fc.property(parts, parts, (first, second) => {
        const write = ({ scheme, host, port, path }: typeof first) => `${scheme}://${host}${port}${path}`
        const equal = normalizeHtu(write(first)) === normalizeHtu(write(second))
        expect(equal).toBe(write(first) === write(second))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('secureUrl', () => {
  it('returns what it accepts again, without credentials and never over plain http to another machine', () => {
    fc.assert(
      fc.property(fc.oneof(uri, anyText), (text) => {
        const url = accepted(() => secureUrl(text, 'resource'))
        if (url === undefined) return
        expect(secureUrl(url.href, 'resource').href).toBe(url.href)
        expect(`${url.username}${url.password}${url.hash}`).toBe('')
        if (url.protocol === 'https:') return
        expect(url.hostname).toMatch(/^(127\.\d+\.\d+\.\d+|\[::1\]|([^.]+\.)*localhost)$/)
      }),
    )
  })
})

describe('isNonce', () => {
  it('accepts only what goes through a header field unchanged', () => {
    fc.assert(
      fc.property(fc.oneof(latin1, string('aZ09!~-._"\\ '), anyText), (text) => {
        if (isNonce(text)) expect(new Headers({ dpop: text }).get('dpop')).toBe(text)
      }),
    )
  })
})

const filled = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
const claims: fc.Arbitrary<DPoPProofClaims> = fc
  .record(
    {
      jti: filled,
      htm: fc.constantFrom('GET', 'get', 'POST', 'QUERY'),
      htu: fc.oneof(fc.constantFrom('https://a.example/', 'https://a.example/b'), filled),
      iat: fc.oneof(fc.integer({ min: 0 }), fc.double({ noNaN: true, noDefaultInfinity: true, min: 1 })),
      ath: filled,
      nonce: filled,
    },
    { requiredKeys: ['jti', 'htm', 'htu', 'iat'] },
  )
  .map((each) => ({ ...each }))
const keyed = fc.constantFrom(
  ['ES256', ecJwk],
  ['PS256', rsaJwk],
  ['RS256', rsaJwk],
  ['EdDSA', okpJwk],
  ['Ed25519', okpJwk],
  ['ML-DSA-44', akpJwk],
) as fc.Arbitrary<['ES256', PublicJwk]>
const signingInput = ([alg, jwk]: ['ES256', PublicJwk], each: DPoPProofClaims) =>
  `${encodeDPoPProofHeader(alg, jwk)}.${encodeDPoPProofClaims(each)}`

describe('DPoP proofs', () => {
  it('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(keyed, claims, fc.uint8Array({ minLength: 1, maxLength: 64 }), (key, each, bytes) => {
        const input = signingInput(key, each)
        const proof = decodeDPoPProof(`${input}.${encodeBase64url(bytes)}`)
        expect(proof.header).toEqual({ typ: 'dpop+jwt', alg: key[0], jwk: key[1] })
        expect(proof.claims).toStrictEqual(each)
        expect(proof.signingInput).toBe(input)
        expect(proof.signature).toEqual(bytes)
      }),
    )
  })

  it('have signing bytes of their own for each key and each request', () => {
    fc.assert(
      fc.property(
        keyed,
        claims,
        keyed,
        claims,
        fc.subarray(['jti', 'htm', 'htu', 'iat', 'ath', 'nonce']),
        (...drawn) => {
          const [firstKey, first, secondKey, other, taken] = drawn
          // Mostly equal requests, of which only the taken claims can differ.
          const entries = Object.entries(other).filter(([name]) => taken.includes(name))
          const second: DPoPProofClaims = { ...first, ...Object.fromEntries(entries) }
          const names = ['jti', 'htm', 'htu', 'iat', 'ath', 'nonce'] as const
          const same = firstKey === secondKey && names.every((name) => first[name] === second[name])
          expect(signingInput(firstKey, first) === signingInput(secondKey, second)).toBe(same)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('are refused, or say something else, after any change of one character', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ \n'
    const original = decodeDPoPProof(rfcProof)
    fc.assert(
      fc.property(fc.nat({ max: rfcProof.length - 1 }), oneOf(letters), (at, letter) => {
        fc.pre(rfcProof[at] !== letter)
        const proof = accepted(() => decodeDPoPProof(rfcProof.slice(0, at) + letter + rfcProof.slice(at + 1)))
        if (proof === undefined) return
        const { signingInput, signature } = proof
        expect({ signingInput, signature }).not.toEqual({
          signingInput: original.signingInput,
          signature: original.signature,
        })
      }),
      { numRuns: 1000 },
    )
  })
})

describe('JWS segments', () => {
  it('are split without loss', () => {
    fc.assert(
      fc.property(fc.oneof(string('a.'), anyText), (text) => {
        const jws = accepted(() => splitCompactJws(text))
        expect(jws !== undefined).toBe(text.split('.').length === 3)
        if (jws !== undefined) expect(`${jws.header}.${jws.payload}.${jws.signature}` === text).toBe(true)
      }),
    )
  })

  it('hold the object that was encoded', () => {
    fc.assert(
      fc.property(fc.dictionary(wellFormed, fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' })), (object) => {
        expect(JSON.stringify(decodeJsonSegment(encodeJsonSegment(object), 'payload'))).toBe(JSON.stringify(object))
      }),
    )
  })
})

/** The segments of a sealed envelope with this header. */
function segmentsWith(header: string, encryptedKey = ''): SealSegments {
  return { header, encryptedKey, iv: 'A'.repeat(16), ciphertext: 'AA', tag: 'A'.repeat(22) }
}

const coordinate = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeBase64url)
const sealHeader: fc.Arbitrary<SealHeader> = fc
  .record({
    alg: fc.constantFrom<SealHeader['alg']>('ECDH-ES', 'ECDH-ES+A256KW'),
    kid: filled,
    epk: fc.oneof(
      fc.record({ kty: fc.constant('EC'), crv: fc.constant('P-256'), x: coordinate, y: coordinate }),
      fc.record({ kty: fc.constant('OKP'), crv: fc.constant('X25519'), x: coordinate }),
    ),
  })
  .map((each) => ({ ...each, enc: 'A256GCM', cty: 'jose' }))

describe('sealed envelopes', () => {
  it('are split without loss', () => {
    fc.assert(
      fc.property(fc.oneof(string('A.'), anyText), (text) => {
        expect(isSealed(text)).toBe(text.split('.').length === 5)
        const segments = accepted(() => splitSeal(text))
        if (segments === undefined) return
        const { header, encryptedKey, iv, ciphertext, tag } = segments
        expect([header, encryptedKey, iv, ciphertext, tag].join('.')).toBe(text)
      }),
    )
  })

  it('have the header that was encoded', () => {
    fc.assert(
      fc.property(sealHeader, (header) => {
        const encryptedKey = header.alg === 'ECDH-ES' ? '' : 'AA'
        const decoded = decodeSealHeader(segmentsWith(encodeJsonSegment({ ...header, typ: 'a' }), encryptedKey))
        expect(decoded).toEqual({ ...header, epk: { ...header.epk } })
        const key = { ...header.epk, kid: header.kid, alg: header.alg, use: 'enc' }
        expect(readSealKey(key)).toEqual({ kid: header.kid, alg: header.alg, jwk: { ...header.epk } })
      }),
    )
  })

  it('hold a compact JWS or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(string('aA-_.='), latin1), (text) => {
        const plaintext = accepted(() => decodeSealPlaintext(bytesOfBinary(text)))
        expect(plaintext === undefined).toBe(!/^[\w-]+\.[\w-]*\.[\w-]+$/.test(text))
        if (plaintext !== undefined) expect(plaintext).toBe(text)
      }),
    )
  })
})

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeBase64url)
const fieldValue = fc.oneof(
  fc.constant(null),
  string('aZ09!~"\\, \t', { maxLength: 12 }).map((text) => text.replace(/^[\t ]+|[\t ]+$/g, '')),
)
const answerHeader: fc.Arbitrary<AnswerHeader> = fc
  .record(
    {
      alg: fc.constantFrom<AnswerHeader['alg']>('ES256', 'EdDSA', 'Ed25519', 'PS256', 'ML-DSA-44'),
      kid: filled,
      status: fc.integer({ min: 200, max: 599 }),
      fields: fc
        .tuple(fc.dictionary(token.filter(isAnswerField), fieldValue, { maxKeys: 4 }), fieldValue, fieldValue)
        .map(([others, type, location]) => ({ ...others, 'content-type': type, location })),
      digest,
      created: fc.integer({ min: 0, max: MAX_CREATED_SECONDS }),
      req: digest,
    },
    { requiredKeys: ['alg', 'kid', 'status', 'fields', 'created', 'req'] },
  )
  .map((each) => ({ ...each, typ: 'countersign-answer' }))

describe('signed answers', () => {
  it('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(answerHeader, fc.uint8Array({ minLength: 1, maxLength: 64 }), (header, bytes) => {
        const signingInput = `${encodeAnswerHeader(header)}.`
        const decoded = decodeAnswer(`${signingInput}.${encodeBase64url(bytes)}`)
        expect(decoded.header).toEqual(header)
        expect(Object.entries(decoded.header.fields)).toEqual(Object.entries(header.fields))
        expect(decoded.signingInput).toBe(signingInput)
        expect(decoded.signature).toEqual(bytes)
      }),
    )
  })

  it('are refused, or say something else, after any change of one character', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/, \n'
    const { signingInput, signature } = decodeAnswer(answer)
    fc.assert(
      fc.property(fc.nat({ max: answer.length - 1 }), oneOf(letters), (at, letter) => {
        fc.pre(answer[at] !== letter)
        const other = accepted(() => decodeAnswer(answer.slice(0, at) + letter + answer.slice(at + 1)))
        if (other === undefined) return
        expect({ signingInput: other.signingInput, signature: other.signature }).not.toEqual({
          signingInput,
          signature,
        })
      }),
      { numRuns: 1000 },
    )
  })

  it('fit into a field', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          answerHeader.map((header) => `${encodeAnswerHeader(header)}..AAAA`),
        ),
        (text) => {
          if (accepted(() => decodeAnswer(text)) === undefined) return
          expect(text.length).toBeLessThanOrEqual(MAX_ANSWER_LENGTH)
          expect(new Headers({ 'answer-jws': text }).get('answer-jws')).toBe(text)
        },
      ),
    )
  })
})

describe('verifyEvidence', () => {
  const right = {
    request: envelope,
    thumbprint: 'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U',
    time: 1_700_000_002,
    content: 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE',
    answer: { jws: answer, key: (readVectors('answer-jws').server['keys'] as object[])[0] },
  }
  const value = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true })

  it('throws nothing but its own errors', async () => {
    const member = fc.constantFrom('request', 'thumbprint', 'time', 'content', 'answer')
    const evidence = fc.oneof(
      value,
      fc.tuple(member, fc.oneof(anyText, value)).map(([name, each]) => ({ ...right, [name]: each })),
      fc.record({ jws: fc.oneof(anyText, value), key: value }).map((each) => ({ ...right, answer: each })),
    )
    const expected = fc.oneof(
      fc.constant(undefined),
      value,
      fc.record(
        { content: value, answerContent: value, accessToken: value, thumbprint: value, keys: value },
        { requiredKeys: [] },
      ),
    )
    await fc.assert(
      fc.asyncProperty(evidence, expected, async (any, other) => {
        const thrown = await verifyEvidence(any as never, other as never).then(
          () => undefined,
          (error: unknown) => error,
        )
        if (thrown !== undefined) expect(thrown).toBeInstanceOf(CountersignError)
      }),
    )
  })

  it('refuses every change of one character in what was signed', async () => {
    await expect(verifyEvidence(right as never)).resolves.toMatchObject({ method: 'POST' })
    const part = fc.constantFrom('request', 'answer')
    await fc.assert(
      fc.asyncProperty(part, fc.nat(), oneOf('ABab01-_.='), async (name, position, letter) => {
        const text = name === 'request' ? envelope : answer
        const at = position % text.length
        fc.pre(text[at] !== letter)
        const other = text.slice(0, at) + letter + text.slice(at + 1)
        const changed = name === 'request' ? { request: other } : { answer: { ...right.answer, jws: other } }
        await expect(verifyEvidence({ ...right, ...changed } as never)).rejects.toThrow(CountersignError)
      }),
    )
  })
})
