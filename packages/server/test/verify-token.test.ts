// RFC 9068 section 4 at the resource server: one defect of the access token at a time.

import { generateKeyPairSync, sign } from 'node:crypto'
import type { AlgorithmEntry } from '@countersign/shared'
import { algorithmOf } from '@countersign/shared'
import type { TestKey } from '@countersign/testkit'
import { createKey, startIssuer, startServer } from '@countersign/testkit'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { verifySignature } from '../src/signature.ts'
import type { Changes } from './support.ts'
import { createClock, createSubject, RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
/** The thumbprint of some certificate. */
const CERTIFICATE = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0'

describe('one defect each', () => {
  const cases: [string, NonNullable<Changes['token']>, string][] = [
    ['typ of a JWT', { header: { typ: 'JWT' } }, 'ERR_TOKEN_TYP'],
    ['no typ', { header: { typ: undefined } }, 'ERR_TOKEN_TYP'],
    ['typ of a logout token', { header: { typ: 'logout+jwt' } }, 'ERR_TOKEN_TYP'],
    ['typ of a proof', { header: { typ: 'dpop+jwt' } }, 'ERR_TOKEN_TYP'],
    ['typ of a client assertion', { header: { typ: 'client-authentication+jwt' } }, 'ERR_TOKEN_TYP'],
    ['typ of an introspection answer', { header: { typ: 'token-introspection+jwt' } }, 'ERR_TOKEN_TYP'],
    ['issuer that is no string', { claims: { iss: 1 } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['client_id that is no string', { claims: { client_id: 1 } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['jti that is no string', { claims: { jti: 1 } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['iat as a string', { claims: { iat: '1700000000' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['nbf as a string', { claims: { nbf: '1700000000' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['auth_time as a string', { claims: { auth_time: '1700000000' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['an aud of no characters', { claims: { aud: '' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['an unknown kid', { header: { kid: 'other' } }, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['kid that is a prototype member', { header: { kid: '__proto__' } }, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['kid that is no string', { header: { kid: 1 } }, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['issuer with a slash', { claims: { iss: 'http://127.0.0.1/' } }, 'ERR_TOKEN_ISSUER'],
    ['no issuer', { claims: { iss: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no subject', { claims: { sub: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no client_id', { claims: { client_id: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no jti', { claims: { jti: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no iat', { claims: { iat: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no exp', { claims: { exp: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['no aud', { claims: { aud: undefined } }, 'ERR_TOKEN_CLAIM_MISSING'],
    ['an empty aud', { claims: { aud: [] } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['aud with something else than strings', { claims: { aud: [RESOURCE, 1] } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['aud of another resource', { claims: { aud: 'https://other.example' } }, 'ERR_TOKEN_AUDIENCE'],
    ['aud with a slash', { claims: { aud: `${RESOURCE}/` } }, 'ERR_TOKEN_AUDIENCE'],
    ['aud that contains ours', { claims: { aud: `${RESOURCE}.attacker.example` } }, 'ERR_TOKEN_AUDIENCE'],
    ['an expired token', { claims: { exp: 1 } }, 'ERR_TOKEN_EXPIRED'],
    ['exp as a string', { claims: { exp: '4102444800' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['nbf in the future', { claims: { nbf: 4102444800 } }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['iat in the future', { claims: { iat: 4102444800 } }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['sub that is no string', { claims: { sub: 1 } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['scope as a list', { claims: { scope: ['a'] } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['no cnf', { claims: { cnf: undefined } }, 'ERR_TOKEN_UNBOUND'],
    ['an empty cnf', { claims: { cnf: {} } }, 'ERR_TOKEN_BINDING_UNSUPPORTED'],
    ['cnf that is no object', { claims: { cnf: 'jkt' } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['jkt that is no string', { claims: { cnf: { jkt: 1 } } }, 'ERR_TOKEN_CLAIM_INVALID'],
    ['a certificate binding', { claims: { cnf: { 'x5t#S256': CERTIFICATE } } }, 'ERR_TOKEN_BINDING_UNSUPPORTED'],
    [
      'another key',
      { claims: { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } } },
      'ERR_TOKEN_BINDING_MISMATCH',
    ],
  ]
  test.each(cases)('%s', async (_, token, code) => {
    const refusal = await createSubject(context).refusal({ token })
    expect(refusal.code).toBe(code)
    expect(refusal.statusCode).toBe(401)
    expect(refusal.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  test('a certificate binding beside jkt', async () => {
    const token = { claims: { cnf: { jkt: context.key.jkt, 'x5t#S256': CERTIFICATE } } }
    expect((await createSubject(context).refusal({ token })).code).toBe('ERR_TOKEN_BINDING_UNSUPPORTED')
  })

  test('a token signed by another key of the same kid', async () => {
    const refusal = await createSubject(context).refusal({ token: { key: await createKey() } })
    expect(refusal.code).toBe('ERR_TOKEN_SIGNATURE')
  })

  test('an unsecured token', async () => {
    const accessToken = new UnsecuredJWT({ iss: context.issuer.issuer }).encode()
    expect((await createSubject(context).refusal({ accessToken })).code).toBe('ERR_TOKEN_MALFORMED')
  })

  test('a token by a MAC keyed with the public key', async () => {
    const claims = { iss: context.issuer.issuer }
    const secret = new TextEncoder().encode(JSON.stringify(context.key.jwk))
    const accessToken = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(secret)
    expect((await createSubject(context).refusal({ accessToken })).code).toBe('ERR_TOKEN_ALG')
  })

  test('a token with b64 in its header', async () => {
    const subject = createSubject(context)
    const [header = '', ...rest] = (await subject.bound()).split('.')
    const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), b64: false }
    const accessToken = [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.')
    expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_CRIT')
  })

  test('a token with a critical header parameter', async () => {
    const subject = createSubject(context)
    const [header = '', ...rest] = (await subject.bound()).split('.')
    const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), crit: ['x'], x: 1 }
    const accessToken = [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.')
    expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_CRIT')
  })

  test('a re-spelt token', async () => {
    const accessToken = `${await createSubject(context).bound()}=`
    expect((await createSubject(context).refusal({ accessToken })).code).toBe('ERR_TOKEN_MALFORMED')
  })

  test('a token that is too large', async () => {
    const accessToken = 'a'.repeat(16_385)
    expect((await createSubject(context).refusal({ accessToken })).code).toBe('ERR_TOKEN_TOO_LARGE')
  })

  test('an opaque token', async () => {
    const accessToken = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
    expect((await createSubject(context).refusal({ accessToken })).code).toBe('ERR_TOKEN_MALFORMED')
  })
})

test.each(['at+jwt', 'at+JWT', 'application/at+jwt', 'Application/AT+JWT'])('typ %s is accepted', async (typ) => {
  await createSubject(context).send({ token: { header: { typ } } })
})

test('an unknown member beside jkt is tolerated', async () => {
  await createSubject(context).send({ token: { claims: { cnf: { jkt: context.key.jkt, other: 'x' } } } })
})

test('the issuer is compared byte for byte, and another is never asked for anything', async () => {
  const before = context.issuer.requests.length
  const subject = createSubject(context)
  for (const iss of [`${context.issuer.issuer}/`, context.issuer.issuer.toUpperCase(), 'http://127.0.0.1:9']) {
    expect((await subject.refusal({ token: { claims: { iss } } })).code).toBe('ERR_TOKEN_ISSUER')
  }
  expect(context.issuer.requests).toHaveLength(before)
})

test('a key, or the address of one, in the header of a token is not looked at', async () => {
  const attacker = await createKey()
  const reached: string[] = []
  const server = await startServer((request, response) => {
    reached.push(request.url ?? '')
    response.end(JSON.stringify({ keys: [attacker.jwk] }))
  })
  const header = { jwk: attacker.jwk, jku: `${server.url}/jwks`, x5u: `${server.url}/x5u` }
  const refusal = await createSubject(context).refusal({ token: { key: attacker, header } })
  expect(refusal.code).toBe('ERR_TOKEN_SIGNATURE')
  await createSubject(context).send({ token: { header } })
  expect(reached).toEqual([])
  await server.stop()
})

test('the key of one issuer signs nothing for another', async () => {
  const other = await startIssuer(RESOURCE)
  const issuer = [context.issuer.issuer, other.issuer]
  const subject = createSubject(context, { issuer })
  const otherKey = other.keys.get('key-1') as TestKey
  expect((await subject.refusal({ token: { key: otherKey } })).code).toBe('ERR_TOKEN_SIGNATURE')
  await subject.send({ accessToken: await other.token({ claims: { cnf: { jkt: context.key.jkt } } }) })
  await other.stop()
})

test('tokens by RS256 are accepted unless they are turned off', async () => {
  const rsa = await startIssuer(RESOURCE, 'RS256')
  await createSubject({ issuer: rsa, key: context.key }).send()
  const fapi2 = createSubject({ issuer: rsa, key: context.key }, { profile: 'fapi2' })
  expect((await fapi2.refusal({})).code).toBe('ERR_TOKEN_ALG')
  await rsa.stop()
})

test('a token without kid is tried with the keys that fit', async () => {
  await createSubject(context).send({ token: { header: { kid: undefined } } })
})

test('one audience among several is enough, and further audiences can be configured', async () => {
  await createSubject(context).send({ token: { claims: { aud: ['https://other.example', RESOURCE] } } })
  const subject = createSubject(context, { audience: ['urn:api'] })
  await subject.send({ token: { claims: { aud: 'urn:api' } } })
  expect((await subject.refusal({})).code).toBe('ERR_TOKEN_AUDIENCE')
})

test('the tolerance applies once to exp and nbf', async () => {
  const clock = createClock()
  const subject = createSubject(context, { clock })
  await subject.send({ token: { claims: { exp: clock.now - 29 } } })
  expect((await subject.refusal({ token: { claims: { exp: clock.now - 30 } } })).code).toBe('ERR_TOKEN_EXPIRED')
  await subject.send({ token: { claims: { nbf: clock.now + 30 } } })
  expect((await subject.refusal({ token: { claims: { nbf: clock.now + 31 } } })).code).toBe('ERR_TOKEN_NOT_YET_VALID')
})

test('a cached token expires on the second', async () => {
  const clock = createClock()
  const subject = createSubject(context, { clock, clockToleranceSeconds: 0, nonce: 'off', maxProofAgeSeconds: 300 })
  const accessToken = await subject.bound({ claims: { exp: clock.now + 10 } })
  const claims = { iat: clock.now }
  await subject.send({ accessToken, claims })
  clock.now += 9
  await subject.send({ accessToken, claims })
  clock.now += 1
  expect((await subject.refusal({ accessToken, claims })).code).toBe('ERR_TOKEN_EXPIRED')
})

test('issuers have their own algorithms', async () => {
  const issuer = [{ issuer: context.issuer.issuer, algorithms: ['PS256' as const] }]
  expect((await createSubject(context, { issuer }).refusal({})).code).toBe('ERR_TOKEN_ALG')
  expect((await createSubject(context, { tokenAlgorithms: ['RS256'] }).refusal({})).code).toBe('ERR_TOKEN_ALG')
  expect((await createSubject(context, { profile: 'fapi2' }).send({})).caller.kind).toBe('dpop')
})

describe('bearer, on its way out', () => {
  const options = { accept: ['dpop', 'bearer'] as const }

  test('an unbound token is accepted, warm or cold', async () => {
    const subject = createSubject(context, options)
    const accessToken = await subject.bound({ claims: { cnf: undefined } })
    for (let call = 0; call < 2; call++) {
      const { caller } = await subject.send({ scheme: 'bearer', accessToken, proof: null })
      expect(caller.kind).toBe('bearer')
      expect(caller.jkt).toBeUndefined()
    }
  })

  test('a bound token is refused always, also when it is cached', async () => {
    const subject = createSubject(context, options)
    const accessToken = await subject.bound()
    const cold = await subject.refusal({ scheme: 'Bearer', accessToken, proof: null })
    expect(cold.code).toBe('ERR_TOKEN_BOUND')
    expect(cold.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token".*, DPoP algs="[^"]*"/)
    await subject.send({ accessToken })
    expect((await subject.refusal({ scheme: 'Bearer', accessToken, proof: null })).code).toBe('ERR_TOKEN_BOUND')
  })

  test('an unbound token with the DPoP scheme is refused, also when it is cached', async () => {
    const subject = createSubject(context, options)
    const accessToken = await subject.bound({ claims: { cnf: undefined } })
    await subject.send({ scheme: 'Bearer', accessToken, proof: null })
    expect((await subject.refusal({ accessToken })).code).toBe('ERR_TOKEN_UNBOUND')
  })

  test('a route can be narrowed to DPoP', async () => {
    const subject = createSubject(context, options)
    const accessToken = await subject.bound({ claims: { cnf: undefined } })
    const refusal = await subject.refusal({ scheme: 'Bearer', accessToken, proof: null, policy: { accept: ['dpop'] } })
    expect(refusal.code).toBe('ERR_SCHEME_NOT_ACCEPTED')
    expect(refusal.headers['www-authenticate']).not.toContain('Bearer')
  })

  test('of an ambiguous request, both challenges say so', async () => {
    const refusal = await createSubject(context, options).refusal({ extra: ['Authorization', 'Bearer x'] })
    expect(refusal.headers['www-authenticate']?.match(/error="invalid_request"/g)).toHaveLength(2)
  })
})

test('an RSA signature is as long as its modulus: one without a leading zero is refused', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithm = algorithmOf('RS256') as AlgorithmEntry
  for (let count = 0; count < 4000; count++) {
    const text = `text ${count}`
    const signature = sign('sha256', Buffer.from(text), privateKey)
    if (signature[0] !== 0) continue
    expect(await verifySignature(algorithm, publicKey, text, signature)).toBe(true)
    expect(await verifySignature(algorithm, publicKey, text, signature.subarray(1))).toBe(false)
    expect(await verifySignature(algorithm, publicKey, text, Buffer.concat([Buffer.of(0), signature]))).toBe(false)
    return
  }
  throw new Error('No signature began with a zero')
})
