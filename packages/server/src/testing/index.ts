// @countersign/server/testing: an issuer in memory, a caller that signs, a clock that stands still, and calls with one defect each, for
// an application's own tests. Not for production: its keys are made on the spot, and whoever has its issuer may be anyone.

export type { CallDefect } from './defects.ts'
export { callDefects } from './defects.ts'
export type { TestCall, TestCaller, TestCallerOptions } from './test-caller.ts'
export { createTestCaller } from './test-caller.ts'
export type { TestClock } from './test-clock.ts'
export { createTestClock } from './test-clock.ts'
export type { TestIssuer, TestIssuerOptions, TestTokenParts } from './test-issuer.ts'
export { createTestIssuer } from './test-issuer.ts'
export type { TestKey } from './test-key.ts'
export { createTestKey } from './test-key.ts'
export type { SignableCall, SignableContent, TestSigner, TestSignerOptions } from './test-signer.ts'
export { createTestSigner } from './test-signer.ts'
