// Documents of @fastify/swagger wherever it is registered: they can be made, they name no scheme that they do not define, and every
// operation says of itself what holds.

import { createRequire } from 'node:module'
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import countersign, { describeRefusals } from '../src/index.ts'
import { useSignedCalls } from './signed-calls.ts'
import { RESOURCE } from './support.ts'

const { create, options } = useSignedCalls()

const SIGNED = { DPoP: [], DPoPProof: [] }
const ENVELOPED = { DPoP: [], RequestEnvelope: [] }
const REFUSALS = ['400', '401', '403', '429', '503']

interface Operation {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly responses: Readonly<Record<string, { readonly description?: string }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly securitySchemes?: Readonly<Record<string, object>> }
  readonly securityDefinitions?: Readonly<Record<string, object>>
}

/** The document of a scope, which must be valid as far as it concerns the plugin. */
async function documentOf(app: FastifyInstance, scope = app): Promise<Document> {
  await app.ready()
  const document = scope.swagger() as unknown as Document
  const defined = Object.keys(document.components?.securitySchemes ?? document.securityDefinitions ?? {})
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { security = [], responses }] of Object.entries(operations)) {
      for (const name of security.flatMap((way) => Object.keys(way)))
        expect(defined, `${method} ${path}`).toContain(name)
      expect(Object.keys(responses)).not.toEqual([])
      for (const { description } of Object.values(responses)) expect(description).toEqual(expect.any(String))
    }
  }
  return document
}

const securityOf = (document: Document, path: string, method = 'get') => document.paths[path]?.[method]?.security

async function appWith(swaggerOptions: FastifyDynamicSwaggerOptions, pluginOptions = options()) {
  const app = create()
  await app.register(swagger, swaggerOptions)
  await app.register(countersign, pluginOptions)
  return app
}

describe('@fastify/swagger', () => {
  test('in a scope with a prefix describes the routes of that scope', async () => {
    const app = create()
    let inner = app
    app.register(
      async (scope) => {
        inner = scope
        await scope.register(swagger, { openapi: {} })
        await scope.register(countersign, options({ resource: `${RESOURCE}/v1` }))
        scope.get('/accounts', async () => '')
      },
      { prefix: '/v1' },
    )
    await app.ready()
    const document = await documentOf(app, inner)
    expect(Object.keys(document.paths)).toEqual(['/v1/accounts'])
    expect(securityOf(document, '/v1/accounts')).toEqual([SIGNED, ENVELOPED])
    const { resource } = (await app.inject('/.well-known/oauth-protected-resource/v1')).json()
    expect(resource).toBe(`${RESOURCE}/v1`)
  })

  test('around two scopes of one resource describes the routes of both', async () => {
    const app = create()
    await app.register(swagger, { openapi: {} })
    for (const prefix of ['/one', '/two']) {
      app.register(
        async (scope) => {
          await scope.register(countersign, options())
          scope.get('/x', async () => '')
        },
        { prefix },
      )
    }
    const document = await documentOf(app)
    for (const path of ['/one/x', '/two/x']) expect(securityOf(document, path), path).toEqual([SIGNED, ENVELOPED])
  })

  test('that comes after the plugin has a document all the same, and the log says what is wrong', async () => {
    const lines: string[] = []
    const app = create({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } })
    await app.register(countersign, options())
    await app.register(swagger, { openapi: {} })
    app.get('/accounts', async () => '')
    expect(securityOf(await documentOf(app), '/accounts')).toBeUndefined()
    expect(lines.join('')).toContain('@fastify/swagger came too late')
    expect((await app.inject('/accounts')).statusCode).toBe(401)
  })

  test('has a document where the application serves the metadata itself', async () => {
    const app = create()
    await app.register(swagger, { openapi: {} })
    app.get('/.well-known/oauth-protected-resource', async () => ({}))
    await app.register(countersign, options())
    app.get('/accounts', async () => '')
    expect(securityOf(await documentOf(app), '/accounts')).toBeUndefined()
  })
})

describe('an operation', () => {
  test.each([{ openapi: {} }, { swagger: {} }])('by HEAD is described as that by GET: %j', async (kind) => {
    const app = await appWith({ ...kind, exposeHeadRoutes: true })
    app.get('/accounts', async () => '')
    app.get('/open', { config: { auth: false } }, async () => '')
    const document = await documentOf(app)
    expect(securityOf(document, '/accounts', 'head')).toEqual([SIGNED, ENVELOPED])
    expect(securityOf(document, '/open', 'head')).toBeUndefined()
    expect(Object.keys(document.paths)).toEqual(['/accounts', '/open'])
  })

  test('of several methods is described for each', async () => {
    const app = await appWith({ openapi: {} })
    app.route({ method: ['GET', 'POST'], url: '/accounts', handler: async () => '' })
    const document = await documentOf(app)
    for (const method of ['get', 'post']) expect(securityOf(document, '/accounts', method)).toEqual([SIGNED, ENVELOPED])
  })

  test('of an inner scope is described', async () => {
    const app = await appWith({ openapi: {} })
    app.register(async (scope) => scope.get('/accounts', async () => ''), { prefix: '/inner' })
    expect(securityOf(await documentOf(app), '/inner/accounts')).toEqual([SIGNED, ENVELOPED])
  })

  test('that an author hides stays hidden', async () => {
    const app = await appWith({ openapi: {} })
    app.get('/accounts', { schema: { hide: true } }, async () => '')
    expect((await documentOf(app)).paths).toEqual({})
  })

  test('of which an author says that it needs nothing says so', async () => {
    const app = await appWith({ openapi: {} })
    app.get('/accounts', { schema: { security: [] } }, async () => '')
    expect(securityOf(await documentOf(app), '/accounts')).toEqual([])
  })
})

describe('a document', () => {
  test.each(['3.0.3', '3.1.0'])('of OpenAPI %s is the same as JSON and as YAML, over HTTP', async (openapi) => {
    const app = await appWith({ openapi: { openapi }, transformObject: describeRefusals })
    app.get('/accounts', async () => '')
    const served = { config: { auth: false }, schema: { hide: true } } as const
    app.get('/openapi.json', served, async () => app.swagger())
    app.get('/openapi.yaml', served, async () => app.swagger({ yaml: true }))
    const { parse } = createRequire(createRequire(import.meta.url).resolve('@fastify/swagger'))('yaml')
    const document = (await app.inject('/openapi.json')).json()
    expect(Object.keys(document.paths['/accounts'].get.responses)).toEqual(['200', ...REFUSALS])
    expect(parse((await app.inject('/openapi.yaml')).body)).toEqual(document)
  })

  test('takes nothing of an application’s options over into them', async () => {
    const openapi = { components: { securitySchemes: { mine: { type: 'http', scheme: 'basic' } } } } as const
    const before = structuredClone(openapi)
    const app = await appWith({ openapi: openapi as never })
    app.get('/accounts', async () => '')
    const document = await documentOf(app)
    expect(Object.keys(document.components?.securitySchemes ?? {})).toContain('mine')
    expect(openapi).toEqual(before)
  })
})

describe('describeRefusals', () => {
  const responsesOf = (document: Document, path: string) => Object.keys(document.paths[path]?.['get']?.responses ?? {})

  test('leaves a Swagger 2.0 document as it is', async () => {
    const app = await appWith({ swagger: {}, transformObject: describeRefusals })
    app.get('/accounts', async () => '')
    const document = await documentOf(app)
    expect(securityOf(document, '/accounts')).toEqual([SIGNED, ENVELOPED])
    expect(responsesOf(document, '/accounts')).toEqual(['200'])
  })

  test('knows operations that take a bearer token and nothing else', async () => {
    const bearer = options({ accept: ['dpop', 'bearer'] })
    const app = await appWith({ openapi: {}, transformObject: describeRefusals }, bearer)
    app.get('/accounts', { config: { auth: { accept: ['bearer'] } } }, async () => '')
    const document = await documentOf(app)
    expect(securityOf(document, '/accounts')).toEqual([{ Bearer: [] }])
    expect(responsesOf(document, '/accounts')).toEqual(['200', ...REFUSALS])
  })

  test('takes no scheme of the application for one of the plugin', async () => {
    const components = { securitySchemes: { Bearer: { type: 'http', scheme: 'bearer' } } } as never
    const app = await appWith({ openapi: { components }, transformObject: describeRefusals })
    app.get('/mine', { config: { auth: false }, schema: { security: [{ Bearer: [] }] } }, async () => '')
    expect(responsesOf(await documentOf(app), '/mine')).toEqual(['200'])
  })

  test('describes operations that an application has written by hand', async () => {
    const paths = { '/by-hand': { summary: 'x', get: { security: [SIGNED, ENVELOPED], responses: {} } } } as never
    const app = await appWith({ openapi: { paths }, transformObject: describeRefusals })
    await app.ready()
    expect(responsesOf(app.swagger() as unknown as Document, '/by-hand')).toEqual(REFUSALS)
  })
})
