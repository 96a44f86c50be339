// An authorization server that pages of other origins may call: client credentials by private_key_jwt, and refresh tokens that rotate.
// It wants nonces, binds its tokens to the key of the proof, and ends a session whose refresh token is used twice.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKey } from '@countersign/testkit'
import cors from '@fastify/cors'
import Fastify from 'fastify'
import type { JWK } from 'jose'
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, importJWK, jwtVerify, SignJWT } from 'jose'

/** The authorization server. */
export interface AuthorizationServer {
  readonly url: string
  /** Grants that were made or refused, in order: `refresh_token 200`. */
  readonly grants: string[]
  /** Begins a session; the first refresh token of it. */
  beginSession(): string
  /** The next answers are given once so many requests have come, so that none of them has seen the answer to another. */
  gather(count: number): void
  stop(): Promise<void>
}

const CLIENT_ID = 'partner-7'
const NONCE = 'nonce-of-the-authorization-server'
/** How long a token takes, in milliseconds. */
const DELAY = 150
/** How long requests are waited for, in milliseconds. */
const GATHERING = 5_000

/** @param clientKey - The public key of the client. */
export async function startAuthorizationServer(clientKey: JWK): Promise<AuthorizationServer> {
  const key = await createKey()
  const grants: string[] = []
  /** The refresh token of each session that is good at present. */
  const sessions = new Map<string, string>()
  let awaited = 0
  let all = Promise.withResolvers<void>()
  const app = Fastify({ forceCloseConnections: true })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })
  await app.register(cors, { exposedHeaders: ['DPoP-Nonce'] })

  app.get('/.well-known/oauth-authorization-server', async () => ({
    issuer: url,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
  }))
  app.get('/jwks', async () => ({ keys: [{ ...key.jwk, kid: 'key-1', alg: 'ES256', use: 'sig' }] }))
  app.post<{ Body: Record<string, string> }>('/token', async ({ body, headers }, reply) => {
    const proof = await verifiedProof(String(headers['dpop']))
    reply.header('dpop-nonce', NONCE).header('cache-control', 'no-store')
    if (proof.nonce !== NONCE) return reply.code(400).send({ error: 'use_dpop_nonce' })
    await Promise.race([gathered(), sleep(GATHERING, undefined, { ref: false })])
    await sleep(DELAY)
    const granted = await grantedBy(body)
    grants.push(`${body['grant_type']} ${granted === undefined ? 400 : 200}`)
    if (granted === undefined) return reply.code(400).send({ error: 'invalid_grant' })
    const claims = { client_id: CLIENT_ID, scope: 'accounts:read', cnf: { jkt: proof.jkt }, jti: randomUUID() }
    const accessToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1' })
      .setIssuer(url)
      .setSubject(CLIENT_ID)
      .setAudience(String(body['resource']))
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key.privateKey)
    return { access_token: accessToken, token_type: 'DPoP', expires_in: 300, ...granted }
  })

  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    grants,
    beginSession() {
      const session = randomUUID()
      sessions.set(session, `${session}.0`)
      return `${session}.0`
    },
    gather(count) {
      awaited = count
      all = Promise.withResolvers<void>()
    },
    stop: () => app.close(),
  }

  function gathered(): Promise<void> {
    if (--awaited <= 0) all.resolve()
    return all.promise
  }

  /** What the answer to a grant has besides; `undefined` if it is refused. */
  async function grantedBy(body: Record<string, string>): Promise<object | undefined> {
    if (body['grant_type'] === 'client_credentials') {
      const assertion = await jwtVerify(body['client_assertion'] ?? '', await importJWK(clientKey, 'ES256'))
      return assertion.payload.sub === CLIENT_ID ? {} : undefined
    }
    const [session = '', count] = (body['refresh_token'] ?? '').split('.')
    const isGood = sessions.get(session) === body['refresh_token']
    sessions.delete(session)
    if (!isGood) return undefined
    const refresh_token = `${session}.${Number(count) + 1}`
    sessions.set(session, refresh_token)
    return { refresh_token }
  }

  async function verifiedProof(proof: string) {
    const { payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })
    if (payload['htm'] !== 'POST' || payload['htu'] !== `${url}/token`) throw new Error('The proof is for another call')
    const jkt = await calculateJwkThumbprint(decodeProtectedHeader(proof).jwk as JWK)
    return { nonce: payload['nonce'], jkt }
  }
}
