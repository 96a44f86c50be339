// What the plugin has the server publish of itself, and when.

import type { FastifyInstance } from 'fastify'
import { addSecuritySchemes, hasSchemes, isDocumented, noteSchemes } from './openapi.ts'
import { serveWellKnown, withoutPrefix } from './well-known.ts'

/** Publishes the metadata of the resource, with the scopes its routes need, and the server's own keys. */
export function publish(fastify: FastifyInstance, scopes: () => readonly string[]): void {
  const { url, withScopes, jwks } = fastify.countersign.metadata
  const { nonce } = fastify.countersign
  // Made when the server is ready, since only then all routes are known; signing it takes a moment.
  let document = withScopes([])
  fastify.addHook('onReady', async function countersignPublish() {
    document = withScopes(scopes())
  })
  const config = { swaggerTransform: addSecuritySchemes } as object
  const root = withoutPrefix(fastify)
  if (serveWellKnown(root, url, () => document, { config }, nonce)) noteSchemes(root)
  // A document of a scope with a prefix does not come by the route at the root: it has one of its own to define the schemes by.
  if (root !== fastify && isDocumented(fastify) && !hasSchemes(fastify)) {
    if (serveWellKnown(fastify, url, () => document, { config }, nonce)) noteSchemes(fastify)
  }
  if (jwks !== undefined) serveWellKnown(root, jwks.url, () => jwks.document, { schema: { hide: true } as object })
}
