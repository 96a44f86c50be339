// What @fastify/swagger says of protected routes.

import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import type { CountersignOptions } from '../src/index.ts'
import countersign, { describeRefusals } from '../src/index.ts'
import { useApps } from './plugin-support.ts'

const { create, options } = useApps()

interface Operation {
  readonly security?: readonly object[]
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly headers?: object; readonly content?: object }>
  >
}
interface Document {
  readonly openapi?: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly securitySchemes?: Readonly<Record<string, object>> }
  readonly securityDefinitions?: Readonly<Record<string, object>>
}

const SIGNED = { DPoP: [], DPoPProof: [] }
const ENVELOPED = { DPoP: [], RequestEnvelope: [] }

async function documentOf(
  swaggerOptions: FastifyDynamicSwaggerOptions = { openapi: {} },
  pluginOptions: Partial<CountersignOptions> = {},
  declare: (app: FastifyInstance) => unknown = () => undefined,
): Promise<Document & { yaml: string }> {
  const app = create()
  await app.register(swagger, swaggerOptions)
  await app.register(countersign, options(pluginOptions))
  app.get('/accounts', { config: { auth: { scope: 'a' } } }, async () => '')
  app.get('/open', { config: { auth: false } }, async () => '')
  await declare(app)
  await app.ready()
  return { ...(app.swagger() as unknown as Document), yaml: app.swagger({ yaml: true }) }
}

const operation = (document: Document, path: string, method = 'get') => document.paths[path]?.[method] as Operation

test.each(['3.0.3', '3.1.0'])(
  'OpenAPI %s: protected routes say how they are called, open ones do not',
  async (openapi) => {
    const document = await documentOf({ openapi: { openapi } })
    expect(operation(document, '/accounts').security).toEqual([SIGNED, ENVELOPED])
    expect(operation(document, '/open')).not.toHaveProperty('security')
    expect(document.components?.securitySchemes).toMatchObject({
      DPoP: { type: 'http', scheme: 'DPoP', bearerFormat: 'JWT' },
      DPoPProof: { type: 'apiKey', in: 'header', name: 'DPoP' },
    })
    expect(document.yaml).toContain('DPoPProof:')
  },
)

test('every scheme that is named is defined', async () => {
  const document = await documentOf({ openapi: {} }, { accept: ['dpop', 'bearer'] })
  const named = Object.values(document.paths).flatMap((path) =>
    Object.values(path).flatMap(({ security = [] }) => security.flatMap((way) => Object.keys(way))),
  )
  expect(new Set(named)).toEqual(new Set(['DPoP', 'DPoPProof', 'Bearer']))
  for (const name of named) expect(document.components?.securitySchemes).toHaveProperty(name)
})

test('a bearer token is a second way where it is one', async () => {
  const document = await documentOf({ openapi: {} }, { accept: ['dpop', 'bearer'] }, (app) =>
    app.get('/narrow', { config: { auth: { accept: ['dpop'] } } }, async () => ''),
  )
  expect(operation(document, '/accounts').security).toEqual([SIGNED, { Bearer: [] }])
  expect(operation(document, '/narrow').security).toEqual([SIGNED])
})

test('Swagger 2.0 has definitions in its own form', async () => {
  const document = await documentOf({ swagger: {} })
  expect(operation(document, '/accounts').security).toEqual([SIGNED, ENVELOPED])
  expect(document.securityDefinitions).toMatchObject({
    DPoP: { type: 'apiKey', in: 'header', name: 'Authorization' },
    DPoPProof: { type: 'apiKey', in: 'header', name: 'DPoP' },
  })
})

test('what an author has written stays', async () => {
  const mine = { type: 'http', scheme: 'DPoP', description: 'mine' } as const
  const document = await documentOf({ openapi: { components: { securitySchemes: { DPoP: mine, mine } } } }, {}, (app) =>
    app.get('/mine', { schema: { security: [{ mine: [] }], summary: 'Mine' } as object }, async () => ''),
  )
  expect(operation(document, '/mine')).toMatchObject({ security: [{ mine: [] }], summary: 'Mine' })
  expect(document.components?.securitySchemes?.['DPoP']).toEqual(mine)
})

test('schemas are kept, and still hold', async () => {
  const app = create()
  await app.register(swagger, { openapi: {} })
  await app.register(countersign, options())
  const schema = { querystring: { type: 'object', required: ['q'], properties: { q: { type: 'string' } } } }
  app.get('/search', { schema, config: { auth: false } }, async () => 'found')
  expect((await app.inject('/search')).statusCode).toBe(400)
  expect((await app.inject('/search?q=x')).body).toBe('found')
})

test('the documents that the server publishes are not part of the API', async () => {
  expect(Object.keys((await documentOf()).paths)).toEqual(['/accounts', '/open'])
})

test('a transform of the application runs all the same', async () => {
  const document = await documentOf({
    openapi: {},
    transform: ({ schema, url }) =>
      ({ schema: { ...(schema as object), description: 'transformed' }, url: `/v1${url}` }) as never,
  })
  expect(operation(document, '/v1/accounts')).toMatchObject({
    description: 'transformed',
    security: [SIGNED, ENVELOPED],
  })
  expect(document.components?.securitySchemes).toHaveProperty('DPoP')
})

describe('describeRefusals', () => {
  const withRefusals = { openapi: {}, transformObject: describeRefusals as never }

  test('adds to protected operations how they refuse', async () => {
    const document = await documentOf(withRefusals)
    const { responses } = operation(document, '/accounts')
    expect(Object.keys(responses)).toEqual(['200', '400', '401', '403', '429', '503'])
    expect(responses['401']).toMatchObject({
      headers: { 'WWW-Authenticate': {}, 'DPoP-Nonce': {} },
      content: { 'application/problem+json': { schema: { type: 'object', properties: { code: { type: 'string' } } } } },
    })
    expect(responses['503']).toMatchObject({ headers: { 'Retry-After': {} } })
    expect(Object.keys(operation(document, '/open').responses)).toEqual(['200'])
    expect(document.yaml).toContain('application/problem+json')
  })

  test('leaves what an author has written', async () => {
    const mine = { description: 'my own 401', type: 'null' }
    const document = await documentOf(withRefusals, {}, (app) =>
      app.get('/mine', { schema: { response: { 401: mine } } }, async () => ''),
    )
    expect(operation(document, '/mine').responses['401']?.description).toBe('my own 401')
    expect(operation(document, '/mine').responses['403']).toBeDefined()
  })
})

test('without @fastify/swagger, nothing is added to schemas', async () => {
  const app = create()
  const schemas: unknown[] = []
  await app.register(countersign, options())
  app.addHook('onRoute', ({ schema }) => void schemas.push(schema))
  app.get('/', async () => '')
  await app.ready()
  expect(schemas).toEqual([undefined, undefined])
})
