// Strict JSON: RFC 8259 with what I-JSON (RFC 7493) forbids because two readers would understand it differently.

import { base64url } from './encoding.ts'
import type { Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

/** Depth, and size in bytes, of the largest document read. */
const MAX_DEPTH = 32
const MAX_LENGTH = 65_536

const notes = {
  depth: 'Nesting beyond the limit.',
  duplicate: 'Two members of one name in an object.',
  number: 'A number that no double holds.',
  prototype: 'Names that mean something to a language rather than to JSON.',
  size: 'A document at the limit of size or one beyond it.',
  surrogate: 'Half of a surrogate pair, which no UTF-8 encodes.',
  syntax: 'Not in the grammar of JSON.',
  type: 'JSON, but not an object where one is required.',
  utf8: 'Not UTF-8, or with a byte order mark.',
}

const grammar = { rfc: ['8259#section-2'], flags: [] }

function valid(
  id: string,
  comment: string,
  text: string,
  common: { rfc: string[]; flags: string[] } = grammar,
): Vector {
  return vector(`json-${id}`, comment, common, { text, type: 'any' }, 'valid', { value: JSON.parse(text) })
}

function invalid(
  id: string,
  comment: string,
  input: string | Uint8Array,
  flag: keyof typeof notes,
  rfc: string,
): Vector {
  const encoded = typeof input === 'string' ? { text: input } : { bytes: base64url(input) }
  return vector(
    `json-${id}`,
    comment,
    { rfc: [rfc], flags: [flag] },
    { ...encoded, type: flag === 'type' ? 'object' : 'any' },
    'ERR_JSON_INVALID',
  )
}

const syntax = (id: string, comment: string, text: string) => invalid(id, comment, text, 'syntax', '8259#section-2')
const duplicate = (id: string, comment: string, text: string) =>
  invalid(id, comment, text, 'duplicate', '7493#section-2.3')
const notUtf8 = (id: string, comment: string, ...bytes: (string | number)[]) =>
  invalid(
    id,
    comment,
    Buffer.concat(bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part)))),
    'utf8',
    '8259#section-8.1',
  )

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`
const sized = (length: number) => `"${'x'.repeat(length - 2)}"`

const values = [
  valid('empty-object', 'An object without members', '{}'),
  valid('empty-array', 'An array without elements', '[]'),
  valid('null', 'null', 'null'),
  valid('true', 'true', 'true'),
  valid('false', 'false', 'false'),
  valid('zero', 'Zero', '0'),
  valid('minus-zero-point-five', 'A negative fraction', '-0.5'),
  valid('exponent', 'A number with an exponent', '1.75e9'),
  valid('exponent-signs', 'Signed exponents in either case', '[1E+2,1e-2]'),
  valid('largest-safe-integer', 'The largest integer that every double keeps', '9007199254740991'),
  valid('empty-string', 'A string without characters', '""'),
  valid('escapes', 'Every short escape', '"\\"\\\\\\/\\b\\f\\n\\r\\t"'),
  valid('unicode-escape', 'An escape of four hexadecimal digits in either case', '"\\u00E9\\u00e9"'),
  valid('escaped-surrogate-pair', 'A surrogate pair as two escapes', '"\\ud83d\\ude00"'),
  valid('two-byte-character', 'A character of two bytes', '"\u00e9"'),
  valid('four-byte-character', 'A character of four bytes', '"\u{1f600}"'),
  valid('escaped-nul', 'An escaped NUL', '"\\u0000"'),
  valid('delete-in-string', 'DEL needs no escape', '"\x7f"'),
  valid('white-space', 'All four kinds of white space between tokens', ' \t\r\n{ "a" : [ 1 , 2 ] }\n'),
  valid('members', 'Members of every type', '{"a":1,"b":"x","c":[true,null],"d":{"e":{}}}'),
  valid('same-name-in-different-objects', 'One name in three objects', '{"a":{"a":1},"b":[{"a":2},{"a":3}]}'),
  valid('empty-name', 'A member whose name is empty', '{"":1}'),
  valid('structural-characters-in-strings', 'Brackets, colons and commas within strings', '{"{[:,":"]}:,\\""}'),
  valid('string-ending-in-backslash', 'A string that ends in an escaped backslash', '{"a":"\\\\","b":"\\\\\\\\"}'),
  valid('escaped-quote-before-colon', 'A name with an escaped quotation mark', '{"a\\":":1}'),
  valid('names-differing-in-case', 'Names that differ in case are different', '{"a":1,"A":2}'),
  valid(
    'names-differing-in-normal-form',
    'Names that differ in Unicode form are different',
    '{"\u00e9":1,"e\u0301":2}',
  ),
  valid('name-like-an-index', 'Names that look like numbers, out of order', '{"2":0,"1":0,"01":0}'),
]

const prototype = { rfc: ['8259#section-4'], flags: ['prototype'] }
const prototypes = [
  valid('name-proto', 'A member of the name __proto__ is a member', '{"__proto__":{"a":1}}', prototype),
  valid(
    'name-constructor',
    'A member of the name constructor is a member',
    '{"constructor":1,"toString":2}',
    prototype,
  ),
  valid('name-has-own-property', 'A member of the name hasOwnProperty', '{"hasOwnProperty":1}', prototype),
  duplicate('duplicate-proto', 'The name __proto__ twice', '{"__proto__":1,"__proto__":2}'),
]

const duplicates = [
  duplicate('duplicate', 'One name twice', '{"a":1,"a":2}'),
  duplicate('duplicate-same-value', 'One name twice with one value', '{"a":1,"a":1}'),
  duplicate('duplicate-apart', 'One name twice, another between', '{"a":1,"b":2,"a":3}'),
  duplicate('duplicate-nested', 'One name twice in an inner object', '{"a":{"b":1,"b":2}}'),
  duplicate('duplicate-in-array', 'One name twice in an object within an array', '[{"a":1},{"b":1,"b":2}]'),
  duplicate('duplicate-escaped', 'One name plain and escaped', '{"a":1,"\\u0061":2}'),
  duplicate('duplicate-escaped-solidus', 'One name with and without an escaped solidus', '{"/":1,"\\/":2}'),
  duplicate('duplicate-hex-case', 'One name escaped in either case', '{"\\u00e9":1,"\\u00E9":2}'),
  duplicate('duplicate-empty-name', 'The empty name twice', '{"":1,"":2}'),
  duplicate('duplicate-index', 'A name like a number twice', '{"1":1,"1":2}'),
  duplicate('duplicate-object-value', 'One name twice, the first time with an object', '{"a":{"b":1,"c":2},"a":3}'),
  duplicate('duplicate-thrice', 'One name three times', '{"a":1,"a":2,"a":3}'),
  duplicate('duplicate-hidden-by-string', 'One name twice; strings hold colons too', '{"a":":","b":"\\":","a":1}'),
]

const malformed = [
  syntax('empty', 'No text at all', ''),
  syntax('white-space-only', 'White space only', ' \n'),
  syntax('trailing-comma-in-object', 'A comma after the last member', '{"a":1,}'),
  syntax('trailing-comma-in-array', 'A comma after the last element', '[1,]'),
  syntax('leading-comma', 'A comma before the first element', '[,1]'),
  syntax('missing-comma', 'No comma between members', '{"a":1 "b":2}'),
  syntax('missing-colon', 'No colon after a name', '{"a" 1}'),
  syntax('double-colon', 'Two colons after a name', '{"a"::1}'),
  syntax('missing-value', 'A name without a value', '{"a":}'),
  syntax('unquoted-name', 'A name without quotation marks', '{a:1}'),
  syntax('single-quotes', 'Apostrophes in the place of quotation marks', "{'a':1}"),
  syntax('line-comment', 'A comment to the end of the line', '{"a":1}//x'),
  syntax('block-comment', 'A block comment', '{/*x*/"a":1}'),
  syntax('two-documents', 'Two documents', '{}{}'),
  syntax('text-after', 'A letter after the document', '{}x'),
  syntax('nul-after', 'A NUL after the document', '{}\0'),
  syntax('unclosed-object', 'An object without its end', '{"a":1'),
  syntax('unclosed-array', 'An array without its end', '[1'),
  syntax('unclosed-string', 'A string without its end', '"a'),
  syntax('unopened-array', 'The end of an array that did not begin', ']'),
  syntax('mismatched-brackets', 'An array that ends as an object', '[1}'),
  syntax('control-character-in-string', 'A raw line feed in a string', '"a\nb"'),
  syntax('tab-in-string', 'A raw tab in a string', '"a\tb"'),
  syntax('nul-in-string', 'A raw NUL in a string', '"a\0b"'),
  syntax('unknown-escape', 'An escape that JSON does not have', '"\\x61"'),
  syntax('short-unicode-escape', 'An escape of three hexadecimal digits', '"\\u061"'),
  syntax('leading-zero', 'A number with a leading zero', '01'),
  syntax('plus-sign', 'A number with a plus sign', '+1'),
  syntax('no-integer-part', 'A number without digits before the point', '.5'),
  syntax('no-fraction-part', 'A number without digits after the point', '1.'),
  syntax('no-exponent-digits', 'A number without digits after the e', '1e'),
  syntax('hexadecimal', 'A hexadecimal number', '0x10'),
  syntax('separator-in-number', 'A number with an underscore', '1_000'),
  syntax('nan', 'NaN', 'NaN'),
  syntax('infinity', 'Infinity', 'Infinity'),
  syntax('undefined', 'undefined', 'undefined'),
  syntax('capital-true', 'A literal in capitals', 'TRUE'),
  syntax('no-break-space', 'A no-break space between tokens', '[\u00a01]'),
  syntax('form-feed', 'A form feed between tokens', '[\f1]'),
]

const encodings = [
  notUtf8('byte-order-mark', 'A byte order mark before the document', 0xef, 0xbb, 0xbf, '{}'),
  notUtf8('utf-16-little-endian', 'UTF-16', 0x7b, 0x00, 0x7d, 0x00),
  notUtf8('lone-continuation-byte', 'A continuation byte alone', '"', 0x80, '"'),
  notUtf8('truncated-sequence', 'A sequence of two bytes that ends after one', '"', 0xc3, '"'),
  notUtf8('overlong-slash', 'The solidus in two bytes', '"', 0xc0, 0xaf, '"'),
  notUtf8('overlong-nul', 'NUL in two bytes', '"', 0xc0, 0x80, '"'),
  notUtf8('overlong-three-bytes', 'The solidus in three bytes', '"', 0xe0, 0x80, 0xaf, '"'),
  notUtf8('encoded-surrogate', 'A surrogate in three bytes', '"', 0xed, 0xa0, 0x80, '"'),
  notUtf8('cesu-8', 'A surrogate pair in six bytes', '"', 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, '"'),
  notUtf8('beyond-unicode', 'A code point beyond U+10FFFF', '"', 0xf4, 0x90, 0x80, 0x80, '"'),
  notUtf8('byte-ff', 'A byte that UTF-8 never has', '"', 0xff, '"'),
  notUtf8('latin-1', 'A letter in Latin-1', '"', 0xe9, '"'),
  notUtf8('invalid-in-name', 'A continuation byte in a name', '{"', 0x80, '":1}'),
]

const surrogates = [
  ['lone-high-surrogate', 'A first half alone', '"\\ud83d"'],
  ['lone-low-surrogate', 'A second half alone', '"\\ude00"'],
  ['reversed-surrogates', 'The halves in the wrong order', '"\\ude00\\ud83d"'],
  ['surrogate-in-name', 'A first half in a name', '{"\\ud83d":1}'],
  ['surrogate-in-array', 'A first half in an inner array', '{"a":["x","\\uD800"]}'],
].map(([id, comment, text]) =>
  invalid(id as string, comment as string, text as string, 'surrogate', '7493#section-2.1'),
)

const limits = [
  valid('depth-arrays-at-limit', `${MAX_DEPTH} arrays within each other`, nested(MAX_DEPTH), {
    rfc: ['8259#section-9'],
    flags: ['depth'],
  }),
  invalid('depth-arrays-beyond-limit', `${MAX_DEPTH + 1} arrays`, nested(MAX_DEPTH + 1), 'depth', '8259#section-9'),
  valid('depth-objects-at-limit', `${MAX_DEPTH} objects within each other`, nestedObjects(MAX_DEPTH), {
    rfc: ['8259#section-9'],
    flags: ['depth'],
  }),
  invalid(
    'depth-objects-beyond-limit',
    `${MAX_DEPTH + 1} objects within each other`,
    nestedObjects(MAX_DEPTH + 1),
    'depth',
    '8259#section-9',
  ),
  invalid('depth-far-beyond-limit', '5000 arrays within each other', nested(5000), 'depth', '8259#section-9'),
  valid('brackets-beyond-depth-in-string', 'Brackets in a string do not nest', `"${'['.repeat(100)}"`, {
    rfc: ['8259#section-9'],
    flags: ['depth'],
  }),
  valid('brackets-beyond-depth-in-row', 'Many arrays beside each other do not nest', `[${'[],'.repeat(40)}[]]`, {
    rfc: ['8259#section-9'],
    flags: ['depth'],
  }),
  vector(
    'json-size-at-limit',
    `A document of ${MAX_LENGTH} bytes; its value is the text between the quotation marks`,
    { rfc: ['8259#section-9'], flags: ['size'] },
    { text: sized(MAX_LENGTH), type: 'any' },
    'valid',
  ),
  invalid(
    'size-beyond-limit',
    `A document of ${MAX_LENGTH + 1} bytes`,
    sized(MAX_LENGTH + 1),
    'size',
    '8259#section-9',
  ),
  invalid(
    'size-beyond-limit-in-bytes',
    `A document of ${MAX_LENGTH + 2} bytes in half as many characters`,
    `"${'\u00e9'.repeat(MAX_LENGTH / 2)}"`,
    'size',
    '8259#section-9',
  ),
  invalid('number-too-large', 'A number beyond the largest double', '1e400', 'number', '7493#section-2.2'),
  invalid('number-too-small', 'A number beyond the smallest double', '{"a":-1e400}', 'number', '7493#section-2.2'),
]

const types = [
  ['array-for-object', 'An array', '[]'],
  ['string-for-object', 'A string', '"{}"'],
  ['number-for-object', 'A number', '1'],
  ['null-for-object', 'null', 'null'],
  ['boolean-for-object', 'A boolean', 'true'],
].map(([id, comment, text]) => invalid(id as string, comment as string, text as string, 'type', '7519#section-7.2'))

/** `json.json` */
export const jsonFile: VectorFile = {
  kind: 'json',
  description:
    'Parse the UTF-8 of `text`, or the base64url `bytes`, strictly. With type `object` the top level must be an object. ' +
    'Where it is valid, `value` is the result; it is left out where it is as long as the text.',
  notes,
  settings: { maxDepth: MAX_DEPTH, maxBytes: MAX_LENGTH },
  vectors: [...values, ...prototypes, ...duplicates, ...malformed, ...encodings, ...surrogates, ...limits, ...types],
}
