// Faults in the claims of a proof: their presence, types and values. RFC 9449 section 4.3, checks 3 and 8 to 12.

import { createHash } from 'node:crypto'
import { RFC9449_TOKEN } from './ath.ts'
import { ath, base64url, sha256 } from './encoding.ts'
import { otherP256, p256, thumbprint } from './keys.ts'
import type { Flag, Recipe } from './proof.ts'
import { NOW, proofVector, settings, URI } from './proof.ts'
import { withTrailingBits } from './proof-encoding.ts'
import { makeAccessToken, makeNonce } from './proof-server.ts'
import type { Expectation, Vector } from './vector.ts'

const CHECKS = '9449#section-4.3'

/** What most vectors here have: the thumbprint, the token and its hash; and the nonce where one is required. */
const JKT = thumbprint(p256.publicJwk)
const TOKEN = await makeAccessToken(URI, JKT)
const ATH = ath(TOKEN)
const NONCE = makeNonce(URI, NOW)

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function claimVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('claim', CHECKS, 'ERR_DPOP_PROOF_CLAIM_MISSING', missing),
    ...group('claim', CHECKS, 'ERR_DPOP_PROOF_CLAIM_INVALID', wrongTypes),
    ...group('size', '9449#section-11.1', 'valid', [
      ['jti-at-limit', 'A jti of the longest length', claims({ jti: jti(0) })],
    ]),
    ...group('size', '9449#section-11.1', 'ERR_DPOP_PROOF_CLAIM_INVALID', [
      ['jti-beyond-limit', 'A jti of one character more', claims({ jti: jti(1) })],
    ]),
    ...group('extra', '9449#section-4.2', 'valid', extras),
    ...group('htm', [CHECKS, '9110#section-9.1'], 'valid', methods),
    ...group('htm', [CHECKS, '9110#section-9.1'], 'ERR_DPOP_PROOF_HTM_MISMATCH', otherMethods),
    ...group('htu', CHECKS, 'valid', uris),
    ...group('htu', CHECKS, 'ERR_DPOP_PROOF_HTU_MISMATCH', otherUris),
    ...group('size', CHECKS, 'valid', [['htu-at-limit', 'A URI of the longest length', { request: get(uriOf(8192)) }]]),
    ...group('size', CHECKS, 'ERR_DPOP_PROOF_HTU_MISMATCH', [
      [
        'htu-beyond-limit',
        'An htu of one character more than the longest, the rest a fragment',
        claims({ htu: `${URI}#${'x'.repeat(8192 - URI.length)}` }),
      ],
    ]),
    ...group('iat', '9449#section-11.1', 'valid', times),
    ...group('iat', '9449#section-11.1', 'ERR_DPOP_PROOF_EXPIRED', tooOld),
    ...group('iat', '9449#section-11.1', 'ERR_DPOP_PROOF_NOT_YET_VALID', tooNew),
    ...group('ath', [CHECKS, '9449#section-4.2'], 'ERR_DPOP_PROOF_ATH_MISMATCH', otherTokens),
    ...group('nonce', '9449#section-9', 'valid', nonces),
    ...group('nonce', '9449#section-9', 'ERR_DPOP_NONCE_REQUIRED', [
      ['nonce-missing', 'No nonce where one is required', { nonce: NONCE }],
    ]),
    ...group('nonce', '9449#section-9', 'ERR_DPOP_NONCE_INVALID', foreignNonces),
    ...group('binding', [CHECKS, '9449#section-6'], 'ERR_TOKEN_BINDING_MISMATCH', bindings),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => proofVector(id, comment, [flag], rfc, expect, recipe))
}

function claims(members: Readonly<Record<string, unknown>>): Recipe {
  return { claims: members }
}

const get = (uri: string) => ({ method: 'GET', uri })
const jti = (extra: number) => 'j'.repeat(settings.maxJtiLength + extra)
const uriOf = (length: number) => URI + 'x'.repeat(length - URI.length)

const missing: readonly Row[] = ['jti', 'htm', 'htu', 'iat', 'ath'].map((name) => [
  `${name}-missing`,
  `No ${name}`,
  claims({ [name]: undefined }),
])

const wrongTypes: readonly Row[] = [
  ...['jti', 'htm', 'htu', 'ath'].flatMap((name): Row[] => [
    [`${name}-number`, `${name} is a number`, claims({ [name]: 1 })],
    [`${name}-null`, `${name} is null`, claims({ [name]: null })],
    [`${name}-empty`, `${name} is empty`, claims({ [name]: '' })],
  ]),
  ['jti-object', 'jti is an object', claims({ jti: { a: 1 } })],
  ['htm-array', 'htm is an array with the right method', claims({ htm: ['GET'] })],
  ['htu-array', 'htu is an array with the right URI', claims({ htu: [URI] })],
  ['ath-array', 'ath is an array with the right hash', claims({ ath: [ATH] })],
  ['ath-false', 'ath is false', claims({ ath: false })],
  ['iat-string', 'iat is a string of the right digits', claims({ iat: String(NOW) })],
  ['iat-string-of-date', 'iat is a date in words', claims({ iat: '2025-06-15T15:06:40Z' })],
  ['iat-string-nan', 'iat is the text NaN', claims({ iat: 'NaN' })],
  ['iat-null', 'iat is null, which some languages take for zero', claims({ iat: null })],
  ['iat-true', 'iat is true, which some languages take for one', claims({ iat: true })],
  ['iat-array', 'iat is an array with the right number', claims({ iat: [NOW] })],
  ['iat-object', 'iat is an object', claims({ iat: {} })],
  ['nonce-number', 'The nonce is a number', { nonce: NONCE, claims: { nonce: 1 } }],
  ['nonce-array', 'The nonce is an array with the right nonce', { nonce: NONCE, claims: { nonce: [NONCE] } }],
  ['nonce-empty', 'The nonce is empty', { nonce: NONCE, claims: { nonce: '' } }],
]

const extras: readonly Row[] = [
  ['claims-unknown', 'Unknown claims', claims({ 'https://example.com/c': { a: [1, 2] }, 'x-y': null })],
  [
    'claims-proto',
    'A claim named __proto__',
    { payloadText: (text) => text.replace('{', '{"__proto__":{"htm":"POST"},') },
  ],
  [
    'claims-white-space',
    'White space in the JSON of the payload',
    { payloadText: (text) => JSON.stringify(JSON.parse(text), null, 2) },
  ],
  [
    'claims-escapes',
    'Escapes in names and values',
    { payloadText: (text) => text.replace('"htm":"GET"', '"\\u0068tm":"\\u0047ET"') },
  ],
  [
    'claims-escaped-slashes',
    'Escaped slashes in htu, as some encoders write them',
    { payloadText: (text) => text.replaceAll('/', '\\/') },
  ],
  [
    'claims-other-order',
    'The claims in another order',
    { payloadText: (text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())) },
  ],
  ['jti-not-ascii', 'A jti that is not ASCII', claims({ jti: 'identit\u00e9-\u{1f600}' })],
  ['jti-one-character', 'A jti of one character', claims({ jti: 'j' })],
]

const methods: readonly Row[] = [
  ['htm-post', 'POST', { request: { method: 'POST', uri: URI } }],
  ['htm-patch-lower-case', 'patch, as fetch sends it when asked to', { request: { method: 'patch', uri: URI } }],
  ['htm-own-method', 'A method that no RFC names', { request: { method: 'X-Y!', uri: URI } }],
]

const otherMethods: readonly Row[] = [
  ['htm-lower-case', 'get on a GET: methods are case-sensitive', claims({ htm: 'get' })],
  ['htm-mixed-case', 'Get on a GET', claims({ htm: 'Get' })],
  ['htm-upper-case', 'PATCH on a patch', { request: { method: 'patch', uri: URI }, claims: { htm: 'PATCH' } }],
  ['htm-post-on-get', 'POST on a GET', claims({ htm: 'POST' })],
  ['htm-post-on-put', 'POST on a PUT', { request: { method: 'PUT', uri: URI }, claims: { htm: 'POST' } }],
  ['htm-head-on-get', 'HEAD on a GET', claims({ htm: 'HEAD' })],
  ['htm-trailing-space', 'GET and a space', claims({ htm: 'GET ' })],
  ['htm-leading-space', 'A space and GET', claims({ htm: ' GET' })],
  ['htm-prefix', 'The first letters of the method', claims({ htm: 'GE' })],
  ['htm-list', 'Two methods', claims({ htm: 'GET,POST' })],
  ['htm-wildcard', 'An asterisk', claims({ htm: '*' })],
  ['htm-full-width', 'Full-width letters', claims({ htm: '\uff27\uff25\uff34' })],
]

const A_B = 'https://api.example.com/a/b'
const onA = (htu: string, uri = `${A_B}?q=1`): Recipe => ({ request: get(uri), claims: { htu } })

const uris: readonly Row[] = [
  ['htu-query-in-request', 'The request has a query, the proof has none', onA(A_B)],
  ['htu-query-in-proof', 'The proof has another query', onA(`${A_B}?q=2`)],
  ['htu-fragment-in-proof', 'The proof has a fragment', onA(`${A_B}#x`)],
  ['htu-case-and-port', 'Case of scheme and host, and the default port', onA('HTTPS://API.example.COM:443/a/b')],
  ['htu-dot-segments', 'Dot segments', onA('https://api.example.com/a/./x/../b')],
  ['htu-encoded-letter', 'An encoded letter', onA('https://api.example.com/%61/b')],
  ['htu-empty-path', 'No path for the root', onA('https://api.example.com', 'https://api.example.com/')],
  [
    'htu-hexadecimal-case',
    'Hexadecimal digits in the other case',
    onA('https://api.example.com/a%2fb', 'https://api.example.com/a%2Fb'),
  ],
  ['htu-dot-segments-in-request', 'Dot segments in the request', onA(A_B, 'https://api.example.com/x/../a/b')],
  ['htu-ipv6', 'An IPv6 address in another form', onA('https://[0:0::1]:8443/a', 'https://[::1]:8443/a')],
  [
    'htu-idna',
    'A U-label in the proof, an A-label in the request',
    onA('https://b\u00fccher.example/a', 'https://xn--bcher-kva.example/a'),
  ],
  [
    'htu-port',
    'A port that is not the default',
    onA('https://api.example.com:8443/a', 'https://api.example.com:8443/a'),
  ],
]

const otherUris: readonly Row[] = [
  ['htu-other-host', 'Another host', onA('https://evil.example/a/b')],
  ['htu-trailing-dot', 'A trailing dot is another name', onA('https://api.example.com./a/b')],
  ['htu-subdomain', 'A host below', onA('https://x.api.example.com/a/b')],
  ['htu-http', 'Another scheme', onA('http://api.example.com/a/b')],
  ['htu-other-port', 'Another port', onA('https://api.example.com:8443/a/b')],
  ['htu-other-path', 'Another path', onA('https://api.example.com/a/c')],
  ['htu-origin-only', 'The origin only', onA('https://api.example.com/')],
  ['htu-path-case', 'The path in capitals', onA('https://api.example.com/A/b')],
  ['htu-trailing-slash', 'A trailing slash', onA('https://api.example.com/a/b/')],
  ['htu-empty-segment', 'An empty segment', onA('https://api.example.com/a//b')],
  ['htu-encoded-slash', 'An encoded slash', onA('https://api.example.com/a%2Fb')],
  ['htu-double-encoded', 'An encoded percent sign is not decoded twice', onA('https://api.example.com/%2561/b')],
  ['htu-path-in-query', 'The path of the request in the query', onA('https://api.example.com/?/a/b')],
  ['htu-path-only', 'A path', onA('/a/b')],
  ['htu-no-scheme', 'No scheme', onA('api.example.com/a/b')],
  ['htu-network-path', 'Two slashes and no scheme', onA('//api.example.com/a/b')],
  ['htu-one-slash', 'One slash after the scheme', onA('https:/api.example.com/a/b')],
  ['htu-userinfo', 'User information', onA('https://u:p@api.example.com/a/b')],
  ['htu-userinfo-empty', 'An empty user', onA('https://@api.example.com/a/b')],
  ['htu-backslash', 'Backslashes, which some readers take for slashes', onA('https:\\\\api.example.com\\a\\b')],
  ['htu-leading-space', 'A space before', onA(` ${A_B}`)],
  ['htu-trailing-line-feed', 'A line feed after', onA(`${A_B}\n`)],
  ['htu-tab-inside', 'A tab inside, which some readers drop', onA('https://api.example.com/a\t/b')],
  ['htu-control-in-fragment', 'A NUL in the fragment', onA(`${A_B}#\0`)],
  ['htu-bad-encoding', 'A percent sign that encodes nothing', onA('https://api.example.com/a/b%')],
  ['htu-other-scheme', 'The scheme of WebSocket', onA('wss://api.example.com/a/b')],
  [
    'htu-ipv4-hexadecimal',
    'A host that some readers take for 127.0.0.1',
    onA('https://0x7f.1/a', 'https://127.0.0.1/a'),
  ],
  ['htu-wildcard', 'An asterisk', onA('*')],
]

const at = (iat: number): Recipe => ({ claims: { iat } })
const written = (iat: string): Recipe => ({ payloadText: (text) => text.replace(`"iat":${NOW}`, `"iat":${iat}`) })

const times: readonly Row[] = [
  ['iat-now', 'Made now', at(NOW)],
  ['iat-oldest', 'Made 60 seconds ago', at(NOW - 60)],
  ['iat-newest', 'Made in 30 seconds', at(NOW + 30)],
  ['iat-fraction', 'Made half a second ago: a NumericDate may have a fraction', at(NOW - 0.5)],
  ['iat-oldest-fraction', 'Made 59.5 seconds ago', at(NOW - 59.5)],
  ['iat-exponent', 'The same number with an exponent', written('1.75e9')],
  ['iat-fraction-of-zero', 'The same number with a fraction of zero', written('1750000000.0')],
]

const tooOld: readonly Row[] = [
  ['iat-too-old', 'Made 61 seconds ago', at(NOW - 61)],
  ['iat-too-old-by-a-fraction', 'Made 60.5 seconds ago', at(NOW - 60.5)],
  ['iat-an-hour-ago', 'Made an hour ago', at(NOW - 3600)],
  ['iat-zero', 'Zero', at(0)],
  ['iat-minus-zero', 'Minus zero', written('-0')],
  ['iat-negative', 'A negative number', at(-NOW)],
  ['iat-smallest', 'The most negative double', written('-1.7976931348623157e308')],
  ['iat-minutes', 'Minutes in the place of seconds', at(Math.floor(NOW / 60))],
]

const tooNew: readonly Row[] = [
  ['iat-too-new', 'Made in 31 seconds', at(NOW + 31)],
  ['iat-too-new-by-a-fraction', 'Made in 30.5 seconds', at(NOW + 30.5)],
  ['iat-in-an-hour', 'Made in an hour', at(NOW + 3600)],
  ['iat-milliseconds', 'Milliseconds in the place of seconds', at(NOW * 1000)],
  ['iat-trillion', 'The number 1e12', written('1e12')],
  ['iat-beyond-32-bits', 'Now and two to the thirty-second', at(NOW + 2 ** 32)],
  ['iat-beyond-safe-integers', 'An integer that no double keeps', written('9007199254740993')],
  ['iat-largest', 'The largest double', written('1.7976931348623157e308')],
]

const digest = createHash('sha256').update(TOKEN).digest()
const otherTokens: readonly Row[] = [
  ['ath-other-token', 'The hash of another token', claims({ ath: ath('another-token') })],
  ['ath-lower-case-token', 'The hash of the token in lower case', claims({ ath: ath(TOKEN.toLowerCase()) })],
  ['ath-of-authorization-value', 'The hash of the whole Authorization value', claims({ ath: ath(`DPoP ${TOKEN}`) })],
  ['ath-of-nothing', 'The hash of nothing', claims({ ath: ath('') })],
  ['ath-with-line-feed', 'The hash of the token and a line feed', claims({ ath: ath(`${TOKEN}\n`) })],
  ['ath-token-itself', 'The token in the place of its hash', claims({ ath: TOKEN })],
  ['ath-padded', 'The right hash with padding', claims({ ath: `${ATH}=` })],
  ['ath-hexadecimal', 'The right hash in hexadecimal', claims({ ath: digest.toString('hex') })],
  ['ath-trailing-bits', 'The right hash with spare bits set', claims({ ath: withTrailingBits(ATH) })],
  ['ath-trailing-space', 'The right hash and a space', claims({ ath: `${ATH} ` })],
  ['ath-truncated', 'The first half of the right hash', claims({ ath: digest.subarray(0, 16).toString('base64url') })],
  [
    'ath-sha-512',
    'SHA-512 in the place of SHA-256',
    claims({ ath: createHash('sha512').update(TOKEN).digest('base64url') }),
  ],
  ['ath-case', 'The right hash in lower case', claims({ ath: ATH.toLowerCase() })],
]

const withNonce = (nonce: string, iat = NOW): Recipe => ({ nonce: NONCE, claims: { nonce, iat } })
const nonces: readonly Row[] = [
  ['nonce', 'The nonce that is required', withNonce(NONCE)],
  ['nonce-old-iat', 'With a valid nonce a slow clock does not matter', withNonce(NONCE, NOW - 86_400)],
  ['nonce-future-iat', 'With a valid nonce a fast clock does not matter', withNonce(NONCE, NOW + 86_400)],
  ['nonce-unsolicited', 'A nonce where none is asked for', claims({ nonce: 'n-0S6_WzA2Mj' })],
]

const otherSecret = base64url(Buffer.alloc(32, 255))
const foreignNonces: readonly Row[] = [
  ['nonce-foreign', 'A nonce of another server', withNonce(makeNonce(URI, NOW, otherSecret))],
  ['nonce-case', 'The nonce in lower case', withNonce(NONCE.toLowerCase())],
  ['nonce-prefix', 'The first half of the nonce', withNonce(NONCE.slice(0, 16))],
  ['nonce-extended', 'The nonce and one character', withNonce(`${NONCE}x`)],
  ['nonce-trailing-space', 'The nonce and a space', withNonce(`${NONCE} `)],
  ['nonce-quoted', 'The nonce in quotation marks', withNonce(`"${NONCE}"`)],
  ['nonce-very-long', 'A nonce of 4000 characters', withNonce('n'.repeat(4000))],
]

const bindings: readonly Row[] = [
  ['binding-other-key', 'The token is bound to another key', { jkt: thumbprint(otherP256.publicJwk) }],
  [
    'binding-member-order',
    'A jkt made of the members in the order as sent',
    { jkt: base64url(sha256(JSON.stringify(p256.publicJwk))) },
  ],
  // A JWT with such a `cnf` would be refused for it before it is compared.
  ['binding-padded', 'The right jkt with padding', { jkt: `${JKT}=`, accessToken: RFC9449_TOKEN }],
  // The last character stays: in lower case it would have spare bits set.
  ['binding-case', 'The right jkt in lower case', { jkt: JKT.slice(0, -1).toLowerCase() + JKT.slice(-1) }],
]
