// What a route demands of a caller that has proved itself: read and checked when the route is declared.

import type { JsonObject } from '@countersign/shared'
import { CountersignError, checkOptionNames, invalidOption } from '@countersign/shared'
import type { Check } from './check.ts'
import { createPolicyChecks } from './policy-checks.ts'

/** The demands of a route. Every one that is named must be met; an empty policy demands a signed call and nothing more. */
export interface RoutePolicy {
  /** Scopes the token must have, all of them: a list, or one string of scopes separated by spaces. */
  readonly scope?: string | readonly string[]
  /** Scopes of which the token must have at least one. */
  readonly anyScope?: readonly string[]
  /** Members of the claim `roles` the token must have, all of them. */
  readonly roles?: string | readonly string[]
  /** Members of the claim `groups` the token must have, all of them. */
  readonly groups?: string | readonly string[]
  /** Members of the claim `permissions` the token must have, all of them. */
  readonly permissions?: string | readonly string[]
  /** Members of the claim `entitlements` the token must have, all of them. */
  readonly entitlements?: string | readonly string[]
  /** A test of the claims; the call is refused unless it returns `true`. An error it throws is the server's own (500). */
  readonly claims?: (claims: Readonly<JsonObject>) => boolean
  /** Authentication context classes, of which the token's `acr` must be one (RFC 9470). */
  readonly acr?: string | readonly string[]
  /** Longest time since the user authenticated (`auth_time`), in seconds (RFC 9470). */
  readonly maxAgeSeconds?: number
  /** Ways of presenting the token, of those the verifier accepts. Default: all of them. */
  readonly accept?: readonly ('dpop' | 'bearer')[]
  /** `'required'`: the body and the query must be signed too. Needs request envelopes, which do not exist yet. */
  readonly integrity?: 'required'
}

/** The demands of a policy, checked and in one form. */
export interface PolicyDemands {
  readonly scope: readonly string[]
  readonly anyScope: readonly string[]
  readonly memberships: readonly Membership[]
  readonly claims: RoutePolicy['claims'] | undefined
  readonly acr: readonly string[]
  readonly maxAgeSeconds: number | undefined
}

/** A policy that can be applied. */
export interface CompiledPolicy extends PolicyDemands {
  readonly accept: readonly ('dpop' | 'bearer')[]
  readonly checks: readonly Check[]
}

/** Values of one claim that a token must have. */
export interface Membership {
  readonly claim: 'roles' | 'groups' | 'permissions' | 'entitlements'
  readonly code: 'ERR_ROLE_MISSING' | 'ERR_GROUP_MISSING' | 'ERR_PERMISSION_MISSING' | 'ERR_ENTITLEMENT_MISSING'
  readonly required: readonly string[]
}

const MEMBERSHIPS = [
  ['roles', 'ERR_ROLE_MISSING'],
  ['groups', 'ERR_GROUP_MISSING'],
  ['permissions', 'ERR_PERMISSION_MISSING'],
  ['entitlements', 'ERR_ENTITLEMENT_MISSING'],
] as const

const NAMES: readonly (keyof RoutePolicy)[] = [
  'scope',
  'anyScope',
  'roles',
  'groups',
  'permissions',
  'entitlements',
  'claims',
  'acr',
  'maxAgeSeconds',
  'accept',
  'integrity',
]

/** RFC 6749 section 3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Checks a policy and brings it into one form.
 *
 * @param accept - The ways of presenting a token that the verifier accepts.
 * @param toleranceSeconds - Tolerated difference of clocks.
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_NOT_IMPLEMENTED`, each with `parameter`.
 */
export function compilePolicy(
  policy: RoutePolicy,
  { accept: accepted, toleranceSeconds }: { accept: readonly ('dpop' | 'bearer')[]; toleranceSeconds: number },
): CompiledPolicy {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy))
    throw invalidOption('auth', 'false or an object')
  checkOptionNames(policy, NAMES, 'auth')
  if (policy.integrity !== undefined) {
    throw new CountersignError('ERR_NOT_IMPLEMENTED', '"auth.integrity" is not implemented yet', {
      parameter: 'auth.integrity',
    })
  }
  if (policy.claims !== undefined && typeof policy.claims !== 'function')
    throw invalidOption('auth.claims', 'a function')
  const demands: PolicyDemands = {
    scope: scopes(typeof policy.scope === 'string' ? policy.scope.split(' ') : policy.scope, 'auth.scope'),
    anyScope: scopes(policy.anyScope, 'auth.anyScope'),
    memberships: MEMBERSHIPS.map(([claim, code]) => ({
      claim,
      code,
      required: strings(policy[claim], `auth.${claim}`),
    })),
    claims: policy.claims,
    acr: scopes(typeof policy.acr === 'string' ? [policy.acr] : policy.acr, 'auth.acr'),
    maxAgeSeconds: seconds(policy.maxAgeSeconds),
  }
  return {
    ...demands,
    accept: policy.accept === undefined ? accepted : kinds(policy.accept, accepted),
    checks: createPolicyChecks(demands, toleranceSeconds),
  }
}

function scopes(value: unknown, parameter: string): readonly string[] {
  const list = strings(value, parameter)
  if (!list.every((scope) => SCOPE_TOKEN.test(scope)))
    throw invalidOption(parameter, 'scope tokens of RFC 6749, section 3.3')
  return list
}

function strings(value: unknown, parameter: string): readonly string[] {
  if (value === undefined) return []
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0 || !list.every((item): item is string => typeof item === 'string' && item !== '')) {
    throw invalidOption(parameter, 'a string, or a list of at least one string')
  }
  return [...list]
}

function seconds(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw invalidOption('auth.maxAgeSeconds', 'a whole number of at least 0')
  }
  return value
}

function kinds(value: unknown, accepted: readonly ('dpop' | 'bearer')[]): readonly ('dpop' | 'bearer')[] {
  const list = [...new Set(strings(value, 'auth.accept'))]
  if (!list.every((kind): kind is 'dpop' | 'bearer' => accepted.some((each) => each === kind))) {
    throw invalidOption('auth.accept', `of what the plugin accepts: ${accepted.join(', ')}`)
  }
  return list
}
