// RFC 9449 section 4.3 at the resource server: the valid request is accepted, and each single defect has its own code.

import { createKey, createProof } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import type { Changes } from './support.ts'
import { createClock, createSubject, RESOURCE, TARGET, useIssuer } from './support.ts'

const context = useIssuer()

test('the valid request is accepted, and says who calls', async () => {
  const subject = createSubject(context)
  const { caller } = await subject.send({ token: { claims: { scope: 'a b', roles: ['admin'] } } })
  expect(caller).toMatchObject({
    kind: 'dpop',
    issuer: context.issuer.issuer,
    subject: 'user-1',
    clientId: 'client-1',
    scopes: ['a', 'b'],
    roles: ['admin'],
    jkt: context.key.jkt,
    algorithm: 'ES256',
    nonce: subject.nonce(),
  })
  expect(caller.jti).toMatch(/^[0-9a-f-]{36}$/)
  expect(Object.isFrozen(caller)).toBe(true)
  expect(Object.isFrozen(caller.claims['cnf'])).toBe(true)
})

test('a warm call is verified as a cold one, and a third by the same token with another key is not', async () => {
  const subject = createSubject(context)
  const accessToken = await subject.bound()
  await subject.send({ accessToken })
  await subject.send({ accessToken })
  expect((await subject.refusal({ accessToken, key: await createKey() })).code).toBe('ERR_TOKEN_BINDING_MISMATCH')
  expect((await subject.refusal({ accessToken, claims: { htm: 'POST' } })).code).toBe('ERR_DPOP_PROOF_HTM_MISMATCH')
})

test('a warm call whose signature is another is refused', async () => {
  const subject = createSubject(context)
  const accessToken = await subject.bound()
  await subject.send({ accessToken })
  const parts = { key: context.key, method: 'GET', url: `${RESOURCE}/accounts/1`, accessToken, nonce: subject.nonce() }
  const [header, payload] = (await createProof(parts)).split('.')
  const [, , signature] = (await createProof(parts)).split('.')
  expect((await subject.refusal({ accessToken, proof: `${header}.${payload}.${signature}` })).code).toBe(
    'ERR_DPOP_PROOF_SIGNATURE',
  )
})

describe('one defect each', () => {
  const cases: [string, Changes, string][] = [
    ['no proof', { proof: null }, 'ERR_DPOP_PROOF_MISSING'],
    ['two segments', { proof: 'a.b' }, 'ERR_DPOP_PROOF_MALFORMED'],
    ['too large', { proof: `${'a'.repeat(12_288)}.b.c` }, 'ERR_DPOP_PROOF_TOO_LARGE'],
    ['two DPoP fields', { extra: ['dpop', 'a.b.c'] }, 'ERR_DPOP_PROOF_DUPLICATE'],
    ['two DPoP fields joined by a proxy', { proof: 'a.b.c, a.b.c' }, 'ERR_DPOP_PROOF_DUPLICATE'],
    ['two Authorization fields', { extra: ['AUTHORIZATION', 'DPoP x'] }, 'ERR_AUTHORIZATION_DUPLICATE'],
    ['no token', { authorization: 'DPoP' }, 'ERR_AUTHORIZATION_MALFORMED'],
    ['two tokens', { authorization: 'DPoP a b' }, 'ERR_AUTHORIZATION_MALFORMED'],
    ['parameters instead of a token', { authorization: 'DPoP token="a"' }, 'ERR_AUTHORIZATION_MALFORMED'],
    ['an empty Authorization field', { authorization: '' }, 'ERR_AUTHORIZATION_MALFORMED'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'ERR_SCHEME_NOT_ACCEPTED'],
    ['the Bearer scheme', { scheme: 'Bearer' }, 'ERR_SCHEME_NOT_ACCEPTED'],
    ['typ of a JWT', { header: { typ: 'JWT' } }, 'ERR_DPOP_PROOF_TYP'],
    ['no typ', { header: { typ: undefined } }, 'ERR_DPOP_PROOF_TYP'],
    ['no jwk', { header: { jwk: undefined } }, 'ERR_DPOP_PROOF_JWK'],
    ['no jti', { claims: { jti: undefined } }, 'ERR_DPOP_PROOF_CLAIM_MISSING'],
    ['an empty jti', { claims: { jti: '' } }, 'ERR_DPOP_PROOF_CLAIM_INVALID'],
    ['no htm', { claims: { htm: undefined } }, 'ERR_DPOP_PROOF_CLAIM_MISSING'],
    ['no htu', { claims: { htu: undefined } }, 'ERR_DPOP_PROOF_CLAIM_MISSING'],
    ['no iat', { claims: { iat: undefined } }, 'ERR_DPOP_PROOF_CLAIM_MISSING'],
    ['iat as a string', { claims: { iat: '1' } }, 'ERR_DPOP_PROOF_CLAIM_INVALID'],
    ['no ath', { claims: { ath: undefined } }, 'ERR_DPOP_PROOF_CLAIM_MISSING'],
    [
      'ath of another token',
      { claims: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } },
      'ERR_DPOP_PROOF_ATH_MISMATCH',
    ],
    ['another method', { claims: { htm: 'POST' } }, 'ERR_DPOP_PROOF_HTM_MISMATCH'],
    ['the method in lower case', { claims: { htm: 'get' } }, 'ERR_DPOP_PROOF_HTM_MISMATCH'],
    ['another path', { claims: { htu: `${RESOURCE}/accounts/2` } }, 'ERR_DPOP_PROOF_HTU_MISMATCH'],
    ['another host', { claims: { htu: 'https://attacker.example/accounts/1' } }, 'ERR_DPOP_PROOF_HTU_MISMATCH'],
    ['a relative htu', { claims: { htu: '/accounts/1' } }, 'ERR_DPOP_PROOF_HTU_MISMATCH'],
    ['no nonce', { claims: { nonce: undefined } }, 'ERR_DPOP_NONCE_REQUIRED'],
    ['a foreign nonce', { claims: { nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v' } }, 'ERR_DPOP_NONCE_INVALID'],
    ['an asterisk as request target', { target: '*' }, 'ERR_REQUEST_TARGET_INVALID'],
    [
      'a request target of another origin',
      { target: 'https://attacker.example/accounts/1' },
      'ERR_REQUEST_TARGET_INVALID',
    ],
    ['a backslash in the request target', { target: '/accounts\\1' }, 'ERR_REQUEST_TARGET_INVALID'],
    ['a fragment in the request target', { target: '/accounts/1#x' }, 'ERR_REQUEST_TARGET_INVALID'],
    ['a dot segment in the request target', { target: '/danger/../accounts/1' }, 'ERR_REQUEST_TARGET_INVALID'],
    ['an encoded dot segment', { target: '/danger/%2E%2e/accounts/1' }, 'ERR_REQUEST_TARGET_INVALID'],
    ['a dot segment at the end', { target: '/accounts/1/..' }, 'ERR_REQUEST_TARGET_INVALID'],
    ['an absolute target without path', { target: `${RESOURCE}?/accounts/1` }, 'ERR_REQUEST_TARGET_INVALID'],
    ['a token in the query too', { target: '/accounts/1?a=1&access_token=x' }, 'ERR_TOKEN_IN_QUERY'],
    ['an unfinished percent-encoding', { target: '/accounts/%4' }, 'ERR_REQUEST_TARGET_INVALID'],
  ]
  test.each(cases)('%s', async (_, changes, code) => {
    expect((await createSubject(context).refusal(changes)).code).toBe(code)
  })
})

test.each([
  ['query and fragment', `${RESOURCE}/accounts/1?other=1#x`],
  ['upper case and a default port', 'HTTPS://API.example.COM:443/accounts/1'],
  ['dot segments', `${RESOURCE}/accounts/./x/../1`],
  ['encoded unreserved characters', `${RESOURCE}/%61ccounts/1`],
])('htu is compared without %s', async (_, htu) => {
  await createSubject(context).send({ claims: { htu } })
})

test('a request target in absolute form is ours if its origin is', async () => {
  const claims = { htu: `${RESOURCE}/accounts/1` }
  await createSubject(context).send({ target: `${RESOURCE}:443/accounts/1?x`, claims })
})

test('a further origin and a stripped prefix take part in htu', async () => {
  const subject = createSubject(context, { origins: ['https://eu.api.example.com'], basePath: '/v1' })
  await subject.send({ claims: { htu: 'https://eu.api.example.com/v1/accounts/1' } })
  await subject.send({ claims: { htu: `${RESOURCE}/v1/accounts/1` } })
  expect((await subject.refusal({ claims: { htu: `${RESOURCE}/accounts/1` } })).code).toBe(
    'ERR_DPOP_PROOF_HTU_MISMATCH',
  )
})

test('the root of a stripped prefix is called with or without its slash', async () => {
  const subject = createSubject(context, { basePath: '/v1' })
  for (const htu of [`${RESOURCE}/v1`, `${RESOURCE}/v1/`]) await subject.send({ target: '/', claims: { htu } })
  expect((await subject.refusal({ target: '/', claims: { htu: `${RESOURCE}/` } })).code).toBe(
    'ERR_DPOP_PROOF_HTU_MISMATCH',
  )
})

test('dots that are no segments, and dots in the query, are no matter', async () => {
  await createSubject(context).send({ target: '/.well-known/a..b/...?next=/../x' })
})

test('a proof is used once: of fifty copies sent at the same time, one is accepted', async () => {
  const subject = createSubject(context)
  await subject.send()
  const accessToken = await subject.bound()
  const parts = { key: context.key, method: 'GET', url: `${RESOURCE}/accounts/1`, accessToken, nonce: subject.nonce() }
  const proof = await createProof(parts)
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () =>
      subject.send({ accessToken, proof }).then(
        () => 'accepted',
        (error) => error.code,
      ),
    ),
  )
  expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === 'ERR_DPOP_PROOF_REPLAYED')).toHaveLength(49)
})

test('one client cannot burn the jti of another', async () => {
  const subject = createSubject(context)
  const other = await createKey()
  const claims = { jti: 'the-same' }
  await subject.send({ claims })
  await subject.send({ claims, key: other, token: { claims: { cnf: { jkt: other.jkt } } } })
  expect((await subject.refusal({ claims })).code).toBe('ERR_DPOP_PROOF_REPLAYED')
})

test('a refused proof burns nothing', async () => {
  const subject = createSubject(context)
  const claims = { jti: 'unburnt' }
  const token = { claims: { exp: 1 } }
  expect((await subject.refusal({ claims, token })).code).toBe('ERR_TOKEN_EXPIRED')
  await subject.send({ claims })
})

describe('without nonces, iat decides', () => {
  const clock = createClock()
  const cases: [number, string | undefined][] = [
    [-60, undefined],
    [-61, 'ERR_DPOP_PROOF_EXPIRED'],
    [30, undefined],
    [31, 'ERR_DPOP_PROOF_NOT_YET_VALID'],
    [1e12, 'ERR_DPOP_PROOF_NOT_YET_VALID'],
  ]
  test.each(cases)('%d seconds from now: %s', async (offset, code) => {
    const subject = createSubject(context, { nonce: 'off', clock })
    const claims = { iat: clock.now + offset }
    if (code === undefined) await subject.send({ claims })
    else expect((await subject.refusal({ claims })).code).toBe(code)
  })

  test('a nonce that nobody asked for is ignored', async () => {
    const subject = createSubject(context, { nonce: 'off' })
    await subject.send({ claims: { nonce: 'unsolicited' } })
  })

  test('a replay is refused at the last second the proof is accepted', async () => {
    const turning = createClock()
    const subject = createSubject(context, { nonce: 'off', clock: turning })
    const accessToken = await subject.bound()
    const claims = { iat: turning.now + 30 }
    const proof = await createProof({
      key: context.key,
      method: 'GET',
      url: `${RESOURCE}/accounts/1`,
      accessToken,
      claims,
    })
    await subject.send({ accessToken, proof })
    turning.now += 90
    expect((await subject.refusal({ accessToken, proof })).code).toBe('ERR_DPOP_PROOF_REPLAYED')
    turning.now += 1
    expect((await subject.refusal({ accessToken, proof })).code).toBe('ERR_DPOP_PROOF_EXPIRED')
  })
})

describe('with nonces', () => {
  test('a client whose clock is wrong is accepted', async () => {
    await createSubject(context).send({ claims: { iat: 1 } })
  })

  test('a nonce expires, and so does not outlive the memory of the proof', async () => {
    const clock = createClock()
    const subject = createSubject(context, { clock, nonce: { ttlSeconds: 100 } })
    const accessToken = await subject.bound()
    await subject.send({ accessToken })
    const parts = {
      key: context.key,
      method: 'GET',
      url: `${RESOURCE}/accounts/1`,
      accessToken,
      nonce: subject.nonce(),
    }
    const proof = await createProof(parts)
    await subject.send({ accessToken, proof })
    clock.now += 99
    expect((await subject.refusal({ accessToken, proof })).code).toBe('ERR_DPOP_PROOF_REPLAYED')
    clock.now += 1
    expect((await subject.refusal({ accessToken, proof })).code).toBe('ERR_DPOP_NONCE_EXPIRED')
  })

  test('a fresh nonce goes out on success only once the old one has passed half its life', async () => {
    const clock = createClock()
    const subject = createSubject(context, { clock, nonce: { ttlSeconds: 100 } })
    const first = await subject.send()
    expect(first.headers).toEqual({})
    clock.now += 50
    const second = await subject.send()
    expect(second.headers['dpop-nonce']).toMatch(/^[\w-]{32}$/)
    expect(second.headers['dpop-nonce']).not.toBe(subject.nonce())
  })
})

test.each([
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'EdDSA',
  'Ed25519',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
])('a proof by %s is verified where it is accepted, and refused where it is not', async (alg) => {
  const key = await createKey(alg)
  const changes = { key, token: { claims: { cnf: { jkt: key.jkt } } } }
  const subject = createSubject(context, { proofAlgorithms: [alg as 'ES256'] })
  const { caller } = await subject.send(changes)
  expect(caller).toMatchObject({ algorithm: alg, jkt: key.jkt })
  const narrow = createSubject(context, { proofAlgorithms: [alg === 'ES256' ? 'ES384' : 'ES256'] })
  expect((await narrow.refusal(changes)).code).toBe('ERR_DPOP_PROOF_ALG')
})

test.each(['dpop ', 'DPOP ', 'DPoP   '])('the scheme %j is DPoP', async (scheme) => {
  const subject = createSubject(context)
  const accessToken = await subject.bound()
  await subject.send({ accessToken, authorization: scheme + accessToken })
})

test('a tab is no space behind a scheme', async () => {
  expect((await createSubject(context).refusal({ authorization: 'DPoP\ttoken' })).code).toBe(
    'ERR_AUTHORIZATION_MALFORMED',
  )
})

test('the profile mcp takes a proof of five minutes, not of a second more', async () => {
  const clock = createClock()
  const subject = createSubject(context, { profile: 'mcp', nonce: 'off', clock })
  await subject.send({ claims: { iat: clock.now - 300 } })
  const refusal = await subject.refusal({ claims: { iat: clock.now - 301 } })
  expect(refusal).toMatchObject({ code: 'ERR_DPOP_PROOF_EXPIRED', statusCode: 401 })
})

test.each([
  ['in Proxy-Authorization', '/accounts/1', ['Proxy-Authorization', 'DPoP a.b.c']],
  ['in the query', '/accounts/1?access_token=a.b.c', []],
])('a token %s alone is no credentials', async (_, target, rawHeaders) => {
  const { verifier } = createSubject(context)
  const refusal = await verifier.verify({ method: 'GET', target, rawHeaders }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING', statusCode: 401 })
  expect(refusal).not.toHaveProperty(['headers', 'proxy-authenticate'])
})

test('a proof with two defects is refused for the cheaper check', async () => {
  const refusal = await createSubject(context).refusal({
    target: TARGET,
    claims: { htm: 'POST' },
    token: { claims: { exp: 1 } },
  })
  expect(refusal.code).toBe('ERR_DPOP_PROOF_HTM_MISMATCH')
})
