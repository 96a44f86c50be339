// Seals a text as a compact JWE (RFC 7516, section 5.1) with key agreement (RFC 7518, section 4.6) and AES-GCM, on Node's
// own functions: the ephemeral key, the content encryption key and the initialisation vector are given, so that the result is
// the same on every run.

import type { JsonWebKey } from 'node:crypto'
import { createCipheriv, createPublicKey, diffieHellman } from 'node:crypto'
import { base64url, sha256, toBytes } from './encoding.ts'
import type { Jwk, TestKey } from './keys.ts'
import { privateKeyObject } from './keys.ts'

/** RFC 7518, appendix C: the recipient. */
export const p256Recipient: TestKey = {
  source: 'RFC 7518, appendix C, Bob',
  publicJwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
    y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
  },
  privateMembers: { d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw' },
}

/** RFC 7518, appendix C: the ephemeral key of the sender. */
export const p256Ephemeral: TestKey = {
  source: 'RFC 7518, appendix C, Alice',
  publicJwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
    y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
  },
  privateMembers: { d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo' },
}

/** RFC 7748, section 6.1: the recipient. */
export const x25519Recipient = x25519Key('RFC 7748, section 6.1, Bob', {
  x: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  d: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
})

/** RFC 7748, section 6.1: the ephemeral key of the sender. */
export const x25519Ephemeral = x25519Key('RFC 7748, section 6.1, Alice', {
  x: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  d: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
})

/** What a text is encrypted with. */
export interface Sealing {
  readonly alg: string
  readonly enc: string
  readonly ephemeral: TestKey
  readonly recipient: Jwk
  /** The key that encrypts the content, for an `alg` that wraps one. */
  readonly cek: Buffer
  readonly iv: Buffer
  /** The encoded protected header, which is authenticated as it stands. */
  readonly header: string
}

/** The parts of a JWE after its header. */
export interface Sealed {
  readonly encryptedKey: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** Encrypts a text. */
export function seal(plaintext: string | Uint8Array, sealing: Sealing): Sealed {
  const { alg, enc, ephemeral, recipient, cek, iv, header } = sealing
  const secret = agree(ephemeral, recipient)
  const wraps = alg !== 'ECDH-ES'
  const agreed = concatKdf(secret, wraps ? alg : enc)
  const cipher = createCipheriv('aes-256-gcm', wraps ? cek : agreed, iv)
  cipher.setAAD(Buffer.from(header))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { encryptedKey: wraps ? wrap(agreed, cek) : Buffer.alloc(0), ciphertext, tag: cipher.getAuthTag() }
}

/** RFC 7518, section 4.6.2: one round of SHA-256 is enough for all keys here. */
function concatKdf(secret: Buffer, algorithm: string, bits = 256, apu = '', apv = ''): Buffer {
  const prefixed = (text: string) => Buffer.concat([uint32(text.length), Buffer.from(text)])
  const otherInfo = [prefixed(algorithm), prefixed(apu), prefixed(apv), uint32(bits)]
  return sha256(Buffer.concat([uint32(1), secret, ...otherInfo])).subarray(0, bits / 8)
}

function uint32(value: number): Buffer {
  return toBytes(BigInt(value), 4)
}

/** AES Key Wrap, RFC 3394, with its default initial value. */
function wrap(key: Buffer, cek: Buffer): Buffer {
  const cipher = createCipheriv('id-aes256-wrap', key, Buffer.alloc(8, 0xa6))
  return Buffer.concat([cipher.update(cek), cipher.final()])
}

/** RFC 7518, appendix C, and RFC 7748, section 6.1: the keys that are agreed upon there. */
export function checkKeyAgreement(): void {
  const derived = base64url(concatKdf(agree(p256Ephemeral, p256Recipient.publicJwk), 'A128GCM', 128, 'Alice', 'Bob'))
  const agreed = agree(x25519Ephemeral, x25519Recipient.publicJwk)
  const same = agree(x25519Recipient, x25519Ephemeral.publicJwk)
  const expected = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
  if (derived !== 'VqqN6vgjbSBcIijNcacQGg') throw new Error('The key agreement is not that of RFC 7518')
  if (agreed.toString('hex') !== expected || !agreed.equals(same)) throw new Error('X25519 is not that of RFC 7748')
}

function agree(own: TestKey, peer: Jwk): Buffer {
  return diffieHellman({
    privateKey: privateKeyObject(own),
    publicKey: createPublicKey({ key: peer as JsonWebKey, format: 'jwk' }),
  })
}

function x25519Key(source: string, { x, d }: { readonly x: string; readonly d: string }): TestKey {
  const member = (hex: string) => base64url(Buffer.from(hex, 'hex'))
  return { source, publicJwk: { kty: 'OKP', crv: 'X25519', x: member(x) }, privateMembers: { d: member(d) } }
}
