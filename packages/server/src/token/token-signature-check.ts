// The signature of an access token, by a key of its issuer.

import type { AlgorithmEntry } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Issuer } from '../issuers/issuer.ts'
import type { IssuerKeys } from '../issuers/issuer-keys.ts'
import type { IssuerKey } from '../issuers/key-set.ts'
import { verifySignature } from '../signature.ts'
import { refused } from './refused.ts'
import type { TokenState } from './token-state.ts'

/** Is signed by a current key of its issuer. */
export const tokenSignatureCheck: Check = {
  id: 'token.signature',
  title: 'The access token is signed by a current key of its issuer',
  source: 'RFC 9068, section 4, step 5',
  needs: ['token.issuer', 'token.alg', 'token.claims'],
  async run(exchange) {
    const state = exchange.token as TokenState
    const { keys } = state.issuer as Issuer
    const key = await findSigner(state, keys, exchange.request)
    if (key === undefined) throw refused('ERR_TOKEN_SIGNATURE', 'signature')
    state.stillTrusted = () => key.current && keys.recent()
  },
  show: ({ token }) => ({ actual: `verified with the key ${token?.header['kid'] ?? 'that fits'}` }),
}

/**
 * Finds the key that has signed what an issuer has signed: a token, or an answer to an introspection.
 *
 * @param state - Decoded, its algorithm one that the issuer may use.
 * @param request - On whose behalf.
 * @returns `undefined` when none has, not even one of a key set that was read anew.
 * @throws {CountersignError} `ERR_TOKEN_KEY_UNKNOWN`, `ERR_ISSUER_UNAVAILABLE`.
 */
export async function findSigner(
  state: TokenState,
  keys: IssuerKeys,
  request?: object,
): Promise<IssuerKey | undefined> {
  const { kid } = state.header
  const algorithm = state.algorithm as AlgorithmEntry
  if (kid !== undefined && typeof kid !== 'string')
    throw refused('ERR_TOKEN_KEY_UNKNOWN', 'kid', { expected: 'a string', actual: typeof kid })
  return (
    (await signerAmong(await keys.find(kid, algorithm))) ??
    (await signerAmong((await keys.findAnew(kid, algorithm)) ?? []))
  )

  async function signerAmong(candidates: readonly IssuerKey[]): Promise<IssuerKey | undefined> {
    for (const key of candidates) {
      if (await verifySignature(algorithm, key.keyObject, state.signingInput, state.signature, request)) return key
    }
    return undefined
  }
}
