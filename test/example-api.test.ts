// The contract of examples/api: its environment and its routes, by our own client.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import type { Client } from '@countersign/client'
import { clientCredentials, createClient } from '@countersign/client'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../examples/demo/src/free-port.ts'
import type { Examples } from './support.ts'
import { start, startExamples, stopAfterwards } from './support.ts'

stopAfterwards()
let examples: Examples
let partner: Client
let administrator: Client

beforeAll(async () => {
  examples = await startExamples()
  partner = clientOf('partner-7')
  administrator = clientOf('administrator')
})

/** The authorization server is found through the API's own metadata. */
function clientOf(clientId: string, scope = 'accounts:read payments:write files:write'): Client {
  const { api, key } = examples
  return createClient({ resource: api, token: clientCredentials({ clientId, key, scope }) })
}

describe('routes', () => {
  test('GET /public needs nothing', async () => {
    expect(await (await fetch(`${examples.api}/public`)).json()).toEqual({ ok: true })
  })

  test('GET /whoami needs any signed call', async () => {
    expect((await fetch(`${examples.api}/whoami`)).status).toBe(401)
    expect(await (await partner.fetch('/whoami')).json()).toMatchObject({
      kind: 'dpop',
      issuer: examples.issuer,
      subject: 'partner-7',
      clientId: 'partner-7',
      scopes: ['accounts:read', 'payments:write', 'files:write'],
      jkt: await partner.thumbprint(),
    })
  })

  test('GET /accounts needs a scope', async () => {
    expect((await partner.fetch('/accounts')).status).toBe(200)
    expect(await (await partner.fetch('/accounts/2')).json()).toMatchObject({ id: '2' })
    expect((await partner.fetch('/accounts/3')).status).toBe(404)
    const refused = await clientOf('partner-7', 'payments:write').fetch('/accounts')
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('scope="accounts:read"')
  })

  test('POST /payments answers with the body and the caller', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await partner.fetch('/payments', { method: 'POST', headers, body: '{"amount":12}' })
    expect(await response.json()).toMatchObject({ body: { amount: 12 }, caller: { clientId: 'partner-7' } })
    const malformed = await partner.fetch('/payments', { method: 'POST', headers, body: '{' })
    expect(malformed.status).toBe(400)
  })

  test('PUT /files/:name hashes a stream', async () => {
    const body = new Uint8Array(5_000_000).fill(7)
    const sha256 = createHash('sha256').update(body).digest('hex')
    const response = await partner.fetch('/files/a.bin', { method: 'PUT', body })
    expect(await response.json()).toEqual({ bytes: body.length, sha256 })
    const json = await partner.fetch('/files/a.json', {
      method: 'PUT',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(await json.json()).toMatchObject({ bytes: 2 })
    const none = await partner.fetch('/files/none', { method: 'PUT' })
    expect(await none.json()).toMatchObject({ bytes: 0 })
  })

  test('POST /transfers needs a request envelope, whose answer is signed on request', async () => {
    const refused = await partner.fetch('/transfers', { method: 'POST' })
    expect([refused.status, (await refused.json()).code]).toEqual([401, 'ERR_ENVELOPE_REQUIRED'])
    const response = await partner.fetch('/transfers?currency=EUR', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"amount":12}',
      proof: { seal: true, verifyResponse: true },
    })
    expect(await response.json()).toMatchObject({ transfer: { amount: 12 }, query: { currency: 'EUR' } })
  })

  test('GET /admin needs a role, GET /vault a recent strong authentication', async () => {
    expect((await administrator.fetch('/admin')).status).toBe(200)
    expect((await administrator.fetch('/vault')).status).toBe(200)
    expect((await partner.fetch('/admin')).status).toBe(403)
    const vault = await partner.fetch('/vault')
    expect(vault.status).toBe(401)
    expect(vault.headers.get('www-authenticate')).toMatch(
      /error="insufficient_user_authentication".*acr_values="urn:example:mfa", max_age="300"/,
    )
  })
})

describe('environment', () => {
  test('nonces of one replica are accepted by another with the same secrets', async () => {
    const NONCE_SECRETS = 'AAAAAAAAAAAAAAAAAAAAAA,BBBBBBBBBBBBBBBBBBBBBQ'
    const RESOURCE = 'https://api.example.com'
    const environment = { ISSUER: examples.issuer, NONCE_SECRETS, RESOURCE, NONCE_TTL_SECONDS: '60' }
    const replicas = [await start('api', environment), await start('api', environment)]
    const nonces = await Promise.all(replicas.map(async ({ url }) => (await fetch(url)).headers.get('dpop-nonce')))
    const keyIds = nonces.map((nonce) =>
      Buffer.from(nonce ?? '', 'base64url')
        .subarray(4, 8)
        .toString('hex'),
    )
    expect(keyIds[0]).toBe(keyIds[1])
  })

  test.each([
    ['no issuer', {}, 'ISSUER must be set'],
    ['http elsewhere', { ISSUER: 'http://as.example.com' }, 'ERR_URL_INSECURE'],
    [
      'a resource by http elsewhere',
      { ISSUER: 'https://as.example.com', RESOURCE: 'http://api.example.com' },
      'ERR_URL_INSECURE',
    ],
    [
      'a key set by http elsewhere',
      { ISSUER: 'https://as.example.com', JWKS_URI: 'http://as.example.com/jwks' },
      'ERR_URL_INSECURE',
    ],
    [
      'two issuers with one key set',
      { ISSUER: 'https://a.example,https://b.example', JWKS_URI: 'https://a.example/jwks' },
      'JWKS_URI',
    ],
    ['Redis, so far', { ISSUER: 'https://as.example.com', REPLAY: 'redis://127.0.0.1' }, 'does not exist yet'],
    ['an unknown nonce mode', { ISSUER: 'https://as.example.com', NONCE: 'maybe' }, 'NONCE must be'],
    ['an unknown algorithm', { ISSUER: 'https://as.example.com', PROOF_ALGORITHMS: 'HS256' }, 'ERR_OPTION_INVALID'],
    ['a port that is none', { ISSUER: 'https://as.example.com', PORT: 'http' }, 'PORT must be'],
  ])('%s is refused at start', async (_, environment, message) => {
    await expect(start('api', environment)).rejects.toThrow(message)
  })

  test('it stops cleanly on SIGTERM', async () => {
    const main = path.resolve(import.meta.dirname, '../examples/api/src/main.ts')
    const port = await freePort()
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, PORT: String(port), ISSUER: 'https://as.example.com' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout, 'data')
    expect(String(line)).toBe(`listening http://127.0.0.1:${port}\n`)
    expect((await fetch(`http://127.0.0.1:${port}/public`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
