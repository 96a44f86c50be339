// An issuer for tests of the resource server: it signs whatever it is told to, and its endpoints misbehave on command. Tests of the
// whole way use a real authorization server instead.

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { SignJWT } from 'jose'
import type { TestKey } from './key.ts'
import { createKey } from './key.ts'
import { startServer } from './server.ts'

/** An issuer on loopback. */
export interface TestIssuer {
  readonly issuer: string
  /** Keys it publishes, by `kid`; the first signs unless told otherwise. */
  readonly keys: Map<string, TestKey>
  /** Paths that were asked for, in order. */
  readonly requests: string[]
  /** Answers in the place of the metadata and the key set; `undefined` to behave. */
  misbehave: ((response: ServerResponse, path: string) => void) | undefined
  /** Signs an access token; `claims` and `header` replace or, if undefined, remove members. */
  token(parts?: {
    readonly claims?: Readonly<Record<string, unknown>>
    readonly header?: Readonly<Record<string, unknown>>
    readonly key?: TestKey
  }): Promise<string>
  stop(): Promise<void>
}

/** Starts an issuer with one key. */
export async function startIssuer(audience: string, alg = 'ES256'): Promise<TestIssuer> {
  const keys = new Map([['key-1', await createKey(alg)]])
  const requests: string[] = []
  const server = await startServer((request, response) => {
    const path = request.url ?? ''
    requests.push(path)
    if (self.misbehave !== undefined) return self.misbehave(response, path)
    response.setHeader('content-type', 'application/json')
    if (path === '/.well-known/oauth-authorization-server') {
      response.end(JSON.stringify({ issuer: server.url, jwks_uri: `${server.url}/jwks` }))
    } else if (path === '/jwks') {
      const published = [...keys].map(([kid, key]) => ({ ...key.jwk, kid, alg: key.alg, use: 'sig' }))
      response.end(JSON.stringify({ keys: published }))
    } else {
      response.writeHead(404).end()
    }
  })

  const self: TestIssuer = {
    issuer: server.url,
    keys,
    requests,
    misbehave: undefined,
    async token({ claims, header, key } = {}) {
      const [kid, first] = [...keys][0] as [string, TestKey]
      const signer = key ?? first
      const now = Math.floor(Date.now() / 1000)
      const payload = {
        iss: server.url,
        sub: 'user-1',
        aud: audience,
        exp: now + 300,
        iat: now,
        jti: randomUUID(),
        client_id: 'client-1',
        ...claims,
      }
      return new SignJWT(payload)
        .setProtectedHeader({ typ: 'at+jwt', alg: signer.alg, kid, ...header })
        .sign(signer.privateKey)
    },
    stop: () => server.stop(),
  }
  return self
}
