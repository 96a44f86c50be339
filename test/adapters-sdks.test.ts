// The signed fetch inside SDKs that have an API of their own to call: openai, and the Model Context Protocol's client. What they call is
// a server behind the plugin, with nonces; their tokens are those of the example issuer.

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@countersign/client'
import { clientCredentials, createClient, isCountersignError } from '@countersign/client'
import countersign from '@countersign/server'
import { createTestClock } from '@countersign/server/testing'
import { captureError } from '@countersign/testkit'
import { Client as McpClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Server as McpServer } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import OpenAI from 'openai'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../examples/demo/src/free-port.ts'
import { start, stopAfterwards } from './support.ts'

stopAfterwards()
let port: number
let issuer: string
let key: CryptoKey

beforeAll(async () => {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  key = privateKey
  const jwks = { keys: [await crypto.subtle.exportKey('jwk', publicKey)] }
  port = await freePort()
  const RESOURCES = `http://127.0.0.1:${port},http://127.0.0.1:${port}/mcp`
  const CLIENTS = JSON.stringify([{ clientId: 'agent', jwks, scope: 'accounts:read payments:write' }])
  issuer = (await start('issuer', { RESOURCES, CLIENTS })).url
})

describe('openai', () => {
  const chat = { model: 'small', messages: [{ role: 'user' as const, content: 'Hello' }] }

  test('a completion, whole and as a stream', async () => {
    const { openai, requests } = await connect()
    const completion = await openai.chat.completions.create(chat)
    expect(completion.choices[0]?.message.content).toBe('Hello there')
    let text = ''
    for await (const { choices } of await openai.chat.completions.create({ ...chat, stream: true })) {
      text += choices[0]?.delta.content
    }
    expect(text).toBe('Hello there')
    expect(statuses(requests)).toEqual(['POST 401', 'POST 200', 'POST 200'])
    // What stands in its own Authorization field goes nowhere.
    for (const { headers } of requests) {
      expect(headers).toMatch(/"authorization":"DPoP /)
      expect(headers).not.toContain('not-a-key')
    }
  })

  test('a stream that is left ends the request', async () => {
    const { openai, requests } = await connect()
    for await (const { choices } of await openai.chat.completions.create({ ...chat, model: 'endless', stream: true })) {
      expect(choices[0]?.delta.content).toBe('again')
      break
    }
    const { response } = requests.at(-1) as Seen
    await until(() => response.closed)
    expect(response).toMatchObject({ closed: true, writableFinished: false })
  })

  test('its retries get proofs of their own', async () => {
    const { openai, requests } = await connect()
    const completion = await openai.chat.completions.create({ ...chat, model: 'busy' })
    expect(completion.choices[0]?.message.content).toBe('Hello there')
    expect(statuses(requests)).toEqual(['POST 401', 'POST 503', 'POST 200'])
  })

  test('a refusal is its error; one of ours is the cause of its connection error', async () => {
    const { openai, client } = await connect()
    const refused = await captureError(() => openai.embeddings.create({ model: 'small', input: 'x' }))
    expect(refused).toMatchObject({ name: 'Error', status: 403 })
    const { headers } = refused as { headers: Headers }
    expect(headers.get('www-authenticate')).toContain('insufficient_scope')
    client.close()
    const closed = await captureError(() => openai.chat.completions.create(chat, { maxRetries: 0 }))
    expect(closed).toBeInstanceOf(OpenAI.APIConnectionError)
    expect(isCountersignError((closed as Error).cause, 'ERR_CLIENT_CLOSED')).toBe(true)
  })

  /** An endpoint that speaks as a chat completions API does, and a client of it. */
  async function connect() {
    const { resource, requests } = await serve('', {}, (app) => {
      let busy = true
      app.post<{ Body: { model: string; stream?: boolean } }>('/v1/chat/completions', async ({ body }, reply) => {
        const { model, stream } = body
        if (model === 'busy' && busy) {
          busy = false
          return reply.code(503).header('retry-after-ms', '5').send()
        }
        if (stream === true) return reply.type('text/event-stream').send(Readable.from(chunks(model)))
        const message = { role: 'assistant', content: 'Hello there' }
        const choices = [{ index: 0, message, finish_reason: 'stop' }]
        return { id: 'c-1', object: 'chat.completion', created: 1, model, choices }
      })
      app.post('/v1/embeddings', { config: { auth: { scope: 'files:write' } } }, async () => ({}))
    })
    const client = clientOf(resource)
    const openai = new OpenAI({ baseURL: `${resource}/v1`, apiKey: 'not-a-key', fetch: client.fetch })
    return { openai, requests, client }
  }

  async function* chunks(model: string) {
    const words = model === 'endless' ? Array.from({ length: 1_000 }, () => 'again') : ['Hello', ' ', 'there']
    for (const content of words) {
      const choices = [{ index: 0, delta: { content } }]
      yield `data: ${JSON.stringify({ id: 'c-1', object: 'chat.completion.chunk', created: 1, model, choices })}\n\n`
      await sleep(5)
    }
    yield 'data: [DONE]\n\n'
  }
})

describe('@modelcontextprotocol/sdk', () => {
  test('initialize, list tools, call one, and hear what the server says by itself', async () => {
    const { mcp, transport, requests } = await connect()
    const logged = notification(mcp, LoggingMessageNotificationSchema)
    const changed = notification(mcp, ToolListChangedNotificationSchema)
    await mcp.connect(transport)
    expect((await mcp.listTools()).tools.map(({ name }) => name)).toEqual(['whoami'])
    await until(() => statuses(requests).includes('GET 200'))
    const { content } = await mcp.callTool({ name: 'whoami', arguments: {} })
    expect(content).toEqual([{ type: 'text', text: 'agent accounts:read' }])
    // One came in the event stream of the call; the other comes in the stream that is open beside it.
    expect(await logged).toMatchObject({ data: 'working' })
    await changed
    await transport.terminateSession()
    const sent = ['DELETE 200', 'GET 200', 'POST 200', 'POST 200', 'POST 200', 'POST 202', 'POST 401']
    expect(statuses(requests).toSorted()).toEqual(sent)
  })

  test('a nonce that comes with a response which the transport writes is used', async () => {
    const clock = createTestClock()
    const { mcp, transport, requests } = await connect({ clock: clock.now })
    await mcp.connect(transport)
    // More than half of a nonce's life, and more than all of it.
    for (let count = 0; count < 2; count++) {
      clock.advance(70)
      await mcp.listTools()
    }
    expect(statuses(requests).filter((line) => line === 'POST 401')).toHaveLength(1)
  })

  test('a refusal is its error with the code 403; an error of ours is what it is', async () => {
    const { mcp, transport, client, resource } = await connect()
    await mcp.connect(transport)
    client.close()
    expect(await captureError(() => mcp.listTools())).toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
    const other = new McpClient({ name: 'agent', version: '1.0.0' })
    const { fetch } = clientOf(resource, 'payments:write')
    const refused = other.connect(new StreamableHTTPClientTransport(new URL(resource), { fetch }))
    expect(await captureError(() => refused)).toMatchObject({ code: 403 })
  })

  /** An MCP server behind the plugin, and a client that can connect to it. */
  async function connect(options: { clock?: () => number } = {}) {
    const sessions = new Map<string, StreamableHTTPServerTransport>()
    const { resource, requests } = await serve('/mcp', { profile: 'mcp', ...options }, (app) => {
      app.route({
        method: ['GET', 'POST', 'DELETE'],
        url: '/mcp',
        config: { auth: { scope: 'accounts:read' } },
        async handler(request, reply) {
          const transport = sessions.get(String(request.headers['mcp-session-id'])) ?? (await begin())
          const { clientId = '', scopes } = request.caller
          const auth = { token: '', clientId, scopes: [...scopes] }
          // The transport writes the answer itself: what the plugin has set is handed over.
          reply.hijack()
          for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, String(value))
          await transport.handleRequest(Object.assign(request.raw, { auth }), reply.raw, request.body)
        },
      })
    })
    const client = clientOf(resource, 'accounts:read')
    const mcp = new McpClient({ name: 'agent', version: '1.0.0' })
    const transport = new StreamableHTTPClientTransport(new URL(resource), { fetch: client.fetch })
    onTestFinished(() => mcp.close())
    return { mcp, transport, client, resource, requests }

    async function begin(): Promise<StreamableHTTPServerTransport> {
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, transport),
      })
      await mcpServer().connect(transport as Parameters<McpServer['connect']>[0])
      return transport
    }
  }

  function mcpServer(): McpServer {
    const capabilities = { tools: { listChanged: true }, logging: {} }
    const server = new McpServer({ name: 'accounts', version: '1.0.0' }, { capabilities })
    server.setRequestHandler(ListToolsRequestSchema, async () => ({
      tools: [{ name: 'whoami', inputSchema: { type: 'object' as const } }],
    }))
    server.setRequestHandler(CallToolRequestSchema, async (_request, { authInfo, sendNotification }) => {
      await sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'working' } })
      await server.sendToolListChanged()
      return { content: [{ type: 'text', text: `${authInfo?.clientId} ${authInfo?.scopes.join(' ')}` }] }
    })
    return server
  }

  function notification(client: McpClient, schema: Parameters<McpClient['setNotificationHandler']>[0]) {
    return new Promise((resolve) => {
      client.setNotificationHandler(schema, ({ params }) => resolve(params))
    })
  }
})

/** A request, and its answer as far as it has gone. */
interface Seen {
  readonly method: string
  readonly headers: string
  readonly response: ServerResponse
}

/** Starts a server whose routes are behind the plugin, for the current test. */
async function serve(
  path: string,
  options: { profile?: 'mcp'; clock?: () => number },
  routes: (app: FastifyInstance) => void,
): Promise<{ resource: string; requests: Seen[] }> {
  const resource = `http://127.0.0.1:${port}${path}`
  const requests: Seen[] = []
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async ({ method, headers, url }, { raw }) => {
    if (!url.startsWith('/.well-known/')) requests.push({ method, headers: JSON.stringify(headers), response: raw })
  })
  await app.register(countersign, { resource, issuer, ...options })
  routes(app)
  await app.listen({ port, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  return { resource, requests }
}

function clientOf(resource: string, scope = 'accounts:read'): Client {
  const client = createClient({ resource, token: clientCredentials({ clientId: 'agent', key, scope }) })
  onTestFinished(() => client.close())
  return client
}

function statuses(requests: readonly Seen[]): string[] {
  return requests.map(({ method, response }) => `${method} ${response.statusCode}`)
}

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds() && waited < 250; waited++) await sleep(20)
  expect(holds()).toBe(true)
}
