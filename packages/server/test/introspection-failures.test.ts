// An introspection endpoint that fails, or is asked by many at a time: who is told what, who is spared, and who learns what. The rule for
// one caller and one failure stands in introspection.test.ts.

import { inspect } from 'node:util'
import { createKey, startServer } from '@countersign/testkit'
import { ClientSecretBasic } from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { RefusalError } from '../src/verifier.ts'
import type { Answer } from './introspection-support.ts'
import { useEndpoint } from './introspection-support.ts'
import { createClock, createSubject, RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
const endpoint = useEndpoint(context)
const { says, active, subjectOf } = endpoint
const TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
const opaque = { accessToken: TOKEN }

const json = (body: string): Answer => {
  return (response) => response.setHeader('content-type', 'application/json').end(body)
}
const status = (code: number): Answer => {
  return (response) => response.writeHead(code).end()
}
const later = (milliseconds: number, answer: Answer): Answer => {
  return (response, question) => void setTimeout(() => answer(response, question), milliseconds)
}

describe('fifty callers with one token', () => {
  test.each([
    ['answers 500', status(500)],
    ['answers 400', status(400)],
    ['answers no JSON', json('{')],
    ['answers two things at once', json('{"active":true,"active":false}')],
    ['breaks off', (response) => response.destroy()],
  ] as [string, Answer][])('are all told to come back if the endpoint %s, and it was asked once', async (_, fail) => {
    const subject = subjectOf()
    const requests = await Promise.all(Array.from({ length: 50 }, () => subject.request(opaque)))
    endpoint.answer = later(100, fail)
    const outcomes = await Promise.allSettled(requests.map((request) => subject.verifier.verify(request)))
    for (const outcome of outcomes) {
      const { reason } = outcome as PromiseRejectedResult
      expect(reason).toBeInstanceOf(RefusalError)
      expect(reason).toMatchObject({ code: 'ERR_INTROSPECTION_UNAVAILABLE', statusCode: 503 })
    }
    expect(endpoint.asked).toHaveLength(1)
  })

  test('are all refused if it is not active', async () => {
    const subject = subjectOf()
    const requests = await Promise.all(Array.from({ length: 50 }, () => subject.request(opaque)))
    endpoint.answer = later(100, says({ active: false }))
    const outcomes = await Promise.allSettled(requests.map((request) => subject.verifier.verify(request)))
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ reason: { code: 'ERR_TOKEN_INACTIVE', statusCode: 401 } })
    expect(endpoint.asked).toHaveLength(1)
  })

  test('are each judged by their own proof: whoever has another key is refused, and the owner is not', async () => {
    const subject = subjectOf()
    const other = await createKey()
    const [owner, thief] = [await subject.request(opaque), await subject.request({ ...opaque, key: other })]
    endpoint.answer = later(100, says({}))
    const outcomes = await Promise.allSettled([thief, owner, thief].map((request) => subject.verifier.verify(request)))
    expect(outcomes).toMatchObject([
      { reason: { code: 'ERR_TOKEN_BINDING_MISMATCH' } },
      { status: 'fulfilled' },
      { reason: { code: 'ERR_TOKEN_BINDING_MISMATCH' } },
    ])
    expect(endpoint.asked).toHaveLength(1)
  })
})

describe('fifty callers with a token each', () => {
  const tokens = Array.from({ length: 50 }, (_, index) => `opaque-${index}`)

  test('are not taken for one another', async () => {
    const subject = subjectOf()
    const requests = await Promise.all(tokens.map((accessToken) => subject.request({ accessToken })))
    endpoint.answer = (response, question) => {
      const token = question.body.get('token')
      setTimeout(() => says({ client_id: token, sub: `of ${token}` })(response, question), Math.random() * 200)
    }
    const verifications = await Promise.all(requests.map((request) => subject.verifier.verify(request)))
    expect(verifications.map(({ caller }) => [caller.clientId, caller.subject])).toEqual(
      tokens.map((token) => [token, `of ${token}`]),
    )
  })

  test('look the endpoint up once', async () => {
    const paths: string[] = []
    const metadata = await startServer((request, response) => {
      paths.push(request.url ?? '')
      const document = { issuer: metadata.url, introspection_endpoint: endpoint.url }
      setTimeout(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(document)), 50)
    })
    endpoint.answer = says({ iss: undefined })
    const introspection = { clientId: 'api', clientAuthentication: ClientSecretBasic('secret') }
    const subject = createSubject(context, { issuer: { issuer: metadata.url, introspection }, nonce: 'off' })
    await Promise.all(tokens.map((accessToken) => subject.send({ accessToken })))
    expect(paths).toEqual(['/.well-known/oauth-authorization-server'])
    expect(endpoint.asked).toHaveLength(50)
    await metadata.stop()
  })

  test('look the endpoint up once, if it is not to be found, and again after a second', async () => {
    const paths: string[] = []
    const metadata = await startServer((request, response) => {
      paths.push(request.url ?? '')
      setTimeout(() => response.writeHead(500).end(), 50)
    })
    const clock = createClock()
    const introspection = { clientId: 'api', clientAuthentication: ClientSecretBasic('secret') }
    const subject = createSubject(context, { issuer: { issuer: metadata.url, introspection }, nonce: 'off', clock })
    const refusals = await Promise.all(tokens.map((accessToken) => subject.refusal({ accessToken })))
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['ERR_INTROSPECTION_UNAVAILABLE']))
    expect(paths).toHaveLength(2) // where RFC 8414 has it, and where OpenID Connect has it
    clock.now += 1
    await subject.refusal(opaque)
    expect(paths).toHaveLength(4)
    await metadata.stop()
  })
})

describe('a stranger', () => {
  // oidc-provider answers 400 to whatever begins like a JWT: one such token a second, and nobody else's would ever be asked about.
  test.each([400, 413, 414, 422, 431])(
    'whose token the endpoint answers with %s is refused, and others are served',
    async (code) => {
      const subject = subjectOf()
      endpoint.answer = (response, question) =>
        (question.body.get('token') === 'made-up' ? status(code) : says({}))(response, question)
      const refusal = await subject.refusal({ accessToken: 'made-up' })
      expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_UNAVAILABLE', statusCode: 503 })
      expect(refusal.headers).toHaveProperty('retry-after')
      expect(refusal.headers).not.toHaveProperty('www-authenticate')
      await subject.send(opaque)
      expect(endpoint.asked).toHaveLength(2)
    },
  )

  test.each([401, 403, 404, 405, 408, 429, 500, 502, 503, 504, 201, 204, 304])(
    'cannot make the endpoint be asked again within a second after it answered %s',
    async (code) => {
      const clock = createClock()
      const subject = subjectOf({}, { clock })
      endpoint.answer = status(code)
      await subject.refusal({ accessToken: 'first' })
      endpoint.answer = says({})
      clock.now += 0.9
      expect((await subject.refusal({ accessToken: 'second' })).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
      expect(endpoint.asked).toHaveLength(1)
      clock.now += 0.1
      await subject.send({ accessToken: 'third' })
    },
  )

  test('whose token is not active keeps nobody else waiting', async () => {
    const subject = subjectOf()
    endpoint.answer = says({ active: false })
    await subject.refusal({ accessToken: 'made-up' })
    endpoint.answer = says({})
    await subject.send(opaque)
  })

  test('is asked about only with a proof that holds in every part', async () => {
    const subject = subjectOf({}, { nonce: 'required' })
    const stranger = await createKey()
    const { rawHeaders } = await subject.request(opaque)
    const [header, payload] = (rawHeaders.at(-1) as string).split('.')
    for (const [changes, code] of [
      [{ proof: `${header}.${payload}.${'A'.repeat(86)}` }, 'ERR_DPOP_PROOF_SIGNATURE'],
      [{ header: { jwk: stranger.jwk } }, 'ERR_DPOP_PROOF_SIGNATURE'],
      [{ header: { typ: 'JWT' } }, 'ERR_DPOP_PROOF_TYP'],
      [{ header: { jwk: undefined } }, 'ERR_DPOP_PROOF_JWK'],
      [{ proof: null }, 'ERR_DPOP_PROOF_MISSING'],
      [{ claims: { nonce: undefined } }, 'ERR_DPOP_NONCE_REQUIRED'],
      [{ claims: { nonce: 'AAAA' } }, 'ERR_DPOP_NONCE_INVALID'],
      [{ claims: { htm: 'POST' } }, 'ERR_DPOP_PROOF_HTM_MISMATCH'],
      [{ claims: { htu: `${RESOURCE}/other` } }, 'ERR_DPOP_PROOF_HTU_MISMATCH'],
      [{ claims: { ath: 'A'.repeat(43) } }, 'ERR_DPOP_PROOF_ATH_MISMATCH'],
      [{ claims: { ath: undefined } }, 'ERR_DPOP_PROOF_CLAIM_MISSING'],
      [{ scheme: 'Bearer', proof: null }, 'ERR_SCHEME_NOT_ACCEPTED'],
      [{ accessToken: 'a'.repeat(16_385) }, 'ERR_TOKEN_TOO_LARGE'],
    ] as const) {
      expect((await subject.refusal({ ...opaque, ...changes })).code).toBe(code)
      expect(endpoint.asked).toEqual([])
    }
    await subject.send(opaque)
    expect(endpoint.asked).toHaveLength(1)
  })
})

describe('the endpoint', () => {
  test('gets the token as it was sent, whatever characters it has, and nothing else of the request', async () => {
    const subject = subjectOf()
    for (const accessToken of ['a+b/c~d-e_f.g==', 'a+2Bb', 'x=', '0'.repeat(16_384)])
      await subject.send({ accessToken, extra: ['Cookie', 'session=1', 'X-Forwarded-For', '192.0.2.1'] })
    expect(endpoint.asked.map(({ body }) => body.get('token'))).toEqual([
      'a+b/c~d-e_f.g==',
      'a+2Bb',
      'x=',
      '0'.repeat(16_384),
    ])
    for (const { headers, body } of endpoint.asked) {
      expect(headers).not.toHaveProperty('dpop') // RFC 9449 section 6.2: no proof goes there
      expect(headers).not.toHaveProperty('cookie')
      expect(headers).not.toHaveProperty('x-forwarded-for')
      expect([...body.keys()].sort()).toEqual(['token', 'token_type_hint'])
      expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
      expect(headers.accept).toBe('application/json')
    }
  })

  test('that begins to answer, and then drips, is given five seconds in all', async () => {
    const timers: NodeJS.Timeout[] = []
    endpoint.answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
      timers.push(setInterval(() => response.write(' '), 300))
    }
    const start = performance.now()
    expect((await subjectOf().refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    expect(performance.now() - start).toBeGreaterThan(4_000)
    expect(performance.now() - start).toBeLessThan(8_000)
    for (const timer of timers) clearInterval(timer)
  })

  test('that hangs is left when the verifier is closed', async () => {
    endpoint.answer = () => undefined
    const subject = subjectOf()
    const start = performance.now()
    const refusal = subject.refusal(opaque)
    await expect.poll(() => endpoint.asked).toHaveLength(1)
    subject.verifier.close()
    expect((await refusal).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    expect(performance.now() - start).toBeLessThan(3_000)
  })

  test.each([
    ['status', status(500)],
    ['other status', status(400)],
    ['redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['media type', (response) => response.setHeader('content-type', 'text/html').end('<p>')],
    ['syntax', json('{')],
    ['connection', (response) => response.destroy()],
    ['inactivity', json('{"active":false}')],
    ['audience', json('{"active":true}')],
  ] as [string, Answer][])('whose %s is wrong: the error holds no token, proof or secret', async (_, fail) => {
    endpoint.answer = fail
    const subject = subjectOf({ clientAuthentication: ClientSecretBasic('correct-horse') })
    const request = await subject.request(opaque)
    const error = await subject.verifier.verify(request).catch((refusal: unknown) => refusal)
    const text = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })
    expect(text).toContain('ERR_')
    const basic = Buffer.from('api:correct-horse').toString('base64')
    for (const secret of [TOKEN, request.rawHeaders.at(-1) as string, 'correct-horse', basic])
      expect(text).not.toContain(secret)
  })

  test('that follows no redirect to a place that would say yes', async () => {
    const elsewhere = await startServer((_, response) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify(active())),
    )
    for (const code of [301, 302, 303, 307, 308]) {
      endpoint.answer = (response) => response.writeHead(code, { location: elsewhere.url }).end()
      expect((await subjectOf().refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    }
    await elsewhere.stop()
  })

  test.each([
    ['null', json('null')],
    ['true', json('true')],
    ['nothing', json('')],
    ['two documents', json('{"active":true}{"active":true}')],
    ['a byte order mark', json('\ufeff{"active":true}')],
    ['a number out of range', json('{"active":true,"exp":1e999}')],
    ['half a character', json('{"active":true,"sub":"\\ud800"}')],
    ['nesting without end', json(`{"active":true,"x":${'['.repeat(40)}${']'.repeat(40)}}`)],
    [
      'two keys at once',
      json('{"active":true,"cnf":{"jkt":"A","jkt":"B"},"client_id":"x","aud":"x","exp":4102444800}'),
    ],
    [
      'bytes that are no UTF-8',
      (response) =>
        response
          .setHeader('content-type', 'application/json')
          .end(Buffer.from('{"active":true,"sub":"\xff"}', 'latin1')),
    ],
    [
      'no media type',
      (response) => {
        response.end(JSON.stringify(active()))
      },
    ],
  ] as [string, Answer][])('that answers with %s: 503', async (_, answer) => {
    endpoint.answer = answer
    expect(await subjectOf().refusal(opaque)).toMatchObject({
      code: 'ERR_INTROSPECTION_UNAVAILABLE',
      statusCode: 503,
    })
  })

  test('whose answer has members of an object’s prototype adds none to it', async () => {
    const members = '"__proto__":{"active":true,"client_id":"evil"},"constructor":"x"'
    endpoint.answer = json(JSON.stringify(active()).replace('{', `{${members},`))
    const { caller } = await subjectOf().send(opaque)
    expect(caller.clientId).toBe('partner-7')
    expect(({} as { active?: unknown }).active).toBeUndefined()
    endpoint.answer = json(JSON.stringify(active({ active: undefined })).replace('{', `{${members},`))
    expect((await subjectOf().refusal(opaque)).code).toBe('ERR_TOKEN_INACTIVE')
  })
})

describe('what was answered', () => {
  test('is kept for the owner of the token, and for nobody else', async () => {
    const subject = subjectOf({}, { accept: ['dpop', 'bearer'] })
    await subject.send(opaque)
    expect((await subject.refusal({ ...opaque, key: await createKey() })).code).toBe('ERR_TOKEN_BINDING_MISMATCH')
    expect((await subject.refusal({ ...opaque, scheme: 'Bearer', proof: null })).code).toBe('ERR_TOKEN_BOUND')
    await subject.send(opaque)
    expect(endpoint.asked).toHaveLength(1)
  })

  test('of a token without key is kept for bearers only', async () => {
    endpoint.answer = says({ cnf: undefined, token_type: 'Bearer' })
    const subject = subjectOf({}, { accept: ['dpop', 'bearer'] })
    const bearer = { ...opaque, scheme: 'Bearer', proof: null }
    await subject.send(bearer)
    expect((await subject.refusal(opaque)).code).toBe('ERR_TOKEN_UNBOUND')
    await subject.send(bearer)
    expect(endpoint.asked).toHaveLength(1)
  })

  test('is kept no longer than any token is, and not at all without a cache', async () => {
    const clock = createClock()
    const subject = subjectOf({ maxAgeSeconds: 300 }, { clock, tokenCache: { maxAgeSeconds: 5 } })
    const claims = () => ({ iat: clock.now })
    await subject.send({ ...opaque, claims: claims() })
    clock.now += 4
    await subject.send({ ...opaque, claims: claims() })
    expect(endpoint.asked).toHaveLength(1)
    clock.now += 1
    await subject.send({ ...opaque, claims: claims() })
    expect(endpoint.asked).toHaveLength(2)
    const without = subjectOf({}, { tokenCache: { maxEntries: 0 } })
    await without.send(opaque)
    await without.send(opaque)
    expect(endpoint.asked).toHaveLength(4)
  })

  test('is not kept, if the token was refused after all', async () => {
    const subject = subjectOf()
    endpoint.answer = says({ aud: 'https://other.example' })
    expect((await subject.refusal(opaque)).code).toBe('ERR_TOKEN_AUDIENCE')
    endpoint.answer = says({})
    await subject.send(opaque)
    expect(endpoint.asked).toHaveLength(2)
  })

  test('cannot be changed by whoever gets it', async () => {
    const subject = subjectOf()
    endpoint.answer = says({ cnf: { jkt: context.key.jkt, x: ['y'] } })
    const { caller } = await subject.send(opaque)
    const confirmation = caller.claims['cnf'] as { jkt: string; x: string[] }
    expect(() => Object.assign(confirmation, { jkt: 'A' })).toThrow(TypeError)
    expect(() => confirmation.x.push('z')).toThrow(TypeError)
  })
})

describe('is explained', () => {
  test.each([
    ['accepted', says({}), 'accepted', undefined],
    ['not active', says({ active: false }), 'ERR_TOKEN_INACTIVE', 401],
    ['of another issuer', says({ iss: 'https://other.example' }), 'ERR_TOKEN_ISSUER', 401],
    ['a refresh token', says({ token_type: 'refresh_token' }), 'ERR_TOKEN_KIND', 401],
    ['for others', says({ aud: 'https://other.example' }), 'ERR_TOKEN_AUDIENCE', 401],
    ['unknown, since the endpoint fails', status(500), 'ERR_INTROSPECTION_UNAVAILABLE', 503],
  ] as [string, Answer, string, number | undefined][])('a token that is %s', async (_, answer, outcome, code) => {
    const subject = subjectOf()
    endpoint.answer = answer
    const explanation = await subject.verifier.explain(await subject.request(opaque))
    expect([explanation.outcome, explanation.status]).toEqual([outcome, code])
    const failed = explanation.findings.filter(({ status }) => status === 'fail')
    expect(failed.map(({ code }) => code)).toEqual(outcome === 'accepted' ? [] : [outcome])
    expect(JSON.stringify(explanation)).not.toContain(TOKEN)
  })

  test('without being remembered', async () => {
    const subject = subjectOf()
    await subject.verifier.explain(await subject.request(opaque))
    await subject.send(opaque)
    expect(endpoint.asked).toHaveLength(2)
  })

  test('without being asked about, if the proof does not hold', async () => {
    const subject = subjectOf()
    const request = await subject.request({ ...opaque, header: { jwk: (await createKey()).jwk } })
    const { outcome, findings } = await subject.verifier.explain(request)
    expect(outcome).toBe('ERR_DPOP_PROOF_SIGNATURE')
    expect(findings.find(({ id }) => id === 'token.introspection')).toMatchObject({ status: 'skipped' })
    expect(endpoint.asked).toEqual([])
  })
})
