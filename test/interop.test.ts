// Implementations that are not ours agree with us: oauth4webapi's client calls our API, and our client calls a resource server that
// verifies with oauth4webapi. The authorization server is oidc-provider in both.

import { clientCredentials, createClient } from '@countersign/client'
import { startServer } from '@countersign/testkit'
import * as oauth from 'oauth4webapi'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Examples } from './support.ts'
import { start, startExamples, stopAfterwards } from './support.ts'

stopAfterwards()
const insecure = { [oauth.allowInsecureRequests]: true }

describe.each(['required', 'off'])("oauth4webapi's client and our API, nonce %s", (nonce) => {
  let examples: Examples
  beforeAll(async () => {
    examples = await startExamples({ NONCE: nonce })
  })

  test.each(['ES256', 'Ed25519', 'PS256'])('%s', async (alg) => {
    const { api } = examples
    const { DPoP, accessToken } = await tokenByOauth4webapi(examples, alg)

    const call = (method: string, path: string, body?: string) =>
      oauth.protectedResourceRequest(accessToken, method, new URL(path, api), new Headers(), body, {
        DPoP,
        ...insecure,
      })
    let response: Response
    try {
      response = await call('GET', '/accounts?limit=1')
    } catch (error) {
      expect(nonce).toBe('required')
      expect(oauth.isDPoPNonceError(error)).toBe(true)
      response = await call('GET', '/accounts?limit=1')
    }
    expect(response.status).toBe(200)
    expect((await call('GET', '/whoami')).status).toBe(200)
    expect((await call('GET', '/%77hoami')).status).toBe(200)
    expect((await call('PUT', '/files/a.txt', 'x')).status).toBe(200)
  })
})

test('our client and a resource server that verifies with oauth4webapi', async () => {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  const jwks = { keys: [await crypto.subtle.exportKey('jwk', publicKey)] }
  let discovered: Promise<oauth.AuthorizationServer> | undefined
  const outcomes: string[] = []

  const resourceServer = await startServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    try {
      discovered ??= discover(issuer.url)
      const received = new Request(new URL(url, resourceServer.url), { method, headers: headers as HeadersInit })
      const claims = await oauth.validateJwtAccessToken(await discovered, received, resourceServer.url, {
        requireDPoP: true,
        ...insecure,
      })
      outcomes.push(`${method} ${url} ${claims.client_id}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sub: claims.sub }))
    } catch (error) {
      outcomes.push(String(error))
      response.writeHead(401).end()
    }
  })
  const issuer = await start('issuer', {
    RESOURCES: resourceServer.url,
    CLIENTS: JSON.stringify([{ clientId: 'partner-7', jwks, scope: 'accounts:read' }]),
  })
  for (const algorithm of ['ES256', 'Ed25519', 'PS256'] as const) {
    const client = createClient({
      resource: resourceServer.url,
      token: clientCredentials({ clientId: 'partner-7', key: privateKey, issuer: issuer.url }),
      algorithm,
    })
    const response = await client.fetch('/a/../b%7E?q=1', { method: 'POST', body: '{}' })
    expect(outcomes.at(-1)).toBe('POST /b%7E?q=1 partner-7')
    expect(response.status).toBe(200)
    client.close()
  }
  await resourceServer.stop()
})

async function discover(issuer: string): Promise<oauth.AuthorizationServer> {
  const identifier = new URL(issuer)
  return oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, insecure))
}

async function tokenByOauth4webapi({ issuer, api, key }: Examples, alg: string) {
  const server = await discover(issuer)
  const client: oauth.Client = { client_id: 'partner-7' }
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(alg))
  const scope = 'accounts:read files:write'
  const request = async () => {
    const authentication = oauth.PrivateKeyJwt(key)
    const parameters = { resource: api, scope }
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, {
      DPoP,
      ...insecure,
    })
    return oauth.processClientCredentialsResponse(server, client, response)
  }
  const { access_token: accessToken } = await request().catch((error: unknown) => {
    expect(oauth.isDPoPNonceError(error)).toBe(true)
    return request()
  })
  return { DPoP, accessToken }
}
