// The channel of outcomes, for each kind of refusal and fault: one message, its status, and no name that the issuer has not vouched for.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createKey } from '@countersign/testkit'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import type { VerificationOutcome } from '../src/index.ts'
import countersign, { CountersignError, VERIFICATION_CHANNEL } from '../src/index.ts'
import { useSignedCalls } from './signed-calls.ts'
import type { Changes } from './support.ts'
import { createSubject } from './support.ts'

const { context, create, options, call } = useSignedCalls()
const outcomes: VerificationOutcome[] = []
const record = (message: unknown) => void outcomes.push(message as VerificationOutcome)
beforeEach(() => {
  outcomes.length = 0
  subscribe(VERIFICATION_CHANNEL, record)
})
afterEach(() => void unsubscribe(VERIFICATION_CHANNEL, record))

/** The outcomes since the last time, without how long they took. */
function recorded(): object[] {
  return outcomes.splice(0).map(({ durationMilliseconds, ...rest }) => {
    expect(durationMilliseconds).toEqual(expect.any(Number))
    return rest
  })
}

const named = () => ({ issuer: context.issuer.issuer, clientId: 'client-1' })
const madeUp = { client_id: 'made-up' }

const anonymous: [string, () => Changes | Promise<Changes>, number][] = [
  ['ERR_REQUEST_TARGET_INVALID', () => ({ target: '/a/../b' }), 400],
  ['ERR_TOKEN_IN_QUERY', () => ({ target: '/?access_token=x' }), 400],
  ['ERR_DPOP_PROOF_DUPLICATE', () => ({ extra: ['DPoP', 'x'] }), 400],
  ['ERR_AUTHORIZATION_DUPLICATE', () => ({ extra: ['Authorization', 'Bearer x'] }), 400],
  ['ERR_AUTHORIZATION_MALFORMED', () => ({ authorization: 'DPoP' }), 400],
  ['ERR_SCHEME_NOT_ACCEPTED', () => ({ scheme: 'Bearer', proof: null }), 401],
  ['ERR_DPOP_PROOF_MISSING', () => ({ proof: null }), 401],
  ['ERR_DPOP_PROOF_MALFORMED', () => ({ proof: 'x' }), 401],
  ['ERR_DPOP_PROOF_TYP', () => ({ header: { typ: 'JWT' } }), 401],
  ['ERR_DPOP_PROOF_HTU_MISMATCH', () => ({ claims: { htu: 'https://other.example/' } }), 401],
  ['ERR_DPOP_PROOF_EXPIRED', () => ({ claims: { iat: 1 } }), 401],
  ['ERR_DPOP_NONCE_REQUIRED', () => ({ claims: { nonce: undefined } }), 401],
  ['ERR_TOKEN_MALFORMED', () => ({ accessToken: 'x' }), 401],
  ['ERR_TOKEN_ISSUER', () => ({ token: { claims: { ...madeUp, iss: 'https://other.example' } } }), 401],
  ['ERR_TOKEN_SIGNATURE', async () => ({ token: { claims: madeUp, key: await createKey() } }), 401],
  ['ERR_TOKEN_EXPIRED', () => ({ token: { claims: { ...madeUp, exp: 1 } } }), 401],
  ['ERR_TOKEN_UNBOUND', () => ({ token: { claims: { ...madeUp, cnf: undefined } } }), 401],
]

describe('a request whose token was not found good has no name', () => {
  test.each(anonymous)('%s', async (code, changes, status) => {
    const subject = createSubject(context, code === 'ERR_DPOP_PROOF_EXPIRED' ? { nonce: 'off' } : {})
    const request = await subject.request(await changes())
    recorded()
    await subject.verifier.verify(request).catch(() => undefined)
    const [outcome, ...others] = recorded()
    expect(others).toEqual([])
    expect(outcome).toMatchObject({ outcome: code, status })
    for (const member of ['issuer', 'clientId']) expect(outcome).not.toHaveProperty(member)
  })
})

test('a request of another scheme has none of ours', async () => {
  const subject = createSubject(context)
  await subject.refusal({ authorization: 'Basic eDp5' })
  expect(recorded().at(-1)).toEqual({ outcome: 'ERR_SCHEME_NOT_ACCEPTED', status: 401 })
})

describe('a request whose token was found good has one', () => {
  const policies: [string, Changes, number][] = [
    ['ERR_SCOPE_INSUFFICIENT', { policy: { scope: 'a' } }, 403],
    ['ERR_ROLE_MISSING', { policy: { roles: 'a' } }, 403],
    ['ERR_CLAIMS_REFUSED', { policy: { claims: () => false } }, 403],
    ['ERR_ACR_INSUFFICIENT', { policy: { acr: 'strong' } }, 401],
  ]
  test.each(policies)('%s', async (outcome, changes, status) => {
    const subject = createSubject(context)
    await subject.refusal(changes)
    expect(recorded().at(-1)).toEqual({ outcome, status, scheme: 'dpop', ...named() })
  })

  test('when its proof was used before', async () => {
    const subject = createSubject(context)
    const request = await subject.request()
    await subject.verifier.verify(request)
    recorded()
    await subject.verifier.verify(request).catch(() => undefined)
    expect(recorded()).toEqual([{ outcome: 'ERR_DPOP_PROOF_REPLAYED', status: 401, scheme: 'dpop', ...named() }])
  })

  test('when the replay store fails', async () => {
    const replay = { claim: () => Promise.reject(new Error('no connection')) }
    const subject = createSubject(context, { replay })
    await subject.refusal({})
    expect(recorded().at(-1)).toMatchObject({ status: 503, ...named() })
  })
})

describe('a fault of the server is one, with status 500', () => {
  const faults: [string, () => never][] = [
    ['an error', () => thrown(new Error('a mistake'))],
    ['an error of Countersign that no request causes', () => thrown(new CountersignError('ERR_OPTION_INVALID', 'x'))],
  ]
  test.each(faults)('by %s of a predicate', async (_, claims) => {
    await expect(createSubject(context).send({ policy: { claims } })).rejects.toThrow()
    expect(recorded().at(-1)).toEqual({ outcome: 'error', status: 500, scheme: 'dpop', ...named() })
  })

  test.each(faults)('by %s while a certificate is read', async (_, clientCertificate) => {
    const subject = createSubject(context)
    const cnf = { jkt: context.key.jkt, 'x5t#S256': 'A'.repeat(43) }
    const request = await subject.request({ token: { claims: { ...madeUp, cnf } } })
    await expect(subject.verifier.verify({ ...request, clientCertificate })).rejects.toThrow()
    expect(recorded().at(-1)).toEqual({ outcome: 'error', status: 500, scheme: 'dpop' })
  })
})

test('each call through the plugin has one outcome, that of a guard too', async () => {
  const app = create()
  await app.register(countersign, options())
  app.get('/closed', async () => '')
  app.get('/guarded', { config: { auth: false }, onRequest: app.countersign.guard() }, async () => '')
  app.get('/open', { config: { auth: false } }, async () => '')
  for (const url of ['/closed', '/guarded']) {
    await call(app, { url })
    expect(recorded()).toEqual([
      { outcome: 'ERR_CREDENTIALS_MISSING', status: 401 },
      { outcome: 'accepted', scheme: 'dpop', ...named() },
    ])
  }
  await app.inject('/open')
  await app.inject('/.well-known/oauth-protected-resource')
  expect(recorded()).toEqual([])
})

test('an outcome holds no more than it says', () => {
  expectTypeOf<keyof VerificationOutcome>().toEqualTypeOf<
    'outcome' | 'status' | 'scheme' | 'issuer' | 'clientId' | 'durationMilliseconds'
  >()
})

function thrown(error: Error): never {
  throw error
}
