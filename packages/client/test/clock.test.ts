// A clock that is wrong: learned from the server that refuses a proof for its time, and from nobody else.

import type { ServerResponse } from 'node:http'
import { createKey } from '@countersign/testkit'
import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { clientCredentials } from '../src/index.ts'
import type { Behaviour } from './support.ts'
import { clientOf, serve } from './support.ts'

const now = () => Math.floor(Date.now() / 1000)
const HOUR = 3600

/** A server whose clock is ahead, and that takes proofs of the last minute only. */
const ahead =
  (seconds: number, fields: Readonly<Record<string, string>> = {}): Behaviour =>
  (response, { claims }) => {
    const time = now() + seconds
    response.setHeader('date', new Date(time * 1000).toUTCString())
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
    if (Math.abs(Number(claims['iat']) - time) <= 60) response.end('ok')
    else refuse(response)
  }

function refuse(response: ServerResponse, error = 'invalid_dpop_proof'): void {
  response.writeHead(401, { 'www-authenticate': `DPoP error="${error}", algs="ES256"` }).end()
}

describe('an API whose clock differs', () => {
  test.each([HOUR, -HOUR, 120, 80_000])(
    'by %d seconds is called with its own time, and remembered',
    async (seconds) => {
      const { url, seen } = await serve(ahead(seconds))
      const client = clientOf(url)
      expect((await client.fetch('/')).status).toBe(200)
      expect((await client.fetch('/')).status).toBe(200)
      expect(seen).toHaveLength(3)
      const [first, ...others] = seen.map(({ claims }) => Number(claims['iat']) - now())
      expect(Math.abs(first ?? 99)).toBeLessThan(3)
      for (const difference of others) expect(Math.abs(difference - seconds)).toBeLessThan(3)
    },
  )

  test.each<[string, Behaviour]>([
    ['by more than a day', ahead(2 * 86_400)],
    ['as a cache says', ahead(HOUR, { age: '3600' })],
    ['but that does not say its time', (response) => void refuse(Object.assign(response, { sendDate: false }))],
    ['by what it always is', (response) => void refuse(response)],
    [
      'but that refuses something else',
      (response) => {
        response.setHeader('date', new Date((now() + HOUR) * 1000).toUTCString())
        refuse(response, 'insufficient_scope')
      },
    ],
    [
      'in a way that is no time',
      (response) => {
        response.setHeader('date', 'yesterday')
        refuse(response)
      },
    ],
  ])('%s is not believed', async (_, behave) => {
    const { url, seen } = await serve(behave)
    expect((await clientOf(url).fetch('/')).status).toBe(401)
    expect(seen).toHaveLength(1)
  })

  test('each time anew is believed once a call', async () => {
    const { url, seen } = await serve((response, _, all) => {
      response.setHeader('date', new Date((now() + HOUR * all.length) * 1000).toUTCString())
      refuse(response)
    })
    expect((await clientOf(url).fetch('/')).status).toBe(401)
    expect(seen).toHaveLength(2)
  })

  test('is not the clock of another', async () => {
    const [late, right] = [await serve(ahead(HOUR)), await serve(ahead(0))]
    const client = clientOf(late.url, { origins: [right.url] })
    await client.fetch('/')
    await client.fetch(right.url)
    expect(right.seen).toHaveLength(1)
  })

  test('refuses a stream: it is not sent again, and the next call has the time', async () => {
    const { url } = await serve(ahead(HOUR))
    const client = clientOf(url)
    const body = () => new Blob(['x']).stream()
    const post = () => client.fetch('/', { method: 'POST', body: body(), duplex: 'half' } as RequestInit)
    expect((await post()).status).toBe(401)
    expect((await client.fetch('/')).status).toBe(200)
    expect((await post()).status).toBe(200)
  })
})

describe('an authorization server whose clock differs', async () => {
  const key = await createKey()
  test.each([
    [400, 'invalid_dpop_proof'],
    [401, 'invalid_client'],
  ])('answers %d %s, and gets proof and assertion of its own time', async (status, error) => {
    const api = await serve((response) => void response.end())
    const times: { proof: number; assertion: number }[] = []
    const { url } = await serve((response, { path, claims, body, headers }) => {
      const time = now() + HOUR
      response.setHeader('date', new Date(time * 1000).toUTCString()).setHeader('content-type', 'application/json')
      if (path !== '/token') {
        const issuer = `http://${headers.host}`
        response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }))
        return
      }
      const assertion = decodeJwt(new URLSearchParams(body).get('client_assertion') ?? '')
      times.push({ proof: Number(claims['iat']) - now(), assertion: Number(assertion.iat) - now() })
      if (Math.abs(Number(claims['iat']) - time) > 60) response.writeHead(status).end(JSON.stringify({ error }))
      else response.end(JSON.stringify({ access_token: 'issued', token_type: 'DPoP' }))
    })
    const token = clientCredentials({ clientId: 'partner-7', key: key.privateJwk as JsonWebKey, issuer: url })
    expect((await clientOf(api.url, { token }).fetch('/')).status).toBe(200)
    expect(times).toHaveLength(2)
    for (const difference of Object.values(times[1] ?? {})) expect(Math.abs(difference - HOUR)).toBeLessThan(3)
  })
})
