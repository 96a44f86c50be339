// The floors: one signature, and nothing else. Nothing that signs or verifies can be faster.

import { sign, verify } from 'node:crypto'
import type { Gate } from '../lib/gates.ts'
import type { Key } from './world.ts'

/** As long as the signing input of a proof with a nonce and an `ath`. */
const DATA = Buffer.alloc(620, 'a')

/** One verification by node:crypto, with a bare KeyObject and a signature in DER: the fastest that Node has. */
export function createBareVerify({ privateKey, publicKey }: Key) {
  const signature = sign('sha256', DATA, privateKey)
  const forged = sign('sha256', Buffer.from('other data'), privateKey)
  return {
    name: 'bare crypto.verify',
    run: () => verify('sha256', DATA, publicKey, signature),
    gates: [
      { name: 'a good signature', expected: 'accepted', attempt: () => verify('sha256', DATA, publicKey, signature) },
      { name: 'a forged signature', expected: 'refused', attempt: () => verify('sha256', DATA, publicKey, forged) },
    ] satisfies Gate[],
  }
}

/** One signature by WebCrypto, with a key that cannot be exported. */
export function createBareSign({ privateKey, publicKey }: CryptoKeyPair) {
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const run = () => crypto.subtle.sign(algorithm, privateKey, DATA)
  return {
    name: 'bare subtle.sign',
    run,
    gates: [
      {
        name: 'a signature that verifies',
        expected: 'accepted',
        attempt: async () => crypto.subtle.verify(algorithm, publicKey, await run(), DATA),
      },
    ] satisfies Gate[],
  }
}
