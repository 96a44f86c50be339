// An explanation says of each check whether it passes, agrees with what `verify` says, uses nothing up, and shows nothing secret.

import { createKey, createProof } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import type { Explanation, Finding, VerifierOptions } from '../src/verifier.ts'
import { RefusalError } from '../src/verifier.ts'
import type { Changes } from './support.ts'
import { createSubject, RESOURCE, TARGET, useIssuer } from './support.ts'

const context = useIssuer()

/** A request, and what is said of it. */
async function explained(changes: Changes = {}, options: Partial<VerifierOptions> = {}) {
  const subject = createSubject(context, options)
  const request = await subject.request(changes)
  const policy = subject.verifier.compilePolicy(changes.policy ?? {})
  const explanation = await subject.verifier.explain(request, policy)
  return { ...subject, request, policy, explanation }
}

function finding({ findings }: Explanation, id: string): Finding | undefined {
  return findings.find((each) => each.id === id)
}

const idsOf = ({ findings }: Explanation, status: Finding['status']) =>
  findings.filter((each) => each.status === status).map(({ id }) => id)

describe('the valid request', () => {
  test('passes every check, each with its source', async () => {
    const { explanation } = await explained({
      policy: { scope: 'a', acr: 'mfa' },
      token: { claims: { scope: 'a', acr: 'mfa' } },
    })
    expect(explanation.outcome).toBe('accepted')
    expect(explanation).not.toHaveProperty('status')
    expect(idsOf(explanation, 'fail')).toEqual([])
    expect(idsOf(explanation, 'skipped')).toEqual([])
    expect(idsOf(explanation, 'pass')).toEqual([
      'request.target',
      'request.credentials',
      'request.one_token',
      'request.form',
      'request.scheme',
      'proof.present',
      'token.form',
      'proof.form',
      'proof.header',
      'proof.typ',
      'proof.crit',
      'proof.alg',
      'proof.jwk',
      'proof.claims',
      'proof.htm',
      'proof.htu',
      'proof.nonce',
      'proof.ath',
      'token.issuer',
      'token.encryption',
      'token.typ',
      'token.crit',
      'token.alg',
      'token.claims',
      'token.kind',
      'token.client',
      'token.audience',
      'token.time',
      'token.certificate',
      'token.binding',
      'proof.signature',
      'token.signature',
      'token.revocation',
      'proof.replay',
      'policy.scope',
      'policy.acr',
    ])
    for (const { source, title } of explanation.findings) {
      expect(source).toMatch(/^(?:RFC \d{4}|FAPI 2\.0|request-envelope\.md)/)
      expect(title).toMatch(/^[A-Z].*[^.]$/)
    }
  })

  test('says what was expected and what was found', async () => {
    const { explanation } = await explained()
    expect(finding(explanation, 'proof.htm')).toMatchObject({ expected: 'GET', actual: 'GET' })
    expect(finding(explanation, 'proof.htu')).toMatchObject({
      expected: `${RESOURCE}/accounts/1`,
      actual: `${RESOURCE}/accounts/1`,
    })
    expect(finding(explanation, 'token.audience')).toMatchObject({ expected: [RESOURCE], actual: RESOURCE })
    expect(finding(explanation, 'token.binding')).toMatchObject({ expected: context.key.jkt, actual: context.key.jkt })
    expect(finding(explanation, 'proof.nonce')?.actual).toMatch(/^\d+ seconds old$/)
  })

  test('uses neither the proof nor the nonce up, however often it is explained', async () => {
    const { verifier, request, policy } = await explained()
    for (let time = 0; time < 3; time++) {
      expect((await verifier.explain(request, policy)).outcome).toBe('accepted')
    }
    expect((await verifier.verify(request, policy)).caller.clientId).toBe('client-1')
    const after = await verifier.explain(request, policy)
    expect(after.outcome).toBe('ERR_DPOP_PROOF_REPLAYED')
    expect(idsOf(after, 'fail')).toEqual(['proof.replay'])
  })

  test('a store that cannot be asked is not asked', async () => {
    const claims: string[] = []
    const replay = { claim: (key: string) => claims.push(key) > 0 }
    const { explanation } = await explained({}, { replay })
    expect(finding(explanation, 'proof.replay')).toMatchObject({
      status: 'skipped',
      why: 'The replay store cannot be asked without using the proof up',
    })
    expect(explanation.outcome).toBe('accepted')
    expect(claims).toEqual([])
  })

  test('is told nothing by what is remembered of its token', async () => {
    const subject = createSubject(context)
    const accessToken = await subject.bound()
    await subject.send({ accessToken })
    const request = await subject.request({ accessToken })
    expect(idsOf(await subject.verifier.explain(request), 'pass')).toContain('token.signature')
  })

  test('a bearer token is explained without a proof', async () => {
    const { explanation } = await explained(
      { scheme: 'Bearer', proof: null, token: { claims: { cnf: undefined } } },
      { accept: ['dpop', 'bearer'] },
    )
    expect(explanation.outcome).toBe('accepted')
    expect(explanation.findings.filter(({ id }) => id.startsWith('proof.'))).toEqual([])
  })

  test('without nonces, iat is explained', async () => {
    const { explanation } = await explained({}, { nonce: 'off' })
    expect(finding(explanation, 'proof.iat')).toMatchObject({ status: 'pass', actual: expect.any(Number) })
    expect(finding(explanation, 'proof.nonce')).toBeUndefined()
  })
})

describe('a refused request', () => {
  test('is explained with the answer it gets, what failed, and what to do', async () => {
    const { explanation, verifier, request } = await explained({ claims: { htu: `${RESOURCE}/accounts/2` } })
    expect(explanation).toMatchObject({ outcome: 'ERR_DPOP_PROOF_HTU_MISMATCH', status: 401 })
    expect(finding(explanation, 'proof.htu')).toMatchObject({
      status: 'fail',
      code: 'ERR_DPOP_PROOF_HTU_MISMATCH',
      parameter: 'htu',
      expected: `${RESOURCE}/accounts/1`,
      actual: `${RESOURCE}/accounts/2`,
      fix: expect.stringContaining('`basePath`'),
      documentation: 'docs/errors.md#err_dpop_proof_htu_mismatch',
    })
    const refusal = (await verifier.verify(request).catch((error: unknown) => error)) as RefusalError
    const { 'dpop-nonce': nonce, ...headers } = refusal.headers
    expect(nonce).toBeDefined()
    expect(explanation.headers).toEqual(headers)
    expect(explanation.problem).toEqual(refusal.problem)
  })

  test('has every fault listed, not the first only', async () => {
    const { explanation } = await explained({
      claims: { htm: 'POST', htu: `${RESOURCE}/x`, nonce: 'foreign' },
      token: { claims: { aud: 'https://other.example', exp: 1 } },
      policy: { scope: 'a' },
    })
    expect(idsOf(explanation, 'fail')).toEqual([
      'proof.htm',
      'proof.htu',
      'proof.nonce',
      'token.audience',
      'token.time',
      'policy.scope',
    ])
    expect(explanation.outcome).toBe('ERR_DPOP_PROOF_HTM_MISMATCH')
  })

  test('what rests on a check that failed is skipped, and says on which', async () => {
    const { explanation } = await explained({ header: { alg: 'ES256', jwk: { kty: 'oct', k: 'AA' } } })
    expect(finding(explanation, 'proof.jwk')).toMatchObject({ status: 'fail', code: 'ERR_DPOP_PROOF_JWK' })
    for (const id of ['proof.signature', 'token.binding', 'proof.replay']) {
      expect(finding(explanation, id), id).toMatchObject({
        status: 'skipped',
        why: expect.stringMatching(/ did not pass$/),
      })
    }
    expect(finding(explanation, 'proof.htm')?.status).toBe('pass')
  })

  test.each([
    ['no credentials', { authorization: '', proof: null }, 'ERR_AUTHORIZATION_MALFORMED'],
    ['no proof', { proof: null }, 'ERR_DPOP_PROOF_MISSING'],
    ['a proof that is none', { proof: 'x' }, 'ERR_DPOP_PROOF_MALFORMED'],
    ['a token that is none', { accessToken: 'x' }, 'ERR_TOKEN_MALFORMED'],
    ['a request target that is none', { target: '*' }, 'ERR_REQUEST_TARGET_INVALID'],
    ['another scheme', { scheme: 'Basic' }, 'ERR_SCHEME_NOT_ACCEPTED'],
    ['the Bearer scheme', { scheme: 'Bearer' }, 'ERR_SCHEME_NOT_ACCEPTED'],
  ] as [string, Changes, string][])('%s is explained to the end', async (_, changes, code) => {
    const { explanation, verifier, request } = await explained(changes)
    expect(explanation.outcome).toBe(code)
    expect(explanation.findings.at(-1)?.id).not.toBe(finding(explanation, 'request.target')?.id)
    await expect(verifier.verify(request)).rejects.toMatchObject({ code })
  })

  test('a fault of the server stays one', async () => {
    const subject = createSubject(context)
    const policy = subject.verifier.compilePolicy({
      claims: () => {
        throw new Error('a mistake in the program')
      },
    })
    await expect(subject.verifier.explain(await subject.request(), policy)).rejects.toThrow('a mistake in the program')
  })

  test('an issuer that is down is 503', async () => {
    const options = { issuer: { issuer: context.issuer.issuer, jwksUri: 'http://127.0.0.1:9/' } }
    const { explanation } = await explained({}, options)
    expect(explanation).toMatchObject({ outcome: 'ERR_ISSUER_UNAVAILABLE', status: 503 })
  })
})

test('agrees with verify on every defect', async () => {
  const defects: Changes[] = [
    { header: { typ: 'JWT' } },
    { header: { crit: ['x'], x: 1 } },
    { claims: { jti: undefined } },
    { claims: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } },
    { claims: { nonce: undefined } },
    { token: { header: { typ: 'JWT' } } },
    { token: { header: { kid: 'other' } } },
    { token: { claims: { iss: 'https://attacker.example' } } },
    { token: { claims: { cnf: undefined } } },
    { token: { claims: { cnf: { 'x5t#S256': context.key.jkt } } } },
    { token: { key: await createKey() } },
    { key: await createKey() },
    { policy: { roles: 'admin' } },
    { policy: { maxAgeSeconds: 1 } },
    { extra: ['DPoP', 'x'] },
    { target: `${TARGET}&access_token=x` },
  ]
  for (const changes of defects.filter(({ header }) => header?.['crit'] === undefined)) {
    const { explanation, verifier, request, policy } = await explained(changes)
    const refusal = await verifier.verify(request, policy).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RefusalError)
    expect(explanation.outcome).toBe((refusal as RefusalError).code)
  }
})

test('shows neither tokens, nor proofs, signatures or keys, whatever stands where', async () => {
  const { request, explanation } = await explained()
  const [, authorization = '', , proof = ''] = request.rawHeaders.slice(2)
  const token = authorization.split(' ')[1] as string
  const secrets = [
    token,
    proof,
    ...token.split('.'),
    ...proof.split('.'),
    context.key.jwk.x,
    context.key.jwk.y,
  ] as string[]
  const parts = { key: context.key, method: 'GET', url: `${RESOURCE}/`, accessToken: token }
  const misplaced = await explained({
    accessToken: token,
    claims: { htm: token, htu: `https://user:${token}@attacker.example/?t=${token}`, nonce: await createProof(parts) },
  })
  for (const text of [JSON.stringify(explanation), JSON.stringify(misplaced.explanation)]) {
    for (const secret of secrets) expect(text).not.toContain(secret)
  }
})
