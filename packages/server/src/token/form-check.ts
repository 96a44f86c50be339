// What kind of access token was sent.

import { isCountersignError, limits } from '@countersign/shared'
import type { Check } from '../check.ts'
import { decodeToken } from './decode-token.ts'
import { refused } from './refused.ts'
import { TokenState } from './token-state.ts'

/**
 * Creates the check that an access token is of a kind that is taken: a signed JWT, an encrypted one where there are keys for it, or any
 * text where its issuer can be asked.
 */
export function createFormCheck(takes: { readonly encrypted: boolean; readonly opaque: boolean }): Check {
  return {
    id: 'token.form',
    title: 'The access token is of a kind that is taken here, and of bounded size',
    source: 'RFC 9068, section 2',
    needs: ['request.credentials'],
    run(exchange) {
      exchange.token = readForm(exchange.credentials?.accessToken as string)
    },
    show: ({ token }) => ({ actual: `${token?.kind}, ${token?.text.length} characters` }),
  }

  function readForm(text: string): TokenState {
    if (text.length > limits.MAX_TOKEN_LENGTH) {
      throw refused('ERR_TOKEN_TOO_LARGE', 'size', { expected: limits.MAX_TOKEN_LENGTH, actual: text.length })
    }
    if (takes.encrypted && looksEncrypted(text)) return new TokenState(text, 'jwe')
    const state = new TokenState(text, 'jwt')
    try {
      decodeToken(state, text)
    } catch (error) {
      if (takes.opaque && isCountersignError(error, 'ERR_TOKEN_MALFORMED')) return new TokenState(text, 'opaque')
      throw error
    }
    return state
  }
}

/** Whether a token has the five segments of a JWE. */
function looksEncrypted(token: string): boolean {
  return token.split('.', 6).length === 5
}
