// A real authorization server for the examples: oidc-provider, with the client credentials grant, private_key_jwt, DPoP with nonces
// of its own, resource indicators, and RFC 9068 access tokens. Configured by environment only; see README.md.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createIssuer } from './issuer.ts'
import { readSettings } from './settings.ts'

const settings = orFail(() => readSettings(process.env))
const server = createServer()
server.listen(settings.port, settings.host, () => {
  const { port } = server.address() as AddressInfo
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  const issuer = settings.issuer ?? `http://${host}:${port}`
  createIssuer(issuer, settings)
    .then((provider) => {
      server.on('request', provider.callback())
      console.log(`listening ${issuer}`)
    })
    .catch(fail)
})
server.on('error', fail)

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close(() => process.exit(0))
    server.closeAllConnections()
  })
}

function orFail<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    return fail(error)
  }
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
