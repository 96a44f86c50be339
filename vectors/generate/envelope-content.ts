// The payload of an envelope and the content of its request: spec/request-envelope.md, "Serialisations".

import { createHash } from 'node:crypto'
import { base64url, bytesFrom, sha256 } from './encoding.ts'
import type { Flag, Recipe } from './envelope-recipe.ts'
import { CONTENT, envelopeVector, payloadOf } from './envelope-recipe.ts'
import type { Expectation, Vector } from './vector.ts'

const DETACHED = '9635#section-7.3.3'
const ATTACHED = '9635#section-7.3.4'

type Row = readonly [id: string, comment: string, recipe: Recipe]

/** The vectors of this part. */
export async function contentVectors(): Promise<Vector[]> {
  return Promise.all([
    ...group('form', [DETACHED, ATTACHED], 'valid', forms),
    ...group('content', [DETACHED, '9110#section-6.4'], 'ERR_ENVELOPE_CONTENT_MISMATCH', otherContents),
    ...group('content', [DETACHED, ATTACHED], 'ERR_ENVELOPE_MALFORMED', noPayloads),
  ])
}

function group(flag: Flag, rfc: string | string[], expect: Expectation, rows: readonly Row[]): Promise<Vector>[] {
  return rows.map(([id, comment, recipe]) => envelopeVector(id, comment, [flag], rfc, expect, recipe))
}

const bytes = bytesFrom('content', 300)
const binary = 'application/octet-stream'
const payload = (segment: string): Recipe => ({ payloadSegment: () => segment })
const none = { content: '', method: 'GET' } as const

const forms: readonly Row[] = [
  ['detached', 'Detached, with content', {}],
  ['detached-no-content', 'Detached, no content', none],
  ['detached-empty-post', 'Detached, a POST of zero length', { content: '' }],
  [
    'detached-empty-post-typed',
    'Detached, a POST of zero length with a Content-Type: there is no content, so no cty',
    { content: '', receivedType: 'application/json' },
  ],
  ['detached-binary', 'Detached, content that is no text', { content: bytes, contentType: binary }],
  ['detached-one-octet', 'Detached, one octet', { content: '\0', contentType: binary }],
  ['attached', 'Attached, with content', { form: 'attached' }],
  ['attached-no-content', 'Attached, no content: in the field', { ...none, form: 'attached' }],
  ['attached-binary', 'Attached, content that is no text', { form: 'attached', content: bytes, contentType: binary }],
  ['attached-one-octet', 'Attached, one octet', { form: 'attached', content: '\0', contentType: binary }],
  [
    'attached-digest-length',
    'Attached, content of the length of a digest',
    { form: 'attached', content: sha256(CONTENT), contentType: binary },
  ],
  ['attached-empty-json', 'Attached, content that is a JSON text of nothing', { form: 'attached', content: '""' }],
]

const otherContents: readonly Row[] = [
  ['content-other', 'Other content of the same length', { received: '{"hello": "w0rld"}' }],
  ['content-respelt', 'The same JSON, written anew', { received: '{"hello":"world"}' }],
  ['content-line-feed', 'A line feed after it', { received: `${CONTENT}\n` }],
  ['content-truncated', 'Without its last octet', { received: CONTENT.slice(0, -1) }],
  ['content-twice', 'The content twice', { received: CONTENT + CONTENT }],
  ['content-missing', 'A digest and no content', { received: '' }],
  ['content-unsigned', 'Content and an empty payload', { content: '', received: CONTENT }],
  [
    'content-unsigned-attached',
    'Content beside an attached envelope',
    { form: 'attached', content: '', received: CONTENT },
  ],
  [
    'payload-removed',
    'The payload removed before signing, as the name of the field suggests',
    { contentType: null, payloadSegment: () => '' },
  ],
  [
    'payload-digest-of-nothing',
    'No content, and its digest',
    { content: '', payloadSegment: () => base64url(sha256('')) },
  ],
  ['payload-digest-of-nothing-with-content', 'The digest of nothing, with content', payload(base64url(sha256('')))],
  [
    'payload-digest-of-base64url',
    'The digest of the content in base64url',
    payload(base64url(sha256(base64url(CONTENT)))),
  ],
  [
    'payload-empty-attached',
    'An attached envelope in the content, without content',
    { form: 'attached', content: '', carrier: 'content' },
  ],
]

const digest = payloadOf('detached', CONTENT)
const noPayloads: readonly Row[] = [
  ['payload-encoded-twice', 'The digest encoded twice, as RFC 9635 can be read', payload(base64url(digest))],
  ['payload-hexadecimal', 'The digest in hexadecimal, encoded', payload(base64url(sha256(CONTENT).toString('hex')))],
  [
    'payload-sha-512',
    'SHA-512 in the place of SHA-256',
    payload(base64url(createHash('sha512').update(CONTENT).digest())),
  ],
  ['payload-truncated', 'The first half of the digest', payload(base64url(sha256(CONTENT).subarray(0, 16)))],
  ['payload-content-in-field', 'The content itself, in the field', payload(base64url(CONTENT))],
  ['payload-trailing-bits', 'The digest with spare bits set', payload(`${digest.slice(0, -1)}F`)],
  ['payload-padded', 'The digest with padding', payload(`${digest}=`)],
]
