// What a route demands of a caller that has proved itself, as checks: the last ones. Only what is demanded is checked.

import type { CountersignError, JsonObject } from '@countersign/shared'
import { refusal } from '@countersign/shared'
import type { Check } from './check.ts'
import type { Exchange } from './exchange.ts'
import type { Membership, PolicyDemands } from './policy.ts'
import type { TokenState, VerifiedToken } from './token/token-state.ts'

const tokenOf = ({ token }: Exchange) => (token as TokenState).token as VerifiedToken
const needs = ['token.claims']

/**
 * Creates the checks of a policy.
 *
 * @param toleranceSeconds - Tolerated difference of clocks.
 */
export function createPolicyChecks(demands: PolicyDemands, toleranceSeconds: number): readonly Check[] {
  const { scope, anyScope, memberships, claims, acr, maxAgeSeconds } = demands
  return [
    ...(scope.length === 0 ? [] : [scopeCheck(scope)]),
    ...(anyScope.length === 0 ? [] : [anyScopeCheck(anyScope)]),
    ...memberships.filter(({ required }) => required.length > 0).map(membershipCheck),
    ...(claims === undefined ? [] : [claimsCheck(claims)]),
    ...(acr.length === 0 ? [] : [acrCheck(acr)]),
    ...(maxAgeSeconds === undefined ? [] : [maxAgeCheck(maxAgeSeconds, toleranceSeconds)]),
  ]
}

function scopeCheck(scope: readonly string[]): Check {
  return {
    id: 'policy.scope',
    title: 'The access token has the scopes the route needs',
    source: 'RFC 6750, section 3.1',
    needs,
    run(exchange) {
      const { scopes } = tokenOf(exchange)
      if (!scope.every((each) => scopes.includes(each))) throw refused('ERR_SCOPE_INSUFFICIENT', 'scope', scope, scopes)
    },
    show: (exchange) => ({ expected: scope, actual: tokenOf(exchange).scopes }),
  }
}

function anyScopeCheck(anyScope: readonly string[]): Check {
  return {
    id: 'policy.any_scope',
    title: 'The access token has one of the scopes the route needs',
    source: 'RFC 6750, section 3.1',
    needs,
    run(exchange) {
      const { scopes } = tokenOf(exchange)
      if (!anyScope.some((each) => scopes.includes(each)))
        throw refused('ERR_SCOPE_INSUFFICIENT', 'scope', anyScope, scopes)
    },
    show: (exchange) => ({ expected: anyScope, actual: tokenOf(exchange).scopes }),
  }
}

function membershipCheck({ claim, code, required }: Membership): Check {
  return {
    id: `policy.${claim}`,
    title: `The access token has the ${claim} the route needs`,
    source: 'RFC 9068, section 2.2.3.1',
    needs,
    run(exchange) {
      const values = tokenOf(exchange)[claim]
      if (!required.every((value) => values.includes(value))) throw refused(code, claim, required, values)
    },
    show: (exchange) => ({ expected: required, actual: tokenOf(exchange)[claim] }),
  }
}

function claimsCheck(predicate: NonNullable<PolicyDemands['claims']>): Check {
  return {
    id: 'policy.claims',
    title: 'The claims of the access token satisfy the predicate of the route',
    source: 'RFC 9068, section 4',
    needs,
    run(exchange) {
      if (!satisfies(predicate, tokenOf(exchange).claims)) throw refused('ERR_CLAIMS_REFUSED', 'claims')
    },
  }
}

function acrCheck(expected: readonly string[]): Check {
  return {
    id: 'policy.acr',
    title: 'The user was authenticated strongly enough',
    source: 'RFC 9470, section 3',
    needs,
    run(exchange) {
      const { acr } = tokenOf(exchange).claims
      // No class is above another: membership is exact (RFC 9470 section 6).
      if (!(typeof acr === 'string' && expected.includes(acr)))
        throw refused('ERR_ACR_INSUFFICIENT', 'acr', expected, acr)
    },
    show: (exchange) => ({ expected, actual: tokenOf(exchange).claims['acr'] }),
  }
}

function maxAgeCheck(maxAgeSeconds: number, toleranceSeconds: number): Check {
  return {
    id: 'policy.max_age',
    title: 'The user was authenticated recently enough',
    source: 'RFC 9470, section 3',
    needs,
    run(exchange) {
      // `auth_time`, not `iat`: a refreshed token is younger than the authentication behind it (RFC 9470 section 6).
      const { auth_time: authTime } = tokenOf(exchange).claims
      const age = typeof authTime === 'number' ? exchange.now - authTime : Number.NaN
      if (age <= maxAgeSeconds + toleranceSeconds && -age <= toleranceSeconds) return
      throw refused('ERR_AUTHENTICATION_TOO_OLD', 'auth_time', maxAgeSeconds, authTime)
    },
    show: (exchange) => ({
      expected: `auth_time of ${exchange.now - maxAgeSeconds} or later`,
      actual: tokenOf(exchange).claims['auth_time'],
    }),
  }
}

/** A promise is no answer: an asynchronous predicate is a mistake in the program, and must not pass for a refusal or an acceptance. */
function satisfies(predicate: NonNullable<PolicyDemands['claims']>, claims: Readonly<JsonObject>): boolean {
  const answer: unknown = predicate(claims)
  if (answer instanceof Promise) {
    answer.catch(() => undefined)
    throw new TypeError('"auth.claims" must answer at once, not with a promise')
  }
  return answer === true
}

function refused(
  code:
    | Membership['code']
    | 'ERR_SCOPE_INSUFFICIENT'
    | 'ERR_CLAIMS_REFUSED'
    | 'ERR_ACR_INSUFFICIENT'
    | 'ERR_AUTHENTICATION_TOO_OLD',
  parameter: string,
  expected?: unknown,
  actual?: unknown,
): CountersignError {
  return refusal(code, `The route refuses the caller for its ${parameter}`, {
    parameter,
    expected,
    actual,
  })
}
