// What the scenario calls, on loopback and from other origins.

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import countersign from '@countersign/server'
import { createKey } from '@countersign/testkit'
import cors from '@fastify/cors'
import Fastify from 'fastify'
import { decodeJwt } from 'jose'
import { freePort } from '../../examples/demo/src/free-port.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { startAuthorizationServer } from './authorization-server.ts'

/** What the scenario is told. */
export interface Environment {
  readonly issuer: string
  /** An API behind the plugin. It wants nonces, and pages of other origins may read them. */
  readonly api: string
  /** The same, behind a gateway that lets no page read its nonces. */
  readonly hiding: string
  /** Repeats the method of a request, and that of its proof. */
  readonly mirror: string
  /** The private key that the client authenticates with. */
  readonly key: JsonWebKey
}

/** The servers. */
export interface Servers {
  readonly environment: Environment
  readonly authorizationServer: AuthorizationServer
  /** Requests to the API, in order, without preflights: `GET /whoami 200`. */
  readonly requests: string[]
  stop(): Promise<void>
}

/** Starts them. */
export async function startServers(): Promise<Servers> {
  const key = await createKey()
  const requests: string[] = []
  const authorizationServer = await startAuthorizationServer(key.jwk)
  const issuer = authorizationServer.url
  const [api, hiding, mirror] = await Promise.all([
    startApi(issuer, { requests }),
    startApi(issuer, { exposed: 'WWW-Authenticate' }),
    startMirror(),
  ])
  return {
    environment: {
      issuer,
      api: api.url,
      hiding: hiding.url,
      mirror: mirror.url,
      key: { ...key.privateJwk, alg: key.alg } as JsonWebKey,
    },
    authorizationServer,
    requests,
    async stop() {
      await Promise.all([authorizationServer, api, hiding, mirror].map((server) => server.stop()))
    },
  }
}

/** @param options - `exposed` takes the place of the fields that the plugin lets pages read. */
async function startApi(issuer: string, options: { requests?: string[]; exposed?: string }) {
  const { requests = [], exposed } = options
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const app = Fastify({ forceCloseConnections: true })
  await app.register(cors, { methods: ['GET', 'HEAD', 'POST', 'PUT'] })
  await app.register(countersign, { resource: url, issuer })
  app.addHook('onSend', async (_request, reply) => {
    if (exposed !== undefined) reply.header('access-control-expose-headers', exposed)
  })
  app.addHook('onResponse', async ({ method, url }, { statusCode }) => {
    if (method !== 'OPTIONS') requests.push(`${method} ${url} ${statusCode}`)
  })
  app.get('/whoami', async ({ caller }) => caller)
  app.post('/echo', async ({ body }) => body)
  app.get('/forbidden', { config: { auth: { scope: 'accounts:write' } } }, async () => ({}))
  app.get('/moved', async (_request, reply) => reply.redirect('/whoami', 307))
  app.get('/slow', async () => {
    await sleep(2_000)
    return {}
  })
  await app.listen({ host: '127.0.0.1', port })
  return { url, stop: () => app.close() }
}

/** A server of our own making: that of Node answers 400 to methods that it does not know, such as `patch`. */
async function startMirror() {
  const server = createServer((socket) => {
    let head = ''
    socket.setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      head += chunk
      if (head.includes('\r\n\r\n')) socket.end(reflection(head))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function reflection(head: string): string {
  const [method] = head.split(' ')
  const proof = /^dpop: *(\S+)\r$/im.exec(head)?.[1]
  const body = JSON.stringify({ method, htm: proof && decodeJwt(proof)['htm'] })
  return [
    'HTTP/1.1 200 OK',
    'Access-Control-Allow-Origin: *',
    'Access-Control-Allow-Methods: patch, PATCH',
    'Access-Control-Allow-Headers: authorization, dpop',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
