// The verifier as a function from Request to Response.

import type { Caller, RoutePolicy, Verification, Verifier } from '@countersign/server/verifier'
import { RefusalError } from '@countersign/server/verifier'

/** Answers a verified call. */
export type ProtectedHandler = (request: Request, caller: Caller) => Response | Promise<Response>

/** Makes a handler that answers signed calls only. The policy is checked at once. */
export function protect(
  verifier: Verifier,
  demands: RoutePolicy,
  handler: ProtectedHandler,
): (request: Request) => Promise<Response> {
  const policy = verifier.compilePolicy(demands)
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const rawHeaders = [...request.headers].flat()
    try {
      const { method, body } = request
      const content = () => body ?? noContent()
      const verified = await verifier.verify({ method, target: pathname + search, rawHeaders, content }, policy)
      return withHeaders(await handler(withContent(request, verified), verified.caller), verified.headers)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      return new Response(JSON.stringify(error.problem), { status: error.statusCode, headers: error.headers })
    }
  }
}

/** With a request envelope, the content that was verified takes the place of the content of the request. */
function withContent(request: Request, { content }: Verification): Request {
  if (content === undefined || request.body === null) return request
  const headers = new Headers(request.headers)
  if (content.type !== undefined) headers.set('content-type', content.type)
  return new Request(request.url, { method: request.method, headers, body: new Uint8Array(content.bytes) })
}

async function* noContent(): AsyncGenerator<Uint8Array> {}

/** The resource metadata (RFC 9728) or the server's keys, if that is what is asked for. */
export function publishedFor({ metadata, nonce }: Verifier, request: Request): Response | undefined {
  const { pathname } = new URL(request.url)
  const documents = [metadata, metadata.jwks].filter((each) => each !== undefined)
  const found = documents.find(({ url }) => new URL(url).pathname === pathname)
  const given = request.method === 'HEAD' ? nonce() : undefined
  const headers = given === undefined ? {} : { 'dpop-nonce': given, 'cache-control': 'no-store' }
  return found && Response.json(found.document, { headers })
}

/** A response may be immutable, as one that was fetched is. */
function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const copy = new Response(response.body, response)
  for (const [name, value] of Object.entries(headers)) copy.headers.set(name, value)
  return copy
}
