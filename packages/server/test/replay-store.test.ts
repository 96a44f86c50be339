// A replay store that cannot vouch for a proof never lets it through.

import { CountersignError } from '@countersign/shared'
import { expect, test } from 'vitest'
import { createSubject, useIssuer } from './support.ts'

const context = useIssuer()

test.each([
  [
    'throws',
    () => {
      throw new Error('down')
    },
    'ERR_REPLAY_STORE_UNAVAILABLE',
    503,
  ],
  [
    'rejects',
    async () => {
      throw new Error('down')
    },
    'ERR_REPLAY_STORE_UNAVAILABLE',
    503,
  ],
  ['answers with a word', () => 'OK' as never, 'ERR_REPLAY_STORE_UNAVAILABLE', 503],
  ['answers with nothing', async () => undefined as never, 'ERR_REPLAY_STORE_UNAVAILABLE', 503],
  [
    'is full',
    () => {
      throw new CountersignError('ERR_REPLAY_STORE_FULL', 'full')
    },
    'ERR_REPLAY_STORE_FULL',
    503,
  ],
  [
    'has enough of a key',
    () => {
      throw new CountersignError('ERR_REPLAY_QUOTA_EXCEEDED', 'quota')
    },
    'ERR_REPLAY_QUOTA_EXCEEDED',
    429,
  ],
  [
    'throws an error of another kind',
    () => {
      throw new CountersignError('ERR_TOKEN_EXPIRED', 'odd')
    },
    'ERR_REPLAY_STORE_UNAVAILABLE',
    503,
  ],
  ['knows the proof', async () => false, 'ERR_DPOP_PROOF_REPLAYED', 401],
])('a store that %s', async (_, claim, code, statusCode) => {
  const refusal = await createSubject(context, { replay: { claim } }).refusal({})
  expect(refusal).toMatchObject({ code, statusCode })
  expect(refusal.headers['retry-after']).toBe(statusCode === 401 ? undefined : '5')
})

test('a store is told whose proof it is, and until when to remember it', async () => {
  const claims: [string, number][] = []
  const claim = async (key: string, expiresAt: number) => claims.push([key, expiresAt]) === 1
  const subject = createSubject(context, { nonce: 'off', clock: () => 1_750_000_000, replay: { claim } })
  await subject.send({ claims: { iat: 1_750_000_000 - 10, jti: 'j' }, token: { claims: { iat: 1_750_000_000 } } })
  expect(claims).toEqual([[`${context.key.jkt}.j`, 1_750_000_000 - 10 + 60 + 30 + 1]])
})

test('a store that does not answer is given up after two seconds', async () => {
  const replay = { claim: () => new Promise<boolean>(() => undefined) }
  const refusal = await createSubject(context, { replay }).refusal({})
  expect(refusal).toMatchObject({ code: 'ERR_REPLAY_STORE_UNAVAILABLE', statusCode: 503 })
})
