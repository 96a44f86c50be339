// Encodings the generators need, on Node's own functions and apart from the code under test.

import { createHash } from 'node:crypto'

/** Base64url without padding, of bytes or of the UTF-8 bytes of a text. */
export function base64url(data: Uint8Array | string): string {
  return Buffer.from(data as Uint8Array).toString('base64url')
}

/** The bytes of a base64url text. */
export function fromBase64url(text: string): Buffer {
  return Buffer.from(text, 'base64url')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same text with a bit set behind the last byte, for one whose length is no multiple of four. */
export function withSpareBit(text: string): string {
  return text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.at(-1) as string) + 1]
}

/** A segment in the alphabet of base64. */
export function standard(segment: string): string {
  return segment.replaceAll('-', '+').replaceAll('_', '/')
}

/** The JSON text of a header, filled up so that its encoding leaves two characters at the end. */
export function withRest(text: string): string {
  for (let filled = text; ; filled = filled.replace('{', '{ ')) if (filled.length % 3 === 1) return filled
}

/** SHA-256 of bytes or of the UTF-8 bytes of a text. */
export function sha256(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest()
}

/** The `ath` of an access token. */
export function ath(accessToken: string): string {
  return base64url(sha256(accessToken))
}

/** `length` bytes that look random and depend on a label only. */
export function bytesFrom(label: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) => sha256(`${label} ${index}`))
  return Buffer.concat(blocks).subarray(0, length)
}

/** A non-negative integer, big-endian, in a fixed number of bytes. */
export function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}

/** The non-negative integer that bytes spell, big-endian. */
export function toInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
