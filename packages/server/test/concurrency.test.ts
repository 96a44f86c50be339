// Many requests at once, over HTTP: of any number of copies one is accepted, and no caller sees another's answer.

import { createProof } from '@countersign/testkit'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import type { ReplayStore } from '../src/index.ts'
import countersign from '../src/index.ts'
import { createTestIssuer, createTestSigner } from '../src/testing/index.ts'
import { RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
let app: FastifyInstance
afterEach(() => app.close())

async function listen(
  options: { issuer?: ReturnType<typeof createTestIssuer>; replay?: ReplayStore } = {},
): Promise<string> {
  app = Fastify() as unknown as FastifyInstance
  const issuer = options.issuer?.options ?? context.issuer.issuer
  await app.register(countersign, { resource: RESOURCE, issuer, ...(options.replay && { replay: options.replay }) })
  app.get('/who', async ({ caller }) => ({ clientId: caller.clientId, jkt: caller.jkt }))
  return app.listen({ host: '127.0.0.1', port: 0 })
}

async function nonceOf(url: string): Promise<string> {
  return (await fetch(`${url}/who`)).headers.get('dpop-nonce') as string
}

/** A store in another process, so to speak: it answers after a turn of the event loop, and atomically. */
function slowStore(): ReplayStore {
  const claimed = new Set<string>()
  return {
    async claim(key) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (claimed.has(key)) return false
      claimed.add(key)
      return true
    },
  }
}

test.each([
  ['the store in memory', undefined],
  ['a store that takes its time', slowStore()],
])('of fifty copies of one call, sent at once, exactly one is accepted: %s', async (_, replay) => {
  const url = await listen(replay && { replay })
  const accessToken = await context.issuer.token({ claims: { cnf: { jkt: context.key.jkt } } })
  const parts = { key: context.key, method: 'GET', url: `${RESOURCE}/who`, accessToken, nonce: await nonceOf(url) }
  const headers = { authorization: `DPoP ${accessToken}`, dpop: await createProof(parts) }
  const responses = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/who`, { headers })))
  const outcomes = await Promise.all(
    responses.map(async (response) =>
      response.status === 200 ? 'accepted' : ((await response.json()) as { code: string }).code,
    ),
  )
  expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === 'ERR_DPOP_PROOF_REPLAYED')).toHaveLength(49)
})

test('two hundred callers at once each see themselves', async () => {
  const issuer = createTestIssuer({ resource: RESOURCE })
  const url = await listen({ issuer })
  const nonce = await nonceOf(url)
  const callers = Array.from({ length: 50 }, (_, index) =>
    createTestSigner({ issuer, claims: { client_id: `client-${index}`, sub: `client-${index}` } }),
  )
  const calls = Array.from({ length: 200 }, async (_, index) => {
    const signer = callers[index % callers.length] as (typeof callers)[number]
    const response = await fetch(`${url}/who`, { headers: { ...signer.sign({ url: '/who', nonce }) } })
    expect(await response.json()).toEqual({ clientId: `client-${index % callers.length}`, jkt: signer.jkt })
  })
  await Promise.all(calls)
})
