// SHA-256 of content. Node has a synchronous one, which is far faster than WebCrypto for short content and can digest a stream.

import { computeEnvelopeDigest } from '@countersign/shared'

/** A digest that is made piece by piece. */
export interface StreamingHash {
  update(data: Uint8Array): unknown
  digest(encoding: 'base64url'): string
}

interface NodeCrypto {
  createHash(algorithm: string): StreamingHash
  /** In half the time; not everywhere. */
  hash?(algorithm: string, data: Uint8Array, encoding: 'base64url'): string
}

/** Node's own module, where there is one: found without an import, which a bundler for browsers could not resolve. */
const nodeCrypto = (
  globalThis as { process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined } }
).process?.getBuiltinModule?.('node:crypto')

/** A digest of a stream; `undefined` where the platform has none. */
export function streamingHash(): StreamingHash | undefined {
  return nodeCrypto?.createHash('sha256')
}

/** The payload of a detached envelope: SHA-256 in base64url, empty for no content. */
export function digestOf(bytes: Uint8Array<ArrayBuffer>): string | Promise<string> {
  if (bytes.length === 0 || nodeCrypto?.hash === undefined) return computeEnvelopeDigest(bytes)
  return nodeCrypto.hash('sha256', bytes, 'base64url')
}
