// One outcome a request on the diagnostics channel: what a metric may count, and nothing that a caller could make up.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { VerificationOutcome } from '../src/index.ts'
import { VERIFICATION_CHANNEL } from '../src/index.ts'
import { createSubject, useIssuer } from './support.ts'

const context = useIssuer()
let outcomes: VerificationOutcome[] = []
const record = (message: unknown) => void outcomes.push(message as VerificationOutcome)
beforeEach(() => {
  outcomes = []
  subscribe(VERIFICATION_CHANNEL, record)
})
afterEach(() => void unsubscribe(VERIFICATION_CHANNEL, record))

/** The outcomes, without the time they took. */
const recorded = () =>
  outcomes.splice(0).map(({ durationMilliseconds, ...outcome }) => {
    expect(durationMilliseconds).toBeGreaterThan(0)
    return outcome
  })

test('an accepted call, cold and warm, says whose it was', async () => {
  const subject = createSubject(context)
  const accessToken = await subject.bound()
  await subject.send({ accessToken })
  await subject.send({ accessToken })
  const accepted = { outcome: 'accepted', scheme: 'dpop', issuer: context.issuer.issuer, clientId: 'client-1' }
  expect(recorded()).toEqual([{ outcome: 'ERR_CREDENTIALS_MISSING', status: 401 }, accepted, accepted])
})

test('a refused call says with which code and status, and whose it was only if its token was good', async () => {
  const subject = createSubject(context)
  await subject.refusal({ proof: null })
  recorded()
  const good = { scheme: 'dpop', issuer: context.issuer.issuer, clientId: 'client-1' }
  await subject.refusal({ token: { claims: { aud: 'https://other.example', client_id: 'made-up' } } })
  await subject.refusal({ claims: { htm: 'POST' } })
  await subject.refusal({ policy: { scope: 'a' } })
  const accessToken = await subject.bound()
  const call = await subject.request({ accessToken })
  await subject.verifier.verify(call)
  await subject.verifier.verify(call).catch(() => undefined)
  await subject.refusal({ accessToken, claims: { htm: 'POST' } })
  expect(recorded()).toEqual([
    { outcome: 'ERR_TOKEN_AUDIENCE', status: 401, scheme: 'dpop' },
    { outcome: 'ERR_DPOP_PROOF_HTM_MISMATCH', status: 401, scheme: 'dpop' },
    { outcome: 'ERR_SCOPE_INSUFFICIENT', status: 403, ...good },
    { outcome: 'accepted', ...good },
    { outcome: 'ERR_DPOP_PROOF_REPLAYED', status: 401, ...good },
    { outcome: 'ERR_DPOP_PROOF_HTM_MISMATCH', status: 401, ...good },
  ])
})

test('a bearer token is told apart, so that an owner knows when to turn it off', async () => {
  const subject = createSubject(context, { accept: ['dpop', 'bearer'] })
  await subject.send({ scheme: 'Bearer', proof: null, token: { claims: { cnf: undefined } } })
  expect(recorded().at(-1)).toMatchObject({ outcome: 'accepted', scheme: 'bearer' })
})

test('a fault of the server is an error with status 500', async () => {
  const claims = () => {
    throw new Error('a mistake in the program')
  }
  await expect(createSubject(context).send({ policy: { claims } })).rejects.toThrow('a mistake in the program')
  expect(recorded().at(-1)).toMatchObject({ outcome: 'error', status: 500, clientId: 'client-1' })
})

test('an explanation is no outcome', async () => {
  const subject = createSubject(context)
  const request = await subject.request()
  recorded()
  await subject.verifier.explain(request)
  expect(outcomes).toEqual([])
})

test('nothing is published when nobody listens', async () => {
  unsubscribe(VERIFICATION_CHANNEL, record)
  await createSubject(context).send()
  expect(outcomes).toEqual([])
})
