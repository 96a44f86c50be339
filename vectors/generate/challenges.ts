// WWW-Authenticate: RFC 9110 section 11.6.1, with the list rule for recipients of section 5.6.1.2.

import type { Vector, VectorFile } from './vector.ts'
import { vector } from './vector.ts'

const MAX_CHALLENGE_LENGTH = 8192

const notes = {
  duplicate: 'A parameter that occurs twice in one challenge.',
  list: 'Where one challenge ends and the next begins; empty list elements.',
  parameter: 'Names and values of parameters.',
  prototype: 'Names that mean something to a language rather than to HTTP.',
  'quoted-string': 'Quoted strings and quoted pairs.',
  scheme: 'The name of the scheme.',
  size: 'Length at the limit and one beyond it.',
  token68: 'The single value of a challenge without parameters.',
  'white-space': 'Spaces and tabs.',
}
type Flag = keyof typeof notes

interface Challenge {
  readonly scheme: string
  readonly token68?: string
  readonly parameters: Readonly<Record<string, string>>
}

/** A challenge as expected: with parameters, or with a token68. */
function c(scheme: string, value: Readonly<Record<string, string>> | string = {}): Challenge {
  return typeof value === 'string' ? { scheme, token68: value, parameters: {} } : { scheme, parameters: value }
}

const RFC = '9110#section-11.6.1'

function parsed(id: string, comment: string, flag: Flag, field: string, challenges: Challenge[], rfc = RFC): Vector {
  return vector(`challenge-${id}`, comment, { rfc: [rfc], flags: [flag] }, { field }, 'valid', { challenges })
}

function malformed(id: string, comment: string, flag: Flag, field: string, rfc = RFC): Vector {
  return vector(`challenge-${id}`, comment, { rfc: [rfc], flags: [flag] }, { field }, 'ERR_CHALLENGE_INVALID')
}

const LIST = '9110#section-5.6.1.2'
const STRING = '9110#section-5.6.4'
const PARAMETER = '9110#section-11.2'
const realm = { realm: 'x' }
const algs = { algs: 'ES256' }

const schemes = [
  parsed('scheme-alone', 'A scheme without parameters', 'scheme', 'DPoP', [c('DPoP')]),
  parsed(
    'scheme-lower-case',
    'The scheme as written; it is compared without regard to case',
    'scheme',
    'dpop algs="ES256"',
    [c('dpop', algs)],
  ),
  parsed('scheme-upper-case', 'The scheme in capitals', 'scheme', 'DPOP algs="ES256"', [c('DPOP', algs)]),
  parsed('scheme-of-every-token-character', 'Every kind of token character', 'scheme', "!#$%&'*+-.^_`|~0Aa", [
    c("!#$%&'*+-.^_`|~0Aa"),
  ]),
  malformed('scheme-quoted', 'A scheme in quotation marks', 'scheme', '"DPoP" algs="ES256"'),
  malformed('scheme-missing', 'A parameter without a scheme', 'scheme', 'algs="ES256"'),
  malformed('scheme-colon', 'A colon after the scheme', 'scheme', 'DPoP: algs="ES256"'),
  malformed('scheme-solidus', 'A solidus in the scheme', 'scheme', 'DPoP/1 algs="ES256"'),
  malformed('scheme-not-ascii', 'A scheme that is not ASCII', 'scheme', 'DP\u00f6P algs="ES256"'),
  malformed('scheme-equals-sign', 'An equals sign alone', 'scheme', '='),
]

const rfcExamples = [
  parsed(
    'rfc9449-no-credentials',
    'RFC 9449, section 7.1',
    'parameter',
    'DPoP algs="ES256 PS256"',
    [c('DPoP', { algs: 'ES256 PS256' })],
    '9449#section-7.1',
  ),
  parsed(
    'rfc9449-invalid-token',
    'RFC 9449, section 7.1',
    'parameter',
    'DPoP error="invalid_token", error_description="Invalid DPoP key binding", algs="ES256"',
    [c('DPoP', { error: 'invalid_token', error_description: 'Invalid DPoP key binding', algs: 'ES256' })],
    '9449#section-7.1',
  ),
  parsed(
    'rfc9449-use-dpop-nonce',
    'RFC 9449, section 9',
    'parameter',
    'DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"',
    [c('DPoP', { error: 'use_dpop_nonce', error_description: 'Resource server requires nonce in DPoP proof' })],
    '9449#section-9',
  ),
  parsed(
    'rfc9449-both-schemes',
    'RFC 9449, section 7.2',
    'list',
    'Bearer, DPoP algs="ES256 PS256"',
    [c('Bearer'), c('DPoP', { algs: 'ES256 PS256' })],
    '9449#section-7.2',
  ),
  parsed(
    'rfc9449-both-schemes-failed',
    'RFC 9449, section 7.2',
    'list',
    'Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256 PS256"',
    [c('Bearer', { error: 'invalid_token', error_description: 'Invalid token' }), c('DPoP', { algs: 'ES256 PS256' })],
    '9449#section-7.2',
  ),
  parsed(
    'rfc9110-two-challenges',
    'The example of RFC 9110, section 11.6.1',
    'list',
    'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
    [c('Basic', { realm: 'simple' }), c('Newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' })],
  ),
  parsed(
    'rfc9470',
    'After RFC 9470, section 3',
    'parameter',
    'Bearer error="insufficient_user_authentication", error_description="A different level is required", acr_values="myACR"',
    [
      c('Bearer', {
        error: 'insufficient_user_authentication',
        error_description: 'A different level is required',
        acr_values: 'myACR',
      }),
    ],
    '9470#section-3',
  ),
  parsed(
    'rfc9728',
    'RFC 9728, section 5.1',
    'parameter',
    'Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource"',
    [c('Bearer', { resource_metadata: 'https://resource.example.com/.well-known/oauth-protected-resource' })],
    '9728#section-5.1',
  ),
  parsed('negotiate-and-dpop', 'A token68 beside parameters', 'token68', 'Negotiate abc==, dpop ALGS="ES256"', [
    c('Negotiate', 'abc=='),
    c('dpop', algs),
  ]),
]

const parameters = [
  parsed(
    'parameter-token-value',
    'Values as tokens',
    'parameter',
    'Bearer error=insufficient_user_authentication, max_age=5',
    [c('Bearer', { error: 'insufficient_user_authentication', max_age: '5' })],
    PARAMETER,
  ),
  parsed(
    'parameter-name-case',
    'Names are in lower case in the result',
    'parameter',
    'DPoP ALGS=ES256, Error="x"',
    [c('DPoP', { algs: 'ES256', error: 'x' })],
    PARAMETER,
  ),
  parsed(
    'parameter-unknown',
    'Unknown parameters are kept',
    'parameter',
    'DPoP algs="ES256", x-y.z="1"',
    [c('DPoP', { algs: 'ES256', 'x-y.z': '1' })],
    '9449#section-7.1',
  ),
  parsed(
    'parameter-apostrophes',
    'Apostrophes are token characters, not quotation marks',
    'parameter',
    "DPoP realm='x'",
    [c('DPoP', { realm: "'x'" })],
    PARAMETER,
  ),
  parsed(
    'parameter-same-in-two-challenges',
    'One name in two challenges',
    'parameter',
    'Bearer realm="x", DPoP realm="y"',
    [c('Bearer', realm), c('DPoP', { realm: 'y' })],
    PARAMETER,
  ),
  parsed(
    'parameter-constructor',
    'A parameter of the name constructor',
    'prototype',
    'DPoP constructor="x", tostring=y',
    [c('DPoP', { constructor: 'x', tostring: 'y' } as unknown as Record<string, string>)],
    PARAMETER,
  ),
  parsed(
    'parameter-proto',
    'A parameter of the name __proto__',
    'prototype',
    'DPoP __proto__="x"',
    [c('DPoP', JSON.parse('{"__proto__":"x"}'))],
    PARAMETER,
  ),
  malformed(
    'parameter-proto-duplicate',
    'The name __proto__ twice',
    'prototype',
    'DPoP __proto__=x, __proto__=y',
    PARAMETER,
  ),
  malformed('parameter-duplicate', 'One name twice', 'duplicate', 'DPoP error="x", error="y"', PARAMETER),
  malformed(
    'parameter-duplicate-same-value',
    'One name twice with one value',
    'duplicate',
    'DPoP error="x", error="x"',
    PARAMETER,
  ),
  malformed(
    'parameter-duplicate-in-other-case',
    'One name twice in two spellings',
    'duplicate',
    'DPoP algs="ES256", Algs="none"',
    PARAMETER,
  ),
  malformed(
    'parameter-duplicate-in-second-challenge',
    'One name twice in the second challenge',
    'duplicate',
    'Bearer, DPoP a=1, b=2, a=3',
    PARAMETER,
  ),
  malformed(
    'parameter-value-empty',
    'No value, and another parameter after it',
    'parameter',
    'DPoP algs="ES256", error=, scope="x"',
    PARAMETER,
  ),
  malformed(
    'parameter-value-missing-at-end',
    'No value at the end',
    'parameter',
    'DPoP algs="ES256", error=',
    PARAMETER,
  ),
  malformed('parameter-name-missing', 'No name', 'parameter', 'DPoP ="x"', PARAMETER),
  malformed('parameter-name-quoted', 'A name in quotation marks', 'parameter', 'DPoP "error"="x"', PARAMETER),
  malformed('parameter-value-after-value', 'Two values', 'parameter', 'DPoP error="x""y"', PARAMETER),
  malformed('parameter-two-equals-signs', 'Two equals signs before a value', 'parameter', 'DPoP error=="x"', PARAMETER),
  malformed(
    'parameter-token-with-equals-sign',
    'A token that is followed by an equals sign',
    'parameter',
    'DPoP error=x=',
    PARAMETER,
  ),
  malformed(
    'parameter-token-with-solidus',
    'A value that is not a token',
    'parameter',
    'DPoP uri=https://rs.example/',
    PARAMETER,
  ),
  malformed(
    'parameter-semicolon',
    'A semicolon in the place of the comma',
    'parameter',
    'DPoP error="x"; scope="y"',
    PARAMETER,
  ),
  malformed('parameter-no-comma', 'No comma between parameters', 'parameter', 'DPoP error="x" scope="y"', PARAMETER),
  malformed(
    'parameter-value-of-two-words',
    'A token value with a space',
    'parameter',
    'DPoP algs=ES256 PS256',
    PARAMETER,
  ),
  malformed(
    'parameter-extended-value',
    'A letter that is not ASCII in a token value',
    'parameter',
    'DPoP error=caf\u00e9',
    PARAMETER,
  ),
]

const strings = [
  parsed(
    'string-comma',
    'A comma in a quoted string',
    'quoted-string',
    'DPoP error_description="a, b", Bearer',
    [c('DPoP', { error_description: 'a, b' }), c('Bearer')],
    STRING,
  ),
  parsed(
    'string-like-a-challenge',
    'A quoted string that looks like a challenge',
    'quoted-string',
    'DPoP realm="x, Bearer error=\\"y\\""',
    [c('DPoP', { realm: 'x, Bearer error="y"' })],
    STRING,
  ),
  parsed(
    'string-quoted-pairs',
    'Quoted quotation marks, and another challenge',
    'quoted-string',
    'DPoP error="use_dpop_nonce", error_description="a, b=\\"c\\"", Bearer realm="x"',
    [c('DPoP', { error: 'use_dpop_nonce', error_description: 'a, b="c"' }), c('Bearer', realm)],
    STRING,
  ),
  parsed(
    'string-quoted-backslash',
    'A quoted backslash at the end',
    'quoted-string',
    'DPoP realm="a\\\\", error=x',
    [c('DPoP', { realm: 'a\\', error: 'x' })],
    STRING,
  ),
  parsed(
    'string-needless-quoted-pair',
    'A quoted letter is the letter',
    'quoted-string',
    'DPoP realm="\\a\\n\\u"',
    [c('DPoP', { realm: 'anu' })],
    STRING,
  ),
  parsed('string-empty', 'An empty string', 'quoted-string', 'DPoP realm=""', [c('DPoP', { realm: '' })], STRING),
  parsed(
    'string-tab',
    'A tab, plain and quoted',
    'quoted-string',
    'DPoP realm="a\tb\\\tc"',
    [c('DPoP', { realm: 'a\tb\tc' })],
    STRING,
  ),
  parsed(
    'string-obs-text',
    'Octets beyond ASCII, one character each',
    'quoted-string',
    'DPoP realm="caf\u00c3\u00a9"',
    [c('DPoP', { realm: 'caf\u00c3\u00a9' })],
    STRING,
  ),
  parsed(
    'string-every-visible-character',
    'Every other visible character',
    'quoted-string',
    'DPoP realm=" !#$%&\'()*+,-./:;<=>?@[]^_`{|}~"',
    [c('DPoP', { realm: " !#$%&'()*+,-./:;<=>?@[]^_`{|}~" })],
    STRING,
  ),
  malformed('string-unclosed', 'No closing quotation mark', 'quoted-string', 'DPoP realm="x', STRING),
  malformed(
    'string-closed-by-quoted-mark',
    'The closing quotation mark is quoted',
    'quoted-string',
    'DPoP realm="x\\"',
    STRING,
  ),
  malformed('string-lone-mark', 'One quotation mark', 'quoted-string', 'DPoP realm="', STRING),
  malformed(
    'string-ends-in-backslash',
    'A backslash at the end of the field',
    'quoted-string',
    'DPoP realm="x\\',
    STRING,
  ),
  malformed(
    'string-unescaped-mark',
    'A quotation mark that is not quoted',
    'quoted-string',
    'DPoP realm="a"b"',
    STRING,
  ),
  malformed('string-line-feed', 'A line feed', 'quoted-string', 'DPoP realm="a\nb"', STRING),
  malformed('string-nul', 'A NUL', 'quoted-string', 'DPoP realm="a\0b"', STRING),
  malformed('string-delete', 'A DEL', 'quoted-string', 'DPoP realm="a\x7fb"', STRING),
  malformed('string-quoted-control', 'A quoted control character', 'quoted-string', 'DPoP realm="a\\\x01b"', STRING),
  malformed('string-beyond-latin-1', 'A character that no octet is', 'quoted-string', 'DPoP realm="\u20ac"', STRING),
]

const token68s = [
  parsed('token68', 'A token68', 'token68', 'Negotiate abc', [c('Negotiate', 'abc')]),
  parsed('token68-alphabet', 'Every kind of character', 'token68', 'Custom AZaz09-._~+/=', [
    c('Custom', 'AZaz09-._~+/='),
  ]),
  parsed('token68-many-equals-signs', 'Padding is not counted', 'token68', 'Custom a====', [c('Custom', 'a====')]),
  parsed('token68-like-a-name', 'A name and an equals sign are a token68', 'token68', 'Custom realm=', [
    c('Custom', 'realm='),
  ]),
  parsed('token68-before-scheme', 'A challenge after a token68', 'token68', 'Negotiate abc=,Bearer', [
    c('Negotiate', 'abc='),
    c('Bearer'),
  ]),
  parsed(
    'token68-after-parameters',
    'A token68 after a challenge with parameters',
    'token68',
    'DPoP algs="ES256", Negotiate abc/d=',
    [c('DPoP', algs), c('Negotiate', 'abc/d=')],
  ),
  parsed('token68-many-spaces', 'Several spaces before a token68', 'token68', 'Negotiate   abc', [
    c('Negotiate', 'abc'),
  ]),
  malformed('token68-and-parameter', 'A token68 and a parameter', 'token68', 'Negotiate abc==, realm="x"'),
  malformed('token68-twice', 'Two of them', 'token68', 'Negotiate abc def'),
  malformed('token68-padding-inside', 'Padding inside', 'token68', 'Negotiate a==b'),
  malformed('token68-only-padding', 'Nothing but padding', 'token68', 'Negotiate =='),
  malformed('token68-bad-character', 'A character that it cannot have', 'token68', 'Negotiate a@b'),
]

const lists = [
  parsed('list-empty', 'No challenge at all', 'list', '', [], LIST),
  parsed('list-of-commas', 'Nothing but empty elements', 'list', ' , ,, ', [], LIST),
  parsed('list-leading-comma', 'An empty first element', 'list', ', DPoP algs="ES256"', [c('DPoP', algs)], LIST),
  parsed('list-trailing-comma', 'An empty last element', 'list', 'DPoP algs="ES256" ,', [c('DPoP', algs)], LIST),
  parsed(
    'list-empty-elements-between-challenges',
    'Empty elements between challenges',
    'list',
    'Bearer ,, ,DPoP',
    [c('Bearer'), c('DPoP')],
    LIST,
  ),
  parsed(
    'list-empty-elements-between-parameters',
    'Empty elements between parameters',
    'list',
    'DPoP algs="ES256",, ,error="x"',
    [c('DPoP', { algs: 'ES256', error: 'x' })],
    LIST,
  ),
  parsed(
    'list-empty-element-before-parameters',
    'An empty first parameter',
    'list',
    'DPoP , algs="ES256"',
    [c('DPoP', algs)],
    LIST,
  ),
  parsed(
    'list-no-space-after-comma',
    'No space after commas',
    'list',
    'Bearer realm="x",DPoP algs="ES256",error="y"',
    [c('Bearer', realm), c('DPoP', { algs: 'ES256', error: 'y' })],
    LIST,
  ),
  parsed(
    'list-scheme-after-parameter',
    'A name without an equals sign is a scheme',
    'list',
    'DPoP algs=ES256, Bearer',
    [c('DPoP', algs), c('Bearer')],
    LIST,
  ),
  parsed(
    'list-scheme-with-parameter-after-parameter',
    'A scheme with a parameter',
    'list',
    'DPoP algs=ES256, Bearer realm=x',
    [c('DPoP', algs), c('Bearer', realm)],
    LIST,
  ),
  parsed(
    'list-three',
    'Three challenges, the middle one bare',
    'list',
    'Bearer realm="x", Negotiate, DPoP algs="ES256"',
    [c('Bearer', realm), c('Negotiate'), c('DPoP', algs)],
    LIST,
  ),
  parsed(
    'list-same-scheme-twice',
    'One scheme twice',
    'list',
    'DPoP error="x", DPoP error="y"',
    [c('DPoP', { error: 'x' }), c('DPoP', { error: 'y' })],
    LIST,
  ),
  malformed('list-no-comma', 'No comma between challenges', 'list', 'Bearer realm="x" DPoP algs="ES256"', LIST),
  malformed(
    'list-no-comma-after-string',
    'Nothing between a string and a scheme',
    'list',
    'Bearer realm="x"DPoP',
    LIST,
  ),
]

const spaces = [
  parsed('space-before-comma', 'White space before a comma', 'white-space', 'DPoP algs="ES256" , error="x"\t, Bearer', [
    c('DPoP', { algs: 'ES256', error: 'x' }),
    c('Bearer'),
  ]),
  parsed(
    'space-around-equals-sign',
    'White space around the equals sign',
    'white-space',
    'DPoP algs = "ES256", error\t=\tx',
    [c('DPoP', { algs: 'ES256', error: 'x' })],
    PARAMETER,
  ),
  parsed('space-several-after-scheme', 'Several spaces after the scheme', 'white-space', 'DPoP   algs="ES256"', [
    c('DPoP', algs),
  ]),
  parsed('space-around-field', 'White space around everything', 'white-space', ' \tDPoP algs="ES256" \t', [
    c('DPoP', algs),
  ]),
  parsed('space-after-bare-scheme', 'A space after a scheme without parameters', 'white-space', 'DPoP ', [c('DPoP')]),
  malformed(
    'space-tab-after-scheme',
    'A tab after the scheme, where only spaces may stand',
    'white-space',
    'DPoP\talgs="ES256"',
  ),
  malformed('space-line-feed', 'A line feed after a comma', 'white-space', 'Bearer,\nDPoP'),
  malformed('space-no-break', 'A no-break space after the scheme', 'white-space', 'DPoP\u00a0algs="ES256"'),
]

const filled = (length: number) => `DPoP realm="${'x'.repeat(length - 13)}"`
const sizes = [
  parsed('size-at-limit', `${MAX_CHALLENGE_LENGTH} characters`, 'size', filled(MAX_CHALLENGE_LENGTH), [
    c('DPoP', { realm: 'x'.repeat(MAX_CHALLENGE_LENGTH - 13) }),
  ]),
  malformed('size-beyond-limit', `${MAX_CHALLENGE_LENGTH + 1} characters`, 'size', filled(MAX_CHALLENGE_LENGTH + 1)),
]

/** `challenges.json` */
export const challengesFile: VectorFile = {
  kind: 'challenges',
  description:
    'Parse `field`, the value of a WWW-Authenticate field or of several joined by commas. Where it is valid, `challenges` is ' +
    'the result: schemes as written, names of parameters in lower case.',
  notes,
  settings: { maxChallengeLength: MAX_CHALLENGE_LENGTH },
  vectors: [...rfcExamples, ...schemes, ...parameters, ...strings, ...token68s, ...lists, ...spaces, ...sizes],
}
