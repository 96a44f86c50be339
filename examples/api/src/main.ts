// An API protected by @countersign/server, configured by environment only; see README.md.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApi } from './api.ts'
import { pluginOptions, readListen } from './settings.ts'

const { host, port } = listenOrFail()
const server = createServer()
server.listen(port, host, () => {
  start().catch(fail)
})
server.on('error', fail)

/** The default resource identifier is the URL it listens on, so the port must be known before the plugin is registered. */
async function start(): Promise<void> {
  const { port } = server.address() as AddressInfo
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const api = await createApi(server, pluginOptions(process.env, url))
  await api.ready()
  console.log(`listening ${url}`)
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      server.close(() => api.close().then(() => process.exit(0), fail))
      server.closeIdleConnections()
      // Whoever is still connected after a second is not waited for.
      setTimeout(() => server.closeAllConnections(), 1_000).unref()
    })
  }
}

function listenOrFail(): { host: string; port: number } {
  try {
    return readListen(process.env)
  } catch (error) {
    return fail(error)
  }
}

function fail(error: unknown): never {
  const { code, message } = error as { code?: string; message?: string }
  console.error([code, message].filter((part) => part !== undefined).join(': '))
  process.exit(1)
}
