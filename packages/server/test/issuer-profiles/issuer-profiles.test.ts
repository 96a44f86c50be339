// Access tokens of real authorization servers, in the shape that their documentation shows: each is taken with the profile of its issuer,
// and with no other where it departs from RFC 9068; what else the issuer signs is refused.

import { createKey, createProof } from '@countersign/testkit'
import type { JWK } from 'jose'
import { SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { IssuerOptions, VerifierOptions } from '../../src/verifier.ts'
import { createVerifier, issuerProfiles, RefusalError } from '../../src/verifier.ts'
import { RESOURCE } from '../support.ts'
import type { Sample, Vendor } from './samples.ts'
import { vendors } from './samples.ts'

let issuerKey: Awaited<ReturnType<typeof createKey>>
let clientKey: Awaited<ReturnType<typeof createKey>>
beforeAll(async () => {
  issuerKey = await createKey('RS256')
  clientKey = await createKey()
})

const jwks = () => ({ keys: [{ ...(issuerKey.jwk as JWK), kid: 'key-1', use: 'sig', alg: 'RS256' }] })

/** What becomes of a token of a vendor: the caller, or the code. */
async function outcomeOf(
  vendor: Vendor,
  { header, claims }: Sample,
  changes: Partial<IssuerOptions & VerifierOptions> = {},
) {
  const { profile = vendor.profile, clients = vendor.clients } = changes
  const verifier = createVerifier({
    resource: RESOURCE,
    issuer: {
      issuer: vendor.issuer,
      jwks: jwks(),
      audience: vendor.audience,
      ...(profile !== undefined && { profile: profile as never }),
      ...(clients !== undefined && { clients }),
    },
    nonce: 'off',
    accept: ['dpop', 'bearer'],
  })
  const now = Math.floor(Date.now() / 1000)
  const binding = vendor.bearer ? {} : { cnf: { jkt: clientKey.jkt } }
  const accessToken = await new SignJWT({
    iss: vendor.issuer,
    iat: now,
    nbf: now,
    exp: now + 3600,
    ...binding,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'key-1', ...header })
    .sign(issuerKey.privateKey)
  const parts = { key: clientKey, method: 'GET', url: `${RESOURCE}/`, accessToken }
  const rawHeaders = vendor.bearer
    ? ['Authorization', `Bearer ${accessToken}`]
    : ['Authorization', `DPoP ${accessToken}`, 'DPoP', await createProof(parts)]
  try {
    return (await verifier.verify({ method: 'GET', target: '/', rawHeaders })).caller
  } catch (error) {
    if (error instanceof RefusalError) return error.code
    throw error
  }
}

describe.each(vendors.map((vendor) => [vendor.name, vendor] as const))('%s', (_, vendor) => {
  test.each(vendor.accessTokens.map((sample) => [sample.title, sample] as const))(
    'an access token %s is taken, and read into the one shape',
    async (__, sample) => {
      expect(await outcomeOf(vendor, sample)).toMatchObject({ issuer: vendor.issuer, ...sample.caller })
    },
  )

  test.each(vendor.others.map((sample) => [sample.title, sample] as const))('%s: refused', async (__, sample) => {
    expect(await outcomeOf(vendor, sample)).toMatch(/^ERR_TOKEN_(?:TYP|KIND|CLAIM_MISSING|CLIENT|AUDIENCE)$/)
  })

  test.each(vendor.accessTokens.map((sample) => [sample.title, sample] as const))(
    'an access token %s, judged as RFC 9068 demands',
    async (__, sample) => {
      const outcome = await outcomeOf(vendor, sample, { profile: 'rfc9068' })
      const { subjectType: _, ...caller } = sample.caller as { subjectType?: string }
      if (vendor.conforms || sample.conforms) expect(outcome).toMatchObject(caller)
      else expect(outcome).toMatch(/^ERR_TOKEN_(?:TYP|CLAIM_MISSING|CLAIM_INVALID)$/)
    },
  )

  test('what the profile relaxes is listed, and nothing is that conforms', () => {
    const { profile, clients = ['a'] } = vendor
    const verifier = createVerifier({
      resource: RESOURCE,
      issuer: { issuer: vendor.issuer, jwks: jwks(), profile, clients },
    })
    const [report] = verifier.issuerProfiles
    expect(report).toMatchObject({ issuer: vendor.issuer, profile })
    expect(report?.relaxations.length === 0).toBe(vendor.conforms === true)
  })
})

describe('every lenient profile', () => {
  const [auth0] = vendors as [Vendor]
  const [user] = auth0.accessTokens as [Vendor['accessTokens'][number]]

  test.each(['nonce', 'at_hash', 'c_hash', 's_hash', 'events'])('refuses a token that has %s', async (claim) => {
    const sample = { header: user.header, claims: { ...user.claims, [claim]: 'x' } }
    expect(await outcomeOf(auth0, sample)).toBe('ERR_TOKEN_KIND')
  })

  test('refuses a token whose only audience is its client', async () => {
    for (const aud of ['https://api.example.com', ['https://api.example.com']]) {
      const sample = { header: user.header, claims: { ...user.claims, aud, azp: 'https://api.example.com' } }
      expect(await outcomeOf(auth0, sample)).toBe('ERR_TOKEN_KIND')
    }
  })

  test.each(['dpop+jwt', 'logout+jwt', 'client-authentication+jwt', 'token-introspection+jwt', 'secevent+jwt'])(
    'refuses the typ %s',
    async (typ) => {
      for (const vendor of vendors) {
        const sample = vendor.accessTokens[0] as Sample
        expect(await outcomeOf(vendor, { ...sample, header: { typ } }), vendor.name).toBe('ERR_TOKEN_TYP')
      }
    },
  )

  test('does not let scopes stand for roles, nor the other way round', async () => {
    const caller = await outcomeOf(auth0, { header: user.header, claims: { ...user.claims, roles: ['admin'] } })
    expect(caller).toMatchObject({ roles: ['admin'], scopes: ['openid', 'profile', 'read:patients'] })
  })
})

test('Keycloak: the roles of a client that is not this server grant nothing', async () => {
  const keycloak = vendors.find(({ profile }) => profile === 'keycloak') as Vendor
  const claims = {
    ...keycloak.accessTokens[0]?.claims,
    realm_access: {},
    resource_access: { other: { roles: ['admin'] } },
  }
  expect(await outcomeOf(keycloak, { header: { typ: 'JWT' }, claims })).toMatchObject({ roles: [] })
})

test('tokens without audience need a list of clients', () => {
  const issuer = { issuer: 'https://cognito.example', profile: 'cognito' } as const
  expect(() => createVerifier({ resource: RESOURCE, issuer })).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', parameter: 'issuer.clients' }),
  )
})

test('a profile of the verifier is that of every issuer that has none of its own', () => {
  const issuer = [
    { issuer: 'https://a.example' },
    { issuer: 'https://b.example', profile: 'okta' as const },
    'https://c.example',
  ]
  const { issuerProfiles: reports } = createVerifier({ resource: RESOURCE, issuer, profile: 'keycloak' })
  expect(reports.map(({ profile }) => profile)).toEqual(['keycloak', 'okta', 'keycloak'])
})

describe('a profile of your own', () => {
  const vendor: Vendor = { ...(vendors[0] as Vendor), issuer: 'https://own.example', audience: 'own' }
  const own = {
    ...issuerProfiles.rfc9068,
    types: ['token'],
    clientId: ['app'],
    scopes: [{ path: ['access', 'scopes'], form: 'words' as const }],
    roles: [{ path: ['access', '{audience}', 'roles'], form: 'list' as const }],
    markers: { use: ['api'] },
    isClient: ({ machine }: Readonly<Record<string, unknown>>) => machine === true,
  }
  const claims = {
    sub: 'u',
    aud: 'own',
    jti: '1',
    app: 'c',
    use: 'api',
    machine: true,
    access: { scopes: 'a b', own: { roles: ['r'] }, other: { roles: ['s'] } },
  }

  test('reads what it says', async () => {
    const outcome = await outcomeOf(vendor, { header: { typ: 'Token' }, claims }, { profile: own as never })
    expect(outcome).toMatchObject({ clientId: 'c', scopes: ['a', 'b'], roles: ['r'], subjectType: 'client' })
    const other = { header: { typ: 'Token' }, claims: { ...claims, use: 'web' } }
    expect(await outcomeOf(vendor, other, { profile: own as never })).toBe('ERR_TOKEN_KIND')
  })

  test.each([
    ['an unknown member', { ...own, claimz: [] }, 'issuer.profile.claimz', 'ERR_OPTION_UNKNOWN'],
    ['no type', { ...own, types: [] }, 'issuer.profile.types'],
    ['a type that is none', { ...own, types: [1] }, 'issuer.profile.types'],
    ['another optional claim', { ...own, optional: ['exp'] }, 'issuer.profile.optional'],
    ['no client', { ...own, clientId: [] }, 'issuer.profile.clientId'],
    ['a source that is none', { ...own, scopes: ['scope'] }, 'issuer.profile.scopes'],
    ['a source without a form', { ...own, scopes: [{ path: ['a'] }] }, 'issuer.profile.scopes'],
    ['a form that is none', { ...own, roles: [{ path: ['a'], form: 'csv' }] }, 'issuer.profile.roles.form'],
    ['an empty path', { ...own, roles: [{ path: [], form: 'list' }] }, 'issuer.profile.roles'],
    ['markers that are none', { ...own, markers: { a: [1] } }, 'issuer.profile.markers.a'],
    ['isClient that is no function', { ...own, isClient: true }, 'issuer.profile.isClient'],
    ['a name that is none', 'keyclock', 'issuer.profile'],
    ['nothing', null, 'issuer.profile'],
  ] as [string, unknown, string, string?][])(
    'with %s is refused at start',
    (_, profile, parameter, code = 'ERR_OPTION_INVALID') => {
      const issuer = { issuer: 'https://own.example', profile: profile as never }
      expect(() => createVerifier({ resource: RESOURCE, issuer })).toThrow(expect.objectContaining({ code, parameter }))
    },
  )
})
