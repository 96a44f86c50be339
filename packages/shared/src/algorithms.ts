// The JWS algorithms that may sign a proof or a token: asymmetric only (RFC 9449 section 11.6, RFC 7518, RFC 8037, RFC 9864,
// ML-DSA). One table; nothing below it enumerates algorithms.

/** A JWS algorithm that Countersign implements. */
export type JwsAlgorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'EdDSA'
  | 'Ed25519'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'

/** What an algorithm asks of its key and of a signature. */
export interface AlgorithmEntry {
  readonly alg: JwsAlgorithm
  /** `kty` of its keys. */
  readonly kty: 'EC' | 'RSA' | 'OKP' | 'AKP'
  /** `crv` of its keys, for `EC` and `OKP`. */
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
  /** Digest, for `EC` and `RSA`. */
  readonly hash?: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** Length of a signature, in bytes; an RSA signature is as long as its modulus. */
  readonly signatureBytes?: number
}

const entries: readonly AlgorithmEntry[] = [
  { alg: 'ES256', kty: 'EC', crv: 'P-256', hash: 'SHA-256', signatureBytes: 64 },
  { alg: 'ES384', kty: 'EC', crv: 'P-384', hash: 'SHA-384', signatureBytes: 96 },
  { alg: 'ES512', kty: 'EC', crv: 'P-521', hash: 'SHA-512', signatureBytes: 132 },
  { alg: 'PS256', kty: 'RSA', hash: 'SHA-256' },
  { alg: 'PS384', kty: 'RSA', hash: 'SHA-384' },
  { alg: 'PS512', kty: 'RSA', hash: 'SHA-512' },
  { alg: 'RS256', kty: 'RSA', hash: 'SHA-256' },
  { alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 },
  { alg: 'Ed25519', kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 },
  { alg: 'ML-DSA-44', kty: 'AKP', signatureBytes: 2420 },
  { alg: 'ML-DSA-65', kty: 'AKP', signatureBytes: 3309 },
  { alg: 'ML-DSA-87', kty: 'AKP', signatureBytes: 4627 },
]

const table: ReadonlyMap<unknown, AlgorithmEntry> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ entries.map((entry) => [entry.alg, entry]),
)

/** Names of every implemented algorithm, in the order of preference. */
export const jwsAlgorithms: readonly JwsAlgorithm[] = /* @__PURE__ */ entries.map(({ alg }) => alg)

/** The entry of an algorithm by its exact name, or `undefined` for `none`, MACs and everything else. */
export function algorithmOf(alg: unknown): AlgorithmEntry | undefined {
  return table.get(alg)
}
