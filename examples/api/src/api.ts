// The routes. Each says what it demands; what it does not open is closed.

import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { Readable } from 'node:stream'
import type { CountersignOptions } from '@countersign/server'
import countersign from '@countersign/server'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'

const ACCOUNTS = [
  { id: '1', owner: 'Ada', balance: 1200 },
  { id: '2', owner: 'Grace', balance: 3400 },
]

/** The largest file taken, in bytes. It is hashed as it streams, so none is ever held in memory. */
const MAX_FILE_BYTES = 1_073_741_824

/** Creates the API on a server that listens already. */
export async function createApi(server: Server, options: CountersignOptions): Promise<FastifyInstance> {
  const level = process.env['LOG_LEVEL']
  const app = Fastify({
    logger: level ? { level, stream: process.stderr } : false,
    serverFactory(handler) {
      server.on('request', handler)
      return server
    },
  })
  await app.register(countersign, options)

  app.get('/public', { config: { auth: false } }, async () => ({ ok: true }))

  app.get('/whoami', async (request) => request.caller)

  app.get('/accounts', { config: { auth: { scope: 'accounts:read' } } }, async () => ({ accounts: ACCOUNTS }))

  app.get<{ Params: { id: string } }>(
    '/accounts/:id',
    { config: { auth: { scope: 'accounts:read' } } },
    async (request, reply) => {
      const account = ACCOUNTS.find(({ id }) => id === request.params.id)
      return account ?? reply.code(404).send({ error: 'no such account' })
    },
  )

  app.post('/payments', { config: { auth: { scope: 'payments:write' } } }, async (request) => ({
    body: request.body,
    caller: request.caller,
  }))

  app.post('/transfers', { config: { auth: { scope: 'payments:write', integrity: 'required' } } }, async (request) => ({
    transfer: request.body,
    query: request.query,
    caller: request.caller,
  }))

  app.get('/admin', { config: { auth: { roles: 'admin' } } }, async () => ({ ok: true }))

  app.get('/vault', { config: { auth: { acr: 'urn:example:mfa', maxAgeSeconds: 300 } } }, async () => ({ ok: true }))

  await app.register(files)
  return app
}

/** Uploads: in a scope of their own, since they take any media type as a stream. */
async function files(scope: FastifyInstance): Promise<void> {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  scope.put<{ Params: { name: string }; Body: Readable }>(
    '/files/:name',
    { bodyLimit: MAX_FILE_BYTES, config: { auth: { scope: 'files:write' } } },
    async (request, reply) => {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of request.body ?? []) {
        bytes += chunk.length
        if (bytes > MAX_FILE_BYTES) return reply.code(413).send({ error: `Files are at most ${MAX_FILE_BYTES} bytes` })
        hash.update(chunk)
      }
      return { bytes, sha256: hash.digest('hex') }
    },
  )
}
