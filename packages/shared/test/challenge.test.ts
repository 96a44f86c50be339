// WWW-Authenticate, RFC 9110 section 11.6.1: parsing, formatting, and that what is ambiguous is refused.

import { describe, expect, it } from 'vitest'
import type { Challenge } from '../src/challenge.ts'
import { formatChallenges, parseChallenges } from '../src/challenge.ts'
import { MAX_CHALLENGE_LENGTH } from '../src/limits.ts'
import { expectRefusal } from './support.ts'

const code = 'ERR_CHALLENGE_INVALID'
const plain = (field: string) => parseChallenges(field).map((each) => ({ ...each, parameters: { ...each.parameters } }))

describe('parseChallenges', () => {
  it.each([
    ['', []],
    [' ,\t, ', []],
    ['Bearer', [{ scheme: 'Bearer', parameters: {} }]],
    ['Bearer ', [{ scheme: 'Bearer', parameters: {} }]],
    [
      'Bearer, DPoP algs="ES256 PS256"',
      [
        { scheme: 'Bearer', parameters: {} },
        { scheme: 'DPoP', parameters: { algs: 'ES256 PS256' } },
      ],
    ],
    [
      'DPoP error="use_dpop_nonce", error_description="a, b=\\"c\\"", Bearer realm="x"',
      [
        { scheme: 'DPoP', parameters: { error: 'use_dpop_nonce', error_description: 'a, b="c"' } },
        { scheme: 'Bearer', parameters: { realm: 'x' } },
      ],
    ],
    [
      'Negotiate abc==, dpop ALGS="ES256"',
      [
        { scheme: 'Negotiate', token68: 'abc==', parameters: {} },
        { scheme: 'dpop', parameters: { algs: 'ES256' } },
      ],
    ],
    [
      'Bearer error=insufficient_user_authentication, max_age=5',
      [{ scheme: 'Bearer', parameters: { error: 'insufficient_user_authentication', max_age: '5' } }],
    ],
    [
      'Bearer, DPoP error="invalid_token"',
      [
        { scheme: 'Bearer', parameters: {} },
        { scheme: 'DPoP', parameters: { error: 'invalid_token' } },
      ],
    ],
    [
      'Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256 PS256"',
      [
        { scheme: 'Bearer', parameters: { error: 'invalid_token', error_description: 'Invalid token' } },
        { scheme: 'DPoP', parameters: { algs: 'ES256 PS256' } },
      ],
    ],
    ['DPoP  a \t=\t "b" ,, c = d ,', [{ scheme: 'DPoP', parameters: { a: 'b', c: 'd' } }]],
    [
      'A a=b, B, C c68, D d="e"',
      [
        { scheme: 'A', parameters: { a: 'b' } },
        { scheme: 'B', parameters: {} },
        { scheme: 'C', token68: 'c68', parameters: {} },
        { scheme: 'D', parameters: { d: 'e' } },
      ],
    ],
    ['A b=', [{ scheme: 'A', token68: 'b=', parameters: {} }]],
    [
      'A realm=,B',
      [
        { scheme: 'A', token68: 'realm=', parameters: {} },
        { scheme: 'B', parameters: {} },
      ],
    ],
    ['A a=""', [{ scheme: 'A', parameters: { a: '' } }]],
    ['A a="\t \\\t\\\\\\a\xe9\\\xe9"', [{ scheme: 'A', parameters: { a: '\t \t\\a\xe9\xe9' } }]],
    ['A a="DPoP error=\\"use_dpop_nonce\\""', [{ scheme: 'A', parameters: { a: 'DPoP error="use_dpop_nonce"' } }]],
    ['A constructor=a, toString=b', [{ scheme: 'A', parameters: { constructor: 'a', tostring: 'b' } }]],
  ])('reads %j', (field, challenges) => {
    expect(plain(field)).toEqual(challenges)
  })

  it('reads parameters into objects without prototype', () => {
    const [challenge] = parseChallenges('A __proto__=a, b=c')
    expect(Object.getPrototypeOf(challenge?.parameters)).toBeNull()
    expect(Object.entries(challenge?.parameters ?? {})).toEqual([
      ['__proto__', 'a'],
      ['b', 'c'],
    ])
    expect(challenge?.parameters['toString']).toBeUndefined()
    expectRefusal(() => parseChallenges('A __proto__=a, __proto__=b'), { code, reason: 'duplicate_parameter' })
  })

  it.each([
    ['scheme', ['=', '"a"', 'A, "b"', '\u00e9', '(a)', 'A,\u0000', '/']],
    [
      'parameter',
      ['A a="b', 'A a="b\\"', 'A a=b, c=', 'A a=(b)', 'A a="\n"', 'A a="\u20ac"', 'A a="\0"', 'A a="\\\n"', 'A a==b'],
    ],
    ['duplicate_parameter', ['DPoP error=a, error=b', 'DPoP error="a", ERROR="a"', 'A a=b, c=d, A=b']],
    ['separator', ['A a="b" B', 'A a="b"B', 'A a b', 'A a=b c=d', 'A\ta=b', 'A a b=c', 'A (', 'A=b', 'A a=b;c=d']],
    ['separator', ['A a==, b=c', 'Bearer error="invalid_token" error_description="x"', 'A a=b\r\nB c=d']],
  ])('refuses for its %s each of %j', (reason, fields) => {
    for (const field of fields) expectRefusal(() => parseChallenges(field), { code, reason })
  })

  it('reads the longest field allowed and none longer', () => {
    const longest = `A ${'a'.repeat(MAX_CHALLENGE_LENGTH - 2)}`
    expect(parseChallenges(longest)[0]?.token68).toHaveLength(MAX_CHALLENGE_LENGTH - 2)
    expectRefusal(() => parseChallenges(`${longest}a`), { code, reason: 'size' })
  })
})

describe('formatChallenges', () => {
  it.each([
    [[], ''],
    [[{ scheme: 'Bearer', parameters: {} }], 'Bearer'],
    [[{ scheme: 'Negotiate', token68: 'abc==', parameters: {} }], 'Negotiate abc=='],
    [[{ scheme: 'DPoP', parameters: { algs: 'ES256 PS256', error: 'x' } }], 'DPoP algs="ES256 PS256", error="x"'],
    [
      [
        { scheme: 'Bearer', parameters: {} },
        { scheme: 'DPoP', parameters: { a: '"\\' } },
      ],
      'Bearer, DPoP a="\\"\\\\"',
    ],
  ] as [Challenge[], string][])('writes %j', (challenges, field) => {
    expect(formatChallenges(challenges)).toBe(field)
    expect(plain(field)).toEqual(challenges)
  })

  it.each(['', 'a b', 'a,b', 'é', 'a"', 'A\r\nX-Header: b', 'a='])('refuses the scheme %j', (scheme) => {
    expectRefusal(() => formatChallenges([{ scheme, parameters: {} }]), { code, reason: 'scheme' })
  })

  it.each(['', '=', 'a b', 'a=b', 'a,', '"a"', 'a\n'])('refuses the token68 %j', (token68) => {
    expectRefusal(() => formatChallenges([{ scheme: 'A', token68, parameters: {} }]), { code, reason: 'token68' })
  })

  it('refuses a token68 beside parameters', () => {
    const challenge = { scheme: 'A', token68: 'a', parameters: { b: 'c' } }
    expectRefusal(() => formatChallenges([challenge]), { code, reason: 'token68' })
  })

  it.each([
    ['', 'a'],
    ['a b', 'a'],
    ['a=', 'a'],
    ['Realm', 'a'],
    ['é', 'a'],
    ['a', 'b\n'],
    ['a', 'b\r\nSet-Cookie: c=d'],
    ['a', '\0'],
    ['a', '\x7f'],
    ['a', '\u20ac'],
    ['a', '\ud800'],
  ])('refuses the parameter %j with the value %j', (name, value) => {
    const challenge = { scheme: 'A', parameters: { [name]: value } }
    expectRefusal(() => formatChallenges([challenge]), { code, reason: 'parameter' })
  })
})
