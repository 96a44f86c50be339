// The paths for pino's `redact`: whoever logs fields of requests and responses logs no credentials.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import countersign, { logRedactPaths } from '../src/index.ts'
import { useApps } from './plugin-support.ts'

const { create, options, caller } = useApps()

test('fields that are logged by serializers hold no token, proof or cookie', async () => {
  const lines: string[] = []
  const serializers = {
    req: ({ method, url, headers }: FastifyRequest) => ({ method, url, headers }),
    request: ({ headers }: FastifyRequest) => ({ headers }),
    res: (reply: FastifyReply) => ({ statusCode: reply.statusCode, headers: reply.getHeaders?.() }),
  }
  const app = create({
    logger: {
      level: 'trace',
      redact: [...logRedactPaths],
      serializers: serializers as never,
      stream: { write: (line: string) => void lines.push(line) },
    },
  })
  await app.register(countersign, options())
  app.get('/', async (request, reply) => {
    request.log.info({ request }, 'by hand')
    return reply.header('set-cookie', 'session=COOKIE-OUT').send('ok')
  })
  const partner = caller(app)
  const headers = {
    cookie: 'session=COOKIE-IN',
    'detached-jws': 'a.b.ENVELOPE-IN',
    'proxy-authorization': 'Basic PROXY',
    'x-kept': 'kept',
  }
  expect((await partner.inject({ url: '/', headers })).statusCode).toBe(400)
  const log = lines.join('')
  expect(log).toContain('"x-kept":"kept"')
  expect(log).toContain('"authorization":"[Redacted]"')
  expect(log).toContain('"dpop":"[Redacted]"')
  for (const secret of ['eyJ', 'COOKIE-IN', 'COOKIE-OUT', 'ENVELOPE-IN', 'PROXY']) expect(log).not.toContain(secret)
})

test('the paths are ones that pino takes', () => {
  expect(logRedactPaths.length).toBeGreaterThan(0)
  expect(() => create({ logger: { redact: [...logRedactPaths], stream: { write: () => undefined } } })).not.toThrow()
})
