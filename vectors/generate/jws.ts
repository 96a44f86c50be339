// Puts a JWS together for a vector, with one place for each thing that can be rewritten on the way.

import { base64url } from './encoding.ts'
import type { TestKey } from './keys.ts'
import type { Scheme } from './sign.ts'
import { sign } from './sign.ts'

/** What of a header is rewritten. */
export interface HeaderRewrites {
  /** Rewrites the JSON text of the header before it is encoded. */
  readonly headerText?: (text: string) => string | Uint8Array
  /** Rewrites the encoded header before it is signed, or authenticated. */
  readonly headerSegment?: (segment: string) => string
}

/** What of a JWS is rewritten. */
export interface JwsRewrites extends HeaderRewrites {
  /** Rewrites the encoded payload before it is signed. */
  readonly payloadSegment?: (segment: string) => string
  /** Replaces the signature over the signing input. */
  readonly signature?: (signature: Buffer, signingInput: string) => Uint8Array
  /** Rewrites the encoded signature. */
  readonly signatureSegment?: (segment: string) => string
  /** Puts the segments together. */
  readonly assemble?: (header: string, payload: string, signature: string) => string
}

const same = <Value>(value: Value) => value
const joined = (...segments: readonly string[]) => segments.join('.')

/** Encodes a header. */
export function encodeHeader(header: object, { headerText = same, headerSegment = same }: HeaderRewrites): string {
  return headerSegment(base64url(headerText(JSON.stringify(header))))
}

/**
 * Makes a compact JWS.
 *
 * @param payload - Encodes the payload, once the header is encoded: a vector of a certain length fills up what that leaves.
 */
export async function makeJws(
  { key, scheme }: { readonly key: TestKey; readonly scheme: Scheme },
  header: object,
  payload: () => string,
  rewrites: JwsRewrites,
): Promise<string> {
  const { payloadSegment = same, signatureSegment = same, assemble = joined } = rewrites
  const first = encodeHeader(header, rewrites)
  const second = payloadSegment(payload())
  const signingInput = `${first}.${second}`
  const made = await sign(key, scheme, signingInput)
  const sent = rewrites.signature === undefined ? made : rewrites.signature(made, signingInput)
  return assemble(first, second, signatureSegment(base64url(sent)))
}
