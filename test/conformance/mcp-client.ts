// An MCP client whose calls are signed, for @modelcontextprotocol/conformance: it is given the URL of an MCP server, registers itself at
// the authorization server of that, has a user log in, and lists and calls the tools that there are.

import { authorizationCode, createClient } from '@countersign/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const REDIRECT_URI = 'http://127.0.0.1:9876/callback'

const resource = process.argv.at(-1) as string
const login = authorizationCode({ clientId: await register(), redirectUri: REDIRECT_URI })
const api = createClient({ resource, token: login })
await login.complete(await loggedIn(await login.begin()))

const mcp = new Client({ name: 'countersign', version: '1.0.0' })
await mcp.connect(new StreamableHTTPClientTransport(new URL(resource), { fetch: api.fetch }))
const { tools } = await mcp.listTools()
for (const { name } of tools) await mcp.callTool({ name, arguments: {} })
await mcp.close()
api.close()

/** Registers a public client (RFC 7591) at the authorization server of the resource. */
async function register(): Promise<string> {
  const { origin, pathname } = new URL(resource)
  const { authorization_servers: servers } = await json(`${origin}/.well-known/oauth-protected-resource${pathname}`)
  const server = await json(`${(servers as string[])[0]}/.well-known/oauth-authorization-server`)
  const registration = {
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
    dpop_bound_access_tokens: true,
  }
  const { client_id: clientId } = await json(server['registration_endpoint'] as string, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(registration),
  })
  return clientId as string
}

/** What a browser comes back with, whose user has logged in: the authorization server of the scenario asks nothing. */
async function loggedIn(url: URL): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location') ?? ''
}

async function json(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response.json() as Promise<Record<string, unknown>>
}
