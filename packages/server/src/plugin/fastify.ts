// What the plugin adds to Fastify's types.

import type { Caller } from '../caller.ts'
import type { RoutePolicy } from '../policy.ts'
import type { ScopeVerifier } from './plugin.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified caller. `null` in routes that were opened with `auth: false`. */
    caller: Caller
  }

  interface FastifyContextConfig {
    /** What this route demands of its caller: `false` opens it to everyone; absent, it demands a signed call. */
    auth?: false | RoutePolicy
  }

  interface FastifyInstance {
    /** The verifier that protects this scope. */
    countersign: ScopeVerifier
  }
}
