// One signature verification, as fast as the platform allows: a bare KeyObject and a DER signature cost half of what options objects
// do. A lone verification runs synchronously (no thread hop); when others run in the same turn of the event loop, or are under way,
// it goes to libuv's pool, which uses the other cores and does not block the loop.

import type { KeyObject } from 'node:crypto'
import { constants, sign, verify } from 'node:crypto'
import type { AlgorithmEntry } from '@countersign/shared'

/** On whose behalf the verification was made that this turn of the event loop has seen. */
let turnOf: object | undefined
let underWay = 0

/**
 * Verifies a JWS signature.
 *
 * Does not check that the key fits the algorithm: `readPublicJwk(jwk, algorithm)` did when the key was read.
 *
 * @param signingInput - ASCII text.
 * @param request - On whose behalf: a lone request verifies all its signatures without a thread hop (a third of what a new token costs).
 */
export function verifySignature(
  algorithm: AlgorithmEntry,
  key: KeyObject,
  signingInput: string,
  signature: Uint8Array,
  request: object = {},
): boolean | Promise<boolean> {
  if (signature.length !== (algorithm.signatureBytes ?? modulusBytes(key))) return false
  const digest = digestOf(algorithm)
  const data = Buffer.from(signingInput, 'latin1')
  const bytes = algorithm.kty === 'EC' ? derOfConcatenated(signature) : signature
  const keyInput = isPss(algorithm) ? { key, ...PSS } : key
  if (underWay === 0 && (turnOf === undefined || turnOf === request)) {
    if (turnOf === undefined) setImmediate(endTurn)
    turnOf = request
    return verify(digest, data, keyInput, bytes)
  }
  return new Promise((resolve, reject) => {
    verify(digest, data, keyInput, bytes, (error, valid) => {
      underWay--
      if (error) reject(error)
      else resolve(valid)
    })
    underWay++
  })
}

/** An RSA signature is as long as the modulus (RFC 8017 section 8); OpenSSL takes one without its leading zeros too. */
function modulusBytes({ asymmetricKeyDetails }: KeyObject): number {
  return Math.ceil((asymmetricKeyDetails?.modulusLength as number) / 8)
}

function endTurn(): void {
  turnOf = undefined
}

/** Signs a text of ASCII characters, as JWS asks for the algorithm. */
export function signText(algorithm: AlgorithmEntry, key: KeyObject, text: string): Uint8Array {
  const keyInput = isPss(algorithm) ? { key, ...PSS } : { key, dsaEncoding: 'ieee-p1363' as const }
  return sign(digestOf(algorithm), Buffer.from(text, 'latin1'), keyInput)
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

function isPss({ alg }: AlgorithmEntry): boolean {
  return alg.startsWith('PS')
}

/** The names of digests in Node. */
const DIGESTS = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const

/** The name of an algorithm's digest in Node; `null` for those that have their own. */
function digestOf({ hash }: AlgorithmEntry): string | null {
  return hash === undefined ? null : DIGESTS[hash]
}

/** The DER form of an ECDSA signature that JWS writes as r and s side by side (RFC 7518 section 3.4). */
function derOfConcatenated(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2
  const r = positionOfInteger(signature, 0, half)
  const s = positionOfInteger(signature, half, signature.length)
  const lengthOfR = derLength(signature, r, half)
  const lengthOfS = derLength(signature, s, signature.length)
  const length = 4 + lengthOfR + lengthOfS
  // From Node's pool, which costs a third of memory of its own; every octet of it is written.
  const der = Buffer.allocUnsafe(length + (length < 128 ? 2 : 3))
  let at = 0
  der[at++] = 0x30
  if (length >= 128) der[at++] = 0x81
  der[at++] = length
  at = writeInteger(der, at, lengthOfR, signature.subarray(r, half))
  writeInteger(der, at, lengthOfS, signature.subarray(s))
  return der
}

/** Where a big-endian integer begins when its leading zero octets are skipped, all but the last octet. */
function positionOfInteger(octets: Uint8Array, start: number, end: number): number {
  let position = start
  while (position < end - 1 && octets[position] === 0) position++
  return position
}

/** An integer whose first bit is set needs a zero octet in front, or it would be negative. */
function derLength(octets: Uint8Array, start: number, end: number): number {
  return end - start + ((octets[start] as number) >> 7)
}

function writeInteger(der: Uint8Array, start: number, length: number, magnitude: Uint8Array): number {
  const end = start + 2 + length
  der[start] = 0x02
  der[start + 1] = length
  // Where there is one octet more than the magnitude has.
  der[start + 2] = 0
  der.set(magnitude, end - magnitude.length)
  return end
}
