// Strict JSON: what one reader could read in one way and another in another is refused.

import { describe, expect, it } from 'vitest'
import { isJsonObject, parseJson, parseJsonBytes, parseJsonObject, parseJsonObjectOfBinary } from '../src/json.ts'
import { MAX_JSON_DEPTH, MAX_JSON_LENGTH } from '../src/limits.ts'
import { expectRefusal } from './support.ts'

const code = 'ERR_JSON_INVALID'
const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('parseJson', () => {
  it.each([
    ['null', null],
    ['true', true],
    [' \t\r\n-0.5e1 ', -5],
    ['"a\\u0062\\n\\""', 'ab\n"'],
    ['"\\\\"', '\\'],
    ['"\\ud83d\\ude00"', '😀'],
    ['"😀"', '😀'],
    ['[]', []],
    ['[1,[2],"3"]', [1, [2], '3']],
  ])('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  it('reads objects into objects without prototype, at every level', () => {
    const value = parseJsonObject('{"a":{"b":[{"c":1}]},"d":"e"}')
    expect(JSON.stringify(value)).toBe('{"a":{"b":[{"c":1}]},"d":"e"}')
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(Object.getPrototypeOf(value['a'])).toBeNull()
    expect(value['toString']).toBeUndefined()
    expect(value['constructor']).toBeUndefined()
  })

  it('keeps __proto__ as a member like any other', () => {
    const value = parseJsonObject('{"__proto__":{"admin":true},"constructor":{"prototype":{}}}')
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(value['admin']).toBeUndefined()
    expect(Object.values(value).map((member) => Object.getPrototypeOf(member))).toEqual([null, null])
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('does not take colons, quotes and brackets inside strings for structure', () => {
    const text = JSON.stringify({ 'a:"b': `:{${'['.repeat(MAX_JSON_DEPTH + 1)}`, '\\': ':\\', c: '\\\\"' })
    expect(JSON.stringify(parseJson(text))).toBe(text)
  })

  it.each([
    ['nothing', ''],
    ['white space only', ' '],
    ['an open object', '{"a":1'],
    ['an open string', '"a'],
    ['an open string that ends in a backslash', '"a\\'],
    ['a string that ends in an escaped quote', '"a\\"'],
    ['a trailing comma', '{"a":1,}'],
    ['two values', '{} {}'],
    ['a comment', '{}//'],
    ['single quotes', "{'a':1}"],
    ['an unquoted name', '{a:1}'],
    ['NaN', 'NaN'],
    ['a leading plus', '+1'],
    ['a leading zero', '01'],
    ['hexadecimal', '0x1'],
    ['a control character in a string', '"\n"'],
    ['a byte order mark', '\ufeff{}'],
    ['a no-break space', '\u00a0{}'],
    ['closing brackets first', ']]{{'],
    ['a colon for a comma', '{"a":1:"b":2}'],
    ['an escape JSON lacks', '"\\x41"'],
  ])('refuses %s', (_, text) => {
    const error = expectRefusal(() => parseJson(text), { code, reason: 'syntax' })
    expect(error.cause).toBeInstanceOf(SyntaxError)
  })

  it.each([
    ['side by side', '{"a":1,"a":1}'],
    ['with others between', '{"a":1,"b":2,"a":3}'],
    ['in an inner object', '{"x":[{"a":1,"a":2}]}'],
    ['one of them escaped', '{"a":1,"\\u0061":2}'],
    ['named __proto__', '{"__proto__":1,"__proto__":2}'],
    ['with the empty name', '{"":1,"":2}'],
    ['whose first is an object', '{"a":{"b":1},"a":2}'],
    ['that look like indices', '{"1":1,"1":2}'],
  ])('refuses two members of one name %s', (_, text) => {
    expectRefusal(() => parseJson(text), { code, reason: 'duplicate_member' })
  })

  it.each([
    ['literal', '"\ud800"'],
    ['literal, low half', '"\udc00"'],
    ['escaped', '"\\ud800"'],
    ['escaped, halves swapped', '"\\ude00\\ud83d"'],
    ['in a name', '{"\\udfff":1}'],
    ['in an inner value', '{"a":["\\ud800"]}'],
    ['outside any string', '\ud800'],
  ])('refuses half a surrogate pair, %s', (_, text) => {
    expectRefusal(() => parseJson(text), { code, reason: 'lone_surrogate' })
  })

  it.each(['1e400', '-1e400', '{"iat":1e999}', '[[1e309]]'])(
    'refuses %s, which is no number of double precision',
    (text) => {
      expectRefusal(() => parseJson(text), { code, reason: 'number' })
    },
  )

  it('reads the deepest document allowed and none deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    expect(() => parseJson(nested(MAX_JSON_DEPTH))).not.toThrow()
    expect(() => parseJson(objects(MAX_JSON_DEPTH))).not.toThrow()
    expectRefusal(() => parseJson(nested(MAX_JSON_DEPTH + 1)), { code, reason: 'depth' })
    expectRefusal(() => parseJson(objects(MAX_JSON_DEPTH + 1)), { code, reason: 'depth' })
    expectRefusal(() => parseJson('['.repeat(MAX_JSON_LENGTH)), { code, reason: 'depth' })
  })

  it('counts depth, not brackets', () => {
    expect(parseJson(`[${'[],'.repeat(2 * MAX_JSON_DEPTH)}{}]`)).toHaveLength(2 * MAX_JSON_DEPTH + 1)
  })

  it('reads the longest document allowed and none longer', () => {
    const text = JSON.stringify('a'.repeat(MAX_JSON_LENGTH - 2))
    expect(parseJson(text)).toHaveLength(MAX_JSON_LENGTH - 2)
    expectRefusal(() => parseJson(`${text} `), { code, reason: 'size' })
  })
})

describe('parseJsonObject', () => {
  it('reads an object', () => {
    expect(parseJsonObject(' {"a":null} ')['a']).toBeNull()
  })

  it.each(['null', '[]', '"{}"', '1', 'true'])('refuses %s', (text) => {
    expectRefusal(() => parseJsonObject(text), { code, reason: 'type' })
  })
})

describe('parseJsonBytes', () => {
  it('reads UTF-8', () => {
    expect(parseJsonBytes(bytesOf('["é😀"]'))).toEqual(['é😀'])
  })

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['half a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a sequence that ends early', [0x22, 0xc3]],
    ['a code point beyond U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ])('refuses %s, and reads the next document', (_, bytes) => {
    expectRefusal(() => parseJsonBytes(Uint8Array.from(bytes)), { code, reason: 'utf8' })
    expect(parseJsonBytes(bytesOf('"é"'))).toBe('é')
  })

  it('refuses a byte order mark', () => {
    expectRefusal(() => parseJsonBytes(bytesOf('\ufeff{}')), { code, reason: 'syntax' })
  })

  it('counts bytes, not characters', () => {
    const text = JSON.stringify('é'.repeat(MAX_JSON_LENGTH / 2 - 1))
    expect(bytesOf(text)).toHaveLength(MAX_JSON_LENGTH)
    expect(parseJsonBytes(bytesOf(text))).toHaveLength(MAX_JSON_LENGTH / 2 - 1)
    expectRefusal(() => parseJsonBytes(bytesOf(`${text} `)), { code, reason: 'size' })
  })
})

describe('parseJsonObjectOfBinary', () => {
  const binaryOf = (text: string) => Buffer.from(text).toString('latin1')

  it('reads ASCII as it is and the rest as UTF-8', () => {
    expect(parseJsonObjectOfBinary('{"a":"b"}')['a']).toBe('b')
    expect(parseJsonObjectOfBinary(binaryOf('{"é":"😀"}'))['é']).toBe('😀')
  })

  it('refuses what is not UTF-8, or not an object', () => {
    expectRefusal(() => parseJsonObjectOfBinary('{"a":"\xe9"}'), { code, reason: 'utf8' })
    expectRefusal(() => parseJsonObjectOfBinary(binaryOf('["é"]')), { code, reason: 'type' })
    expectRefusal(() => parseJsonObjectOfBinary('[]'), { code, reason: 'type' })
  })
})

describe('isJsonObject', () => {
  it('tells objects from all else', () => {
    expect(isJsonObject(parseJson('{}'))).toBe(true)
    for (const value of [undefined, null, [], '', 0, false]) expect(isJsonObject(value)).toBe(false)
  })
})
