// Signatures that are the same on every run: ECDSA with the nonces of RFC 6979, RSA-PSS with a salt derived from the message,
// Ed25519 and RSASSA-PKCS1-v1_5, which are deterministic already. Each one is verified with WebCrypto before it is used.

import {
  constants,
  createECDH,
  createHash,
  createHmac,
  privateDecrypt,
  sign as signWithNode,
  webcrypto,
} from 'node:crypto'
import { fromBase64url, sha256, toBytes, toInteger } from './encoding.ts'
import type { TestKey } from './keys.ts'
import { power, privateKeyObject, rfc6979P256 } from './keys.ts'

type Hash = 'sha256' | 'sha384' | 'sha512'

/** How a key signs: its own algorithm, whatever the header says. */
export type Scheme = 'ES256' | 'ES384' | 'ES512' | 'PS256' | 'RS256' | 'EdDSA'

const curves = {
  'P-256': {
    name: 'prime256v1',
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    name: 'secp384r1',
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    name: 'secp521r1',
    bytes: 66,
    order:
      0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
} as const

const hashes = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512' } as const

/** Signs a text and checks the signature with WebCrypto. */
export async function sign(key: TestKey, scheme: Scheme, text: string): Promise<Buffer> {
  const signature = signUnchecked(key, scheme, text)
  if (!(await verify(key.publicJwk, scheme, text, signature)))
    throw new Error(`${scheme} by ${key.source} does not verify`)
  return signature
}

/** Verifies a signature with WebCrypto. */
export async function verify(
  jwk: Readonly<Record<string, unknown>>,
  scheme: Scheme,
  text: string,
  signature: Uint8Array,
): Promise<boolean> {
  const hash = `SHA-${scheme === 'EdDSA' ? 256 : scheme.slice(2)}`
  const imports = {
    EC: { name: 'ECDSA', namedCurve: String(jwk['crv']) },
    RSA: { name: scheme === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash },
    OKP: { name: 'Ed25519' },
  }[String(jwk['kty']) as 'EC' | 'RSA' | 'OKP']
  const { kty, crv, x, y, n, e } = jwk as unknown as Record<string, string>
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  const key = await webcrypto.subtle.importKey('jwk', Object.fromEntries(members), imports, false, ['verify'])
  const parameters = { name: imports.name, hash, saltLength: 32 }
  return webcrypto.subtle.verify(parameters, key, new Uint8Array(signature), new TextEncoder().encode(text))
}

/** Signs a text and does not check it, for signatures that are not to verify. */
export function signUnchecked(key: TestKey, scheme: Scheme, text: string): Buffer {
  switch (scheme) {
    case 'PS256':
      return signPss(key, text)
    case 'RS256':
      return signWithNode('sha256', Buffer.from(text), privateKeyObject(key))
    case 'EdDSA':
      return signWithNode(null, Buffer.from(text), privateKeyObject(key))
    default:
      return signEcdsa(key, hashes[scheme], text)
  }
}

/** ECDSA in the form of JWS: `r` and `s`, each as long as the order of the curve (RFC 7518 section 3.4). */
function signEcdsa(key: TestKey, hash: Hash, text: string): Buffer {
  const { name, bytes, order } = curves[key.publicJwk['crv'] as keyof typeof curves]
  const d = toInteger(fromBase64url(key.privateMembers['d'] as string))
  const digest = createHash(hash).update(text).digest()
  if (digest.length > bytes) throw new Error('A digest longer than the order would have to be cut')
  const ecdh = createECDH(name)
  for (const k of nonces(d, digest, hash, bytes, order)) {
    ecdh.setPrivateKey(toBytes(k, bytes))
    const r = toInteger(ecdh.getPublicKey().subarray(1, 1 + bytes)) % order
    const s = (power(k, order - 2n, order) * (toInteger(digest) + r * d)) % order
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r, bytes), toBytes(s, bytes)])
  }
  throw new Error('unreachable')
}

/** The candidates for `k` of RFC 6979, section 3.2. */
function* nonces(d: bigint, digest: Buffer, hash: Hash, bytes: number, order: bigint): Generator<bigint> {
  const hmac = (key: Buffer, ...parts: Buffer[]) => createHmac(hash, key).update(Buffer.concat(parts)).digest()
  const seed = Buffer.concat([toBytes(d, bytes), toBytes(toInteger(digest) % order, bytes)])
  let v: Buffer = Buffer.alloc(digest.length, 1)
  let k: Buffer = Buffer.alloc(digest.length, 0)
  for (const step of [0, 1]) {
    k = hmac(k, v, Buffer.of(step), seed)
    v = hmac(k, v)
  }
  const excess = BigInt(bytes * 8 - order.toString(2).length)
  while (true) {
    let t: Buffer = Buffer.alloc(0)
    while (t.length < bytes) {
      v = hmac(k, v)
      t = Buffer.concat([t, v])
    }
    const candidate = toInteger(t.subarray(0, bytes)) >> excess
    if (candidate > 0n && candidate < order) yield candidate
    k = hmac(k, v, Buffer.of(0))
    v = hmac(k, v)
  }
}

function signPss(key: TestKey, text: string): Buffer {
  const encoded = encodePss(text, fromBase64url(key.publicJwk['n'] as string).length)
  return privateDecrypt({ key: privateKeyObject(key), padding: constants.RSA_NO_PADDING }, encoded)
}

/** EMSA-PSS of RFC 8017, section 9.1.1, for a modulus whose top bit is set, with SHA-256 and a salt of 32 octets. */
export function encodePss(text: string, length: number): Buffer {
  const digest = sha256(text)
  const salt = sha256(`salt ${text}`)
  const hash = sha256(Buffer.concat([Buffer.alloc(8), digest, salt]))
  const block = Buffer.concat([Buffer.alloc(length - 66), Buffer.of(1), salt])
  const mask = Buffer.concat(
    Array.from({ length: Math.ceil(block.length / 32) }, (_, index) => sha256(Buffer.concat([hash, counter(index)]))),
  )
  for (let index = 0; index < block.length; index++) block[index] = (block[index] as number) ^ (mask[index] as number)
  block[0] = (block[0] as number) & 0x7f
  return Buffer.concat([block, hash, Buffer.of(0xbc)])
}

function counter(index: number): Buffer {
  return toBytes(BigInt(index), 4)
}

/** RFC 6979, appendix A.2.5: SHA-256, message `sample`. */
export function checkRfc6979(): void {
  const expected =
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8'
  if (signEcdsa(rfc6979P256, 'sha256', 'sample').toString('hex') !== expected) throw new Error('ECDSA is not RFC 6979')
}
