// Opening sealed envelopes (request-envelope.md, Sealed): a JWE to one of our keys, with an attached envelope in it. What the header says
// is looked at here; the cryptography is that of jose.

import type { CountersignError } from '@countersign/shared'
import { decodeSealHeader, decodeSealPlaintext, refusal, splitSeal } from '@countersign/shared'
import type { UnsealingKey } from './seal-keys.ts'

/** Opens a sealed envelope. */
export type Unsealer = (text: string) => Promise<string>

/** Creates the function that opens what is sealed to some keys. */
export function createUnsealer(keys: readonly UnsealingKey[]): Unsealer {
  return async function unseal(text) {
    const { kid, alg, epk } = decodeSealHeader(splitSeal(text))
    const key = keys.find((each) => each.kid === kid)
    if (key === undefined) throw refused('ERR_ENVELOPE_SEAL_KEY_UNKNOWN', 'kid')
    if (key.alg !== alg) throw refused('ERR_ENVELOPE_SEAL_INVALID', 'alg')
    if (key.jwk['crv'] !== epk.crv) throw refused('ERR_ENVELOPE_SEAL_INVALID', 'epk')
    const { compactDecrypt } = await import('jose')
    const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: ['A256GCM'] }
    // Which step failed is nobody's business: that would be an oracle.
    const opened = await compactDecrypt(text, key.key, options).catch(() => undefined)
    if (opened === undefined) throw refused('ERR_ENVELOPE_SEAL_UNOPENED', 'ciphertext')
    return decodeSealPlaintext(opened.plaintext)
  }
}

function refused(
  code: 'ERR_ENVELOPE_SEAL_KEY_UNKNOWN' | 'ERR_ENVELOPE_SEAL_INVALID' | 'ERR_ENVELOPE_SEAL_UNOPENED',
  parameter: string,
): CountersignError {
  return refusal(code, `The sealed envelope is refused for its ${parameter}`, { parameter })
}
