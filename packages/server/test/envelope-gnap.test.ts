// Plain key proofs of RFC 9635, where they are accepted: the key comes from the token, and neither jti nor nonce is needed.

import { beforeAll, describe, expect, test } from 'vitest'
import type { EnvelopedCall } from './envelope-support.ts'
import { useEnvelopes } from './envelope-support.ts'

const { context, start } = useEnvelopes()
const OTHER_JKT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
const PLAIN = { jwk: undefined, jti: undefined, nonce: undefined, cty: undefined, kid: 'k1' }
let jwk: object
let cnf: object

beforeAll(() => {
  jwk = { ...context.key.jwk, kid: 'k1', alg: 'ES256' }
  cnf = { jwk }
})
const gnap = ({ header, claims, ...call }: EnvelopedCall = {}): EnvelopedCall => ({
  scheme: 'GNAP',
  header: { ...PLAIN, ...header },
  claims: { cnf, ...claims },
  ...call,
})
const accepting = () => start({ envelope: { profile: 'gnap' } })

describe.each([
  ['HTTP/1.1', {}],
  ['HTTP/2', { http2: true as const }],
])('over %s', (_, serverOptions) => {
  test.each<[string, EnvelopedCall]>([
    ['jwsd', {}],
    ['jws', { form: 'attached' }],
    ['jwsd without content', { method: 'GET', content: null }],
    ['jws without content', { method: 'GET', content: null, form: 'attached' }],
  ])('%s is accepted', async (_name, call) => {
    const server = await start({ envelope: { profile: 'gnap' } }, undefined, serverOptions)
    const answer = await server.call(gnap(call))
    expect([answer.status, answer.code]).toEqual([200, undefined])
    const { caller, body } = JSON.parse(answer.body)
    expect(caller).toMatchObject({ kind: 'envelope', jkt: context.key.jkt, algorithm: 'ES256' })
    expect(caller).not.toHaveProperty('confirmationKey')
    if (call.content !== null) expect(body).toMatchObject({ amount: '12.50' })
    expect(
      (await server.call(gnap({ ...call, header: { ...call.header, created: Math.floor(Date.now() / 1000) + 1 } })))
        .status,
    ).toBe(200)
  })
})

test.each<[string, EnvelopedCall, string]>([
  ['another key', { header: { kid: 'k2' } }, 'ERR_ENVELOPE_KID_MISMATCH'],
  ['no ath', { header: { ath: undefined } }, 'ERR_ENVELOPE_PARAMETER_MISSING'],
  ['an old one', { header: { created: Math.floor(Date.now() / 1000) - 100 } }, 'ERR_ENVELOPE_EXPIRED'],
  ['a nonce that is none of ours', { header: { nonce: 'x' } }, 'ERR_DPOP_NONCE_INVALID'],
  ['content that was altered', { wire: { body: '{}' } }, 'ERR_ENVELOPE_CONTENT_MISMATCH'],
  ['another query', { wire: { path: '/echo?x=2' } }, 'ERR_ENVELOPE_URI_MISMATCH'],
  ['a DPoP proof beside it', { wire: { headers: { dpop: 'a.b.c' } } }, 'ERR_ENVELOPE_AMBIGUOUS'],
  ['a signature of nothing', { wire: { envelope: (jws) => `${jws.slice(0, -8)}AAAAAAAA` } }, 'ERR_ENVELOPE_SIGNATURE'],
])('%s is refused', async (_, call, code) => {
  const server = await accepting()
  const answer = await server.call(gnap(call))
  expect([answer.code, server.handled]).toEqual([code, []])
})

test('a token that holds no key, or another than it is bound to, is refused', async () => {
  const server = await accepting()
  const jkt = context.key.jkt
  const { kid: _, ...nameless } = jwk as { kid: string }
  for (const cnf of [
    { jkt },
    { jwk: nameless },
    { jwk: { ...jwk, alg: 'ES384' } },
    { jwk, jkt: OTHER_JKT },
    { jwk: { kty: 'oct', k: 'AA' } },
  ]) {
    expect((await server.call(gnap({ claims: { cnf } }))).code, JSON.stringify(cnf)).toBe(
      'ERR_TOKEN_BINDING_UNSUPPORTED',
    )
  }
  expect((await server.call(gnap({ claims: { cnf: { jwk, jkt } } }))).status).toBe(200)
})

test('the same proof twice, even without jti, is refused', async () => {
  const server = await accepting()
  const created = Math.floor(Date.now() / 1000)
  expect((await server.call(gnap({ header: { created }, accessToken: await tokenFor(server.url) }))).status).toBe(200)
  const accessToken = await tokenFor(server.url)
  const call = gnap({ header: { created }, accessToken })
  let sent = ''
  const keep = (jws: string) => {
    sent = jws
    return jws
  }
  expect((await server.call({ ...call, wire: { envelope: keep } })).status).toBe(200)
  expect((await server.call({ ...call, wire: { envelope: () => sent } })).code).toBe('ERR_ENVELOPE_REPLAYED')
})

test('whoever did not ask for it has none of it', async () => {
  const server = await start()
  expect((await server.call(gnap())).code).toBe('ERR_ENVELOPE_AMBIGUOUS')
  expect((await server.call(gnap({ form: 'attached' }))).code).toBe('ERR_SCHEME_NOT_ACCEPTED')
  const dpop = await server.call({ claims: { cnf } })
  expect(dpop.code).toBe('ERR_TOKEN_BINDING_UNSUPPORTED')
  // Under the scheme of DPoP, the profile changes nothing.
  const other = await accepting()
  expect((await other.call({ ...gnap(), scheme: 'DPoP' })).code).toBe('ERR_ENVELOPE_JWK')
  expect((await other.call()).status).toBe(200)
})

function tokenFor(audience: string): Promise<string> {
  return context.issuer.token({ claims: { aud: audience, cnf } })
}
