// A signed answer and the response it comes with: spec/request-envelope.md, "Signed answer", steps 3, 4 and 6 of the client.

import type { Flag, Recipe } from './answer-recipe.ts'
import { answerVector, CONTENT, REQUEST, signers } from './answer-recipe.ts'
import { base64url, sha256 } from './encoding.ts'
import { ATTACHED_EXAMPLE } from './envelope-printed.ts'
import type { Expectation, Vector } from './vector.ts'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function answerResponseVectors(): Promise<Vector[]> {
  const mismatch = 'ERR_ENVELOPE_ANSWER_MISMATCH'
  return Promise.all([
    ...group('form', '7515#section-5.1', 'valid', forms),
    ...group('fields-received', '9110#section-5.3', 'valid', goodFields),
    ...group('req', '7515#section-3.1', mismatch, requests),
    ...group('status', '9110#section-15', mismatch, statuses),
    ...group('fields-received', '9110#section-5.3', mismatch, fields),
    ...group('content', '9110#section-6.4', 'valid', goodContents),
    ...group('content', '9110#section-6.4', mismatch, contents),
  ])
}

function group(flag: Flag, rfc: string, expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => answerVector(id, comment, [flag], rfc, expect, recipe))
}

const JSON_LINE = ['Content-Type', 'application/json'] as const
const LOCATION_LINE = ['Location', '/orders/7'] as const
const absent = { lines: [], fields: { 'content-type': null, location: null } } as const

const forms: readonly Row[] = [
  ['ed25519', 'Ed25519', {}],
  ['eddsa', 'EdDSA', { signer: signers.eddsa }],
  ['es256', 'ES256', { signer: signers.es256 }],
  ['ps256', 'PS256', { signer: signers.ps256 }],
  [
    'problem',
    'A refusal by policy',
    {
      status: 403,
      content: '{"title":"No"}',
      lines: [['content-type', 'application/problem+json']],
      fields: { 'content-type': 'application/problem+json', location: null },
    },
  ],
  ['status-at-limit', 'The last status there is', { status: 599 }],
  ['redirect', 'A redirect', { status: 303, content: '', lines: [LOCATION_LINE], fields: { 'content-type': null } }],
]

const goodFields: readonly Row[] = [
  [
    'fields-others',
    'Two other fields, of which one is absent',
    { lines: [JSON_LINE, LOCATION_LINE, ['ETag', '"a"']], fields: { etag: '"a"', link: null } },
  ],
  [
    'fields-lines',
    'Two lines of one name',
    {
      lines: [JSON_LINE, ['Link', '</a>; rel="a, b"'], LOCATION_LINE, ['link', '</b>']],
      fields: { link: '</a>; rel="a, b", </b>' },
    },
  ],
  ['fields-white-space', 'White space around a value', { lines: [JSON_LINE, ['Location', ' \t/orders/7\t ']] }],
  [
    'fields-tab',
    'A tab within a value',
    { lines: [JSON_LINE, LOCATION_LINE, ['X-Note', 'a\tb']], fields: { 'x-note': 'a\tb' } },
  ],
  ['fields-empty', 'An empty value', { lines: [JSON_LINE, LOCATION_LINE, ['X-Note', '']], fields: { 'x-note': '' } }],
  ['fields-uncovered', 'A field that is not signed', { lines: [JSON_LINE, LOCATION_LINE, ['X-Note', 'a']] }],
  ['fields-absent', 'Neither content-type nor location', { ...absent }],
]

const [header = '', payload = '', signature = ''] = REQUEST.split('.')
const reqOf = (text: string): Recipe => ({ header: { req: base64url(sha256(text)) } })

const requests: readonly Row[] = [
  ['req-of-another', 'The answer to another request', reqOf(ATTACHED_EXAMPLE)],
  ['req-of-signing-input', 'The request without its signature', reqOf(`${header}.${payload}`)],
  ['req-of-signature', 'The signature of the request only', reqOf(signature)],
  ['req-of-content', 'The digest of the content of the request', { header: { req: payload } }],
  ['req-of-line', 'The request with a line feed after it', reqOf(`${REQUEST}\n`)],
]

const statuses: readonly Row[] = [
  ['status-received', 'Another status arrives', { receivedStatus: 200 }],
  ['status-refusal', 'A refusal arrives with the status of a success', { status: 403, receivedStatus: 201 }],
]

const fields: readonly Row[] = [
  [
    'fields-received-content-type',
    'Another content-type arrives',
    { lines: [['Content-Type', 'text/html'], LOCATION_LINE] },
  ],
  [
    'fields-received-parameter',
    'A parameter is added',
    { lines: [['Content-Type', 'application/json;a=b'], LOCATION_LINE] },
  ],
  [
    'fields-received-case',
    'The value in another case',
    { lines: [['Content-Type', 'application/JSON'], LOCATION_LINE] },
  ],
  ['fields-received-location', 'Another location arrives', { lines: [JSON_LINE, ['Location', '/orders/8']] }],
  ['fields-received-none', 'A signed field does not arrive', { lines: [JSON_LINE] }],
  [
    'fields-received-added',
    'A field arrives that is signed as absent',
    { lines: [JSON_LINE, LOCATION_LINE], fields: { location: null } },
  ],
  ['fields-received-line', 'A second line is added', { lines: [JSON_LINE, LOCATION_LINE, ['Location', '/evil']] }],
  [
    'fields-received-order',
    'Two lines arrive in another order',
    { lines: [JSON_LINE, LOCATION_LINE, ['Link', '</b>'], ['Link', '</a>']], fields: { link: '</a>, </b>' } },
  ],
  [
    'fields-received-other',
    'Another etag arrives',
    { lines: [JSON_LINE, LOCATION_LINE, ['ETag', '"b"']], fields: { etag: '"a"' } },
  ],
  [
    'fields-received-empty',
    'An empty value arrives for a field that is signed as absent',
    { lines: [JSON_LINE, LOCATION_LINE, ['X-Note', '']], fields: { 'x-note': null } },
  ],
]

const goodContents: readonly Row[] = [
  ['content-octets', 'Octets that are no text', { content: Uint8Array.of(0, 255, 10, 13) }],
  ['content-one', 'One octet', { content: '0' }],
  ['content-none', 'No content with a status that allows it', { status: 200, content: '' }],
  ['content-204', 'Status 204', { ...absent, status: 204, content: '' }],
  ['content-304', 'Status 304', { ...absent, status: 304, content: '' }],
  ['content-head', 'The answer to a HEAD', { method: 'HEAD', status: 200, content: '' }],
]

const digestOf = (text: string) => ({ digest: base64url(sha256(text)) })

const contents: readonly Row[] = [
  ['content-other', 'Other content arrives', { receivedContent: '{"id": 8}' }],
  ['content-respelt', 'The same JSON, written anew', { receivedContent: '{"id":7}' }],
  ['content-truncated', 'The last octet does not arrive', { receivedContent: CONTENT.slice(0, -1) }],
  ['content-longer', 'A line feed is added', { receivedContent: `${CONTENT}\n` }],
  ['content-missing', 'No content arrives', { receivedContent: '' }],
  ['content-unsigned', 'Content without a digest', { header: { digest: undefined } }],
  ['content-of-encoding', 'The digest of the content in base64url', { header: digestOf(base64url(CONTENT)) }],
  ['content-added', 'Content arrives where none was signed', { content: '', receivedContent: CONTENT }],
  [
    'content-204-digest',
    'Status 204 with a digest',
    { ...absent, status: 204, content: '', header: digestOf(CONTENT) },
  ],
  [
    'content-head-digest',
    'The answer to a HEAD with the digest of what a GET would bring',
    { method: 'HEAD', status: 200, content: '', header: digestOf(CONTENT) },
  ],
]
