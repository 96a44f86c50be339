// A resource server on loopback that does as it is told, and a client of it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LoopbackServer } from '@countersign/testkit'
import { startServer } from '@countersign/testkit'
import { decodeJwt } from 'jose'
import { onTestFinished } from 'vitest'
import type { ClientOptions } from '../src/create-client.ts'
import { createClient } from '../src/create-client.ts'

/** A request as the server saw it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Claims of the proof; none when there was no proof. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly body: string
}

/** What the server answers; `seen` has the request at hand last. */
export type Behaviour = (response: ServerResponse, request: Seen, seen: readonly Seen[]) => void | Promise<void>

/** Starts a server for the current test. */
export async function serve(
  behave: Behaviour,
): Promise<{ url: string; seen: Seen[]; server: LoopbackServer['server'] }> {
  const seen: Seen[] = []
  const server = await startServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { dpop } = request.headers
    const entry = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      claims: typeof dpop === 'string' ? decodeJwt(dpop) : {},
      body: Buffer.concat(chunks).toString(),
    }
    seen.push(entry)
    await behave(response, entry, seen)
  })
  onTestFinished(() => server.stop())
  return { url: server.url, seen, server: server.server }
}

/** A client whose token comes from nowhere. */
export function clientOf(resource: string, options: Partial<ClientOptions> = {}) {
  const client = createClient({ resource, token: () => 'token-1', ...options })
  onTestFinished(() => client.close())
  return client
}

/** Answers a challenge for a nonce. */
export function challenge(response: ServerResponse, nonce: string, body = ''): void {
  response
    .writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce", algs="ES256"', 'dpop-nonce': nonce })
    .end(body)
}

/** A server that accepts one nonce only. */
export const wants =
  (nonce: string): Behaviour =>
  (response, { claims }) =>
    claims['nonce'] === nonce ? void response.end('ok') : challenge(response, nonce)
