// @countersign/client: a fetch that signs every call with a key that cannot be exported.

export {
  type Challenge,
  CountersignError,
  type ErrorCode,
  type Evidence,
  type EvidenceReport,
  isCountersignError,
  type JwsAlgorithm,
  type ProblemDetails,
  verifyEvidence,
} from '@countersign/shared'
export type { Client, ClientOptions } from './create-client.ts'
export { createClient } from './create-client.ts'
export type { SignedFetchOptions } from './create-signed-fetch.ts'
export { createSignedFetch } from './create-signed-fetch.ts'
export type { SignedFetch, SignedRequestInit } from './fetch/signed-fetch.ts'
export { createSigner, generateSigner } from './keys/key-pair.ts'
export type { KeyStore } from './keys/key-store.ts'
export type { Signer } from './keys/signer.ts'
export { createProof } from './proofs/dpop.ts'
export type { ProvableCall } from './proofs/proof-kind.ts'
export type { EnvelopeProofOptions, ProofOption } from './proofs/proof-option.ts'
export { refusalOf } from './refusal.ts'
export type { AuthorizationCode, AuthorizationCodeOptions } from './tokens/authorization-code.ts'
export { authorizationCode } from './tokens/authorization-code.ts'
export type { ClientCredentialsOptions } from './tokens/client-credentials.ts'
export { clientCredentials } from './tokens/client-credentials.ts'
export type { ClientKey } from './tokens/client-key.ts'
export type { AuthenticationMethod, AuthorizationServerOptions } from './tokens/client-options.ts'
export type { JwtBearerOptions } from './tokens/jwt-bearer.ts'
export { jwtBearer } from './tokens/jwt-bearer.ts'
export type { PendingStore } from './tokens/pending-store.ts'
export type { RefreshTokenOptions } from './tokens/refresh-token.ts'
export { refreshToken } from './tokens/refresh-token.ts'
export type { SessionOptions } from './tokens/session.ts'
export type { TokenExchangeOptions } from './tokens/token-exchange.ts'
export { tokenExchange } from './tokens/token-exchange.ts'
export type {
  AuthorizationServerClock,
  ConnectedClient,
  IssuedToken,
  TokenContext,
  TokenSource,
} from './tokens/token-source.ts'
export { accessToken } from './tokens/token-source.ts'
export type { Lock, StoredTokens, TokenStore } from './tokens/token-store.ts'
