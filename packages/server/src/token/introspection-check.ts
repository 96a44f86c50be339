// Opaque access tokens, and JWTs that may have been revoked: the issuer is asked, and what it says is checked as if it stood in a
// signed token. Where proofs are demanded, only a caller that has proved possession of a key makes us ask.

import type { JsonObject } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Exchange } from '../exchange.ts'
import type { Issuer } from '../issuers/issuer.ts'
import type { IssuerProfile } from '../profiles/issuer-profile.ts'
import { words } from '../profiles/issuer-profile.ts'
import type { Introspector } from './introspection.ts'
import { refused } from './refused.ts'
import type { TokenState } from './token-state.ts'

/** RFC 7662 section 2.2: a type of token, not `refresh_token`. */
const TOKEN_TYPE = /^(?:dpop|bearer|access_token)$/i

/** Creates the check that the issuer knows an opaque token. */
export function createIntrospectionCheck(issuer: Issuer, introspector: Introspector): Check {
  const asked: Issuer = { ...issuer, config: { ...issuer.config, profile: profileOfAnswers(issuer.config.profile) } }
  return {
    id: 'token.introspection',
    title: 'The issuer says that the access token is active',
    source: 'RFC 7662, section 2.2',
    needs: ['token.form', 'proof.signature'],
    async run(exchange) {
      const state = exchange.token as TokenState
      const answer = await introspector.introspect(state.text, exchange.ath)
      const { iss, token_type: type } = answer
      if (iss !== undefined && iss !== issuer.config.issuer)
        throw refused('ERR_TOKEN_ISSUER', 'iss', { expected: issuer.config.issuer, actual: iss })
      if (!isAccessToken(answer))
        throw refused('ERR_TOKEN_KIND', 'token_type', { expected: ['DPoP', 'Bearer'], actual: type })
      state.issuer = asked
      state.claims = claimsOf(answer, issuer.config.issuer)
      state.maxAgeSeconds = introspector.config.maxAgeSeconds
    },
    show: () => ({ expected: 'active', actual: 'active' }),
  }
}

/** Was not revoked since it was issued, where the issuer is asked about JWTs too. */
export const revocationCheck: Check = {
  id: 'token.revocation',
  title: 'The issuer says that the access token was not revoked, where it is asked',
  source: 'FAPI 2.0 Security Profile, section 5.3.4',
  needs: ['token.signature', 'proof.signature'],
  run(exchange) {
    const { introspector } = (exchange.token as TokenState).issuer as Issuer
    return introspector?.config.tokens === 'all' ? ask(exchange, introspector) : undefined
  },
}

async function ask({ token, ath }: Exchange, introspector: Introspector): Promise<void> {
  const state = token as TokenState
  await introspector.introspect(state.text, ath)
  state.maxAgeSeconds = introspector.config.maxAgeSeconds
}

/**
 * The type may go without saying where it is said for whom the token is. Of a refresh token, which is for the issuer itself, some issuers
 * say neither (oidc-provider).
 */
function isAccessToken({ token_type: type, aud }: JsonObject): boolean {
  return type === undefined ? aud !== undefined : typeof type === 'string' && TOKEN_TYPE.test(type)
}

/** An answer need not have what says when and as what a token was issued; the scopes stand in one place. */
function profileOfAnswers(profile: IssuerProfile): IssuerProfile {
  return {
    ...profile,
    optional: [...new Set([...profile.optional, 'iat', 'jti', 'sub'] as const)],
    // RFC 7662 section 2.2: a `sub` is optional for whomever the token was issued.
    absentSubject: profile.absentSubject ?? (profile.optional.includes('sub') ? 'client' : 'unknown'),
    clientId: [...new Set(['client_id', ...profile.clientId])],
    scopes: [words('scope'), ...profile.scopes],
    // The type of a token that is no JWT is not said by any `typ`.
    types: ['at+jwt'],
  }
}

/** What is left out goes without saying: the issuer that was asked. */
function claimsOf(answer: JsonObject, issuer: string): JsonObject {
  const { active: _, ...claims } = answer
  return Object.assign(Object.create(null), { iss: issuer }, claims) as JsonObject
}
