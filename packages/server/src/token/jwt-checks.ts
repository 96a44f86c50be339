// Signed access tokens, RFC 9068 section 4: who issued one, as what, and with which algorithm. Nothing in its header but `kid` is
// looked at beyond this; a token can name a key, never an address.

import { algorithmOf } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Exchange } from '../exchange.ts'
import type { Issuer } from '../issuers/issuer.ts'
import { requiredString } from './claims.ts'
import { refused } from './refused.ts'
import type { TokenState } from './token-state.ts'

const stateOf = ({ token }: Exchange) => token as TokenState
const issuerOf = (exchange: Exchange) => stateOf(exchange).issuer as Issuer

/** Claims of ID tokens and logout tokens that no access token has (OpenID Connect Core, Back-Channel Logout). */
const FOREIGN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']

/** Creates the check of who has issued a token. */
export function createIssuerCheck(issuers: ReadonlyMap<string, Issuer>): Check {
  return {
    id: 'token.issuer',
    title: 'The access token names an issuer that is trusted here',
    source: 'RFC 9068, section 4, step 3',
    needs: ['token.form', 'token.decryption'],
    run(exchange) {
      const state = stateOf(exchange)
      state.issuer = issuers.get(requiredString(state.claims, 'iss'))
      if (state.issuer === undefined) {
        throw refused('ERR_TOKEN_ISSUER', 'iss', { expected: [...issuers.keys()], actual: state.claims['iss'] })
      }
    },
    show: (exchange) => ({ expected: [...issuers.keys()], actual: stateOf(exchange).claims['iss'] }),
  }
}

/** Was encrypted, where that was agreed upon: whoever can sign could otherwise choose to show the claims to all. */
export const encryptionCheck: Check = {
  id: 'token.encryption',
  title: 'The access token was encrypted if, and only if, that was agreed upon',
  source: 'RFC 9068, section 4, step 2',
  needs: ['token.issuer'],
  run(exchange) {
    const { encryption, decryptionKeys } = issuerOf(exchange).config
    const { encryptedTo: used } = stateOf(exchange)
    // A key is agreed upon with one issuer; another one's is as good as none.
    if (used === undefined ? encryption !== 'required' : decryptionKeys.some(({ key }) => key.equals(used.key))) return
    throw refused('ERR_TOKEN_ENCRYPTION', 'encryption', {
      expected: encryption,
      actual: used === undefined ? 'plain' : 'encrypted',
    })
  },
  show: (exchange) => ({
    expected: issuerOf(exchange).config.encryption,
    actual: stateOf(exchange).encryptedTo === undefined ? 'plain' : 'encrypted',
  }),
}

/** Says that it is an access token, in the way its issuer says so. */
export const typeCheck: Check = {
  id: 'token.typ',
  title: 'The typ of the access token is that of its issuer',
  source: 'RFC 9068, section 4, step 1',
  needs: ['token.issuer'],
  run(exchange) {
    const { typ } = stateOf(exchange).header
    const { types } = issuerOf(exchange).config.profile
    // Media type names are case-insensitive (RFC 7515 section 4.1.9); RFC 9068's own example writes at+JWT.
    const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ
    if ((type === undefined || typeof type === 'string') && types.includes(type)) return
    throw refused('ERR_TOKEN_TYP', 'typ', { expected: types.map((each) => each ?? 'none'), actual: typ })
  },
  show: (exchange) => ({
    expected: issuerOf(exchange).config.profile.types.map((each) => each ?? 'none'),
    actual: stateOf(exchange).header['typ'] ?? 'none',
  }),
}

/** Demands no extension of JWS. */
export const critCheck: Check = {
  id: 'token.crit',
  title: 'The access token demands no extension',
  source: 'RFC 7515, section 4.1.11',
  needs: ['token.form', 'token.decryption'],
  run(exchange) {
    const { header } = stateOf(exchange)
    // A JWT has its payload in base64url always (RFC 7797 section 7); `b64` is only ever critical.
    for (const name of ['b64', 'crit']) {
      if (header[name] !== undefined) throw refused('ERR_TOKEN_CRIT', name, { actual: header[name] })
    }
  },
}

/** Is signed with an algorithm that its issuer may use. */
export const algorithmCheck: Check = {
  id: 'token.alg',
  title: 'The alg of the access token is one of its issuer',
  source: 'RFC 8725, section 3.1',
  needs: ['token.issuer'],
  run(exchange) {
    const state = stateOf(exchange)
    const { algorithms } = issuerOf(exchange).config
    const { alg } = state.header
    const algorithm = algorithmOf(alg)
    if (algorithm === undefined || !algorithms.has(algorithm.alg))
      throw refused('ERR_TOKEN_ALG', 'alg', { expected: [...algorithms], actual: alg })
    state.algorithm = algorithm
  },
  show: (exchange) => ({
    expected: [...issuerOf(exchange).config.algorithms],
    actual: stateOf(exchange).algorithm?.alg,
  }),
}

/**
 * Is no other token of the issuer. `typ` says that of RFC 9068 tokens; where a profile accepts another `typ`, the claims must say it.
 */
export const kindCheck: Check = {
  id: 'token.kind',
  title: 'The token is an access token, not an ID token, logout token or refresh token',
  source: 'RFC 8725, section 3.12',
  needs: ['token.claims'],
  run(exchange) {
    const { claims, token } = stateOf(exchange)
    const { types, markers, isAccessToken } = issuerOf(exchange).config.profile
    for (const [name, values] of Object.entries(markers)) {
      const value = claims[name]
      if (typeof value !== 'string' || !values.includes(value))
        throw refused('ERR_TOKEN_KIND', name, { expected: values, actual: value })
    }
    if (types.every((type) => type === 'at+jwt')) return
    const foreign = FOREIGN_CLAIMS.find((name) => claims[name] !== undefined)
    if (foreign !== undefined) throw refused('ERR_TOKEN_KIND', foreign, { expected: 'no such claim' })
    if (isAccessToken !== undefined) {
      if (!isAccessToken(claims)) throw refused('ERR_TOKEN_KIND', 'claims', { expected: 'those of an access token' })
      return
    }
    const { aud } = claims
    // An ID token is for its client; an access token is for a resource server.
    if (aud === token?.clientId || (Array.isArray(aud) && aud.length === 1 && aud[0] === token?.clientId))
      throw refused('ERR_TOKEN_KIND', 'aud', { expected: 'another audience than the client', actual: aud })
  },
}
