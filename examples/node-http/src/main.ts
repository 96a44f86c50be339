// A server of node:http whose routes need signed calls.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier } from '@countersign/server/verifier'
import { protect, servePublished } from './protect.ts'

const { PORT = '4300', ISSUER, RESOURCE = `http://127.0.0.1:${PORT}` } = process.env
if (ISSUER === undefined) throw new Error('ISSUER must be set: the issuer identifier of the authorization server')
const verifier = createVerifier({ resource: RESOURCE, issuer: ISSUER })

const whoami = protect(verifier, {}, (_request, response, { caller }) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(caller))
})

const server = createServer((request, response) => {
  if (!servePublished(verifier, request, response)) whoami(request, response)
})
server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => {
  verifier.close()
  server.close()
  server.closeAllConnections()
})
