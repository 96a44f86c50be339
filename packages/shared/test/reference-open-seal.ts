// The opening of a sealed envelope (spec/request-envelope.md, "Verification", step 3) written out plainly, for the vectors: the
// shared functions, comparisons, and the decryption of jose.

import type { ErrorCode } from '@countersign/shared'
import { CountersignError, decodeSealHeader, decodeSealPlaintext, isSealed, splitSeal } from '@countersign/shared'
import type { JWK } from 'jose'
import { compactDecrypt, importJWK } from 'jose'

/** Opens the content of a request if it is sealed; what is not sealed stays as it is. */
export async function referenceOpenSeal(text: string, keys: readonly JWK[]): Promise<string> {
  if (!isSealed(text)) return text
  const { kid, alg, epk } = decodeSealHeader(splitSeal(text))
  const key = keys.find((each) => each.kid === kid && each.use === 'enc')
  check(key !== undefined, 'ERR_ENVELOPE_SEAL_KEY_UNKNOWN')
  check(key.alg === alg, 'ERR_ENVELOPE_SEAL_INVALID')
  check(key.crv === epk.crv, 'ERR_ENVELOPE_SEAL_INVALID')
  const opened = await compactDecrypt(text, await importJWK(key, alg)).catch((cause: unknown) => {
    throw new CountersignError('ERR_ENVELOPE_SEAL_UNOPENED', 'The envelope cannot be opened', { cause })
  })
  return decodeSealPlaintext(opened.plaintext)
}

function check(condition: boolean, code: ErrorCode): asserts condition {
  if (!condition) throw new CountersignError(code, 'The sealed envelope is refused')
}
