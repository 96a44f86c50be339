// Real calls, signed by keys in a token and by one that was generated: the same tests pass with each.

import { clientCredentials, createClient, generateSigner } from '@countersign/client'
import { thumbprint } from '@countersign/shared'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { stopAfterwards } from '../../../../test/support.ts'
import type { Signer } from '../../src/index.ts'
import { importPrivateKey, jwksOf } from '../../src/node/index.ts'
import { describeWithToken, signerOf, useTokens } from './softhsm.ts'
import type { Examples } from './support.ts'
import { startFor } from './support.ts'

stopAfterwards()

describeWithToken('a client whose key', () => {
  const tokens = useTokens('calls')
  let at: Examples
  let credentials: { clientId: string; issuer: string; key: Awaited<ReturnType<typeof importPrivateKey>> }

  beforeAll(async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
    const key = await importPrivateKey(await crypto.subtle.exportKey('jwk', privateKey))
    at = await startFor(() => ({ clientId: 'partner-7', jwks: jwksOf(key), scope: 'accounts:read payments:write' }))
    credentials = { clientId: 'partner-7', issuer: at.issuer, key }
  })

  describe.each<[string, () => Promise<Signer>]>([
    ['was generated', () => generateSigner()],
    ['is in a token', () => signerOf(tokens.options('calls', { create: true }))],
    [
      'is of RSA, in a token',
      () => signerOf(tokens.options('calls', { key: { label: 'rsa' }, algorithm: 'PS256', create: true })),
    ],
    [
      'is on Curve25519, in a token',
      () => signerOf(tokens.options('calls', { key: { label: 'ed' }, algorithm: 'Ed25519', create: true })),
    ],
  ])('%s', (_, signerFor) => {
    const clientOf = async () => {
      const signer = await signerFor()
      const token = clientCredentials({ ...credentials, scope: 'accounts:read payments:write' })
      const client = createClient({ resource: at.api, token, signer })
      onTestFinished(() => client.close())
      return { client, signer }
    }

    test('calls', async () => {
      const { client, signer } = await clientOf()
      expect((await client.fetch('/accounts')).status).toBe(200)
      const caller = await (await client.fetch('/whoami')).json()
      expect(caller).toMatchObject({ clientId: 'partner-7', jkt: await thumbprint(signer.publicJwk) })
      expect(await client.thumbprint()).toBe(await thumbprint(signer.publicJwk))
    })

    test('sends a body', async () => {
      const { client } = await clientOf()
      const headers = { 'content-type': 'application/json' }
      const response = await client.fetch('/payments', { method: 'POST', headers, body: '{"amount":12}' })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ body: { amount: 12 } })
    })

    test('calls many times at once', async () => {
      const { client } = await clientOf()
      await client.ready()
      const responses = await Promise.all(Array.from({ length: 30 }, () => client.fetch('/accounts')))
      expect(responses.map(({ status }) => status)).toEqual(Array(30).fill(200))
    })
  })
})
