// One signature verification, as fast as the platform allows: a bare KeyObject and a DER signature cost half of what options objects
// do. A lone verification runs synchronously (no thread hop); when others run in the same turn of the event loop, or are under way,
// it goes to libuv's pool, which uses the other cores and does not block the loop.

import type { KeyObject, VerifyKeyObjectInput } from 'node:crypto'
import { constants, verify } from 'node:crypto'
import type { AlgorithmEntry } from '@countersign/shared'

let inThisTurn = false
let underWay = 0

/**
 * Verifies a JWS signature.
 *
 * Does not check that the key fits the algorithm: `readPublicJwk(jwk, algorithm)` did when the key was read.
 *
 * @param signingInput - ASCII text.
 * @param signature - One character per byte.
 */
export function verifySignature(
  algorithm: AlgorithmEntry,
  key: KeyObject,
  signingInput: string,
  signature: string,
): boolean | Promise<boolean> {
  if (algorithm.signatureBytes !== undefined && signature.length !== algorithm.signatureBytes) return false
  const digest = algorithm.hash === undefined ? null : algorithm.hash.replace('-', '').toLowerCase()
  const data = Buffer.from(signingInput, 'latin1')
  const bytes = Buffer.from(algorithm.kty === 'EC' ? derOfConcatenated(signature) : signature, 'latin1')
  const keyInput = algorithm.signParameters.name === 'RSA-PSS' ? pssInput(key) : key
  if (underWay === 0 && !inThisTurn) {
    inThisTurn = true
    setImmediate(endTurn)
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

function endTurn(): void {
  inThisTurn = false
}

function pssInput(key: KeyObject): VerifyKeyObjectInput {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
}

/** The DER form of an ECDSA signature that JWS writes as r and s side by side (RFC 7518 section 3.4). */
function derOfConcatenated(signature: string): string {
  const half = signature.length / 2
  const body = derInteger(signature.slice(0, half)) + derInteger(signature.slice(half))
  return body.length < 128
    ? `\x30${String.fromCharCode(body.length)}${body}`
    : `\x30\x81${String.fromCharCode(body.length)}${body}`
}

function derInteger(octets: string): string {
  let start = 0
  while (start < octets.length - 1 && octets.charCodeAt(start) === 0) start++
  const sign = octets.charCodeAt(start) >= 0x80 ? '\0' : ''
  const integer = sign + octets.slice(start)
  return `\x02${String.fromCharCode(integer.length)}${integer}`
}
