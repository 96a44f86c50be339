// Encrypted access tokens (RFC 9068 section 4, step 2; RFC 7516): a JWE whose plaintext is the signed token. Encryption authenticates
// nobody, so everything that is demanded of a token is demanded of what comes out. The cryptography is that of jose, which gets only
// what has one spelling and a header that was looked at here.

import { decodeJsonSegment, isBase64url, isCountersignError } from '@countersign/shared'
import type { Check } from '../check.ts'
import { decodeToken } from './decode-token.ts'
import type { DecryptionKey } from './decryption-keys.ts'
import { refused } from './refused.ts'
import type { TokenState } from './token-state.ts'

/** Content encryption that authenticates: all of RFC 7518 section 5.1 does. */
const CONTENT_ENCRYPTION = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512']

/** Creates the check that an encrypted token was encrypted to us. */
export function createDecryptionCheck(keys: readonly DecryptionKey[]): Check {
  return {
    id: 'token.decryption',
    title: 'The encrypted access token can be decrypted, and holds a signed one',
    source: 'RFC 9068, section 4, step 2',
    needs: ['token.form', 'proof.signature'],
    async run(exchange) {
      const state = exchange.token as TokenState
      const { plaintext, key } = await decrypt(state.text, candidates(readHeader(state.text)))
      decodeToken(state, plaintext)
      state.encryptedTo = key
    },
  }

  function candidates({ kid, alg }: { kid: unknown; alg: unknown }): readonly DecryptionKey[] {
    const ofAlgorithm = keys.filter((key) => key.alg === alg)
    const named = kid === undefined ? [] : ofAlgorithm.filter((key) => key.kid === kid)
    const fitting = [...named, ...ofAlgorithm.filter((key) => kid === undefined || key.kid === undefined)]
    if (fitting.length === 0) throw undecryptable('key')
    return fitting
  }
}

function readHeader(token: string): { kid: unknown; alg: unknown } {
  const segments = token.split('.')
  if (!segments.every(isBase64url)) throw undecryptable('base64url')
  const header = orUndecryptable(() => decodeJsonSegment(segments[0] as string, 'header'), 'header')
  const { alg, enc, kid, cty, zip, crit } = header
  // RFC 8725 section 3.6: a compressed plaintext says something about its content, and may be a bomb.
  if (zip !== undefined || crit !== undefined) throw undecryptable(zip === undefined ? 'crit' : 'zip')
  if (typeof enc !== 'string' || !CONTENT_ENCRYPTION.includes(enc)) throw undecryptable('enc')
  // A text (RFC 7516 section 4.1.6); a key without name would be tried for anything else.
  if (kid !== undefined && typeof kid !== 'string') throw undecryptable('header')
  // RFC 7519 section 5.2: a nested JWT says so.
  if (typeof cty !== 'string' || !/^(?:application\/)?(?:at\+)?jwt$/i.test(cty)) throw undecryptable('cty')
  return { kid, alg }
}

async function decrypt(
  token: string,
  keys: readonly DecryptionKey[],
): Promise<{ plaintext: string; key: DecryptionKey }> {
  const { compactDecrypt } = await import('jose')
  for (const key of keys) {
    const options = { keyManagementAlgorithms: [key.alg], contentEncryptionAlgorithms: CONTENT_ENCRYPTION }
    // Which step failed, and with which key, is nobody's business.
    const decrypted = await compactDecrypt(token, key.key, options).catch(() => undefined)
    if (decrypted !== undefined) return { plaintext: Buffer.from(decrypted.plaintext).toString('latin1'), key }
  }
  throw undecryptable('plaintext')
}

function orUndecryptable<Result>(read: () => Result, reason: string): Result {
  try {
    return read()
  } catch (error) {
    if (!isCountersignError(error)) throw error
    throw undecryptable(reason)
  }
}

function undecryptable(reason: string) {
  return refused('ERR_TOKEN_DECRYPTION', 'encryption', { reason })
}
