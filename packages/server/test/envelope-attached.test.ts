// Attached envelopes over HTTP: the content is the envelope, and parsers and handlers see an ordinary request with what is in it.

import multipart from '@fastify/multipart'
import { describe, expect, test } from 'vitest'
import type { EnvelopedCall } from './envelope-support.ts'
import { JSON_TEXT, useEnvelopes } from './envelope-support.ts'

const { context, start } = useEnvelopes()
const attached = (call: EnvelopedCall = {}): EnvelopedCall => ({ form: 'attached', ...call })

describe.each([
  ['HTTP/1.1', {}],
  ['HTTP/2', { http2: true as const }],
])('over %s', (_, serverOptions) => {
  test('a JSON body is parsed as any other, and the fields are those of what was signed', async () => {
    const server = await start({}, undefined, serverOptions)
    const answer = await server.call(attached())
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({
      body: { amount: '12.50', to: 'Zoë' },
      caller: { kind: 'envelope', jkt: context.key.jkt },
      type: 'application/json',
      length: String(Buffer.byteLength(JSON_TEXT)),
    })
    // With a token that is known by now.
    expect((await server.call(attached())).status).toBe(200)
  })

  test.each<[string, EnvelopedCall, string]>([
    ['one character of the content', { wire: { envelope: flipped(1) } }, 'ERR_ENVELOPE_SIGNATURE'],
    ['one character of the signature', { wire: { envelope: flipped(2) } }, 'ERR_ENVELOPE_SIGNATURE'],
    ['an envelope that is cut', { wire: { envelope: (jws) => jws.slice(0, -1) } }, 'ERR_ENVELOPE_MALFORMED'],
    ['a line break after it', { wire: { envelope: (jws) => `${jws}\n` } }, 'ERR_ENVELOPE_MALFORMED'],
    ['content of another kind', { wire: { envelope: () => '{"a":1}' } }, 'ERR_ENVELOPE_MALFORMED'],
    ['nothing', { wire: { envelope: () => '' } }, 'ERR_ENVELOPE_MALFORMED'],
    ['a detached one', { header: { typ: 'gnap-binding-jwsd' } }, 'ERR_ENVELOPE_TYP'],
    ['another query', { wire: { path: '/echo?x=2' } }, 'ERR_ENVELOPE_URI_MISMATCH'],
    ['another method', { wire: { method: 'PUT' } }, 'ERR_ENVELOPE_HTM_MISMATCH'],
    ['no cty', { header: { cty: undefined } }, 'ERR_ENVELOPE_PARAMETER_MISSING'],
    ['cty of an envelope', { header: { cty: 'application/jose' } }, 'ERR_ENVELOPE_PARAMETER_INVALID'],
    ['b64', { header: { b64: false } }, 'ERR_ENVELOPE_CRIT'],
    ['a content coding', { wire: { headers: { 'content-encoding': 'gzip' } } }, 'ERR_ENVELOPE_CONTENT_ENCODING'],
    ['a DPoP proof beside it', { wire: { headers: { dpop: 'a.b.c' } } }, 'ERR_ENVELOPE_AMBIGUOUS'],
    ['a detached envelope beside it', { wire: { headers: { 'detached-jws': 'a.b.c' } } }, 'ERR_ENVELOPE_AMBIGUOUS'],
    ['no nonce', { header: { nonce: undefined } }, 'ERR_DPOP_NONCE_REQUIRED'],
  ])('%s is refused, and reaches no handler', async (_name, call, code) => {
    const server = await start({}, undefined, serverOptions)
    const answer = await server.call(attached(call))
    expect([answer.code, server.handled]).toEqual([code, []])
    expect((await server.call(attached())).status).toBe(200)
  })
})

test('an envelope is good once', async () => {
  const server = await start()
  const once = attached({ header: { jti: 'the-same' } })
  expect((await server.call(once)).status).toBe(200)
  expect((await server.call(once)).code).toBe('ERR_ENVELOPE_REPLAYED')
})

test('nobody without a token that is good has content read', async () => {
  const server = await start({ envelope: { maxContentBytes: 4000 } })
  const big = attached({ content: 'x'.repeat(10_000) })
  const answer = await server.call(big)
  expect([answer.status, answer.code]).toEqual([413, 'ERR_ENVELOPE_CONTENT_TOO_LARGE'])
  expect((await server.call({ ...big, claims: { aud: 'https://other.example' } })).code).toBe('ERR_TOKEN_AUDIENCE')
  expect((await server.call({ ...big, accessToken: 'a.b.c' })).code).toMatch(/^ERR_TOKEN_/)
  expect(
    (await server.call(attached({ claims: { cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } } }))).code,
  ).toBe('ERR_TOKEN_BINDING_MISMATCH')
  expect(server.handled).toEqual([])
})

describe('what an application does with a body works unchanged:', () => {
  const schema = { body: { type: 'object', required: ['amount'], properties: { amount: { type: 'string' } } } }

  test('validation by JSON schema', async () => {
    const server = await start({}, (app) => {
      app.post('/payments', { schema }, async ({ body }) => body)
    })
    const call = attached({ path: '/payments' })
    expect(JSON.parse((await server.call(call)).body)).toEqual({ amount: '12.50', to: 'Zoë' })
    const wrong = await server.call({ ...call, content: '{"sum":1}' })
    expect([wrong.status, wrong.code]).toEqual([400, 'FST_ERR_VALIDATION'])
    const broken = await server.call({ ...call, content: '{' })
    expect(broken.status).toBe(400)
  })

  test('multipart, field by field and as a file', async () => {
    const server = await start({}, async (app) => {
      await app.register(multipart)
      app.post('/upload', async (request) => {
        const found: unknown[] = []
        for await (const part of request.parts()) {
          if (part.type === 'file') found.push([part.filename, part.mimetype, (await part.toBuffer()).toString()])
          else found.push([part.fieldname, part.value])
        }
        return found
      })
    })
    const form = new FormData()
    form.set('a', 'ü')
    form.set('file', new Blob(['content'], { type: 'text/plain' }), 'x.txt')
    const serialised = new Response(form)
    const contentType = String(serialised.headers.get('content-type'))
    const content = new Uint8Array(await serialised.arrayBuffer())
    for (const form of ['attached', 'detached'] as const) {
      const answer = await server.call({ form, path: '/upload', content, contentType })
      expect(JSON.parse(answer.body), form).toEqual([
        ['a', 'ü'],
        ['x.txt', 'text/plain', 'content'],
      ])
    }
  })

  test('parsers of its own: of a text, of a buffer, of a stream, and one for everything', async () => {
    const server = await start({}, (app) => {
      app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, text, done) =>
        done(null, String(text).split(',')),
      )
      app.addContentTypeParser('application/x-bytes', { parseAs: 'buffer' }, (_request, bytes, done) =>
        done(null, bytes.length),
      )
      app.addContentTypeParser('application/x-lines', async (_request: unknown, payload: AsyncIterable<Buffer>) => {
        let text = ''
        for await (const chunk of payload) text += chunk
        return text.split('\n')
      })
      app.addContentTypeParser('*', (request, _payload, done) => {
        let text = ''
        request.raw.on('data', (chunk) => {
          text += chunk
        })
        request.raw.on('end', () => done(null, `anything: ${text}`))
      })
    })
    const bodies: [string, unknown][] = [
      ['text/csv', ['a', 'b\nc']],
      ['application/x-bytes', 5],
      ['application/x-lines', ['a,b', 'c']],
      ['application/x-else', 'anything: a,b\nc'],
    ]
    for (const form of ['attached', 'detached'] as const) {
      for (const [contentType, body] of bodies) {
        const answer = await server.call({ form, contentType, content: 'a,b\nc' })
        expect(JSON.parse(answer.body).body, `${form} ${contentType}`).toEqual(body)
      }
    }
  })

  test('a limit of the body', async () => {
    const server = await start({}, (app) => {
      app.post('/small', { bodyLimit: 20 }, async () => 'no')
    })
    for (const form of ['attached', 'detached'] as const) {
      const answer = await server.call({ form, path: '/small' })
      expect([answer.status, answer.code]).toEqual([413, 'FST_ERR_CTP_BODY_TOO_LARGE'])
    }
  })

  test('hooks before and after the body is parsed', async () => {
    const seen: unknown[] = []
    const server = await start({}, (app) => {
      app.addHook('preParsing', async (_request, _reply, payload) => {
        seen.push('preParsing')
        return payload
      })
      app.addHook('preValidation', async ({ body, caller }) => {
        seen.push([body, caller.kind])
      })
    })
    await server.call(attached())
    expect(seen).toEqual(['preParsing', [{ amount: '12.50', to: 'Zoë' }, 'envelope']])
  })
})

test('a route without envelopes has content of the type application/jose like any other', async () => {
  const server = await start({ accept: ['dpop'] }, (app) => {
    app.addContentTypeParser('application/jose', { parseAs: 'string' }, (_request, text, done) => done(null, text))
  })
  expect((await server.call(attached())).code).toBe('ERR_DPOP_PROOF_MISSING')
})

/** Changes one character in the middle of a segment, to another of its alphabet. */
function flipped(index: number): (text: string) => string {
  return (text) => {
    const segments = text.split('.')
    const segment = segments[index] as string
    const at = Math.floor(segment.length / 2)
    segments[index] = segment.slice(0, at) + (segment[at] === 'A' ? 'B' : 'A') + segment.slice(at + 1)
    return segments.join('.')
  }
}
