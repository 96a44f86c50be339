// A Hono application whose routes need signed calls.

import { createVerifier } from '@countersign/server/verifier'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { protect, publishedFor } from './protect.ts'

const { PORT = '4400', ISSUER, RESOURCE = `http://127.0.0.1:${PORT}` } = process.env
if (ISSUER === undefined) throw new Error('ISSUER must be set: the issuer identifier of the authorization server')
const verifier = createVerifier({ resource: RESOURCE, issuer: ISSUER })

const whoami = protect(verifier, {}, (_request, caller) => Response.json(caller))

const app = new Hono()
app.get('/.well-known/*', ({ req }) => publishedFor(verifier, req.raw) ?? new Response(null, { status: 404 }))
app.get('/whoami', ({ req }) => whoami(req.raw))

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) => {
  console.log(`listening http://127.0.0.1:${port}`)
})
process.once('SIGTERM', () => {
  verifier.close()
  server.close()
})
