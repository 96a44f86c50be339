// @countersign/server: the Fastify plugin, and the types of its options and of `request.caller`.

import './plugin/fastify.ts'

export { CountersignError, type ErrorCode, isCountersignError, type ProblemDetails } from '@countersign/shared'
export { RefusalError } from './answers.ts'
export type { Caller, CallerClaims } from './caller.ts'
export type { IssuerOptions } from './issuers/issuer-options.ts'
export type { NonceOptions, TokenCacheOptions, VerifierOptions } from './options.ts'
export type { CountersignOptions } from './plugin/plugin.ts'
export { countersign, countersign as default } from './plugin/plugin.ts'
export type { RoutePolicy } from './policy.ts'
export type { MemoryReplayStoreOptions } from './replay/replay-memory.ts'
export { createMemoryReplayStore } from './replay/replay-memory.ts'
export type { ReplayStore } from './replay/replay-store.ts'
export type { Verifier } from './verifier.ts'
