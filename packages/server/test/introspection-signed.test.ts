// Signed answers to introspections, RFC 9701: how far each rule goes, what becomes of them when the issuer changes its keys, and that none
// is ever an access token, nor an access token ever an answer. Whole answers and single defects stand in introspection.test.ts too.

import type { TestKey } from '@countersign/testkit'
import { createKey } from '@countersign/testkit'
import { base64url, CompactSign, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import type { IntrospectionOptions, IssuerProfileName, VerifierOptions } from '../src/verifier.ts'
import { issuerProfiles } from '../src/verifier.ts'
import type { Answer } from './introspection-support.ts'
import { useEndpoint } from './introspection-support.ts'
import { createClock, createSubject, useIssuer } from './support.ts'

const context = useIssuer()
const endpoint = useEndpoint(context)
const { active } = endpoint
const TYPE = 'application/token-introspection+jwt'
const opaque = { accessToken: 'opaque-1' }
const subjectOf = (introspection: Partial<IntrospectionOptions> = {}, options: Partial<VerifierOptions> = {}) =>
  endpoint.subjectOf({ answers: 'jwt', ...introspection }, options)

interface Changes {
  readonly claims?: object
  readonly header?: object
  readonly key?: TestKey
  readonly crit?: Record<string, boolean>
}

/** A whole answer, signed by the issuer, with changes. */
async function signed({ claims, header, key, crit }: Changes = {}): Promise<string> {
  const [kid, first] = [...context.issuer.keys][0] as [string, TestKey]
  const { privateKey, alg } = key ?? first
  const iat = Math.floor(Date.now() / 1000)
  const payload = { iss: context.issuer.issuer, aud: 'api', iat, token_introspection: active(), ...claims }
  return new SignJWT(payload)
    .setProtectedHeader({ typ: 'token-introspection+jwt', alg, kid, ...header })
    .sign(privateKey, crit && { crit })
}

const sends =
  (body: string | Buffer, type = TYPE): Answer =>
  (response) =>
    response.setHeader('content-type', type).end(body)
const unavailable = { code: 'ERR_INTROSPECTION_UNAVAILABLE', statusCode: 503 }

describe('an answer is believed', () => {
  test.each([
    ['with a typ in another case', { header: { typ: 'Token-Introspection+JWT' } }],
    ['with the whole media type', { header: { typ: 'application/token-introspection+jwt' } }],
    ['with its one audience in a list', { claims: { aud: ['api'] } }],
    ['without kid', { header: { kid: undefined } }],
    ['with an identifier', { claims: { jti: 'x' } }],
    ['with keys and addresses in its header, which are not looked at', { header: { jku: 'https://x.example/', x: 1 } }],
  ] as [string, Changes][])('%s', async (_, changes) => {
    endpoint.answer = sends(await signed(changes))
    expect((await subjectOf().send(opaque)).caller.clientId).toBe('partner-7')
  })

  test('for a minute, by the clock of this server, and a minute ahead of it', async () => {
    const clock = createClock()
    const subject = subjectOf({ maxAgeSeconds: 0 }, { clock })
    for (const [seconds, accepted] of [
      [-60, true],
      [-61, false],
      [60, true],
      [61, false],
    ] as const) {
      clock.now += 2 // past the cool-down
      endpoint.answer = sends(await signed({ claims: { iat: clock.now + seconds } }))
      const outcome = await subject.send({ ...opaque, claims: { iat: clock.now } }).catch((error: unknown) => error)
      if (accepted) expect(outcome).toMatchObject({ caller: { clientId: 'partner-7' } })
      else expect(outcome).toMatchObject(unavailable)
    }
  })

  test('as far as what stands in its one claim: what stands beside it says nothing', async () => {
    const beside = { active: true, client_id: 'evil', sub: 'evil', exp: 4_102_444_800, scope: 'admin' }
    endpoint.answer = sends(await signed({ claims: beside }))
    const { caller } = await subjectOf().send(opaque)
    expect(caller).toMatchObject({ clientId: 'partner-7', subject: 'partner-7', scopes: ['accounts:read'] })
    endpoint.answer = sends(
      await signed({ claims: { ...active(), aud: 'api', token_introspection: { active: false } } }),
    )
    expect((await subjectOf().refusal(opaque)).code).toBe('ERR_TOKEN_INACTIVE')
  })

  test('but compared with everything that one in JSON is', async () => {
    for (const [changes, code] of [
      [{ active: 'true' }, 'ERR_TOKEN_INACTIVE'],
      [{ active: undefined }, 'ERR_TOKEN_INACTIVE'],
      [{ iss: 'https://other.example' }, 'ERR_TOKEN_ISSUER'],
      [{ aud: 'https://other.example' }, 'ERR_TOKEN_AUDIENCE'],
      [{ exp: 1 }, 'ERR_TOKEN_EXPIRED'],
      [{ cnf: undefined }, 'ERR_TOKEN_UNBOUND'],
      [{ cnf: { jkt: 'A'.repeat(43) } }, 'ERR_TOKEN_BINDING_MISMATCH'],
      [{ token_type: 'refresh_token' }, 'ERR_TOKEN_KIND'],
    ] as const) {
      endpoint.answer = sends(await signed({ claims: { token_introspection: active(changes) } }))
      expect((await subjectOf().refusal(opaque)).code).toBe(code)
    }
  })
})

describe('an answer is no answer, and the caller is told to come back', () => {
  test.each([
    ['without typ', { header: { typ: undefined } }],
    ['with a typ that is no text', { header: { typ: 1 } }],
    ['with a typ that ours begins', { header: { typ: 'token-introspection+jwt2' } }],
    ['with the typ of a proof', { header: { typ: 'dpop+jwt' } }],
    ['with a kid that is no text', { header: { kid: 1 } }],
    ['with the kid of a prototype', { header: { kid: '__proto__' } }],
    ['with no issuer', { claims: { iss: undefined } }],
    ['with an issuer with a slash', { claims: { iss: 'http://127.0.0.1/' } }],
    ['with no audience in a list', { claims: { aud: [] } }],
    ['with an audience twice', { claims: { aud: ['api', 'api'] } }],
    ['with an audience in a list in a list', { claims: { aud: [['api']] } }],
    ['with the resource for an audience', { claims: { aud: 'https://api.example.com' } }],
    ['with a time as text', { claims: { iat: `${Math.floor(Date.now() / 1000)}` } }],
    ['with null in its claim', { claims: { token_introspection: null } }],
    ['with a list in its claim', { claims: { token_introspection: [{ active: true }] } }],
    ['with true in its claim', { claims: { token_introspection: true } }],
  ] as [string, Changes][])('%s', async (_, changes) => {
    endpoint.answer = sends(await signed(changes))
    expect(await subjectOf().refusal(opaque)).toMatchObject(unavailable)
  })

  test.each([
    ['that demands an extension', () => signed({ header: { crit: ['urn:x'], 'urn:x': 1 }, crit: { 'urn:x': true } })],
    ['with a signature that was changed', async () => withSegment(await signed(), 2, flipped)],
    ['with claims that were changed', async () => withClaims(await signed(), { aud: 'api', x: 1 })],
    ['in another spelling', async () => `${await signed()}=`],
    ['with white space after it', async () => `${await signed()}\n`],
    [
      'with two members of one name, though they say the same',
      async () => {
        const [, payload = ''] = (await signed()).split('.')
        const claims = Buffer.from(payload, 'base64url').toString().replace('{', '{"aud":"api",')
        const [kid, { privateKey, alg }] = [...context.issuer.keys][0] as [string, TestKey]
        return new CompactSign(new TextEncoder().encode(claims))
          .setProtectedHeader({ typ: 'token-introspection+jwt', alg, kid })
          .sign(privateKey)
      },
    ],
    ['of two segments', async () => (await signed()).replace(/\.[^.]*$/, '')],
    ['of four segments', async () => `${await signed()}.AA`],
    ['of no characters', async () => ''],
    ['of too many', async () => `${await signed()}${'A'.repeat(600_000)}`],
    [
      'that nobody signed',
      async () => {
        const claims = { iss: context.issuer.issuer, aud: 'api', token_introspection: active() }
        const unsecured = new UnsecuredJWT(claims).setIssuedAt().encode()
        return withHeader(unsecured, { typ: 'token-introspection+jwt' })
      },
    ],
    [
      'with a signature though its alg is none',
      async () => withHeader(await signed(), { alg: 'none', typ: 'token-introspection+jwt' }),
    ],
    [
      'by a MAC keyed with the public key',
      async () => {
        const { jwk } = [...context.issuer.keys.values()][0] as TestKey
        const secret = new TextEncoder().encode(JSON.stringify(jwk))
        return new SignJWT({ iss: context.issuer.issuer, aud: 'api', token_introspection: active() })
          .setIssuedAt()
          .setProtectedHeader({ alg: 'HS256', typ: 'token-introspection+jwt', kid: 'key-1' })
          .sign(secret)
      },
    ],
    ['that is an access token', () => context.issuer.token({ claims: { token_introspection: { active: true } } })],
  ] as [string, () => Promise<string>][])('%s', async (_, make) => {
    endpoint.answer = sends(await make())
    expect(await subjectOf().refusal(opaque)).toMatchObject(unavailable)
  })

  test.each(['application/json', 'application/jwt', 'text/plain', 'application/token-introspection+jwt2'])(
    'as %s',
    async (type) => {
      endpoint.answer = sends(await signed(), type)
      expect(await subjectOf().refusal(opaque)).toMatchObject(unavailable)
    },
  )

  test('to a server that wants JSON', async () => {
    endpoint.answer = sends(await signed())
    expect(await subjectOf({ answers: 'json' }).refusal(opaque)).toMatchObject(unavailable)
  })

  test('by an algorithm that its issuer does not use, though the key is there', async () => {
    endpoint.answer = sends(await signed())
    const { issuer } = context.issuer
    const introspection = { clientId: 'api', clientAuthentication: () => undefined, endpoint: endpoint.url }
    const options = {
      issuer,
      algorithms: ['PS256' as const],
      introspection: { ...introspection, answers: 'jwt' as const },
    }
    expect(await createSubject(context, { issuer: options, nonce: 'off' }).refusal(opaque)).toMatchObject(unavailable)
  })

  test('for everyone who waited for it: a key that is unknown is nothing the callers have done', async () => {
    const subject = subjectOf()
    const requests = await Promise.all(Array.from({ length: 20 }, () => subject.request(opaque)))
    const body = await signed({ header: { kid: 'unknown' } })
    endpoint.answer = (response, question) => void setTimeout(() => sends(body)(response, question), 100)
    const outcomes = await Promise.allSettled(requests.map((request) => subject.verifier.verify(request)))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: unavailable })
    expect(endpoint.asked).toHaveLength(1)
  })

  test('if the key set of the issuer cannot be had', async () => {
    context.issuer.misbehave = (response) => response.writeHead(500).end()
    endpoint.answer = sends(await signed())
    expect(await subjectOf().refusal(opaque)).toMatchObject(unavailable)
    context.issuer.misbehave = undefined
  })
})

test('a key that the issuer has replaced is found as soon for answers as for tokens, named anew, as before, or not at all', async () => {
  const [[, first]] = [...context.issuer.keys] as [[string, TestKey]]
  for (const kid of ['key-2', 'key-1', undefined]) {
    const clock = createClock()
    const subject = subjectOf({ maxAgeSeconds: 0 }, { clock })
    const send = async (key: TestKey, name: string | undefined) => {
      endpoint.answer = sends(await signed({ key, header: { kid: name }, claims: { iat: clock.now } }))
      return subject.send({ ...opaque, claims: { iat: clock.now } }).then(
        () => 'accepted',
        ({ code }: { code: string }) => code,
      )
    }
    expect(await send(first, 'key-1')).toBe('accepted')
    const next = await createKey()
    context.issuer.keys.clear()
    context.issuer.keys.set(kid ?? 'key-1', next)
    expect(await send(next, kid)).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    clock.now += 30
    expect(await send(next, kid)).toBe('accepted')
    expect(await send(first, 'key-1')).toBe('ERR_INTROSPECTION_UNAVAILABLE')
    context.issuer.keys.clear()
    context.issuer.keys.set('key-1', first)
  }
})

describe('an answer is never an access token', () => {
  const everything = () => ({ ...active(), sub: 'x', jti: '1', iat: Math.floor(Date.now() / 1000), scope: 'admin' })

  test.each(Object.keys(issuerProfiles) as IssuerProfileName[])('with the profile %s', async (profile) => {
    const accessToken = await signed({ claims: everything() })
    const issuer = { issuer: context.issuer.issuer, profile, clients: ['partner-7'] }
    expect((await createSubject(context, { issuer }).refusal({ accessToken })).code).toBe('ERR_TOKEN_TYP')
  })

  test('and is not asked about', async () => {
    const accessToken = await signed({ claims: everything() })
    for (const tokens of ['opaque', 'all'] as const) {
      expect((await subjectOf({ tokens }).refusal({ accessToken })).code).toBe('ERR_TOKEN_TYP')
    }
    expect(endpoint.asked).toEqual([])
  })
})

test('a JWT that was revoked is refused by a signed answer too', async () => {
  endpoint.answer = sends(await signed())
  await subjectOf({ tokens: 'all' }).send({})
  endpoint.answer = sends(await signed({ claims: { token_introspection: { active: false } } }))
  expect((await subjectOf({ tokens: 'all' }).refusal({})).code).toBe('ERR_TOKEN_INACTIVE')
})

function withSegment(jws: string, index: number, change: (segment: string) => string): string {
  return jws
    .split('.')
    .map((each, at) => (at === index ? change(each) : each))
    .join('.')
}

function withMembers(jws: string, index: number, members: object): string {
  return withSegment(jws, index, (segment) => {
    const object = JSON.parse(Buffer.from(segment, 'base64url').toString())
    return base64url.encode(JSON.stringify({ ...object, ...members }))
  })
}

const withHeader = (jws: string, members: object) => withMembers(jws, 0, members)
const withClaims = (jws: string, members: object) => withMembers(jws, 1, members)

function flipped(segment: string): string {
  const bytes = Buffer.from(segment, 'base64url')
  bytes[0] = (bytes[0] as number) ^ 1
  return bytes.toString('base64url')
}
