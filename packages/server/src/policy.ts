// What a route demands of a caller that has proved itself: read and checked when the route is declared.

import type { JsonObject } from '@countersign/shared'
import { checkOptionNames, invalidOption, isAnswerField } from '@countersign/shared'
import type { Check } from './check.ts'
import type { AuthenticationScheme } from './credentials.ts'
import type { VerifierConfig } from './options.ts'
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
  readonly accept?: readonly AcceptedWay[]
  /**
   * `'required'`: the query and the content must be signed too, by a request envelope; content codings, which are not signed, are then
   * refused. Default: a DPoP proof will do.
   */
  readonly integrity?: 'required'
  /**
   * Whether the response to an envelope is signed (`Answer-JWS`). Default: when the request asks for it. `'always'`; or the response
   * fields that are signed beside `content-type` and `location`, and whether it is always done. Needs `keys`.
   */
  readonly answer?: 'always' | AnswerOptions
}

/** A way of presenting an access token: beside a DPoP proof, beside a request envelope or within one, or alone. */
export type AcceptedWay = 'dpop' | 'envelope' | 'bearer'

/** How a response to an envelope is signed. */
export interface AnswerOptions {
  /** Response fields to sign beside `content-type` and `location`; names in any case. */
  readonly fields?: readonly string[]
  /** Whether it is signed when the request does not ask for it too. Default `false`. */
  readonly always?: boolean
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
  readonly accept: readonly AcceptedWay[]
  /** The authentication schemes of what is accepted: an envelope has that of a DPoP proof. */
  readonly schemes: readonly AuthenticationScheme[]
  readonly integrity: boolean
  readonly answer: Required<AnswerOptions>
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
  'answer',
]

/** RFC 6749 section 3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Checks a policy and brings it into one form.
 *
 * @param config - What the verifier accepts, how far clocks may differ, and what it signs with.
 * @throws {CountersignError} `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, each with `parameter`.
 */
export function compilePolicy(
  policy: RoutePolicy,
  {
    accept: accepted,
    toleranceSeconds,
    keys,
    envelope: { profile },
  }: Pick<VerifierConfig, 'accept' | 'toleranceSeconds' | 'keys'> & {
    envelope: Pick<VerifierConfig['envelope'], 'profile'>
  },
): CompiledPolicy {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy))
    throw invalidOption('auth', 'false or an object')
  checkOptionNames(policy, NAMES, 'auth')
  const accept = acceptOf(policy, accepted)
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
    accept,
    schemes: schemesOf(accept, profile === 'gnap'),
    integrity: policy.integrity !== undefined,
    answer: answerOf(policy.answer, keys.length > 0),
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

/** The ways of a route. Where integrity is demanded, an envelope is the only one. */
function acceptOf({ accept, integrity }: RoutePolicy, accepted: readonly AcceptedWay[]): readonly AcceptedWay[] {
  const ways = accept === undefined ? accepted : waysOf(accept, accepted)
  if (integrity === undefined) return ways
  if (integrity !== 'required') throw invalidOption('auth.integrity', '"required", or absent')
  if (!ways.includes('envelope')) throw invalidOption('auth.integrity', 'absent where no envelopes are accepted')
  if (accept !== undefined && ways.length > 1)
    throw invalidOption('auth.accept', '"envelope" alone, beside "integrity"')
  return ['envelope']
}

function schemesOf(accept: readonly AcceptedWay[], gnap: boolean): readonly AuthenticationScheme[] {
  const schemes = new Set<AuthenticationScheme>(accept.map((way) => (way === 'envelope' ? 'dpop' : way)))
  if (gnap && accept.includes('envelope')) schemes.add('gnap')
  return [...schemes]
}

function waysOf(value: unknown, accepted: readonly AcceptedWay[]): readonly AcceptedWay[] {
  const list = [...new Set(strings(value, 'auth.accept'))]
  if (!list.every((way): way is AcceptedWay => accepted.some((each) => each === way))) {
    throw invalidOption('auth.accept', `of what the plugin accepts: ${accepted.join(', ')}`)
  }
  return list
}

function answerOf(value: unknown, canSign: boolean): Required<AnswerOptions> {
  if (value === undefined) return { fields: [], always: false }
  if (!canSign) throw invalidOption('auth.answer', 'absent where there are no "keys" to sign with')
  if (value === 'always') return { fields: [], always: true }
  if (typeof value !== 'object' || value === null) throw invalidOption('auth.answer', '"always", or { fields, always }')
  checkOptionNames(value, ['fields', 'always'], 'auth.answer')
  const { fields, always = false } = value as AnswerOptions
  if (typeof always !== 'boolean') throw invalidOption('auth.answer.always', 'true or false')
  const names = strings(fields, 'auth.answer.fields').map((name) => name.toLowerCase())
  if (!names.every(isAnswerField))
    throw invalidOption('auth.answer.fields', 'names of fields that an answer may sign (request-envelope.md)')
  return { fields: names.filter((name) => name !== 'content-type' && name !== 'location'), always }
}
