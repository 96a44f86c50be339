// The floor of a verifier: written by hand, without options, error codes or explanations; everything that can be kept is kept. It passes
// the same gates. What a product is slower than this is the price of being one.

import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { VerifierContender } from './verifier.ts'
import type { Issuer } from './world.ts'
import { ISSUER, RESOURCE, sha256 } from './world.ts'

interface Warm {
  readonly header: string
  readonly key: KeyObject
  readonly jkt: string
  readonly exp: number
}

const BASE64URL = /^[A-Za-z0-9_-]+$/
const SECRET = 'a secret of the bench, which guards nothing'
const WINDOW_SECONDS = 120

/**
 * Creates the verifier.
 *
 * @param keepsTokens - Whether it remembers tokens that it has verified.
 */
export function createByHand({ key: issuerKey }: Issuer, { keepsTokens = true } = {}): VerifierContender {
  const tokens = new Map<string, Warm>()
  const used = new Map<number, Set<string>>()
  const genuine = new Set<string>()

  return {
    name: keepsTokens ? 'by hand' : 'by hand, nothing kept',
    nonce: () => nonceOf(Math.floor(Date.now() / 1000)),
    remembersProofs: true,
    verify({ accessToken, proof, method, target }) {
      const now = Date.now() / 1000
      const ath = sha256(accessToken)
      const [header = '', payload = '', signature = '', rest] = proof.split('.')
      if (rest !== undefined || !BASE64URL.test(payload) || !BASE64URL.test(signature)) throw new Error('form')
      let warm = tokens.get(ath)
      const known = warm !== undefined && warm.exp > now && warm.header === header
      const key = known && warm !== undefined ? warm : keyOf(header)
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      if (claims.htm !== method || claims.htu !== RESOURCE + target || claims.ath !== ath) throw new Error('claims')
      checkNonce(claims.nonce, now)
      if (!verify('sha256', latin1(`${header}.${payload}`), key.key, derOf(signature))) throw new Error('signature')
      if (!known) {
        warm = { ...key, header, exp: verifyToken(accessToken, key.jkt, now) }
        if (keepsTokens) tokens.set(ath, warm)
      }
      remember(`${key.jkt}.${claims.jti}`, Math.floor(now))
      return claims
    },
  }

  function keyOf(segment: string): { key: KeyObject; jkt: string } {
    const { typ, alg, jwk } = JSON.parse(Buffer.from(segment, 'base64url').toString())
    if (typ !== 'dpop+jwt' || alg !== 'ES256') throw new Error('header')
    const { crv, kty, x, y } = jwk
    return {
      key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }),
      jkt: sha256(JSON.stringify({ crv, kty, x, y })),
    }
  }

  function verifyToken(token: string, jkt: string, now: number): number {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { alg, typ } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const { iss, aud, exp, cnf } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (alg !== issuerKey.alg || typ !== 'at+jwt' || iss !== ISSUER || aud !== RESOURCE) throw new Error('token')
    if (exp <= now || cnf.jkt !== jkt) throw new Error('token')
    const bytes = alg === 'ES256' ? derOf(signature) : Buffer.from(signature, 'base64url')
    if (!verify('sha256', latin1(`${header}.${payload}`), issuerKey.publicKey, bytes))
      throw new Error('token signature')
    return exp
  }

  function checkNonce(nonce: string, now: number): void {
    if (!genuine.has(nonce)) {
      const expected = Buffer.from(nonceOf(Number.parseInt(nonce, 36)))
      if (expected.length !== nonce.length || !timingSafeEqual(expected, Buffer.from(nonce))) throw new Error('nonce')
      genuine.add(nonce)
    }
    if (Number.parseInt(nonce, 36) + WINDOW_SECONDS < now) throw new Error('nonce')
  }

  function remember(id: string, second: number): void {
    for (const each of used.keys()) {
      if (each + WINDOW_SECONDS >= second) break
      used.delete(each)
    }
    for (const set of used.values()) if (set.has(id)) throw new Error('replay')
    let set = used.get(second)
    if (set === undefined) {
      set = new Set()
      used.set(second, set)
    }
    set.add(id)
  }
}

function nonceOf(second: number): string {
  return `${second.toString(36)}-${createHmac('sha256', SECRET).update(String(second)).digest('base64url')}`
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** The DER form of an ES256 signature. */
export function derOf(signature: string): Buffer {
  const raw = Buffer.from(signature, 'base64url')
  if (raw.length !== 64) throw new Error('signature')
  const integers = [raw.subarray(0, 32), raw.subarray(32)].map((integer) => {
    let from = 0
    while (from < 31 && integer[from] === 0) from++
    const pad = (integer[from] as number) >> 7
    return Buffer.concat([Buffer.from([2, 32 - from + pad]), Buffer.alloc(pad), integer.subarray(from)])
  })
  const body = Buffer.concat(integers)
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
