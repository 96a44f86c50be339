// @countersign/server: the Fastify plugin, and the types of its options and of `request.caller`.

import './plugin/fastify.ts'

export {
  CountersignError,
  type ErrorCode,
  type Evidence,
  type EvidenceReport,
  isCountersignError,
  type ProblemDetails,
  verifyEvidence,
} from '@countersign/shared'
export { RefusalError } from './answers.ts'
export type { Caller, CallerClaims } from './caller.ts'
export type { EnvelopeOptions } from './content/envelope-options.ts'
export type { VerifiableRequest } from './exchange.ts'
export type { Explanation, Finding } from './explain.ts'
export type { IssuerOptions } from './issuers/issuer-options.ts'
export type { MetadataOptions, ProtectedResourceMetadata } from './metadata.ts'
export type { NonceOptions } from './nonce-options.ts'
export type { TokenCacheOptions, VerifierOptions } from './options.ts'
export { VERIFICATION_CHANNEL, type VerificationOutcome } from './outcomes.ts'
export type { OpenapiDocument } from './plugin/openapi.ts'
export { describeRefusals } from './plugin/openapi.ts'
export type { CountersignOptions, ScopeVerifier } from './plugin/plugin.ts'
export { countersign, countersign as default } from './plugin/plugin.ts'
export { logRedactPaths } from './plugin/refusals.ts'
export type { AcceptedWay, AnswerOptions, RoutePolicy } from './policy.ts'
export type { MemoryReplayStoreOptions } from './replay/replay-memory.ts'
export { createMemoryReplayStore } from './replay/replay-memory.ts'
export type { ReplayStore } from './replay/replay-store.ts'
export type { ServerKeyOptions } from './server-keys.ts'
export type { Verifier } from './verifier.ts'
