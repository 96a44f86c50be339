// The Fastify plugin: a thin skin over the verifier. It reads the raw request, hands it to `verify`, and writes the answer.
// Every route of the scope it is registered in needs a signed call, unless the route says `auth: false`.

import { CountersignError } from '@countersign/shared'
import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RouteOptions,
} from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { RefusalError } from '../answers.ts'
import { diagnosticsOf } from '../diagnostics.ts'
import type { VerifierOptions } from '../options.ts'
import type { CompiledPolicy } from '../policy.ts'
import type { Verifier } from '../verifier.ts'
import { createVerifier } from '../verifier.ts'

/** Options of the plugin: those of the verifier, and the name of the request decorator. */
export interface CountersignOptions extends VerifierOptions {
  /** Name of the request property that holds the caller. Default `caller`. */
  readonly decorator?: string
}

/** What the plugin knows of a route. */
interface GuardedRoute {
  /** What the route said when the policy was made of it. */
  auth: FastifyContextConfig['auth']
  /** `undefined` for a route that was opened. */
  policy: CompiledPolicy | undefined
  hasErrorHandler: boolean
}

const guardedRoute = Symbol('countersign.route')
type GuardedConfig = FastifyContextConfig & { [guardedRoute]?: GuardedRoute }

/** Fields a browser must be allowed to read for a client to answer a challenge (RFC 9449 section 8). */
const EXPOSED_FIELDS = ['DPoP-Nonce', 'WWW-Authenticate']

const plugin: FastifyPluginAsync<CountersignOptions> = async (fastify, { decorator = 'caller', ...options }) => {
  checkDecorator(decorator)
  if (fastify.hasDecorator('countersign')) {
    throw new CountersignError('ERR_ALREADY_REGISTERED', 'This scope, or one around it, is already protected')
  }
  const verifier = createVerifier(options)
  const routes: { readonly route: RouteOptions; readonly guarded: GuardedRoute }[] = []
  fastify.decorate('countersign', verifier)
  fastify.decorateRequest(decorator, null)

  fastify.addHook('onRoute', function countersignOnRoute(route) {
    const guarded = guard(verifier, route.config, route.errorHandler !== undefined)
    route.config = { ...route.config, [guardedRoute]: guarded } as FastifyContextConfig
    routes.push({ route, guarded })
  })

  fastify.addHook('onRequest', async function countersignOnRequest(request, reply) {
    const route = guardedRouteOf(verifier, request)
    if (route.policy === undefined) return
    try {
      const { caller, headers } = await verifier.verify(verifiable(request), route.policy)
      Object.assign(request, { [decorator]: caller })
      setHeaders(reply, headers)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      logRefusal(request, error)
      reply.code(error.statusCode)
      setHeaders(reply, error.headers)
      // Fastify's own error handler would write its own body. An application's handler may write another; status and fields stay.
      if (hasErrorHandler(request, route)) throw error
      return reply.serializer(String).send(JSON.stringify(error.problem))
    }
  })

  fastify.addHook('onSend', async function countersignOnSend(_request, reply) {
    // RFC 9449 section 8.2: a nonce must not come out of a cache, whatever the handler said of its response.
    if (reply.hasHeader('dpop-nonce')) reply.header('cache-control', 'no-store')
  })

  serveMetadata(fastify)

  fastify.addHook('onReady', async function countersignOnReady() {
    // Hooks of other plugins may have changed what a route demands since it was declared, even in place.
    for (const { route, guarded } of routes) {
      Object.assign(guarded, guard(verifier, route.config, route.errorHandler !== undefined))
    }
    const open = routes.filter(({ guarded }) => guarded.policy === undefined)
    const openRoutes = open.map(({ route }) => `${route.method} ${route.url}`)
    fastify.log.info({ openRoutes }, 'countersign: every other route of this scope needs a signed call')
    if (verifier.isLocal) {
      const level = process.env['NODE_ENV'] === 'production' ? 'warn' : 'info'
      fastify.log[level](
        'countersign: several replicas need nonce.secrets and a replay store in common; this process has its own',
      )
    }
  })
  fastify.addHook('onClose', async function countersignOnClose() {
    verifier.close()
  })
}

/**
 * The Fastify plugin. Register it in the scope it shall protect, after `@fastify/cors` where that is used.
 *
 * @throws {CountersignError} At `register`: `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, `ERR_NOT_IMPLEMENTED`,
 *   `ERR_ALREADY_REGISTERED`. When a route is declared with a wrong policy: the same, with `parameter` `auth.…`.
 * @example
 * await app.register(countersign, { resource: 'https://api.example.com', issuer: 'https://as.example.com' })
 * app.get('/accounts', { config: { auth: { scope: 'accounts:read' } } }, async (request) => request.caller.clientId)
 */
export const countersign = fastifyPlugin(plugin, { name: '@countersign/server', fastify: '5.x' })

function guard(verifier: Verifier, config: FastifyContextConfig | undefined, hasErrorHandler: boolean): GuardedRoute {
  const auth = config?.auth
  return { auth, policy: auth === false ? undefined : verifier.compilePolicy(auth ?? {}), hasErrorHandler }
}

/**
 * What is known of the route of a request. A route declared before the plugin was registered is guarded all the same, and what another
 * hook has made of a route's `auth` since it was declared counts.
 */
function guardedRouteOf(verifier: Verifier, request: FastifyRequest): GuardedRoute {
  const config = request.routeOptions.config as GuardedConfig
  const known = config[guardedRoute]
  if (known !== undefined && known.auth === config.auth) return known
  const guarded = guard(verifier, config, known?.hasErrorHandler === true)
  config[guardedRoute] = guarded
  return guarded
}

/** A request has these already, and Fastify does not say so when one is decorated over. */
const TAKEN: ReadonlySet<string> = new Set(
  'id params raw query log body ip ips host hostname port protocol method url originalUrl headers server routeOptions is404 socket signal'.split(
    ' ',
  ),
)

function checkDecorator(name: unknown): void {
  if (typeof name === 'string' && /^[A-Za-z_$][\w$]*$/.test(name) && !name.startsWith('__') && !TAKEN.has(name)) return
  throw new CountersignError('ERR_OPTION_INVALID', '"decorator" must be a name that a request does not have yet', {
    parameter: 'decorator',
    expected: 'a name that a request does not have yet',
  })
}

function verifiable(request: FastifyRequest) {
  const { raw } = request
  // `originalUrl` is what the client signed, whatever `rewriteUrl` made of it; of `raw.headers` some fields are lost or joined.
  return { method: raw.method as string, target: request.originalUrl, rawHeaders: raw.rawHeaders }
}

function hasErrorHandler(request: FastifyRequest, route: GuardedRoute): boolean {
  return route.hasErrorHandler || request.server.errorHandler.name !== 'defaultErrorHandler'
}

function setHeaders(reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
  if (headers['dpop-nonce'] !== undefined || headers['www-authenticate'] !== undefined) exposeToBrowsers(reply)
}

/** Where CORS is in use, a client in a browser sees only the fields that are named to it. */
function exposeToBrowsers(reply: FastifyReply): void {
  if (!reply.hasHeader('access-control-allow-origin')) return
  const exposed = String(reply.getHeader('access-control-expose-headers') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const missing = EXPOSED_FIELDS.filter((field) => !exposed.some((name) => name.toLowerCase() === field.toLowerCase()))
  reply.header('access-control-expose-headers', [...exposed, ...missing].join(', '))
}

/** A first call without nonce is no incident; everything else that is refused may be one. No token, proof or key is ever logged. */
function logRefusal(request: FastifyRequest, error: RefusalError): void {
  const { code, statusCode, cause } = error
  const refusal = { code, statusCode, ...diagnosticsOf(error) }
  if (statusCode === 503) request.log.error({ refusal, err: cause }, error.message)
  else if (code === 'ERR_DPOP_NONCE_REQUIRED' || code === 'ERR_DPOP_NONCE_EXPIRED')
    request.log.debug({ refusal }, error.message)
  else request.log.warn({ refusal }, error.message)
}

/** Serves the RFC 9728 document at its place under the root, whatever prefix the protected scope has. */
function serveMetadata(fastify: FastifyInstance): void {
  const { url, document } = fastify.countersign.metadata
  // The router matches decoded paths, and has a meaning of its own for colons and asterisks.
  const path = decodeURI(new URL(url).pathname).replaceAll(':', '::')
  if (path.includes('*')) {
    throw new CountersignError('ERR_OPTION_INVALID', '"resource" must have no asterisk in its path', {
      parameter: 'resource',
    })
  }
  const scope = withoutPrefix(fastify)
  if (scope.hasRoute({ method: 'GET', url: path })) {
    fastify.log.warn({ url }, 'countersign: this path has a route already; is it the metadata of the same resource?')
    return
  }
  scope.get(path, { config: { auth: false } }, async (_request, reply) => {
    reply.header('access-control-allow-origin', '*').header('cache-control', 'max-age=300')
    return document
  })
}

/** The nearest scope around this one, or this one, that puts nothing in front of its routes. A scope's prototype is the one around it. */
function withoutPrefix(scope: FastifyInstance): FastifyInstance {
  return scope.prefix === '' ? scope : withoutPrefix(Object.getPrototypeOf(scope))
}
