// What a refusal means, as an error: for whoever wants one.

import { describe, expect, test } from 'vitest'
import { isCountersignError, refusalOf } from '../src/index.ts'
import type { Behaviour } from './support.ts'
import { challenge, clientOf, serve } from './support.ts'

const answers =
  (status: number, fields: Readonly<Record<string, string>> = {}, body = ''): Behaviour =>
  (response) =>
    void response.writeHead(status, fields).end(body)

async function refusalBy(behave: Behaviour) {
  const { url, seen } = await serve(behave)
  const response = await clientOf(url).fetch('/')
  return { error: await refusalOf(response), response, seen }
}

const problem = {
  type: 'docs/errors.md#err_scope_insufficient',
  title: 'The access token lacks a scope this route needs',
  status: 403,
  code: 'ERR_SCOPE_INSUFFICIENT',
  serverTime: 1,
  parameter: 'scope',
}

describe('a server of Countersign', () => {
  const behave = answers(
    403,
    { 'content-type': 'application/problem+json', 'www-authenticate': 'DPoP error="insufficient_scope", scope="a b"' },
    JSON.stringify(problem),
  )

  test('says the code, the problem and the challenges', async () => {
    const { error, response } = await refusalBy(behave)
    expect(isCountersignError(error, 'ERR_SCOPE_INSUFFICIENT')).toBe(true)
    expect(error).toMatchObject({ message: problem.title, parameter: 'scope', actual: 403, retryable: false, problem })
    expect(error?.challenges).toMatchObject([
      { scheme: 'DPoP', parameters: { error: 'insufficient_scope', scope: 'a b' } },
    ])
    expect(await response.json()).toEqual(problem)
  })

  test('and can be asked again', async () => {
    const { response } = await refusalBy(behave)
    expect((await refusalOf(response))?.code).toBe('ERR_SCOPE_INSUFFICIENT')
  })
})

describe('any other server', () => {
  test.each<[string, Behaviour, object]>([
    [
      'says an OAuth error',
      answers(401, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }),
      { reason: 'invalid_dpop_proof' },
    ],
    ['says nothing', answers(403), { reason: undefined, challenges: [] }],
    ['says something that is no challenge', answers(401, { 'www-authenticate': '"' }), { challenges: [] }],
    ['is too busy', answers(503, { 'retry-after': '5' }), { retryable: true }],
    ['counts calls', answers(429), { retryable: true }],
    [
      'names no code of ours',
      answers(400, { 'content-type': 'application/json' }, '{"code":"<script>"}'),
      { actual: 400 },
    ],
    ['sends what is no JSON', answers(400, { 'content-type': 'application/json' }, '{'), { problem: undefined }],
    ['sends a list', answers(400, { 'content-type': 'application/json' }, '[1]'), { actual: 400 }],
    [
      'sends very much',
      answers(400, { 'content-type': 'application/json' }, `"${'x'.repeat(9000)}"`),
      { problem: undefined },
    ],
  ])('%s: ERR_CALL_REFUSED', async (_, behave, expected) => {
    expect((await refusalBy(behave)).error).toMatchObject({ code: 'ERR_CALL_REFUSED', ...expected })
  })

  test.each([200, 204, 302, 404, 409, 500, 502])('status %d refuses nothing', async (status) => {
    expect((await refusalBy(answers(status))).error).toBeUndefined()
  })
})

describe('a nonce that cannot be had', () => {
  test.each<[string, Behaviour, number]>([
    [
      'missing',
      (response) => void response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end(),
      1,
    ],
    ['repeated', (response) => challenge(response, 'always the same'.replaceAll(' ', '-')), 2],
    ['endless', (response, _, seen) => challenge(response, `n${seen.length}`), 2],
  ])('%s', async (reason, behave, requests) => {
    const { error, seen, response } = await refusalBy(behave)
    expect(error).toMatchObject({ code: 'ERR_NONCE_NOT_ACCEPTED', reason, actual: 401 })
    expect(error?.challenges?.[0]?.parameters['error']).toBe('use_dpop_nonce')
    expect(seen).toHaveLength(requests)
    expect(response.bodyUsed).toBe(false)
  })

  test('hidden from a page', async () => {
    // What a browser shows of an answer of another origin that exposes nothing.
    const fetch = async () => {
      const response = new Response(null, {
        status: 401,
        headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
      })
      return Object.defineProperty(response, 'type', { value: 'cors' })
    }
    const response = await clientOf('https://api.example.com', { fetch }).fetch('/')
    const error = await refusalOf(response)
    expect(error).toMatchObject({ code: 'ERR_NONCE_NOT_ACCEPTED', reason: 'hidden' })
    expect(error?.message).toContain('Access-Control-Expose-Headers')
  })
})

test('an error becomes JSON with all of it, and without what is secret', async () => {
  const { error } = await refusalBy(answers(401, { 'www-authenticate': 'DPoP error="invalid_token"' }))
  const json = JSON.stringify(error)
  expect(JSON.parse(json)).toMatchObject({ name: 'CountersignError', code: 'ERR_CALL_REFUSED', retryable: false })
  expect(json).not.toContain('token-1')
})
