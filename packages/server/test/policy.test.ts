// What a route demands: checked when it is declared, applied last.

import { describe, expect, test } from 'vitest'
import type { RoutePolicy } from '../src/policy.ts'
import { compilePolicy } from '../src/policy.ts'
import { createSubject, useIssuer } from './support.ts'

const context = useIssuer()
const now = Math.floor(Date.now() / 1000)

describe('accepted', () => {
  const cases: [RoutePolicy, Record<string, unknown>][] = [
    [{}, {}],
    [{ scope: 'a' }, { scope: 'b a' }],
    [{ scope: 'a b' }, { scope: 'a b c' }],
    [{ anyScope: ['a', 'b'] }, { scope: 'b' }],
    [{ roles: ['admin'] }, { roles: ['admin', 'auditor'] }],
    [{ groups: 'staff' }, { groups: [{ value: 'staff', display: 'Staff' }] }],
    [{ permissions: 'p' }, { permissions: ['p'] }],
    [{ entitlements: 'e' }, { entitlements: ['e'] }],
    [{ claims: ({ sub }) => sub === 'user-1' }, {}],
    [{ acr: ['urn:mfa', 'urn:hw'] }, { acr: 'urn:hw' }],
    [{ maxAgeSeconds: 60 }, { auth_time: now - 50 }],
  ]
  test.each(cases)('%j by %j', async (policy, claims) => {
    await createSubject(context).send({ policy, token: { claims } })
  })
})

describe('refused', () => {
  const cases: [RoutePolicy, Record<string, unknown>, number, string, string][] = [
    [
      { scope: 'a' },
      {},
      403,
      'ERR_SCOPE_INSUFFICIENT',
      'error="insufficient_scope", error_description="The access token lacks a scope this route needs", scope="a"',
    ],
    [{ scope: 'read' }, { scope: 'read:all unread' }, 403, 'ERR_SCOPE_INSUFFICIENT', 'scope="read"'],
    [{ scope: 'a b' }, { scope: 'a' }, 403, 'ERR_SCOPE_INSUFFICIENT', 'scope="a b"'],
    [{ anyScope: ['a', 'b'] }, { scope: 'c' }, 403, 'ERR_SCOPE_INSUFFICIENT', 'scope="a b"'],
    [{ scope: 'staff' }, { groups: ['staff'], roles: ['staff'] }, 403, 'ERR_SCOPE_INSUFFICIENT', 'scope="staff"'],
    [{ roles: ['admin', 'ops'] }, { roles: ['admin'] }, 403, 'ERR_ROLE_MISSING', 'error="insufficient_scope"'],
    [{ roles: 'admin' }, { roles: 'admin' }, 403, 'ERR_ROLE_MISSING', ''],
    [{ groups: 'staff' }, {}, 403, 'ERR_GROUP_MISSING', ''],
    [{ permissions: 'p' }, {}, 403, 'ERR_PERMISSION_MISSING', ''],
    [{ entitlements: 'e' }, {}, 403, 'ERR_ENTITLEMENT_MISSING', ''],
    [{ claims: () => false }, {}, 403, 'ERR_CLAIMS_REFUSED', ''],
    [{ claims: (() => 'yes') as never }, {}, 403, 'ERR_CLAIMS_REFUSED', ''],
    [{ acr: 'urn:mfa' }, {}, 401, 'ERR_ACR_INSUFFICIENT', 'acr_values="urn:mfa"'],
    [
      { acr: 'urn:mfa', maxAgeSeconds: 60 },
      { acr: 'urn:mfa', auth_time: now - 200 },
      401,
      'ERR_AUTHENTICATION_TOO_OLD',
      'acr_values="urn:mfa", max_age="60"',
    ],
    [{ maxAgeSeconds: 60 }, { auth_time: now + 86_400 }, 401, 'ERR_AUTHENTICATION_TOO_OLD', ''],
    [{ maxAgeSeconds: 60 }, {}, 401, 'ERR_AUTHENTICATION_TOO_OLD', 'error="insufficient_user_authentication"'],
  ]
  test.each(cases)('%j by %j', async (policy, claims, status, code, challenge) => {
    const refusal = await createSubject(context).refusal({ policy, token: { claims } })
    expect(refusal).toMatchObject({ statusCode: status, code })
    expect(refusal.headers['www-authenticate']).toContain(challenge)
  })
})

describe('wrong when declared', () => {
  const cases: [unknown, string, string][] = [
    [true, 'ERR_OPTION_INVALID', 'auth'],
    [{ scopes: 'a' }, 'ERR_OPTION_UNKNOWN', 'auth.scopes'],
    [{ scope: '' }, 'ERR_OPTION_INVALID', 'auth.scope'],
    [{ scope: [] }, 'ERR_OPTION_INVALID', 'auth.scope'],
    [{ scope: ['a b'] }, 'ERR_OPTION_INVALID', 'auth.scope'],
    [{ scope: 'a"' }, 'ERR_OPTION_INVALID', 'auth.scope'],
    [{ anyScope: [] }, 'ERR_OPTION_INVALID', 'auth.anyScope'],
    [{ roles: [1] }, 'ERR_OPTION_INVALID', 'auth.roles'],
    [{ claims: {} }, 'ERR_OPTION_INVALID', 'auth.claims'],
    [{ maxAgeSeconds: -1 }, 'ERR_OPTION_INVALID', 'auth.maxAgeSeconds'],
    [{ accept: ['basic'] }, 'ERR_OPTION_INVALID', 'auth.accept'],
    [{ accept: ['bearer'] }, 'ERR_OPTION_INVALID', 'auth.accept'],
    [{ integrity: 'required' }, 'ERR_OPTION_INVALID', 'auth.integrity'],
    [{ answer: 'always' }, 'ERR_OPTION_INVALID', 'auth.answer'],
  ]
  test.each(cases)('%j', (policy, code, parameter) => {
    expect(() =>
      compilePolicy(policy as RoutePolicy, {
        accept: ['dpop'],
        toleranceSeconds: 30,
        keys: [],
        envelope: { profile: undefined },
      }),
    ).toThrow(expect.objectContaining({ code, parameter }))
  })
})

test('an error in a claims predicate is a fault of the server, not of the caller', async () => {
  const fault = new TypeError('a bug')
  const policy = {
    claims: () => {
      throw fault
    },
  }
  await expect(createSubject(context).send({ policy })).rejects.toBe(fault)
})

test('an asynchronous claims predicate is a fault of the server, and rejects nowhere else', async () => {
  const policy = { claims: (async () => Promise.reject(new Error('nobody listens'))) as never }
  await expect(createSubject(context).send({ policy })).rejects.toBeInstanceOf(TypeError)
})
