// What the plugin knows of the routes it guards.

import type { FastifyContextConfig, FastifyRequest, RouteOptions } from 'fastify'
import type { CompiledPolicy } from '../policy.ts'
import type { Verifier } from '../verifier.ts'

/** What is known of a route. */
export interface GuardedRoute {
  /** What the route said when the policy was made of it. */
  auth: FastifyContextConfig['auth']
  /** `undefined` for a route that was opened. */
  policy: CompiledPolicy | undefined
  hasErrorHandler: boolean
  /** Whether it signs its responses after all other hooks. A route that was declared before the plugin was registered does not. */
  signsLast: boolean
}

/** The routes of a scope. */
export interface GuardedRoutes {
  /** Takes a route in when it is declared. */
  add(route: RouteOptions): GuardedRoute
  /**
   * What is known of the route of a request. A route declared before the plugin was registered is guarded all the same, and what another
   * hook has made of a route's `auth` since it was declared counts.
   */
  of(request: FastifyRequest): GuardedRoute
  /** Looks at every route once more: hooks of other plugins may have changed what it demands, even in place. */
  refresh(): void
  /** Routes that were opened, such as `GET /health`. */
  open(): readonly string[]
  /** Every scope that a route needs. */
  scopes(): readonly string[]
}

const guardedRoute = Symbol('countersign.route')
type GuardedConfig = FastifyContextConfig & { [guardedRoute]?: GuardedRoute }

/** Creates an empty list of routes. */
export function createGuardedRoutes(verifier: Verifier): GuardedRoutes {
  const routes: { readonly route: RouteOptions; readonly guarded: GuardedRoute }[] = []
  return {
    add(route) {
      const guarded = guard(route.config, route.errorHandler !== undefined, true)
      route.config = { ...route.config, [guardedRoute]: guarded } as FastifyContextConfig
      routes.push({ route, guarded })
      return guarded
    },
    of(request) {
      const config = request.routeOptions.config as GuardedConfig
      const known = config[guardedRoute]
      if (known !== undefined && known.auth === config.auth) return known
      const guarded = guard(config, known?.hasErrorHandler === true, known?.signsLast === true)
      config[guardedRoute] = guarded
      return guarded
    },
    refresh() {
      for (const { route, guarded } of routes) {
        Object.assign(guarded, guard(route.config, route.errorHandler !== undefined, true))
      }
    },
    open: () =>
      routes.filter(({ guarded }) => guarded.policy === undefined).map(({ route }) => `${route.method} ${route.url}`),
    scopes() {
      const needed = routes.flatMap(({ guarded: { policy } }) => [
        ...(policy?.scope ?? []),
        ...(policy?.anyScope ?? []),
      ])
      return [...new Set(needed)].sort()
    },
  }

  function guard(config: FastifyContextConfig | undefined, hasErrorHandler: boolean, signsLast: boolean): GuardedRoute {
    const auth = config?.auth
    const policy = auth === false ? undefined : verifier.compilePolicy(auth ?? {})
    return { auth, policy, hasErrorHandler, signsLast }
  }
}
