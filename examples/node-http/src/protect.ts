// The verifier as request listeners of node:http.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { RoutePolicy, Verification, Verifier } from '@countersign/server/verifier'
import { RefusalError } from '@countersign/server/verifier'

/** Answers a verified call. With a request envelope, `verified.content` takes the place of the content of the request. */
export type ProtectedListener = (request: IncomingMessage, response: ServerResponse, verified: Verification) => unknown

/** Makes a listener that answers signed calls only. The policy is checked at once. */
export function protect(verifier: Verifier, demands: RoutePolicy, listener: ProtectedListener): RequestListener {
  const policy = verifier.compilePolicy(demands)
  return (request, response) => {
    answer(request, response).catch(() => fail(response))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', rawHeaders } = request
    try {
      const content = () => request.iterator({ destroyOnReturn: false })
      const verified = await verifier.verify({ method, target, rawHeaders, content }, policy)
      for (const [name, value] of Object.entries(verified.headers)) response.setHeader(name, value)
      await listener(request, response, verified)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      response.writeHead(error.statusCode, error.headers).end(JSON.stringify(error.problem))
    }
  }
}

/** Serves the resource metadata (RFC 9728) and, if there are any, the server's keys; says whether the request was for them. */
export function servePublished(
  { metadata, nonce }: Verifier,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const documents = [metadata, metadata.jwks].filter((each) => each !== undefined)
  const found = documents.find(({ url }) => new URL(url).pathname === request.url?.split('?', 1)[0])
  if (found === undefined) return false
  const given = request.method === 'HEAD' ? nonce() : undefined
  if (given !== undefined) response.setHeader('dpop-nonce', given).setHeader('cache-control', 'no-store')
  response.setHeader('content-type', 'application/json').end(JSON.stringify(found.document))
  return true
}

/** Whatever is no refusal is a fault of the server. */
function fail(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500).end()
}
