// Server nonces, RFC 9449 sections 8 and 9: stateless, so that every replica with the same secrets accepts them.
// A nonce is 24 bytes in base64url: the second it was made (4), the id of its secret (4), and a MAC over both and the resource (16).

import type { KeyObject } from 'node:crypto'
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { decodeBase64url, isBase64url } from '@countersign/shared'

/** What a nonce turned out to be. */
export type NonceVerdict = { readonly issuedAt: number } | 'invalid' | 'expired'

/** Makes and checks nonces. */
export interface NonceAuthority {
  readonly ttlSeconds: number
  /** The nonce of this second. The same one is handed to every caller: uniqueness is the job of `jti`. */
  current(): string
  /** Checks that a nonce was made with one of the secrets, for this resource, within its lifetime. */
  check(nonce: string): NonceVerdict
}

interface Secret {
  readonly id: Buffer
  /** A bare KeyObject: with bytes, `createHmac` of Node 24 takes five times as long. */
  readonly key: KeyObject
}

const TIME_BYTES = 4
const ID_BYTES = 4
const MAC_BYTES = 16
const NONCE_LENGTH = ((TIME_BYTES + ID_BYTES + MAC_BYTES) * 4) / 3
/** Nonces found genuine, remembered so that each is authenticated once. Only genuine ones enter: one a second and secret. */
const MAX_REMEMBERED = 2_048

/**
 * Creates the authority over the nonces of one resource.
 *
 * @param secrets - Newest first; the first makes, all verify.
 * @param toleranceSeconds - How far another replica's clock may be ahead.
 */
export function createNonceAuthority(options: {
  readonly resource: string
  readonly secrets: readonly Uint8Array[]
  readonly ttlSeconds: number
  readonly toleranceSeconds: number
  readonly clock: () => number
}): NonceAuthority {
  const { resource, ttlSeconds, toleranceSeconds, clock } = options
  const secrets = options.secrets.map((key) => ({ id: idOf(key), key: createSecretKey(key) }))
  const newest = secrets[0] as Secret
  const genuine = new Map<string, number>()
  let latest = { second: -1, nonce: '' }

  return {
    ttlSeconds,
    current() {
      const second = Math.floor(clock())
      if (latest.second !== second) latest = { second, nonce: make(second) }
      return latest.nonce
    },
    check(nonce) {
      const issuedAt = genuine.get(nonce) ?? authenticate(nonce)
      if (issuedAt === undefined) return 'invalid'
      const age = clock() - issuedAt
      if (age < -toleranceSeconds) return 'invalid'
      return age < ttlSeconds ? { issuedAt } : 'expired'
    },
  }

  function make(second: number): string {
    const head = Buffer.alloc(TIME_BYTES + ID_BYTES)
    head.writeUInt32BE(second)
    newest.id.copy(head, TIME_BYTES)
    return Buffer.concat([head, macOf(newest, head, resource)]).toString('base64url')
  }

  /** The second a nonce was made, if one of our secrets made it. */
  function authenticate(nonce: string): number | undefined {
    if (nonce.length !== NONCE_LENGTH || !isBase64url(nonce)) return undefined
    const bytes = Buffer.from(decodeBase64url(nonce))
    const head = bytes.subarray(0, TIME_BYTES + ID_BYTES)
    const mac = bytes.subarray(TIME_BYTES + ID_BYTES)
    const secret = secrets.find(({ id }) => id.equals(head.subarray(TIME_BYTES)))
    if (secret === undefined || !timingSafeEqual(mac, macOf(secret, head, resource))) return undefined
    const issuedAt = head.readUInt32BE()
    if (genuine.size >= MAX_REMEMBERED) genuine.clear()
    genuine.set(nonce, issuedAt)
    return issuedAt
  }
}

function idOf(key: Uint8Array): Buffer {
  return createHash('sha256').update('countersign nonce secret id\0').update(key).digest().subarray(0, ID_BYTES)
}

function macOf(secret: Secret, head: Uint8Array, resource: string): Buffer {
  return createHmac('sha256', secret.key)
    .update(`countersign nonce\0${resource}\0`)
    .update(head)
    .digest()
    .subarray(0, MAC_BYTES)
}
