// Strict base64url: RFC 4648 section 5 without padding, as RFC 7515 section 2 wants it, in its one canonical spelling.

import { base64url } from './encoding.ts'
import type { Common, Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

const notes = {
  alphabet: 'A character outside the base64url alphabet.',
  canonical: 'Bits after the last octet that are not zero: a second spelling of the same octets.',
  length: 'A length that no octets encode to.',
  padding: 'Padding, which JWS leaves out.',
  whitespace: 'White space, which many decoders skip.',
}

const rfc4648 = ['4648#section-5', '4648#section-10']
const strict = ['4648#section-5', '7515#section-2']
const canonical = ['4648#section-3.5', '7515#section-2']

function valid(id: string, comment: string, bytes: Uint8Array | string, rfc = rfc4648): Vector {
  const hex = Buffer.from(bytes as Uint8Array).toString('hex')
  return vector(`base64url-${id}`, comment, { rfc, flags: [] }, { text: base64url(bytes) }, 'valid', { hex })
}

function invalid(id: string, comment: string, text: string, flag: keyof typeof notes): Vector {
  const common: Common = { rfc: flag === 'canonical' ? canonical : strict, flags: [flag] }
  return vector(`base64url-${id}`, comment, common, { text }, 'ERR_BASE64URL_INVALID')
}

const validVectors = [
  ...['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) =>
    valid(`rfc4648-${text === '' ? 'empty' : text}`, `The example "${text}" of RFC 4648, without padding`, text),
  ),
  valid('rfc7515-appendix-c', 'The example of RFC 7515, appendix C', Buffer.of(3, 236, 255, 224, 193), [
    '7515#appendix-C',
  ]),
  valid('one-zero-octet', 'One octet of zero', Buffer.of(0), strict),
  valid('two-zero-octets', 'Two octets of zero', Buffer.alloc(2), strict),
  valid('three-zero-octets', 'Three octets of zero', Buffer.alloc(3), strict),
  valid('one-octet-all-ones', 'One octet of ones, ending in the letter w', Buffer.of(255), strict),
  valid('two-octets-all-ones', 'Two octets of ones, ending in the digit 8', Buffer.alloc(2, 255), strict),
  valid('three-octets-all-ones', 'Three octets of ones: only underscores', Buffer.alloc(3, 255), strict),
  valid('hyphen', 'The character that base64 writes as a plus sign', Buffer.of(0xfb, 0xef, 0xbe), strict),
  valid('not-utf-8', 'Octets that are not UTF-8 are octets all the same', Buffer.of(0xc3, 0x28, 0x80, 0xfe), strict),
  valid('all-octets', 'Every octet once, in order', Buffer.from(Array.from({ length: 256 }, (_, i) => i)), strict),
]

const invalidVectors = [
  invalid('padding-one', 'One padding character where base64 has one', 'Zm8=', 'padding'),
  invalid('padding-two', 'Two padding characters where base64 has two', 'Zg==', 'padding'),
  invalid('padding-short', 'One padding character where base64 has two', 'Zg=', 'padding'),
  invalid('padding-after-full-quantum', 'A padding character after four characters', 'Zm9v=', 'padding'),
  invalid('padding-quantum', 'A quantum of padding only', 'Zm9v====', 'padding'),
  invalid('padding-only', 'Nothing but padding', '=', 'padding'),
  invalid('padding-inside', 'Padding between two encodings', 'Zg==Zg', 'padding'),
  invalid('padding-percent-encoded', 'Percent-encoded padding', 'Zg%3D%3D', 'padding'),
  invalid('plus', 'The plus sign of base64', '--+-', 'alphabet'),
  invalid('slash', 'The slash of base64', '__/_', 'alphabet'),
  invalid('dot', 'A full stop, the separator of JWS segments', 'Zm.v', 'alphabet'),
  invalid('tilde', 'A tilde, unreserved in a URI', 'Zm~v', 'alphabet'),
  invalid('comma', 'A comma, as modified base64 of IMAP has', 'Zm,v', 'alphabet'),
  invalid('at-sign', 'The character before A', '@m9v', 'alphabet'),
  invalid('bracket', 'The character after Z', 'Zm9[', 'alphabet'),
  invalid('grave', 'The character before a', '`m9v', 'alphabet'),
  invalid('brace', 'The character after z', 'Zm9{', 'alphabet'),
  invalid('colon', 'The character after 9', 'Zm9:', 'alphabet'),
  invalid('question-mark', 'A question mark inside', 'Zm?v', 'alphabet'),
  invalid('quotes', 'The text within quotation marks', '"Zm9v"', 'alphabet'),
  invalid('nul', 'A NUL at the end', 'Zm9v\0', 'alphabet'),
  invalid('nul-inside', 'A NUL inside', 'Zm\0v', 'alphabet'),
  invalid('delete', 'A DEL inside', 'Zm\x7fv', 'alphabet'),
  invalid('latin-1', 'A letter of Latin-1', 'Zm9\u00e9', 'alphabet'),
  invalid('full-width-letter', 'A full-width letter, whose low byte is in the alphabet', 'Zm9\uff41', 'alphabet'),
  invalid('wide-letter-low-byte', 'A letter whose low byte is that of A', 'Zm9\u0141', 'alphabet'),
  invalid('byte-order-mark', 'A byte order mark before the text', '\ufeffZm9v', 'alphabet'),
  invalid('soft-hyphen', 'A soft hyphen in the place of the hyphen', 'Zm9\u00ad', 'alphabet'),
  invalid('minus-sign', 'The minus sign U+2212 in the place of the hyphen', 'Zm9\u2212', 'alphabet'),
  invalid('space-inside', 'A space inside', 'Zm 9v', 'whitespace'),
  invalid('space-before', 'A space before', ' Zm9v', 'whitespace'),
  invalid('space-after', 'A space after', 'Zm9v ', 'whitespace'),
  invalid('tab', 'A tab inside', 'Zm\t9v', 'whitespace'),
  invalid('line-feed-after', 'A line feed after: the end a pattern with $ may overlook', 'Zm9v\n', 'whitespace'),
  invalid('line-feed-inside', 'A line feed inside', 'Zm\n9v', 'whitespace'),
  invalid('carriage-return', 'Carriage return and line feed after', 'Zm9v\r\n', 'whitespace'),
  invalid('no-break-space', 'A no-break space after', 'Zm9v\u00a0', 'whitespace'),
  invalid('space-only', 'One space', ' ', 'whitespace'),
  invalid('one-character', 'One character: six bits are no octet', 'Z', 'length'),
  invalid('five-characters', 'Five characters', 'Zm9vZ', 'length'),
  invalid('nine-characters', 'Nine characters', 'Zm9vYmFyA', 'length'),
  invalid('one-zero-character', 'One character of zero bits', 'A', 'length'),
  invalid('trailing-bit-lowest-of-two', 'Two characters, the lowest spare bit set', 'Zh', 'canonical'),
  invalid('trailing-bit-highest-of-two', 'Two characters, the highest spare bit set', 'Zo', 'canonical'),
  invalid('trailing-bits-all-of-two', 'Two characters, all four spare bits set', 'Zv', 'canonical'),
  invalid('trailing-bit-lowest-of-three', 'Three characters, the lower spare bit set', 'Zm9', 'canonical'),
  invalid('trailing-bit-highest-of-three', 'Three characters, the higher spare bit set', 'Zm-', 'canonical'),
  invalid('trailing-bits-all-of-three', 'Three characters, both spare bits set', 'Zm_', 'canonical'),
  invalid('trailing-bits-after-quanta', 'Six characters, spare bits set', 'Zm9vZh', 'canonical'),
  invalid('trailing-bits-last-letter', 'A last character next to a permitted one', '_x', 'canonical'),
]

/** `base64url.json` */
export const base64urlFile: VectorFile = {
  kind: 'base64url',
  description: 'Decode `text` strictly. Where it is valid, `hex` is the octets.',
  notes,
  vectors: [...validVectors, ...invalidVectors],
}
