// Faults in htm, uri, created, ath, jti, nonce and cty of an envelope: spec/request-envelope.md, "Verification", steps
// 4 and 5.

import { RFC9449_ATH, RFC9449_TOKEN } from './ath.ts'
import { ath } from './encoding.ts'
import type { Flag, Recipe } from './envelope-recipe.ts'
import { envelopeVector, JSON_TYPE, settings, URI } from './envelope-recipe.ts'
import { NONCE, NOW } from './proof.ts'
import type { Expectation, Vector } from './vector.ts'

const DETACHED = '9635#section-7.3.3'
const MEDIA_TYPE = ['9110#section-8.3.1', '7515#section-4.1.10']

type Row = readonly [id: string, comment: string, recipe: Recipe]

const header = (members: Recipe['header'] & object): Recipe => ({ header: members })
const { maxCreatedSeconds, maxCtyLength, maxJtiLength, maxNonceLength } = settings

/** The vectors of this part. */
export async function parameterVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('missing', DETACHED, 'ERR_ENVELOPE_PARAMETER_MISSING', missing),
    ...group('type', DETACHED, 'ERR_ENVELOPE_PARAMETER_INVALID', wrongTypes),
    ...group('extra', '7515#section-4', 'valid', extras),
    ...group('htm', DETACHED, 'valid', methods),
    ...group('htm', '9110#section-9.1', 'ERR_ENVELOPE_HTM_MISMATCH', otherMethods),
    ...group('uri', [DETACHED, '3986#section-6.2'], 'valid', uris),
    ...group('uri', [DETACHED, '3986#section-6.2'], 'ERR_ENVELOPE_URI_MISMATCH', otherUris),
    ...group('created', DETACHED, 'valid', times),
    ...group('created', DETACHED, 'ERR_ENVELOPE_PARAMETER_INVALID', noTimes),
    ...group('created', DETACHED, 'ERR_ENVELOPE_EXPIRED', tooOld),
    ...group('created', DETACHED, 'ERR_ENVELOPE_NOT_YET_VALID', tooNew),
    ...group('ath', DETACHED, 'ERR_ENVELOPE_ATH_MISMATCH', otherTokens),
    ...group('jti', '9449#section-4.2', 'valid', identifiers),
    ...group('jti', '9449#section-11.1', 'ERR_ENVELOPE_PARAMETER_INVALID', longIdentifiers),
    ...group('nonce', '9449#section-9', 'valid', nonces),
    ...group('nonce', '9449#section-9', 'ERR_DPOP_NONCE_REQUIRED', [
      ['nonce-missing', 'No nonce where one is required', noNonce],
    ]),
    ...group('nonce', '9449#section-9', 'ERR_DPOP_NONCE_INVALID', foreignNonces),
    ...group('nonce', '9449#section-8.1', 'ERR_ENVELOPE_PARAMETER_INVALID', noNonces),
    ...group('cty', MEDIA_TYPE, 'valid', mediaTypes),
    ...group('cty', MEDIA_TYPE, 'ERR_ENVELOPE_PARAMETER_INVALID', noMediaTypes),
    ...group('cty', MEDIA_TYPE, 'ERR_ENVELOPE_CTY_MISMATCH', otherMediaTypes),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => envelopeVector(id, comment, [flag], rfc, expect, recipe))
}

const missing: readonly Row[] = [
  ...['kid', 'htm', 'uri', 'created', 'ath', 'jti'].map(
    (name): Row => [`${name}-missing`, `No ${name}`, header({ [name]: undefined })],
  ),
  ['cty-missing', 'No cty for content that has a Content-Type', header({ cty: undefined })],
  ['cty-missing-attached', 'No cty for attached content', { form: 'attached', header: { cty: undefined } }],
]

const wrongTypes: readonly Row[] = [
  ...['kid', 'htm', 'uri', 'ath', 'jti', 'nonce', 'cty'].flatMap((name): Row[] => [
    [`${name}-number`, `${name} is a number`, header({ [name]: 1 })],
    [`${name}-null`, `${name} is null`, header({ [name]: null })],
    [`${name}-array`, `${name} is an array of one text`, header({ [name]: ['GET'] })],
    [`${name}-empty`, `${name} is empty`, header({ [name]: '' })],
  ]),
  ['jti-object', 'jti is an object', header({ jti: { a: 1 } })],
  ['created-string', 'created is a string of the right digits', header({ created: String(NOW) })],
  ['created-date', 'created is a date in words', header({ created: '2025-06-15T15:06:40Z' })],
  ['created-null', 'created is null, which some languages take for zero', header({ created: null })],
  ['created-true', 'created is true, which some languages take for one', header({ created: true })],
  ['created-array', 'created is an array with the right number', header({ created: [NOW] })],
  ['created-object', 'created is an object', header({ created: {} })],
]

const extras: readonly Row[] = [
  ['header-unknown', 'Unknown parameters', header({ 'https://example.com/p': { a: [1, 2] }, exp: 1 })],
  [
    'header-other-keys',
    'Parameters that point to other keys',
    header({ jku: 'https://evil.example/', x5u: 'https://evil.example/', x5c: ['AA=='], x5t: 'AA' }),
  ],
  [
    'header-white-space',
    'White space in the JSON',
    { headerText: (text) => JSON.stringify(JSON.parse(text), null, 2) },
  ],
  [
    'header-escapes',
    'Escapes in names and values',
    { headerText: (text) => text.replace('"htm":"POST"', '"\\u0068tm":"\\u0050OST"').replaceAll('/', '\\/') },
  ],
  [
    'header-other-order',
    'The parameters in another order',
    { headerText: (text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())) },
  ],
  [
    'header-proto',
    'A parameter named __proto__',
    { headerText: (text) => text.replace('{', '{"__proto__":{"crit":["a"]},') },
  ],
]

const methods: readonly Row[] = [
  ['htm-lower-case-sent', 'patch, as fetch sends it when asked to', { method: 'patch' }],
  ['htm-own-method', 'A method that no RFC names', { method: 'X-Y!' }],
  ['htm-get-with-content', 'GET with content', { method: 'GET' }],
]

const otherMethods: readonly Row[] = [
  ['htm-other', 'PUT on a POST', header({ htm: 'PUT' })],
  ['htm-case', 'post on a POST', header({ htm: 'post' })],
  ['htm-trailing-space', 'POST and a space', header({ htm: 'POST ' })],
  ['htm-list', 'Two methods', header({ htm: 'POST,PUT' })],
]

const on = (signed: string, uri = URI): Recipe => ({ uri, header: { uri: signed } })

const uris: readonly Row[] = [
  ['uri-case-and-port', 'Case of scheme and host, and the default port', on('HTTPS://RS.example:443/orders?x=1')],
  ['uri-dot-segments', 'Dot segments', on('https://rs.example/a/../orders?x=1')],
  ['uri-encoded-letter', 'An encoded letter of the path', on('https://rs.example/%6Frders?x=1')],
  ['uri-no-path', 'No path before a query', on('https://rs.example?x=1', 'https://rs.example/?x=1')],
  ['uri-no-query', 'No query', { uri: 'https://rs.example/orders' }],
  ['uri-empty-query', 'An empty query on both sides', { uri: 'https://rs.example/orders?' }],
  ['uri-odd-query', 'A query of odd characters', { uri: "https://rs.example/orders?a=%zz&B=%7e&c='/../?" }],
  ['uri-longest', 'A URI of the longest length', { uri: `${URI}${'x'.repeat(settings.maxUriLength - URI.length)}` }],
]

const otherUris: readonly Row[] = [
  ['uri-fragment', 'A fragment', on(`${URI}#a`)],
  ['uri-fragment-empty', 'An empty fragment', on(`${URI}#`)],
  ['uri-query-missing', 'The query is missing, as in an htu', on('https://rs.example/orders')],
  ['uri-query-added', 'A query where the request has none', on(URI, 'https://rs.example/orders')],
  ['uri-query-other', 'Another value in the query', on('https://rs.example/orders?x=2')],
  ['uri-query-extended', 'One more parameter in the query', on(`${URI}&y=2`)],
  [
    'uri-query-order',
    'The query in another order',
    on('https://rs.example/orders?b=2&a=1', 'https://rs.example/orders?a=1&b=2'),
  ],
  [
    'uri-query-empty',
    'A lone question mark where the request has none',
    on('https://rs.example/orders?', 'https://rs.example/orders'),
  ],
  [
    'uri-query-empty-missing',
    'No question mark where the request has a lone one',
    on('https://rs.example/orders', 'https://rs.example/orders?'),
  ],
  ['uri-query-encoding', 'An encoded letter of the query', on('https://rs.example/orders?%78=1')],
  [
    'uri-query-hexadecimal-case',
    'Hexadecimal digits of the query in the other case',
    on('https://rs.example/?a=%2f', 'https://rs.example/?a=%2F'),
  ],
  ['uri-query-plus', 'A plus sign for an encoded space', on('https://rs.example/?a+b', 'https://rs.example/?a%20b')],
  ['uri-other-host', 'Another host', on('https://evil.example/orders?x=1')],
  ['uri-other-scheme', 'http for https', on('http://rs.example/orders?x=1')],
  ['uri-other-port', 'Another port', on('https://rs.example:8443/orders?x=1')],
  ['uri-path-case', 'The path in capitals', on('https://rs.example/ORDERS?x=1')],
  ['uri-trailing-slash', 'A trailing slash of the path', on('https://rs.example/orders/?x=1')],
  ['uri-path-only', 'A relative reference', on('/orders?x=1')],
  ['uri-userinfo', 'User information', on('https://u@rs.example/orders?x=1')],
  ['uri-backslash-in-query', 'A backslash in the query', on('https://rs.example/?\\', 'https://rs.example/?/')],
  ['uri-trailing-space', 'A space after it', on(`${URI} `)],
  [
    'uri-too-long',
    'A URI of one character more than is read',
    on(`${URI}${'x'.repeat(settings.maxUriLength + 1 - URI.length)}`),
  ],
]

const at = (created: number, nonce = 'off'): Recipe => ({
  header: { created, ...(nonce !== 'off' && { nonce }) },
  nonce,
})
const written = (created: string): Recipe => ({
  headerText: (text) => text.replace(`"created":${NOW}`, `"created":${created}`),
})

const times: readonly Row[] = [
  ['created-oldest', 'Made 60 seconds ago', at(NOW - 60)],
  ['created-newest', 'Made in 30 seconds', at(NOW + 30)],
  ['created-old-with-nonce', 'With a valid nonce a slow clock does not matter', at(NOW - 86_400, NONCE)],
  ['created-new-with-nonce', 'With a valid nonce a fast clock does not matter', at(NOW + 86_400, NONCE)],
  ['created-zero', 'The smallest number, with a valid nonce', at(0, NONCE)],
  ['created-largest', 'The largest number, with a valid nonce', at(maxCreatedSeconds, NONCE)],
]

const noTimes: readonly Row[] = [
  ['created-milliseconds', 'Milliseconds in the place of seconds', at(NOW * 1000)],
  ['created-milliseconds-with-nonce', 'Milliseconds, with a valid nonce', at(NOW * 1000, NONCE)],
  ['created-beyond-largest', 'One more than the largest number', at(maxCreatedSeconds + 1, NONCE)],
  ['created-negative', 'A negative number, with a valid nonce', at(-1, NONCE)],
  ['created-fraction', 'Half a second ago', at(NOW - 0.5)],
  ['created-beyond-safe-integers', 'An integer that no double keeps', written('9007199254740993')],
  ['created-largest-double', 'The largest double', written('1.7976931348623157e308')],
]

const tooOld: readonly Row[] = [
  ['created-too-old', 'Made 61 seconds ago', at(NOW - 61)],
  ['created-zero-without-nonce', 'Zero', at(0)],
]

const tooNew: readonly Row[] = [
  ['created-too-new', 'Made in 31 seconds', at(NOW + 31)],
  ['created-largest-without-nonce', 'The largest number', at(maxCreatedSeconds)],
]

const otherTokens: readonly Row[] = [
  ['ath-other-token', 'The hash of another token', header({ ath: ath('another-token') })],
  ['ath-of-authorization', 'The hash of the whole Authorization value', header({ ath: ath(`DPoP ${RFC9449_TOKEN}`) })],
  ['ath-token-itself', 'The token in the place of its hash', header({ ath: RFC9449_TOKEN })],
  ['ath-padded', 'The right hash with padding', header({ ath: `${RFC9449_ATH}=` })],
  ['ath-trailing-bits', 'The right hash with spare bits set', header({ ath: `${RFC9449_ATH.slice(0, -1)}p` })],
  ['ath-case', 'The right hash in lower case', header({ ath: RFC9449_ATH.toLowerCase() })],
]

const identifiers: readonly Row[] = [
  ['jti-longest', 'A jti of the longest length', header({ jti: 'j'.repeat(maxJtiLength) })],
  ['jti-one-character', 'A jti of one character', header({ jti: 'j' })],
  ['jti-not-ascii', 'A jti that is not ASCII', header({ jti: 'identit\u00e9-\u{1f600}' })],
]

const longIdentifiers: readonly Row[] = [
  ['jti-too-long', 'A jti of one character more', header({ jti: 'j'.repeat(maxJtiLength + 1) })],
]

const withNonce = (nonce: string, expected = NONCE): Recipe => ({ nonce: expected, header: { nonce } })
const noNonce: Recipe = { nonce: NONCE, header: { nonce: undefined } }
const longest = 'n'.repeat(maxNonceLength)

const nonces: readonly Row[] = [
  ['nonce', 'The nonce that is required', withNonce(NONCE)],
  ['nonce-longest', 'A nonce of the longest length', withNonce(longest, longest)],
  [
    'nonce-all-characters',
    'A nonce of odd characters',
    withNonce("!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"),
  ],
  ['nonce-unsolicited', 'A nonce where none is asked for', header({ nonce: 'n-0S6_WzA2Mj' })],
]

const foreignNonces: readonly Row[] = [
  ['nonce-foreign', 'A nonce of another server', withNonce('eyJ7S_zG.eyJbYu3.xQmBj-1')],
  ['nonce-case', 'The nonce in lower case', withNonce(NONCE.toLowerCase())],
  ['nonce-extended', 'The nonce and one character', withNonce(`${NONCE}x`)],
]

const noNonces: readonly Row[] = [
  ['nonce-too-long', 'A nonce of one character more than is read', withNonce(`${longest}n`)],
  ['nonce-space', 'The nonce and a space', withNonce(`${NONCE} `)],
  ['nonce-quoted', 'The nonce in quotation marks', withNonce(`"${NONCE}"`)],
  ['nonce-backslash', 'A backslash', withNonce('a\\b')],
  ['nonce-not-ascii', 'A letter that is not ASCII', withNonce('\u00e9')],
  ['nonce-unsolicited-quoted', 'A text that is no nonce, where none is asked for', header({ nonce: 'a"b' })],
]

const typed = (contentType: string): Recipe => ({ contentType })
const attached = (cty: string): Recipe => ({ form: 'attached', header: { cty } })
const withParameter = (length: number) => `text/plain;p=${'x'.repeat(length - 'text/plain;p='.length)}`

const mediaTypes: readonly Row[] = [
  ['cty-parameters', 'A media type with parameters', typed('multipart/form-data; boundary="a b;c\\"d"')],
  ['cty-case', 'A media type in capitals, as it was sent', typed('Application/JSON;Charset=UTF-8')],
  ['cty-suffix', 'A media type with a structured suffix', typed('application/vnd.api+json')],
  ['cty-empty-parameter', 'A semicolon without a parameter', typed('text/plain;')],
  ['cty-longest', 'A media type of the longest length', typed(withParameter(maxCtyLength))],
  ['cty-space-around-field', 'White space around the Content-Type', { receivedType: ` ${JSON_TYPE}\t` }],
  ['cty-no-content-type', 'Content without Content-Type, and no cty', { contentType: null }],
  ['cty-octet-stream', 'Attached content without a better description', attached('application/octet-stream')],
  ['cty-jose-like', 'A media type that begins with that of an envelope', attached('application/jose-like')],
]

const noMediaTypes: readonly Row[] = [
  ['cty-abbreviated', 'The abbreviation of RFC 7515', attached('json')],
  ['cty-no-subtype', 'No subtype', attached('application/')],
  ['cty-two-slashes', 'Two slashes', attached('a/b/c')],
  ['cty-leading-space', 'A space before it', attached(` ${JSON_TYPE}`)],
  ['cty-trailing-space', 'A space after it', attached(`${JSON_TYPE} `)],
  ['cty-list', 'Two media types', attached('application/json, text/plain')],
  ['cty-parameter-without-value', 'A parameter without value', attached('text/plain;charset')],
  ['cty-parameter-space', 'A space before the value of a parameter', attached('text/plain;charset= utf-8')],
  ['cty-unclosed-quote', 'A quoted string without end', attached('text/plain;a="b')],
  ['cty-control', 'A line feed', attached('text/plain;a="\n"')],
  ['cty-not-latin', 'A letter that no field value can carry', attached('text/plain;a="\u0161"')],
  ['cty-too-long', 'A media type of one character more than is read', attached(withParameter(maxCtyLength + 1))],
  ['cty-jose', 'The media type of an envelope', attached('application/jose')],
  ['cty-jose-parameters', 'The same in capitals and with a parameter', attached('Application/JOSE;a=b')],
  ['cty-jose-json', 'The JSON serialisation', attached('application/jose+json')],
]

const otherMediaTypes: readonly Row[] = [
  ['cty-other', 'Another media type than the Content-Type', { receivedType: 'text/html' }],
  [
    'cty-other-case',
    'The media type in another case: it is compared byte for byte',
    { receivedType: 'application/JSON' },
  ],
  ['cty-other-parameter', 'A parameter that was not signed', { receivedType: `${JSON_TYPE}; charset=utf-8` }],
  [
    'cty-other-space',
    'A space that was not signed',
    { contentType: 'text/plain;a=b', receivedType: 'text/plain; a=b' },
  ],
  ['cty-without-content-type', 'A cty where the request has no Content-Type', { receivedType: null }],
  [
    'cty-without-content',
    'A cty where there is no content',
    { method: 'GET', content: '', header: { cty: JSON_TYPE } },
  ],
  [
    'cty-without-content-attached',
    'A cty in an attached envelope without content',
    { form: 'attached', method: 'GET', content: '', header: { cty: JSON_TYPE } },
  ],
]
