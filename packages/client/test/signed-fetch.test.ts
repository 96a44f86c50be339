// The signed fetch alone makes DPoP proofs and nothing else: what a caller asks for beyond that is refused, not replaced.

import { expect, test, vi } from 'vitest'
import { createSignedFetch } from '../src/create-signed-fetch.ts'
import { generateSigner } from '../src/keys/key-pair.ts'
import { serve } from './support.ts'

async function connect() {
  const { url, seen } = await serve((response) => void response.end('ok'))
  const accessToken = vi.fn(() => 'token-1')
  const signedFetch = createSignedFetch({ resource: url, signer: await generateSigner(), accessToken })
  return { seen, accessToken, call: (proof: unknown) => signedFetch('/a', { proof } as RequestInit) }
}

test.each([undefined, 'dpop'])('proof %j is a DPoP proof', async (proof) => {
  const { seen, call } = await connect()
  expect((await call(proof)).status).toBe(200)
  expect(seen[0]?.claims).toMatchObject({ htm: 'GET' })
})

test.each([
  'envelope',
  { envelope: 'attached' },
  { seal: true },
  { verifyResponse: true },
  {},
  'DPoP',
  '',
  null,
  false,
])('proof %j is refused before anything is sent', async (proof) => {
  const { seen, accessToken, call } = await connect()
  await expect(call(proof)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'proof' })
  expect([seen, accessToken.mock.calls]).toEqual([[], []])
})
