// What an OpenAPI document (@fastify/swagger) says of protected routes: how they are called, and how they refuse. What an author has
// written of a route stays as it is.

import type { FastifyInstance, RouteOptions } from 'fastify'
import type { AcceptedWay, CompiledPolicy } from '../policy.ts'

/** An OpenAPI document, as far as it matters here. */
export interface OpenapiDocument {
  readonly paths?: Record<string, unknown>
  components?: Record<string, unknown>
  [name: string]: unknown
}

/** What @fastify/swagger gives to a `transformObject`. */
export type GivenDocument = { readonly openapiObject: object } | { readonly swaggerObject: object }

/** The document of it, of its own type. */
export type DocumentOf<Given> = Given extends
  | { readonly openapiObject: infer Document }
  | { readonly swaggerObject: infer Document }
  ? Document
  : never

/** The names of the security schemes. */
const DPOP = 'DPoP'
const DPOP_PROOF = 'DPoPProof'
const ENVELOPE = 'RequestEnvelope'
const BEARER = 'Bearer'

const SECURITY_SCHEMES = {
  [DPOP]: {
    type: 'http',
    scheme: 'DPoP',
    bearerFormat: 'JWT',
    description: 'An access token (RFC 9068) that is bound to the key of the proof (RFC 9449).',
  },
  [DPOP_PROOF]: {
    type: 'apiKey',
    in: 'header',
    name: 'DPoP',
    description: 'A DPoP proof (RFC 9449 section 4.2), made anew for every request.',
  },
  [ENVELOPE]: {
    type: 'apiKey',
    in: 'header',
    name: 'Detached-JWS',
    description:
      'A request envelope, in the place of the DPoP proof: it signs the query and the content too. It may be the content instead.',
  },
  [BEARER]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token that is bound to no key.',
  },
}

/** What each way of presenting a token needs. An envelope may be the content: its field is not always there. */
const WAYS: Readonly<Record<AcceptedWay, object>> = {
  dpop: { [DPOP]: [], [DPOP_PROOF]: [] },
  envelope: { [DPOP]: [], [ENVELOPE]: [] },
  bearer: { [BEARER]: [] },
}

/** Swagger 2.0 knows no schemes of HTTP authentication but its own. */
const FIELDS: Readonly<Record<string, string>> = { [DPOP_PROOF]: 'DPoP', [ENVELOPE]: 'Detached-JWS' }
const SECURITY_DEFINITIONS = Object.fromEntries(
  Object.entries(SECURITY_SCHEMES).map(([name, { description }]) => [
    name,
    { type: 'apiKey', in: 'header', name: FIELDS[name] ?? 'Authorization', description },
  ]),
)

/** Documents that define the security schemes, by the functions that make them. In any other, to name a scheme would be a mistake. */
const documentsWithSchemes = new WeakSet<object>()

/** Whether @fastify/swagger makes a document of a scope. */
export function isDocumented(scope: FastifyInstance): boolean {
  return documentOf(scope) !== undefined
}

/** Whether the document of a scope defines the security schemes. */
export function hasSchemes(scope: FastifyInstance): boolean {
  const document = documentOf(scope)
  return document !== undefined && documentsWithSchemes.has(document)
}

/** Notes that a route of a scope adds the security schemes to its document. */
export function noteSchemes(scope: FastifyInstance): void {
  const document = documentOf(scope)
  if (document !== undefined) documentsWithSchemes.add(document)
}

function documentOf(scope: FastifyInstance): object | undefined {
  return (scope as FastifyInstance & { readonly swagger?: object }).swagger
}

/** Says of a route how it is called, in the member of its schema that Fastify itself has no use for. */
export function describeSecurity(route: RouteOptions, policy: CompiledPolicy | undefined): void {
  const schema = route.schema as { readonly security?: unknown } | undefined
  if (policy === undefined || schema?.security !== undefined) return
  const ways = policy.accept.map((way) => WAYS[way])
  route.schema = { ...schema, security: ways } as NonNullable<RouteOptions['schema']>
}

/**
 * The `swaggerTransform` of the route of the metadata: it adds the security schemes to the document, whichever other transforms an
 * application uses, and leaves the route itself out of it.
 */
export function addSecuritySchemes({
  openapiObject,
  swaggerObject,
  schema,
  url,
}: {
  readonly openapiObject?: OpenapiDocument
  readonly swaggerObject?: Record<string, unknown>
  readonly schema?: object
  readonly url: string
}): { schema: object; url: string } {
  if (openapiObject !== undefined) {
    const components = openapiObject.components ?? {}
    const schemes = { ...SECURITY_SCHEMES, ...(components['securitySchemes'] as object | undefined) }
    openapiObject.components = Object.assign(components, { securitySchemes: schemes })
  }
  if (swaggerObject !== undefined) {
    const definitions = { ...SECURITY_DEFINITIONS, ...(swaggerObject['securityDefinitions'] as object | undefined) }
    swaggerObject['securityDefinitions'] = definitions
  }
  return { schema: { ...schema, hide: true }, url }
}

/**
 * Adds to every protected operation of an OpenAPI document how it refuses: 400, 401, 403, 429 and 503, as RFC 9457 problems. What is there
 * already stays. A Swagger 2.0 document stays as it is. Give it to @fastify/swagger as `transformObject`.
 *
 * @example
 * await app.register(swagger, { openapi: { info: { title: 'Payments', version: '1' } }, transformObject: describeRefusals })
 */
export function describeRefusals<Given extends GivenDocument>(given: Given): DocumentOf<Given> {
  if ('openapiObject' in given) addRefusals(given.openapiObject as OpenapiDocument)
  return ('openapiObject' in given ? given.openapiObject : given.swaggerObject) as DocumentOf<Given>
}

function addRefusals({ components = {}, paths = {} }: OpenapiDocument): void {
  const schemes = (components['securitySchemes'] ?? {}) as Readonly<Record<string, unknown>>
  // A scheme of the name "Bearer" may as well be an author's own.
  const names = schemes[BEARER] === SECURITY_SCHEMES[BEARER] ? [DPOP, BEARER] : [DPOP]
  for (const path of Object.values(paths)) {
    for (const operation of Object.values(path as Record<string, unknown>)) {
      if (isProtected(operation, names)) operation.responses = { ...refusals(), ...operation.responses }
    }
  }
}

interface Operation {
  security: readonly object[]
  responses?: Record<string, unknown>
}

function isProtected(operation: unknown, names: readonly string[]): operation is Operation {
  const security = (operation as Partial<Operation> | null)?.security
  return (
    Array.isArray(security) &&
    security.some((way: unknown) => typeof way === 'object' && way !== null && names.some((name) => name in way))
  )
}

function refusals(): Record<string, unknown> {
  const challenge = { 'WWW-Authenticate': { description: 'How to call (RFC 9449 section 7.1).', schema: TEXT } }
  const nonce = { 'DPoP-Nonce': { description: 'The nonce of the next proof (RFC 9449 section 8).', schema: TEXT } }
  const retry = { 'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'integer' } } }
  return {
    400: refusal('The request can be read in more than one way.', { ...challenge, ...nonce }),
    401: refusal('The access token or the proof is missing or not accepted.', { ...challenge, ...nonce }),
    403: refusal('The access token does not allow this call.', { ...challenge, ...nonce }),
    429: refusal('This key has made too many calls in a short time.', { ...retry, ...nonce }),
    503: refusal('Something that this server needs to verify the call is not available.', { ...retry, ...nonce }),
  }
}

const TEXT = { type: 'string' }

function refusal(description: string, headers: object): object {
  return { description, headers, content: { 'application/problem+json': { schema: PROBLEM } } }
}

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'serverTime'],
  properties: {
    type: { type: 'string', description: 'Where the code is documented.' },
    title: TEXT,
    status: { type: 'integer' },
    code: { type: 'string', description: 'The code of Countersign, such as ERR_DPOP_PROOF_HTU_MISMATCH.' },
    serverTime: { type: 'integer', description: 'The clock of the server, in seconds since the epoch.' },
  },
}
