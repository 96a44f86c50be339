// The documents that the server publishes of itself: RFC 9728 metadata and its own keys, at their places under the root, whatever prefix
// the protected scope has.

import { CountersignError } from '@countersign/shared'
import type { FastifyInstance, RouteShorthandOptions } from 'fastify'

/** Serves a document to everyone, at the path of its URL. */
export function serveWellKnown(
  fastify: FastifyInstance,
  url: string,
  document: () => object,
  options: RouteShorthandOptions = {},
): void {
  // The router matches decoded paths, and has a meaning of its own for colons and asterisks.
  const path = decodeURI(new URL(url).pathname).replaceAll(':', '::')
  if (path.includes('*')) {
    throw new CountersignError('ERR_OPTION_INVALID', '"resource" must have no asterisk in its path', {
      parameter: 'resource',
    })
  }
  const scope = withoutPrefix(fastify)
  if (scope.hasRoute({ method: 'GET', url: path })) {
    fastify.log.warn({ url }, 'countersign: this path has a route already; is it a document of the same resource?')
    return
  }
  scope.get(path, { ...options, config: { auth: false, ...options.config } }, async (_request, reply) => {
    reply.header('access-control-allow-origin', '*').header('cache-control', 'max-age=300')
    return document()
  })
}

/** The nearest scope around this one, or this one, that puts nothing in front of its routes. A scope's prototype is the one around it. */
function withoutPrefix(scope: FastifyInstance): FastifyInstance {
  return scope.prefix === '' ? scope : withoutPrefix(Object.getPrototypeOf(scope))
}
