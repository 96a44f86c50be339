// Fastify instances with the plugin, and a caller: what the tests of the plugin begin with.

import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import Fastify from 'fastify'
import { afterEach } from 'vitest'
import type { CountersignOptions } from '../src/index.ts'
import { createTestCaller, createTestIssuer } from '../src/testing/index.ts'
import { RESOURCE } from './support.ts'

/** Instances that are closed after each test, an issuer they trust, and a caller of one of them. */
export function useApps() {
  const apps: FastifyInstance[] = []
  const issuer = createTestIssuer({ resource: RESOURCE })
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()))
  })
  return {
    issuer,
    create(options: FastifyServerOptions = {}): FastifyInstance {
      const app = Fastify(options) as unknown as FastifyInstance
      apps.push(app)
      return app
    },
    options: (options: Partial<CountersignOptions> = {}): CountersignOptions => ({
      resource: RESOURCE,
      issuer: issuer.options,
      ...options,
    }),
    caller: (app: FastifyInstance, claims: Readonly<Record<string, unknown>> = {}) =>
      createTestCaller({ app, issuer, claims }),
  }
}
