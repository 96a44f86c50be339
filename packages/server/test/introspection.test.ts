// Opaque access tokens, and JWTs that were revoked: what the issuer says of them is believed as far as RFC 7662 goes, and no further. The
// endpoint here says whatever a test wants it to; a real authorization server is asked in introspection-provider.test.ts.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LoopbackServer, TestIssuer } from '@countersign/testkit'
import { createKey, startServer } from '@countersign/testkit'
import { SignJWT } from 'jose'
import { ClientSecretBasic, ClientSecretPost, None } from 'oauth4webapi'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { IntrospectionOptions, VerifierOptions } from '../src/verifier.ts'
import { createVerifier, issuerProfiles } from '../src/verifier.ts'
import type { Changes } from './support.ts'
import { createClock, createSubject, RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
const TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'

let endpoint: LoopbackServer
/** What was asked, in order. */
let asked: { body: URLSearchParams; headers: IncomingMessage['headers'] }[] = []
let answer: (response: ServerResponse) => unknown

beforeAll(async () => {
  endpoint = await startServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ body: new URLSearchParams(body), headers: request.headers })
    await answer(response)
  })
})
afterAll(() => endpoint.stop())
beforeEach(() => {
  asked = []
  answer = says({})
})

const now = () => Math.floor(Date.now() / 1000)

/** What an issuer says of an active token, with changes; `undefined` takes a member away. */
function active(changes: object = {}): object {
  return {
    active: true,
    client_id: 'partner-7',
    scope: 'accounts:read',
    aud: RESOURCE,
    iss: context.issuer.issuer,
    exp: now() + 300,
    token_type: 'DPoP',
    cnf: { jkt: context.key.jkt },
    ...changes,
  }
}

function says(changes: object): (response: ServerResponse) => unknown {
  return (response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(active(changes)))
}

function subjectOf(introspection: Partial<IntrospectionOptions> = {}, options: Partial<VerifierOptions> = {}) {
  const issuer = {
    issuer: context.issuer.issuer,
    introspection: {
      clientId: 'api',
      clientAuthentication: ClientSecretBasic('secret'),
      endpoint: `${endpoint.url}/introspect`,
      ...introspection,
    },
  }
  return createSubject(context, { issuer, ...options })
}

const opaque: Changes = { accessToken: TOKEN }

describe('an opaque token', () => {
  test('is accepted with a proof, and read into the one shape', async () => {
    const { caller } = await subjectOf().send(opaque)
    expect(caller).toMatchObject({
      kind: 'dpop',
      issuer: context.issuer.issuer,
      clientId: 'partner-7',
      subject: 'partner-7',
      subjectType: 'unknown',
      scopes: ['accounts:read'],
      jkt: context.key.jkt,
    })
    expect(caller.claims).not.toHaveProperty('active')
    expect(asked).toHaveLength(1)
    expect(Object.fromEntries(asked[0]?.body ?? [])).toEqual({ token: TOKEN, token_type_hint: 'access_token' })
  })

  test('of a client itself is known by its subject, or by the profile of its issuer', async () => {
    answer = says({ sub: 'partner-7' })
    expect((await subjectOf().send(opaque)).caller.subjectType).toBe('client')
    answer = says({})
    expect((await subjectOf({}, { profile: 'oidc-provider' }).send(opaque)).caller.subjectType).toBe('client')
  })

  test('of a user has its subject', async () => {
    answer = says({ sub: 'user-1', roles: ['admin'] })
    expect((await subjectOf().send(opaque)).caller).toMatchObject({
      subject: 'user-1',
      subjectType: 'user',
      roles: ['admin'],
    })
  })

  test('needs neither issuer nor type in the answer', async () => {
    answer = says({ iss: undefined, token_type: undefined })
    expect((await subjectOf().send(opaque)).caller.issuer).toBe(context.issuer.issuer)
  })

  test('may look like a JWT', async () => {
    for (const accessToken of ['a.b.c', 'e30.e30.AA', `${'A'.repeat(20)}.${'B'.repeat(20)}.${'C'.repeat(20)}`]) {
      await subjectOf()
        .send({ accessToken })
        .catch((error: unknown) => expect(error).toMatchObject({ code: /TOKEN/ }))
    }
    expect(asked.map(({ body }) => body.get('token'))).toContain('a.b.c')
  })

  test('of another issuer is not shown to this one if it is a JWT', async () => {
    const refusal = await subjectOf().refusal({ token: { claims: { iss: 'https://other.example' } } })
    expect(refusal.code).toBe('ERR_TOKEN_ISSUER')
    expect(asked).toEqual([])
  })

  test('as a bearer token, if it is bound to nothing', async () => {
    answer = says({ cnf: undefined, token_type: 'Bearer' })
    const subject = subjectOf({}, { accept: ['dpop', 'bearer'] })
    const { caller } = await subject.send({ ...opaque, scheme: 'Bearer', proof: null })
    expect(caller).toMatchObject({ kind: 'bearer', clientId: 'partner-7' })
    expect((await subject.refusal(opaque)).code).toBe('ERR_TOKEN_UNBOUND')
  })

  test('that is bound is refused as a bearer token', async () => {
    const subject = subjectOf({}, { accept: ['dpop', 'bearer'] })
    expect((await subject.refusal({ ...opaque, scheme: 'Bearer', proof: null })).code).toBe('ERR_TOKEN_BOUND')
  })
})

describe('what the issuer says of it', () => {
  const cases: [string, object, string][] = [
    ['it is not active', { active: false }, 'ERR_TOKEN_INACTIVE'],
    ['a text that says true', { active: 'true' }, 'ERR_TOKEN_INACTIVE'],
    ['a number that means true', { active: 1 }, 'ERR_TOKEN_INACTIVE'],
    ['nothing of its being active', { active: undefined }, 'ERR_TOKEN_INACTIVE'],
    ['another issuer', { iss: 'https://other.example' }, 'ERR_TOKEN_ISSUER'],
    ['no audience', { aud: undefined }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['another audience', { aud: 'https://other.example' }, 'ERR_TOKEN_AUDIENCE'],
    ['no client', { client_id: undefined }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no expiry', { exp: undefined }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['an expiry in the past', { exp: 1 }, 'ERR_TOKEN_EXPIRED'],
    ['an expiry as text', { exp: '4102444800' }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a beginning in the future', { nbf: 4_102_444_800 }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['another key', { cnf: { jkt: 'A'.repeat(43) } }, 'ERR_TOKEN_BINDING_MISMATCH'],
    ['no key', { cnf: undefined }, 'ERR_TOKEN_UNBOUND'],
    ['a binding that cannot be checked', { cnf: { kid: 'x' } }, 'ERR_TOKEN_BINDING_UNSUPPORTED'],
    [
      'a certificate besides',
      { cnf: { jkt: 'A'.repeat(43), 'x5t#S256': 'A'.repeat(43) } },
      'ERR_TOKEN_BINDING_UNSUPPORTED',
    ],
    ['a refresh token', { token_type: 'refresh_token' }, 'ERR_TOKEN_KIND'],
    ['a type that is no text', { token_type: 1 }, 'ERR_TOKEN_KIND'],
    ['scopes that are a list of other things', { scope: [1] }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['true in a list', { active: [true] }, 'ERR_TOKEN_INACTIVE'],
    ['an issuer of no characters', { iss: '' }, 'ERR_TOKEN_ISSUER'],
    ['null for an issuer', { iss: null }, 'ERR_TOKEN_ISSUER'],
    ['an audience that ours begins', { aud: `${RESOURCE}.attacker.example` }, 'ERR_TOKEN_AUDIENCE'],
    ['our audience with a slash', { aud: `${RESOURCE}/` }, 'ERR_TOKEN_AUDIENCE'],
    ['an empty list of audiences', { aud: [] }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['an audience beside something else', { aud: [RESOURCE, 1] }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['null for an audience', { aud: null }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a client that is no text', { client_id: 7 }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a client of no characters', { client_id: '' }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a subject of no characters', { sub: '' }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a subject that is no text', { sub: 7 }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['an identifier that is no text', { jti: 7 }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['null for an expiry', { exp: null }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a beginning as text', { nbf: '1' }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a time of issue as text', { iat: '1' }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a time of issue in the future', { iat: 4_102_444_800 }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['a binding of nothing', { cnf: {} }, 'ERR_TOKEN_BINDING_UNSUPPORTED'],
    ['null for a binding', { cnf: null }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a key that is no text', { cnf: { jkt: 1 } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a key that is no thumbprint', { cnf: { jkt: 'A' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['an ID token', { token_type: 'id_token' }, 'ERR_TOKEN_KIND'],
    ['a type of no characters', { token_type: '' }, 'ERR_TOKEN_KIND'],
    ['a type that ours begins', { token_type: 'DPoP2' }, 'ERR_TOKEN_KIND'],
    ['null for a type', { token_type: null }, 'ERR_TOKEN_KIND'],
  ]
  test.each(cases)('%s: refused', async (_, changes, code) => {
    answer = says(changes)
    const refusal = await subjectOf().refusal(opaque)
    expect(refusal).toMatchObject({ code, statusCode: 401 })
    expect(refusal.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  test.each([
    ['one audience among several', { aud: ['https://other.example', RESOURCE] }],
    ['a type in another case', { token_type: 'dpop' }],
    ['the type of a bearer token, and a key', { token_type: 'Bearer' }],
    ['a beginning within the tolerance', { nbf: now() + 20 }],
    ['no scopes', { scope: undefined }],
    ['more than it must', { username: 'x', ext: { __proto__: null, deep: [1] } }],
  ])('%s: accepted', async (_, changes) => {
    answer = says(changes)
    expect((await subjectOf().send(opaque)).caller.clientId).toBe('partner-7')
  })

  test('the policy of the route applies', async () => {
    expect((await subjectOf().refusal({ ...opaque, policy: { scope: 'payments:write' } })).code).toBe(
      'ERR_SCOPE_INSUFFICIENT',
    )
  })

  test('where tokens have no audience, it says what the token is, or it might be a refresh token', async () => {
    const issuer = {
      issuer: context.issuer.issuer,
      profile: { ...issuerProfiles.rfc9068, optional: ['aud' as const] },
      clients: ['partner-7'],
      introspection: { clientId: 'api', clientAuthentication: None(), endpoint: endpoint.url },
    }
    answer = says({ aud: undefined })
    await createSubject(context, { issuer }).send(opaque)
    answer = says({ aud: undefined, token_type: undefined })
    expect((await createSubject(context, { issuer }).refusal(opaque)).code).toBe('ERR_TOKEN_KIND')
    answer = says({ aud: undefined, client_id: 'partner-8' })
    expect((await createSubject(context, { issuer }).refusal(opaque)).code).toBe('ERR_TOKEN_CLIENT')
  })

  test('the markers of a profile apply', async () => {
    answer = says({ typ: 'Refresh' })
    const issuer = {
      issuer: context.issuer.issuer,
      profile: 'keycloak' as const,
      introspection: { clientId: 'api', clientAuthentication: None(), endpoint: endpoint.url },
    }
    expect((await createSubject(context, { issuer }).refusal(opaque)).code).toBe('ERR_TOKEN_KIND')
  })
})

describe('an endpoint that fails', () => {
  const failures: [string, (response: ServerResponse) => unknown][] = [
    ['answers 500', (response) => response.writeHead(500).end()],
    ['does not let us in', (response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end()],
    ['answers HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    [
      'answers JSON as HTML',
      (response) => response.setHeader('content-type', 'text/html').end(JSON.stringify(active())),
    ],
    ['answers no JSON', (response) => response.setHeader('content-type', 'application/json').end('{')],
    ['answers a list', (response) => response.setHeader('content-type', 'application/json').end('[]')],
    ['redirects', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
    ['breaks off', (response) => response.destroy()],
    [
      'answers too much',
      (response) => response.setHeader('content-type', 'application/json').end(`{"x":"${'x'.repeat(600_000)}"}`),
    ],
    [
      'says two things at once',
      (response) => response.setHeader('content-type', 'application/json').end('{"active":true,"active":false}'),
    ],
    [
      'answers with a JWT that was not asked for',
      (response) => response.setHeader('content-type', 'application/token-introspection+jwt').end('e30.e30.AA'),
    ],
  ]
  test.each(failures)('%s: 503 with Retry-After, and no word of the token', async (_, fail) => {
    answer = fail
    const refusal = await subjectOf().refusal(opaque)
    expect(refusal).toMatchObject({ code: 'ERR_INTROSPECTION_UNAVAILABLE', statusCode: 503 })
    expect(refusal.headers['retry-after']).toBe('5')
    expect(refusal.headers).not.toHaveProperty('www-authenticate')
    expect(JSON.stringify(refusal)).not.toContain(TOKEN)
  })

  test('takes longer than five seconds: 503', async () => {
    answer = (response) => void setTimeout(() => response.end(), 8_000).unref()
    expect((await subjectOf().refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })

  test('is left alone for a second, and then asked again', async () => {
    const clock = createClock()
    const subject = subjectOf({}, { clock })
    answer = (response) => response.writeHead(500).end()
    await subject.refusal(opaque)
    await Promise.all(Array.from({ length: 20 }, () => subject.refusal(opaque)))
    expect(asked).toHaveLength(1)
    answer = says({})
    clock.now += 1
    await subject.send(opaque)
  })

  test('that the metadata names is looked up, and looked up again after a failure', async () => {
    const issuer = context.issuer as TestIssuer
    const paths: string[] = []
    let introspectionEndpoint: string | undefined = 'http://127.0.0.1:9/gone'
    const metadata = await startServer((request, response) => {
      paths.push(request.url ?? '')
      const document = {
        issuer: metadata.url,
        jwks_uri: `${issuer.issuer}/jwks`,
        introspection_endpoint: introspectionEndpoint,
      }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
    })
    answer = says({ iss: undefined })
    const clock = createClock()
    const introspection = { clientId: 'api', clientAuthentication: None() }
    const subject = createSubject(context, { issuer: { issuer: metadata.url, introspection }, clock })
    expect((await subject.refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    introspectionEndpoint = endpoint.url
    clock.now += 1
    await subject.send(opaque)
    expect(paths).toHaveLength(2)
    clock.now += 31
    introspectionEndpoint = undefined
    await subject.send({ ...opaque, claims: { nonce: (await subject.refusal({ proof: null })).headers['dpop-nonce'] } })
    expect(paths).toHaveLength(2)
    await metadata.stop()
  })

  test('that the metadata does not name is a failure of the issuer', async () => {
    const introspection = { clientId: 'api', clientAuthentication: None() }
    const subject = createSubject(context, { issuer: { issuer: context.issuer.issuer, introspection } })
    expect((await subject.refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })
})

describe('how often it is asked', () => {
  test('once for fifty requests at a time', async () => {
    const subject = subjectOf()
    const requests = await Promise.all(Array.from({ length: 50 }, () => subject.request(opaque)))
    asked = []
    answer = (response) => void setTimeout(() => says({})(response), 200)
    await Promise.all(requests.map((request) => subject.verifier.verify(request)))
    expect(asked).toHaveLength(1)
  })

  test('for no more than 256 tokens at a time; whoever comes on top is told to come back', async () => {
    const subject = subjectOf()
    const tokens = Array.from({ length: 300 }, (_, index) => `opaque-${index}`)
    const requests = await Promise.all(tokens.map((accessToken) => subject.request({ accessToken })))
    answer = (response) => void setTimeout(() => says({})(response), 1_500)
    const outcomes = await Promise.allSettled(requests.map((request) => subject.verifier.verify(request)))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(300 - 256)
    for (const each of refused) expect(each).toMatchObject({ reason: { code: 'ERR_INTROSPECTION_UNAVAILABLE' } })
    expect(asked).toHaveLength(256)
  })

  test('no later than the bound: a revoked token is refused then', async () => {
    const clock = createClock()
    const subject = subjectOf({ maxAgeSeconds: 10 }, { clock })
    const fresh = async () => ({
      ...opaque,
      claims: { nonce: (await subject.refusal({ proof: null })).headers['dpop-nonce'] },
    })
    await subject.send(await fresh())
    answer = says({ active: false })
    clock.now += 9
    await subject.send(await fresh())
    clock.now += 1
    expect((await subject.refusal(await fresh())).code).toBe('ERR_TOKEN_INACTIVE')
    expect(asked).toHaveLength(2)
  })

  test('every time, if nothing is to be remembered', async () => {
    const subject = subjectOf({ maxAgeSeconds: 0 })
    await subject.send(opaque)
    await subject.send(opaque)
    expect(asked).toHaveLength(2)
  })

  test('an answer is not remembered beyond the expiry of the token', async () => {
    const clock = createClock()
    answer = says({ exp: clock.now + 5 })
    const subject = subjectOf({ maxAgeSeconds: 300 }, { clock, clockToleranceSeconds: 0 })
    await subject.send(opaque)
    clock.now += 5
    expect((await subject.refusal(opaque)).code).toBe('ERR_TOKEN_EXPIRED')
  })

  test('never for a caller that has not proved itself', async () => {
    const subject = subjectOf()
    const { rawHeaders } = await subject.request(opaque)
    const [header, payload] = (rawHeaders.at(-1) as string).split('.')
    for (const changes of [
      { proof: `${header}.${payload}.${'A'.repeat(86)}` },
      { proof: null },
      { claims: { nonce: undefined } },
      { claims: { htm: 'POST' } },
      { claims: { ath: 'A'.repeat(43) } },
    ]) {
      await subject.refusal({ ...opaque, ...changes })
    }
    expect(asked).toEqual([])
  })

  test('about an inactive token, once in five seconds', async () => {
    const clock = createClock()
    const subject = subjectOf({}, { clock })
    answer = says({ active: false })
    for (let calls = 0; calls < 3; calls++) expect((await subject.refusal(opaque)).code).toBe('ERR_TOKEN_INACTIVE')
    expect(asked).toHaveLength(1)
    answer = says({})
    clock.now += 4
    expect((await subject.refusal(opaque)).code).toBe('ERR_TOKEN_INACTIVE')
    clock.now += 1
    await subject.send(opaque)
    expect(asked).toHaveLength(2)
  })
})

describe('JWTs', () => {
  test('are not asked about unless that is said', async () => {
    await subjectOf().send({})
    expect(asked).toEqual([])
  })

  test('are verified, and asked about, if it is said: a revoked one is refused', async () => {
    await subjectOf({ tokens: 'all' }).send({})
    expect(asked).toHaveLength(1)
    answer = says({ active: false })
    expect((await subjectOf({ tokens: 'all' }).refusal({})).code).toBe('ERR_TOKEN_INACTIVE')
    asked = []
    expect((await subjectOf({ tokens: 'all' }).refusal({ token: { key: await createKey() } })).code).toBe(
      'ERR_TOKEN_SIGNATURE',
    )
    expect(asked).toEqual([])
  })

  test('are asked about again once the answer is too old', async () => {
    const clock = createClock()
    const subject = subjectOf({ tokens: 'all', maxAgeSeconds: 1 }, { clock, nonce: 'off', maxProofAgeSeconds: 300 })
    const accessToken = await subject.bound()
    await subject.send({ accessToken, claims: { iat: clock.now } })
    await subject.send({ accessToken, claims: { iat: clock.now } })
    clock.now += 1
    await subject.send({ accessToken, claims: { iat: clock.now } })
    expect(asked).toHaveLength(2)
  })
})

describe('signed answers (RFC 9701)', () => {
  async function signed(
    changes: { claims?: object; header?: object; key?: Awaited<ReturnType<typeof createKey>> } = {},
  ) {
    const [kid, key] = [...context.issuer.keys][0] as [string, Awaited<ReturnType<typeof createKey>>]
    const { privateKey, alg } = changes.key ?? key
    return new SignJWT({
      iss: context.issuer.issuer,
      aud: 'api',
      iat: now(),
      token_introspection: active(),
      ...changes.claims,
    } as Record<string, unknown>)
      .setProtectedHeader({ typ: 'token-introspection+jwt', alg, kid, ...changes.header })
      .sign(privateKey)
  }
  const type = 'application/token-introspection+jwt'
  const saysSigned = (changes: Parameters<typeof signed>[0]) => async (response: ServerResponse) =>
    response.setHeader('content-type', `${type}; charset=utf-8`).end(await signed(changes))

  test('are believed', async () => {
    answer = saysSigned({})
    expect((await subjectOf({ answers: 'jwt' }).send(opaque)).caller.clientId).toBe('partner-7')
    expect(asked[0]?.headers.accept).toBe(type)
    answer = saysSigned({ claims: { token_introspection: { active: false } } })
    expect((await subjectOf({ answers: 'jwt' }).refusal(opaque)).code).toBe('ERR_TOKEN_INACTIVE')
  })

  const cases: [string, Parameters<typeof signed>[0] | (() => Promise<Parameters<typeof signed>[0]>)][] = [
    ['another typ', { header: { typ: 'JWT' } }],
    ['the typ of an access token', { header: { typ: 'at+jwt' } }],
    ['another issuer', { claims: { iss: 'https://other.example' } }],
    ['another audience', { claims: { aud: 'other' } }],
    ['two audiences', { claims: { aud: ['api', 'other'] } }],
    ['no audience', { claims: { aud: undefined } }],
    ['no time', { claims: { iat: undefined } }],
    ['an old time', { claims: { iat: now() - 120 } }],
    ['a time to come', { claims: { iat: now() + 120 } }],
    ['what it says at the top', async () => ({ claims: { token_introspection: undefined, ...active() } })],
    ['a text', { claims: { token_introspection: 'active' } }],
    ['another key', async () => ({ key: await createKey() })],
    ['an algorithm that is not the issuer’s', async () => ({ key: await createKey('PS256') })],
    ['a kid that is unknown', { header: { kid: 'other' } }],
  ]
  test.each(cases)('%s: 503', async (_, changes) => {
    answer = saysSigned(typeof changes === 'function' ? await changes() : changes)
    expect((await subjectOf({ answers: 'jwt' }).refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })

  test('an unsigned answer, or JSON, in their place: 503', async () => {
    answer = (response) => response.setHeader('content-type', type).end(JSON.stringify(active()))
    expect((await subjectOf({ answers: 'jwt' }).refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    answer = says({})
    expect((await subjectOf({ answers: 'jwt' }).refusal(opaque)).code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
  })

  test('are no access tokens', async () => {
    const accessToken = await signed({ claims: { ...active(), sub: 'x', jti: '1' } })
    expect((await createSubject(context).refusal({ accessToken })).code).toBe('ERR_TOKEN_TYP')
  })
})

describe('this server authenticates itself', () => {
  test.each([
    [
      'client_secret_basic',
      ClientSecretBasic('s'),
      { authorization: `Basic ${Buffer.from('api:s').toString('base64')}` },
      {},
    ],
    ['client_secret_post', ClientSecretPost('s'), {}, { client_id: 'api', client_secret: 's' }],
    ['none', None(), {}, { client_id: 'api' }],
  ] as const)('by %s', async (_, clientAuthentication, headers, fields) => {
    await subjectOf({ clientAuthentication }).send(opaque)
    expect(asked[0]?.headers).toMatchObject(headers)
    expect(Object.fromEntries(asked[0]?.body ?? [])).toMatchObject(fields)
  })

  test('through a fetch of its own', async () => {
    const urls: string[] = []
    const own: typeof fetch = (input, init) => {
      urls.push(String(input))
      return fetch(input, init)
    }
    await subjectOf({ fetch: own }).send(opaque)
    expect(urls).toEqual([`${endpoint.url}/introspect`])
  })
})

describe('options', () => {
  const valid = { clientId: 'api', clientAuthentication: None() }
  const create = (introspection: unknown) =>
    createVerifier({
      resource: RESOURCE,
      issuer: { issuer: 'https://as.example', introspection: introspection as never },
    })

  test.each([
    ['nothing', null, ''],
    ['a text', 'x', ''],
    ['a list', [valid], ''],
    ['a client that is not named', { ...valid, clientId: undefined }, '.clientId'],
    ['a client that is no text', { ...valid, clientId: 7 }, '.clientId'],
    ['no client', { ...valid, clientId: '' }, '.clientId'],
    ['no authentication', { ...valid, clientAuthentication: undefined }, '.clientAuthentication'],
    ['a secret in its place', { ...valid, clientAuthentication: 'secret' }, '.clientAuthentication'],
    ['an endpoint by http', { ...valid, endpoint: 'http://as.example/x' }, '.endpoint', 'ERR_URL_INSECURE'],
    ['an endpoint that is relative', { ...valid, endpoint: '/introspect' }, '.endpoint'],
    ['an endpoint with credentials', { ...valid, endpoint: 'https://a:b@as.example/x' }, '.endpoint'],
    ['an endpoint with a fragment', { ...valid, endpoint: 'https://as.example/x#y' }, '.endpoint'],
    ['an endpoint of another scheme', { ...valid, endpoint: 'file:///x' }, '.endpoint'],
    ['other tokens', { ...valid, tokens: 'jwt' }, '.tokens'],
    ['null for tokens', { ...valid, tokens: null }, '.tokens'],
    ['other answers', { ...valid, answers: 'xml' }, '.answers'],
    ['an age that is none', { ...valid, maxAgeSeconds: -1 }, '.maxAgeSeconds'],
    ['an age beyond the bound', { ...valid, maxAgeSeconds: 301 }, '.maxAgeSeconds'],
    ['half a second of age', { ...valid, maxAgeSeconds: 0.5 }, '.maxAgeSeconds'],
    ['an age that is no number', { ...valid, maxAgeSeconds: Number.NaN }, '.maxAgeSeconds'],
    ['an age as text', { ...valid, maxAgeSeconds: '30' }, '.maxAgeSeconds'],
    ['a fetch that is none', { ...valid, fetch: 'x' }, '.fetch'],
    ['an unknown member', { ...valid, cache: true }, '.cache', 'ERR_OPTION_UNKNOWN'],
  ] as [string, unknown, string, string?][])(
    '%s: refused at start',
    (_, options, member, code = 'ERR_OPTION_INVALID') => {
      expect(() => create(options)).toThrow(
        expect.objectContaining({ code, parameter: `issuer.introspection${member}` }),
      )
    },
  )

  test('two issuers that are asked are refused: an opaque token does not say whose it is', () => {
    const issuer = ['https://a.example', 'https://b.example'].map((each) => ({ issuer: each, introspection: valid }))
    expect(() => createVerifier({ resource: RESOURCE, issuer })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'issuer.introspection' }),
    )
  })
})
