// @countersign/client: a fetch that signs every call with a key that cannot be exported.

export {
  CountersignError,
  type ErrorCode,
  isCountersignError,
  type JwsAlgorithm,
  type ProblemDetails,
} from '@countersign/shared'
export type { Client, ClientOptions } from './create-client.ts'
export { createClient } from './create-client.ts'
export type { Signer } from './keys/signer.ts'
export { generateSigner } from './keys/signer.ts'
export { createProof } from './proofs/dpop.ts'
export type { ProvableCall } from './proofs/proof-kind.ts'
export type { ClientCredentialsOptions } from './tokens/client-credentials.ts'
export { clientCredentials } from './tokens/client-credentials.ts'
export type { ClientKey } from './tokens/client-key.ts'
export type { IssuedToken, TokenContext, TokenSource } from './tokens/token-source.ts'
