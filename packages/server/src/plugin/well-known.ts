// The documents that the server publishes of itself: RFC 9728 metadata and its own keys, at their places under the root, whatever prefix
// the protected scope has.

import { CountersignError } from '@countersign/shared'
import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import { setHeaders } from './refusals.ts'

/** What `decodeURI` leaves encoded: no route of the router's matches it. */
const ENCODED_DELIMITER = /%(?:2[346BCF]|3[ABDF]|40)/i

/**
 * Serves a document to everyone, at the path of its URL in a scope.
 *
 * @param nonce - A nonce to hand out with an answer that has no content: such an answer is for whoever needs nothing else.
 * @returns Whether it does: not when the path has a route already.
 */
export function serveWellKnown(
  scope: FastifyInstance,
  url: string,
  document: () => object,
  options: RouteShorthandOptions = {},
  nonce: () => string | undefined = () => undefined,
): boolean {
  const { pathname } = new URL(url)
  // The router matches decoded paths, and has a meaning of its own for colons and asterisks.
  const path = decodeURI(pathname).replaceAll(':', '::')
  if (path.includes('*') || ENCODED_DELIMITER.test(pathname)) {
    throw new CountersignError(
      'ERR_OPTION_INVALID',
      '"resource" must have no asterisk or encoded delimiter in its path',
      {
        parameter: 'resource',
      },
    )
  }
  if (scope.hasRoute({ method: 'GET', url: scope.prefix + path })) {
    scope.log.warn({ url }, 'countersign: this path has a route already; is it a document of the same resource?')
    return false
  }
  scope.get(path, { ...options, config: { auth: false, ...options.config } }, async (request, reply) => {
    reply.header('access-control-allow-origin', '*').header('cache-control', 'max-age=300')
    const given = request.method === 'HEAD' ? nonce() : undefined
    if (given !== undefined) setHeaders(reply, { 'dpop-nonce': given })
    return document()
  })
  return true
}

/** The nearest scope around this one, or this one, that puts nothing in front of its routes. A scope's prototype is the one around it. */
export function withoutPrefix(scope: FastifyInstance): FastifyInstance {
  return scope.prefix === '' ? scope : withoutPrefix(Object.getPrototypeOf(scope))
}
