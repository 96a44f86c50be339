// The types of what the plugin offers: what an application writes compiles without a cast, and mistakes do not.

import type { JsonWebKey, KeyObject, webcrypto } from 'node:crypto'
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JSONWebKeySet } from 'jose'
import { expectTypeOf, test } from 'vitest'
import type { CountersignOptions, RoutePolicy, ScopeVerifier, Verifier } from '../src/index.ts'
import { describeRefusals, logRedactPaths } from '../src/index.ts'
import type {
  Explanation,
  MetadataOptions,
  ProtectedResourceMetadata,
  PublishedMetadata,
  ServerKeyOptions,
  VerifiableRequest,
} from '../src/verifier.ts'

test('an instance has the verifier of its scope', () => {
  expectTypeOf<FastifyInstance['countersign']>().toEqualTypeOf<ScopeVerifier>()
  expectTypeOf<ScopeVerifier>().toExtend<Verifier>()
  expectTypeOf<ScopeVerifier['guard']>().parameters.toEqualTypeOf<[policy?: RoutePolicy | undefined]>()
  expectTypeOf<ReturnType<ScopeVerifier['guard']>>().toEqualTypeOf<
    (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  >()
  expectTypeOf<ScopeVerifier['requestOf']>().toEqualTypeOf<(request: FastifyRequest) => VerifiableRequest>()
  expectTypeOf<ReturnType<ScopeVerifier['explain']>>().toEqualTypeOf<Promise<Explanation>>()
})

test('a guard is a hook of every stage that has a request', () => {
  const app = {} as FastifyInstance
  const declare = (guard: ReturnType<ScopeVerifier['guard']>) => {
    app.get('/request', { config: { auth: false }, onRequest: guard }, async () => '')
    app.get('/validation', { config: { auth: false }, preValidation: [guard] }, async () => '')
    app.get('/handler', { config: { auth: false }, preHandler: guard }, async () => '')
    app.get('/auth', { config: { auth: false }, preHandler: app.auth([guard, [guard]]) }, async () => '')
  }
  expectTypeOf(declare).returns.toBeVoid()
})

test('describeRefusals is what @fastify/swagger calls a transformObject', () => {
  const options = { openapi: {}, transformObject: describeRefusals } satisfies FastifyDynamicSwaggerOptions
  expectTypeOf(options.transformObject).toExtend<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>()
  interface Mine {
    readonly paths: object
    readonly mine: number
  }
  expectTypeOf(describeRefusals<{ openapiObject: Mine }>).returns.toEqualTypeOf<Mine>()
  expectTypeOf(describeRefusals<{ swaggerObject: Mine }>).returns.toEqualTypeOf<Mine>()
})

test('keys are what Node, WebCrypto and jose have for private keys', () => {
  expectTypeOf<ServerKeyOptions['key']>().toEqualTypeOf<KeyObject | webcrypto.CryptoKey | JsonWebKey>()
  expectTypeOf<CryptoKey>().toExtend<ServerKeyOptions['key']>()
  expectTypeOf<JSONWebKeySet['keys'][number]>().toExtend<ServerKeyOptions['key']>()
  expectTypeOf<CountersignOptions['keys']>().toEqualTypeOf<readonly ServerKeyOptions[] | undefined>()
})

test('a description has texts and links in every language, and nothing that is derived', () => {
  expectTypeOf<{ resource_name: string; 'resource_name#de': string }>().toExtend<MetadataOptions>()
  expectTypeOf<{ 'resource_tos_uri#fr-CA': string; signed: true; scopes_supported: [] }>().toExtend<MetadataOptions>()
  expectTypeOf<MetadataOptions>().not.toHaveProperty('resource')
  expectTypeOf<{ 'resource_name#de': number }>().not.toExtend<MetadataOptions>()
  expectTypeOf<{ scopes_supported: string }>().not.toExtend<MetadataOptions>()
  expectTypeOf<CountersignOptions['metadata']>().toEqualTypeOf<MetadataOptions | undefined>()
})

test('what is published says what may be missing', () => {
  expectTypeOf<Verifier['metadata']>().toEqualTypeOf<PublishedMetadata>()
  expectTypeOf<PublishedMetadata['document']>().toEqualTypeOf<ProtectedResourceMetadata>()
  expectTypeOf<ProtectedResourceMetadata['jwks_uri']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<ProtectedResourceMetadata['signed_metadata']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<ProtectedResourceMetadata['resource_name']>().toBeUnknown()
  expectTypeOf<NonNullable<PublishedMetadata['jwks']>['document']>().toEqualTypeOf<{
    readonly keys: readonly object[]
  }>()
})

test('paths to redact cannot be changed', () => {
  expectTypeOf(logRedactPaths).toEqualTypeOf<readonly string[]>()
})
