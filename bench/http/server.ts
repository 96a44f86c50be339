// An API of one route, as a process: with nothing in front of it, or with one of the ways to check its callers.
// Started by the runner with the kind and the key set of the issuer. Nothing is loaded that the kind does not need.

import { createPublicKey } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { NextFunction, Response } from 'express'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { VerifierContender } from '../contenders/verifier.ts'
import type { Issuer } from '../contenders/world.ts'
import { ISSUER, RESOURCE, TARGET } from '../contenders/world.ts'
import { answerQuestions } from '../lib/worker.ts'
import type { ServerKind } from './kinds.ts'

const [, , kind, published] = process.argv
const { jwks, alg } = JSON.parse(published as string)
const publicKey = createPublicKey({ key: jwks.keys[0], format: 'jwk' })
const issuer = { jwks, key: { alg, publicKey } } as Issuer
const answer = { accounts: [{ id: 12_345, balance: 1_000 }] }

const port = await start(kind as ServerKind)
answerQuestions({
  port: () => port,
  usage() {
    const { user, system } = process.cpuUsage()
    return { cpu: (user + system) / 1000, rss: process.memoryUsage.rss() }
  },
})

async function start(kind: ServerKind): Promise<number> {
  if (kind === 'express-oauth2-jwt-bearer') return startExpress()
  const { fastify } = await import('fastify')
  const app = fastify()
  await protect(app, kind)
  app.get(TARGET, async () => answer)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.addresses()[0] as AddressInfo).port
}

async function protect(app: FastifyInstance, kind: Exclude<ServerKind, 'express-oauth2-jwt-bearer'>): Promise<void> {
  switch (kind) {
    case 'nothing':
      return
    case 'Countersign': {
      const { countersign } = await import('@countersign/server')
      await app.register(countersign, {
        resource: RESOURCE,
        issuer: { issuer: ISSUER, jwks },
        replay: { maxEntries: 10_000_000, maxEntriesPerKey: 10_000_000 },
      })
      return
    }
    case 'jose, bearer only': {
      const { createBearerCheck } = await import('../contenders/verifier-jose.ts')
      const check = createBearerCheck(issuer)
      hook(app, ({ headers }) => check(tokenOf(headers.authorization, 'Bearer ')))
      return
    }
    case 'jose by hand':
      hookVerifier(app, (await import('../contenders/verifier-jose.ts')).createWithJose(issuer))
      return
    case 'oauth4webapi':
      hookVerifier(app, (await import('../contenders/verifier-oauth4webapi.ts')).createWithOauth4webapi(issuer))
      return
    case 'by hand':
      hookVerifier(app, (await import('../contenders/verifier-by-hand.ts')).createByHand(issuer))
  }
}

function hookVerifier(app: FastifyInstance, { verify, nonce }: VerifierContender): void {
  hook(app, ({ headers, method, url, raw }) =>
    verify({
      method,
      target: url,
      accessToken: tokenOf(headers.authorization, 'DPoP '),
      proof: String(headers['dpop']),
      rawHeaders: raw.rawHeaders,
    }),
  )
  if (nonce !== undefined) {
    app.addHook('onError', async (_, reply) => {
      reply.header('dpop-nonce', nonce())
    })
  }
}

function hook(app: FastifyInstance, check: (request: FastifyRequest) => unknown): void {
  app.addHook('onRequest', async (request) => {
    try {
      await check(request)
    } catch (error) {
      throw Object.assign(new Error('Unauthorized', { cause: error }), { statusCode: 401 })
    }
  })
}

function tokenOf(authorization: string | undefined, prefix: string): string {
  if (authorization?.startsWith(prefix) !== true) throw new Error('No token')
  return authorization.slice(prefix.length)
}

async function startExpress(): Promise<number> {
  const { default: express } = await import('express')
  const { auth } = await import('express-oauth2-jwt-bearer')
  const app = express()
  // The URL of a proof is compared with what the proxy in front says.
  app.set('trust proxy', true)
  app.use(
    auth({
      issuer: ISSUER,
      audience: RESOURCE,
      publicKey: jwks,
      tokenSigningAlg: alg,
      strict: true,
      dpop: { enabled: true, required: true },
    }),
  )
  app.get(TARGET, (_, response) => {
    response.json(answer)
  })
  // Its own error handler would print every refusal.
  app.use((error: { statusCode?: number }, _: unknown, response: Response, next: NextFunction) => {
    if (error.statusCode === undefined) next(error)
    else response.sendStatus(error.statusCode)
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}
