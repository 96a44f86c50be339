// Shared by the tests of all packages. Everything is signed with jose, never with our own code: tests must not agree with themselves.

export { captureError } from './capture-error.ts'
export type { EnvelopeParts } from './envelope.ts'
export { createEnvelope, openAnswer, sealEnvelope, sha256 } from './envelope.ts'
export type { TestIssuer } from './issuer.ts'
export { startIssuer } from './issuer.ts'
export type { TestKey } from './key.ts'
export { createKey } from './key.ts'
export type { ProofParts } from './proof.ts'
export { createProof } from './proof.ts'
export type { LoopbackServer } from './server.ts'
export { exchange, startServer } from './server.ts'
