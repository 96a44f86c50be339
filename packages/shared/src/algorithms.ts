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

/** What an algorithm asks of its key and of a WebCrypto call. */
export interface AlgorithmEntry {
  readonly alg: JwsAlgorithm
  /** `kty` of its keys. */
  readonly kty: 'EC' | 'RSA' | 'OKP' | 'AKP'
  /** `crv` of its keys, for `EC` and `OKP`. */
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
  /** Digest, for `EC` and `RSA`. */
  readonly hash?: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** Length of the public member `pub`, in bytes, for `AKP`. */
  readonly publicKeyBytes?: number
  /** Length of a signature, in bytes; an RSA signature is as long as its modulus. */
  readonly signatureBytes?: number
  /** Second argument of `subtle.generateKey`; third of `subtle.importKey`. */
  readonly keyParameters: Readonly<Record<string, unknown>>
  /** First argument of `subtle.sign` and `subtle.verify`. */
  readonly signParameters: Readonly<Record<string, unknown>> & { readonly name: string }
}

const publicExponent = Uint8Array.of(1, 0, 1)

const ecdsa = (
  alg: JwsAlgorithm,
  crv: 'P-256' | 'P-384' | 'P-521',
  hash: 'SHA-256' | 'SHA-384' | 'SHA-512',
  signatureBytes: number,
): AlgorithmEntry => ({
  alg,
  kty: 'EC',
  crv,
  hash,
  signatureBytes,
  keyParameters: { name: 'ECDSA', namedCurve: crv },
  signParameters: { name: 'ECDSA', hash },
})

const rsa = (
  alg: JwsAlgorithm,
  name: 'RSA-PSS' | 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256' | 'SHA-384' | 'SHA-512',
  saltLength: number,
): AlgorithmEntry => ({
  alg,
  kty: 'RSA',
  hash,
  keyParameters: { name, hash, modulusLength: 2048, publicExponent },
  signParameters: name === 'RSA-PSS' ? { name, saltLength } : { name },
})

const ed25519 = (alg: JwsAlgorithm): AlgorithmEntry => ({
  alg,
  kty: 'OKP',
  crv: 'Ed25519',
  signatureBytes: 64,
  keyParameters: { name: 'Ed25519' },
  signParameters: { name: 'Ed25519' },
})

const mlDsa = (
  alg: 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87',
  publicKeyBytes: number,
  signatureBytes: number,
): AlgorithmEntry => ({
  alg,
  kty: 'AKP',
  publicKeyBytes,
  signatureBytes,
  keyParameters: { name: alg },
  signParameters: { name: alg },
})

const table: ReadonlyMap<string, AlgorithmEntry> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ [
    ecdsa('ES256', 'P-256', 'SHA-256', 64),
    ecdsa('ES384', 'P-384', 'SHA-384', 96),
    ecdsa('ES512', 'P-521', 'SHA-512', 132),
    rsa('PS256', 'RSA-PSS', 'SHA-256', 32),
    rsa('PS384', 'RSA-PSS', 'SHA-384', 48),
    rsa('PS512', 'RSA-PSS', 'SHA-512', 64),
    rsa('RS256', 'RSASSA-PKCS1-v1_5', 'SHA-256', 0),
    ed25519('EdDSA'),
    ed25519('Ed25519'),
    mlDsa('ML-DSA-44', 1312, 2420),
    mlDsa('ML-DSA-65', 1952, 3309),
    mlDsa('ML-DSA-87', 2592, 4627),
  ].map((entry) => [entry.alg, entry] as const),
)

/** Names of every implemented algorithm, in the order of preference. */
export const jwsAlgorithms: readonly JwsAlgorithm[] = /* @__PURE__ */ [...table.keys()] as JwsAlgorithm[]

/** The entry of an algorithm by its exact name, or `undefined` for `none`, MACs and everything else. */
export function algorithmOf(alg: unknown): AlgorithmEntry | undefined {
  return typeof alg === 'string' ? table.get(alg) : undefined
}
