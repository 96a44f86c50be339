// The header parameters of a signed answer: spec/request-envelope.md, "Signed answer", step 2 of the client and what its table
// says of each.

import type { Flag, Recipe } from './answer-recipe.ts'
import { answerVector, CONTENT, CREATED, ENCRYPTION_KEY, settings, signers } from './answer-recipe.ts'
import { base64url, sha256, withSpareBit } from './encoding.ts'
import { ed25519 } from './keys.ts'
import type { Expectation, Vector } from './vector.ts'

type Members = Readonly<Record<string, unknown>>
type Row = readonly [id: string, comment: string, members: Members]

/** The vectors of this part. */
export async function answerParameterVectors(): Promise<Vector[]> {
  const invalid = 'ERR_ENVELOPE_ANSWER_INVALID'
  return Promise.all([
    ...group('typ', '7515#section-4.1.9', invalid, types),
    ...group('crit', ['7515#section-4.1.11', '7797#section-3'], invalid, critical),
    ...group('alg', '7515#section-4.1.1', invalid, algorithms),
    ...group('kid', '7515#section-4.1.4', invalid, names),
    ...signed('alg', 'alg-not-allowed', 'RS256, which the key set has and the client does not take', signers.rs256),
    ...signed('alg', 'alg-not-of-key', 'Ed25519 by its older name, which the key set does not have for this key', {
      ...signers.ed25519,
      alg: 'EdDSA',
    }),
    ...signed('kid', 'kid-of-encryption-key', 'A key that is not for signatures', ENCRYPTION_KEY),
    ...group('status', '9110#section-15', invalid, statuses),
    ...group('fields', '9110#section-5', invalid, fieldSets),
    ...group('fields', '9110#section-5.5', invalid, fieldValues, 'fields'),
    ...group('fields-excluded', '9110#section-7.6.1', invalid, excluded, 'fields'),
    ...group('created', '7519#section-2', invalid, times),
    ...group('created', '7519#section-2', 'valid', goodTimes),
    ...group('digest', '4648#section-5', invalid, digests('digest', CONTENT)),
    ...group('req', '4648#section-5', invalid, [
      ['req-missing', 'No req', { req: undefined }],
      ...digests('req', signers.ed25519.kid),
    ]),
    ...group('extra', '7515#section-4', 'valid', extras),
    ...spellings.map(([id, comment, headerText]) =>
      answerVector(id, comment, ['extra'], '8259#section-4', 'valid', { headerText }),
    ),
  ])
}

function group(
  flag: Flag,
  rfc: string | string[],
  expect: Expectation,
  rows: readonly Row[],
  what: 'header' | 'fields' = 'header',
): Promise<Vector>[] {
  return rows.map(([id, comment, members]) => answerVector(id, comment, [flag], rfc, expect, { [what]: members }))
}

function signed(flag: Flag, id: string, comment: string, signer: NonNullable<Recipe['signer']>): Promise<Vector>[] {
  return [answerVector(id, comment, [flag], '7515#section-4.1', 'ERR_ENVELOPE_ANSWER_INVALID', { signer })]
}

const types: readonly Row[] = [
  ['typ-missing', 'No typ', { typ: undefined }],
  ['typ-case', 'typ in another case', { typ: 'Countersign-Answer' }],
  ['typ-jwt', 'The typ of any JWT', { typ: 'JWT' }],
  ['typ-envelope', 'The typ of an envelope', { typ: 'gnap-binding-jws' }],
  ['typ-media-type', 'typ as a media type', { typ: 'application/countersign-answer' }],
  ['typ-list', 'typ in a list', { typ: ['countersign-answer'] }],
]

const critical: readonly Row[] = [
  ['crit', 'A critical parameter', { crit: ['exp'], exp: 1 }],
  ['crit-empty', 'An empty crit', { crit: [] }],
  ['crit-null', 'A crit that is null', { crit: null }],
  ['b64', 'b64 with the value that changes nothing', { b64: true }],
  ['b64-false', 'A payload that is not encoded, it says', { b64: false }],
]

const algorithms: readonly Row[] = [
  ['alg-missing', 'No alg', { alg: undefined }],
  ['alg-none', 'none', { alg: 'none' }],
  ['alg-mac', 'A MAC', { alg: 'HS256' }],
  ['alg-case', 'alg in lower case', { alg: 'ed25519' }],
  ['alg-unknown', 'An algorithm that nobody has', { alg: 'ES256X' }],
  ['alg-number', 'An alg that is a number', { alg: -8 }],
]

const names: readonly Row[] = [
  ['kid-missing', 'No kid', { kid: undefined }],
  ['kid-empty', 'An empty kid', { kid: '' }],
  ['kid-number', 'A kid that is a number', { kid: 7 }],
  [
    'kid-unknown',
    'A kid that no key of the server has, with the key in the message',
    { kid: 'a', jwk: ed25519.publicJwk },
  ],
  ['kid-case', 'The right kid in lower case', { kid: signers.ed25519.kid.toLowerCase() }],
]

const statuses: readonly Row[] = [
  ['status-missing', 'No status', { status: undefined }],
  ['status-string', 'The status as a text', { status: '201' }],
  ['status-fraction', 'A status with a fraction', { status: 201.5 }],
  ['status-below', 'An interim response', { status: 199 }],
  ['status-above', 'A status that does not exist', { status: 600 }],
]

const json = 'application/json'

const fieldSets: readonly Row[] = [
  ['fields-missing', 'No fields', { fields: undefined }],
  ['fields-null', 'fields that are null', { fields: null }],
  ['fields-array', 'fields in a list', { fields: [['content-type', json]] }],
  ['fields-string', 'fields that are a text', { fields: 'content-type, location' }],
  ['fields-without-content-type', 'No content-type', { fields: { location: '/orders/7' } }],
  ['fields-without-location', 'No location', { fields: { 'content-type': json } }],
  ['fields-name-case', 'A name in upper case', { fields: { 'content-type': json, location: '/orders/7', ETag: null } }],
]

const fieldValues: readonly Row[] = [
  ['fields-name-empty', 'An empty name', { '': null }],
  ['fields-name-space', 'A space in a name', { 'e tag': null }],
  ['fields-name-colon', 'A pseudo-field of HTTP/2', { ':status': '201' }],
  ['fields-name-not-ascii', 'A name that is not ASCII', { '\u00e9tag': null }],
  ['fields-value-number', 'A number as value', { age: 7 }],
  ['fields-value-boolean', 'A boolean as value', { etag: false }],
  ['fields-value-list', 'A list of lines as value', { link: ['</a>', '</b>'] }],
  ['fields-value-space-before', 'A space before a value', { etag: ' "a"' }],
  ['fields-value-space-after', 'A space after a value', { etag: '"a" ' }],
  ['fields-value-tab', 'A value that is a tab', { etag: '\t' }],
  ['fields-value-line-feed', 'A line feed in a value', { etag: '"a"\n"b"' }],
  ['fields-value-null-octet', 'A null octet in a value', { etag: '"\u0000"' }],
  ['fields-value-delete', 'A delete in a value', { etag: '"\u007f"' }],
  ['fields-value-not-ascii', 'A value that is not ASCII', { etag: '"\u00e9"' }],
]

const excluded: readonly Row[] = [
  'set-cookie',
  'date',
  'content-length',
  'content-encoding',
  'answer-jws',
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'traceparent',
  'tracestate',
  'baggage',
  'x-request-id',
].map((name) => [`fields-excluded-${name}`, `${name}, said to be absent`, { [name]: null }])

const times: readonly Row[] = [
  ['created-missing', 'No created', { created: undefined }],
  ['created-string', 'The time as a text', { created: String(CREATED) }],
  ['created-fraction', 'A time with a fraction', { created: CREATED + 0.5 }],
  ['created-negative', 'A time before the epoch', { created: -1 }],
  ['created-milliseconds', 'A time in milliseconds', { created: CREATED * 1000 }],
]

const goodTimes: readonly Row[] = [
  ['created-zero', 'The epoch', { created: 0 }],
  ['created-at-limit', 'The latest time there is', { created: settings.maxCreatedSeconds }],
]

/** What is not the one encoding of a SHA-256. */
function digests(name: 'digest' | 'req', text: string): Row[] {
  const digest = base64url(sha256(text))
  const rows: readonly (readonly [id: string, comment: string, value: unknown])[] = [
    ['number', 'A number', 1],
    ['null', 'null', null],
    ['empty', 'An empty text', ''],
    ['short', 'One character less', digest.slice(1)],
    ['padding', 'Padding', `${digest}=`],
    ['trailing-bits', 'Spare bits set', withSpareBit(digest)],
    ['alphabet', 'The alphabet of base64', `+${digest.slice(1)}`],
    ['hexadecimal', 'Hexadecimal digits', sha256(text).toString('hex')],
    ['of-nothing', 'The digest of nothing', base64url(sha256(''))],
  ]
  return rows.map(([id, comment, value]) => [`${name}-${id}`, `${name}: ${comment}`, { [name]: value }])
}

const extras: readonly Row[] = [
  ['extra-jwk', 'A jwk, which is not the key', { jwk: ed25519.publicJwk }],
  ['extra-jku', 'The address of a key set, which nobody fetches', { jku: 'https://evil.example/jwks' }],
  ['extra-unknown', 'An object that nobody knows', { unknown: { a: [1] } }],
]

const spellings: readonly (readonly [id: string, comment: string, rewrite: (text: string) => string])[] = [
  ['extra-white-space', 'White space between the members', (text) => text.replaceAll(',"', ' ,\n\t"')],
  ['extra-order', 'The members in reverse order', reversed],
  [
    'extra-escape',
    'An escape in a name and in a value',
    (text) => text.replace('"location":"/', '"l\\u006fcation":"\\/'),
  ],
  ['extra-exponent', 'status and created as numbers with exponents', (text) => text.replace(':201,', ':2.01e2,')],
]

function reversed(text: string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()))
}
