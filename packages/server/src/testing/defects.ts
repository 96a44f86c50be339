// Signed calls with exactly one defect each: everything else about them is right, so what refuses them is the check that is named.

import type { ErrorCode } from '@countersign/shared'
import { encodeBase64url } from '@countersign/shared'
import { sha256 } from '../hash.ts'
import type { TestTokenParts } from './test-issuer.ts'
import type { TestKey } from './test-key.ts'
import { createTestKey } from './test-key.ts'

/** What a call is made of before it is signed. */
export interface CallParts {
  readonly key: TestKey
  /** Parts of the access token. */
  readonly token: TestTokenParts
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

interface Defect {
  /** The code of the answer. */
  readonly code: ErrorCode
  /** Changes one thing before the call is signed. */
  change?(parts: CallParts): Partial<CallParts>
  /** Changes one thing about the proof that was signed; `undefined` leaves it out. */
  spoil?(proof: string): string | undefined
}

const claim = (name: string, value: (parts: CallParts) => unknown) => (parts: CallParts) => ({
  claims: { ...parts.claims, [name]: value(parts) },
})
const header = (name: string, value: (parts: CallParts) => unknown) => (parts: CallParts) => ({
  header: { ...parts.header, [name]: value(parts) },
})
const tokenClaim = (name: string, value: unknown) => (parts: CallParts) => ({
  token: { ...parts.token, claims: { ...parts.token.claims, [name]: value } },
})

/** Every defect: named after the check that finds it. */
const defects = {
  'proof.present': { code: 'ERR_DPOP_PROOF_MISSING', spoil: () => undefined },
  'proof.form': { code: 'ERR_DPOP_PROOF_MALFORMED', spoil: (proof) => `${proof}.AA` },
  'proof.typ': { code: 'ERR_DPOP_PROOF_TYP', change: header('typ', () => 'JWT') },
  'proof.crit': { code: 'ERR_DPOP_PROOF_CRIT', change: header('crit', () => ['exp']) },
  'proof.alg': { code: 'ERR_DPOP_PROOF_ALG', change: header('alg', () => 'none') },
  'proof.jwk': { code: 'ERR_DPOP_PROOF_JWK', change: header('jwk', ({ key }) => key.privateJwk) },
  'proof.claims': { code: 'ERR_DPOP_PROOF_CLAIM_MISSING', change: claim('jti', () => undefined) },
  'proof.htm': {
    code: 'ERR_DPOP_PROOF_HTM_MISMATCH',
    change: claim('htm', ({ claims }) => (claims['htm'] === 'PUT' ? 'POST' : 'PUT')),
  },
  'proof.htu': { code: 'ERR_DPOP_PROOF_HTU_MISMATCH', change: claim('htu', ({ claims }) => `${claims['htu']}/other`) },
  'proof.ath': { code: 'ERR_DPOP_PROOF_ATH_MISMATCH', change: claim('ath', () => sha256('another token')) },
  /** Where nonces are required. */
  'proof.nonce': { code: 'ERR_DPOP_NONCE_INVALID', change: claim('nonce', () => 'not-a-nonce-of-this-server') },
  /** Where nonces are off. */
  'proof.iat': { code: 'ERR_DPOP_PROOF_EXPIRED', change: claim('iat', ({ claims }) => Number(claims['iat']) - 3600) },
  'proof.signature': {
    code: 'ERR_DPOP_PROOF_SIGNATURE',
    spoil: (proof) => `${proof.slice(0, proof.lastIndexOf('.'))}.${encodeBase64url(new Uint8Array(64).fill(1))}`,
  },
  'token.typ': {
    code: 'ERR_TOKEN_TYP',
    change: ({ token }) => ({ token: { ...token, header: { ...token.header, typ: 'JWT' } } }),
  },
  'token.issuer': { code: 'ERR_TOKEN_ISSUER', change: tokenClaim('iss', 'https://attacker.example') },
  'token.audience': { code: 'ERR_TOKEN_AUDIENCE', change: tokenClaim('aud', 'https://other-api.example') },
  'token.time': { code: 'ERR_TOKEN_EXPIRED', change: tokenClaim('exp', 1) },
  'token.claims': { code: 'ERR_TOKEN_CLAIM_MISSING', change: tokenClaim('client_id', undefined) },
  'token.binding': { code: 'ERR_TOKEN_BINDING_MISMATCH', change: tokenClaim('cnf', { jkt: sha256('another key') }) },
  'token.signature': {
    code: 'ERR_TOKEN_SIGNATURE',
    change: ({ token }) => ({ token: { ...token, key: createTestKey() } }),
  },
} as const satisfies Readonly<Record<string, Defect>>

/** The name of a defect. */
export type CallDefect = keyof typeof defects

/** The code that each defect is answered with, by a plugin with the default options. `proof.iat` needs `nonce: 'off'`. */
export const callDefects = Object.fromEntries(
  Object.entries(defects).map(([name, { code }]) => [name, code]),
) as Readonly<Record<CallDefect, ErrorCode>>

/** Applies a defect to what a call is made of. */
export function withDefect(parts: CallParts, defect: CallDefect | undefined): CallParts {
  const { change }: Partial<Defect> = defect === undefined ? {} : defects[defect]
  return { ...parts, ...change?.(parts) }
}

/** Applies a defect to a proof that was signed. */
export function spoilt(proof: string, defect: CallDefect | undefined): string | undefined {
  const { spoil }: Partial<Defect> = defect === undefined ? {} : defects[defect]
  return spoil === undefined ? proof : spoil(proof)
}
