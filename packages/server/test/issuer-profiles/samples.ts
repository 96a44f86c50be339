// Tokens in the shape that the documentation of each authorization server shows, with identifiers of our own.

import type { IssuerProfileName } from '../../src/verifier.ts'

/** A token, as far as its shape matters. Times and the signature are added. */
export interface Sample {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** An access token, and what is read of it. */
export interface AccessTokenSample extends Sample {
  readonly title: string
  readonly caller: object
  /** Whether this one is as RFC 9068 demands, though not all of its issuer are. */
  readonly conforms?: boolean
}

/** An authorization server: its access tokens, what is read of them, and its other tokens. */
export interface Vendor {
  readonly name: string
  readonly profile: IssuerProfileName
  readonly issuer: string
  readonly audience: string
  readonly clients?: readonly string[]
  /** Whether its tokens are not bound to a DPoP key. */
  readonly bearer?: boolean
  /** Whether a verifier without a profile takes them too. */
  readonly conforms?: boolean
  readonly accessTokens: readonly AccessTokenSample[]
  /** Tokens of the same issuer and key that are no access tokens. */
  readonly others: readonly (Sample & { readonly title: string })[]
}

const JWT = { typ: 'JWT' }
const AT_JWT = { typ: 'at+jwt' }

export const vendors: readonly Vendor[] = [
  {
    name: 'Auth0',
    profile: 'auth0',
    issuer: 'https://tenant.eu.auth0.com/',
    audience: 'https://api.example.com',
    accessTokens: [
      {
        title: 'dialect access_token, of a user',
        header: JWT,
        claims: {
          sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
          aud: ['https://api.example.com', 'https://tenant.eu.auth0.com/userinfo'],
          azp: 'my_client_id',
          scope: 'openid profile read:patients',
          permissions: ['read:patients'],
        },
        caller: {
          clientId: 'my_client_id',
          subjectType: 'user',
          scopes: ['openid', 'profile', 'read:patients'],
          permissions: ['read:patients'],
        },
      },
      {
        title: 'dialect access_token, of a machine',
        header: JWT,
        claims: {
          sub: 'my_client_id@clients',
          aud: 'https://api.example.com',
          azp: 'my_client_id',
          gty: 'client-credentials',
        },
        caller: { clientId: 'my_client_id', subjectType: 'client', scopes: [] },
      },
      {
        title: 'dialect rfc9068_profile_authz',
        conforms: true,
        header: AT_JWT,
        claims: {
          sub: 'auth0|123',
          aud: 'https://api.example.com',
          client_id: 'my_client_id',
          jti: 'a1b2c3',
          scope: 'read:patients',
          permissions: ['read:patients', 'write:patients'],
        },
        caller: { clientId: 'my_client_id', permissions: ['read:patients', 'write:patients'] },
      },
    ],
    others: [
      { title: 'ID token', header: JWT, claims: { sub: 'auth0|123', aud: 'my_client_id', nonce: 'n', name: 'Ada' } },
      {
        title: 'ID token for the API, as if it were a client',
        header: JWT,
        claims: { sub: 'auth0|123', aud: 'https://api.example.com', azp: 'https://api.example.com' },
      },
    ],
  },
  {
    name: 'Microsoft Entra, v2.0',
    profile: 'entra',
    issuer: 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
    audience: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
    bearer: true,
    accessTokens: [
      {
        title: 'of a user',
        header: JWT,
        claims: {
          aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
          aio: 'AXQAi/8IAAAA',
          azp: '6a3e6c6d-2f0b-4d5c-8b8a-0f8f2b6d5f11',
          azpacr: '0',
          name: 'Ada',
          oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
          preferred_username: 'ada@example.com',
          roles: ['Approver'],
          groups: ['0760b6cf-170e-4a14-91b3-4b78e0739963'],
          scp: 'access_as_user payments.write',
          sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
          tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
          uti: 'fqiBqXLPj0eQa82S-IYFAA',
          ver: '2.0',
        },
        caller: {
          clientId: '6a3e6c6d-2f0b-4d5c-8b8a-0f8f2b6d5f11',
          subjectType: 'user',
          scopes: ['access_as_user', 'payments.write'],
          roles: ['Approver'],
          groups: ['0760b6cf-170e-4a14-91b3-4b78e0739963'],
        },
      },
      {
        title: 'of an application that calls itself',
        header: JWT,
        claims: {
          aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
          azp: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
          azpacr: '0',
          oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
          scp: 'access_as_user',
          sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
          ver: '2.0',
        },
        caller: { clientId: '6e74172b-be56-4843-9ff4-e66a39bb12e3', subjectType: 'user', scopes: ['access_as_user'] },
      },
      {
        title: 'of an application',
        header: JWT,
        claims: {
          aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
          azp: '6a3e6c6d-2f0b-4d5c-8b8a-0f8f2b6d5f11',
          oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
          sub: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
          roles: ['Payments.Write.All'],
          tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
          ver: '2.0',
        },
        caller: { subjectType: 'client', scopes: [], roles: ['Payments.Write.All'] },
      },
    ],
    others: [
      {
        title: 'ID token',
        header: JWT,
        claims: {
          aud: '6a3e6c6d-2f0b-4d5c-8b8a-0f8f2b6d5f11',
          sub: 'x',
          nonce: '12345',
          ver: '2.0',
          roles: ['Approver'],
        },
      },
      {
        title: 'ID token whose audience is the API',
        header: JWT,
        claims: { aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3', sub: 'x', nonce: '12345', ver: '2.0' },
      },
      {
        title: 'ID token whose audience is the API, with roles and without nonce',
        header: JWT,
        claims: {
          aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
          oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
          roles: ['Payments.Write.All'],
          sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
          uti: 'bqiBqXLPj0eQa82S-IYFAC',
          ver: '2.0',
        },
      },
      {
        title: 'token of a user without scopes',
        header: JWT,
        claims: {
          aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
          azp: '6a3e6c6d-2f0b-4d5c-8b8a-0f8f2b6d5f11',
          oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
          roles: ['Approver'],
          sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
          ver: '2.0',
        },
      },
    ],
  },
  {
    name: 'Microsoft Entra, v1.0',
    profile: 'entra',
    issuer: 'https://sts.windows.net/fa15d692-e9c7-4460-a743-29f29522229/',
    audience: 'api://payments',
    bearer: true,
    accessTokens: [
      {
        title: 'of a user',
        header: { ...JWT, x5t: 'i6lGk3FZzxRcUb2C3nEQ7syHJlY' },
        claims: {
          aud: 'api://payments',
          acr: '1',
          amr: ['pwd'],
          appid: '75dbe77f-10a3-4e59-85fd-8c127544f17c',
          appidacr: '0',
          oid: 'f3b6c1a2',
          scp: 'user_impersonation',
          sub: 'l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA',
          tid: 'fa15d692-e9c7-4460-a743-29f29522229',
          uti: 'FVsGxYXI30-TuikuuUoFAA',
          ver: '1.0',
        },
        caller: {
          clientId: '75dbe77f-10a3-4e59-85fd-8c127544f17c',
          subjectType: 'user',
          scopes: ['user_impersonation'],
        },
      },
    ],
    others: [
      { title: 'ID token', header: JWT, claims: { aud: '75dbe77f-10a3-4e59-85fd-8c127544f17c', sub: 'x', ver: '1.0' } },
    ],
  },
  {
    name: 'Okta',
    profile: 'okta',
    issuer: 'https://example.okta.com/oauth2/default',
    audience: 'api://default',
    accessTokens: [
      {
        title: 'without typ',
        header: {},
        claims: {
          ver: 1,
          jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
          aud: 'api://default',
          sub: 'ada@example.com',
          cid: 'nmdP1fcyvdVO11AL7ECm',
          uid: '00uid4BxXw6I6TV4m0g3',
          scp: ['openid', 'payments:write'],
          groups: ['Everyone', 'Staff'],
        },
        caller: {
          clientId: 'nmdP1fcyvdVO11AL7ECm',
          subjectType: 'user',
          scopes: ['openid', 'payments:write'],
          groups: ['Everyone', 'Staff'],
        },
      },
      {
        title: 'of a machine',
        header: {},
        claims: {
          ver: 1,
          jti: 'AT.1',
          aud: 'api://default',
          sub: 'nmdP1fcy',
          cid: 'nmdP1fcy',
          scp: ['payments:write'],
        },
        caller: { subjectType: 'client', scopes: ['payments:write'] },
      },
    ],
    others: [
      {
        title: 'ID token',
        header: {},
        claims: {
          ver: 1,
          jti: 'ID.1',
          aud: 'nmdP1fcyvdVO11AL7ECm',
          sub: '00uid4',
          amr: ['pwd'],
          at_hash: 'x',
          idp: '00o',
        },
      },
      {
        title: 'logout token',
        header: { typ: 'logout+jwt' },
        claims: { aud: 'nmdP1fcy', sub: 'x', jti: '1', events: {} },
      },
      {
        title: 'token with the typ of the organisation’s own server',
        header: { typ: 'application/okta-internal-at+jwt' },
        claims: { ver: 1, jti: 'AT.2', aud: 'api://default', sub: 'x', cid: 'nmdP1fcy', scp: ['openid'] },
      },
    ],
  },
  {
    name: 'PingOne',
    profile: 'ping',
    issuer: 'https://auth.pingone.eu/4aaf5dea-9d4a-4a3c-8c5b-0a5b6c7d8e9f/as',
    audience: 'https://api.example.com',
    accessTokens: [
      {
        title: 'of a machine, without sub',
        header: {},
        claims: {
          client_id: '8f7c-1a2b',
          jti: '1b9d6bcd',
          aud: ['https://api.example.com'],
          scope: 'payments:write',
          env: '4aaf5dea-9d4a-4a3c-8c5b-0a5b6c7d8e9f',
          org: '9f1d',
        },
        caller: { clientId: '8f7c-1a2b', subject: '8f7c-1a2b', subjectType: 'client', scopes: ['payments:write'] },
      },
    ],
    others: [
      {
        title: 'ID token',
        header: {},
        claims: { aud: '8f7c-1a2b', sub: 'u', client_id: '8f7c-1a2b', nonce: 'n', jti: '1' },
      },
    ],
  },
  {
    name: 'PingFederate',
    profile: 'ping',
    issuer: 'https://sso.example.com',
    audience: 'https://api.example.com',
    accessTokens: [
      {
        title: 'with a list of scopes and no jti',
        header: {},
        claims: {
          client_id: 'partner',
          aud: 'https://api.example.com',
          sub: 'ada',
          scope: ['openid', 'payments:write'],
        },
        caller: { clientId: 'partner', subject: 'ada', subjectType: 'user', scopes: ['openid', 'payments:write'] },
      },
    ],
    others: [
      { title: 'ID token', header: {}, claims: { aud: 'partner', sub: 'ada', client_id: 'partner', at_hash: 'x' } },
    ],
  },
  {
    name: 'AWS Cognito',
    profile: 'cognito',
    issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE',
    audience: 'https://api.example.com',
    clients: ['xxxxxxxxxxxxexample'],
    bearer: true,
    accessTokens: [
      {
        title: 'of a user',
        header: {},
        claims: {
          sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
          'cognito:groups': ['testgroup'],
          version: 2,
          client_id: 'xxxxxxxxxxxxexample',
          origin_jti: 'aaaa',
          event_id: 'bbbb',
          token_use: 'access',
          scope: 'phone openid resourceserver.1/payments',
          jti: 'cccc',
          username: 'my-test-user',
        },
        caller: {
          clientId: 'xxxxxxxxxxxxexample',
          scopes: ['phone', 'openid', 'resourceserver.1/payments'],
          groups: ['testgroup'],
          subjectType: 'user',
        },
      },
      {
        title: 'of a machine, for a resource',
        header: {},
        claims: {
          sub: 'xxxxxxxxxxxxexample',
          aud: 'https://api.example.com',
          client_id: 'xxxxxxxxxxxxexample',
          token_use: 'access',
          scope: 'resourceserver.1/payments',
          version: 2,
          jti: 'dddd',
        },
        caller: { subjectType: 'client' },
      },
    ],
    others: [
      {
        title: 'ID token',
        header: {},
        claims: { sub: 'aaaa', aud: 'xxxxxxxxxxxxexample', token_use: 'id', jti: 'e', 'cognito:username': 'ada' },
      },
      {
        title: 'ID token that has a client_id, for us',
        header: {},
        claims: {
          sub: 'aaaa',
          client_id: 'xxxxxxxxxxxxexample',
          aud: 'https://api.example.com',
          token_use: 'id',
          jti: 'f',
        },
      },
      {
        title: 'access token of a client that is not listed',
        header: {},
        claims: { sub: 'aaaa', client_id: 'another', token_use: 'access', jti: 'g' },
      },
      {
        title: 'access token for another resource',
        header: {},
        claims: {
          sub: 'a',
          aud: 'https://other.example',
          client_id: 'xxxxxxxxxxxxexample',
          token_use: 'access',
          jti: 'h',
        },
      },
    ],
  },
  {
    name: 'Duende IdentityServer',
    profile: 'identityserver',
    issuer: 'https://identity.example.com',
    audience: 'payments',
    accessTokens: [
      {
        title: 'of a user, with one role',
        header: AT_JWT,
        claims: {
          aud: 'payments',
          scope: ['openid', 'profile', 'payments.write'],
          amr: ['pwd'],
          client_id: 'interactive',
          sub: '818727',
          idp: 'local',
          sid: 'FA84',
          jti: '8D1F',
          role: 'admin',
        },
        caller: {
          clientId: 'interactive',
          subjectType: 'user',
          scopes: ['openid', 'profile', 'payments.write'],
          roles: ['admin'],
        },
      },
      {
        title: 'of a machine, without sub, with scopes in one string',
        header: AT_JWT,
        claims: {
          aud: ['payments', 'accounts'],
          scope: 'payments.write',
          client_id: 'm2m',
          jti: '9',
          role: ['a', 'b'],
        },
        caller: { subject: 'm2m', subjectType: 'client', scopes: ['payments.write'], roles: ['a', 'b'] },
      },
    ],
    others: [
      { title: 'ID token', header: JWT, claims: { aud: 'interactive', sub: '818727', nonce: 'n', amr: ['pwd'] } },
      {
        title: 'logout token',
        header: { typ: 'logout+jwt' },
        claims: { aud: 'interactive', sub: '1', jti: '1', events: {} },
      },
    ],
  },
  {
    name: 'Keycloak',
    profile: 'keycloak',
    issuer: 'https://sso.example.com/realms/partners',
    audience: 'payments-api',
    accessTokens: [
      {
        title: 'of a user',
        header: JWT,
        claims: {
          jti: 'onrtac:4d5f',
          aud: ['payments-api', 'account'],
          sub: 'f:a6b1',
          typ: 'Bearer',
          azp: 'web-app',
          sid: 'b0c1',
          acr: '1',
          'allowed-origins': ['https://app.example.com'],
          realm_access: { roles: ['offline_access', 'auditor'] },
          resource_access: { 'payments-api': { roles: ['payer'] }, account: { roles: ['manage-account'] } },
          scope: 'openid email payments',
          groups: ['/staff'],
          preferred_username: 'ada',
        },
        caller: {
          clientId: 'web-app',
          subjectType: 'user',
          scopes: ['openid', 'email', 'payments'],
          roles: ['offline_access', 'auditor', 'payer'],
          groups: ['/staff'],
        },
      },
      {
        title: 'of a service account, bound to a key',
        conforms: true,
        header: AT_JWT,
        claims: {
          jti: 'trrtcc:1',
          aud: 'payments-api',
          sub: 'c0ffee',
          typ: 'DPoP',
          azp: 'partner-7',
          client_id: 'partner-7',
          preferred_username: 'service-account-partner-7',
          scope: 'payments',
        },
        caller: { clientId: 'partner-7', subjectType: 'client', roles: [] },
      },
    ],
    others: [
      {
        title: 'ID token',
        header: JWT,
        claims: { jti: '1', aud: 'web-app', sub: 'x', typ: 'ID', azp: 'web-app', nonce: 'n', at_hash: 'h' },
      },
      {
        title: 'ID token for the API',
        header: JWT,
        claims: { jti: '1', aud: 'payments-api', sub: 'x', typ: 'ID', azp: 'web-app' },
      },
      {
        title: 'refresh token',
        header: JWT,
        claims: { jti: '1', aud: ['payments-api'], sub: 'x', typ: 'Refresh', azp: 'web-app', scope: 'payments' },
      },
      {
        title: 'logout token',
        header: JWT,
        claims: { jti: '1', aud: 'payments-api', sub: 'x', typ: 'Logout', azp: 'web-app', events: {} },
      },
      {
        title: 'token without a type',
        header: JWT,
        claims: { jti: '1', aud: 'payments-api', sub: 'x', azp: 'web-app' },
      },
    ],
  },
  {
    name: 'Connect2id server',
    profile: 'connect2id',
    issuer: 'https://c2id.example.com',
    audience: 'https://api.example.com',
    accessTokens: [
      {
        title: 'of its own format',
        header: AT_JWT,
        claims: {
          sub: 'alice',
          aud: ['https://api.example.com'],
          jti: 'Kb',
          cid: '000123',
          scp: ['openid', 'app:write'],
        },
        caller: { clientId: '000123', scopes: ['openid', 'app:write'] },
      },
    ],
    others: [
      { title: 'ID token', header: {}, claims: { sub: 'alice', aud: '000123', jti: '1', nonce: 'n', sid: 's' } },
    ],
  },
  {
    name: 'Glewlwyd',
    profile: 'glewlwyd',
    issuer: 'https://glewlwyd.example.com/api/oidc',
    audience: 'https://resource.example.com/',
    conforms: true,
    accessTokens: [
      {
        title: 'for a resource',
        header: AT_JWT,
        claims: {
          sub: '4321zyxdcba',
          aud: 'https://resource.example.com/',
          client_id: 'client1',
          jti: 'abcd1234',
          type: 'access_token',
          scope: 'scope1 g_profile',
          salt: 'abc1',
        },
        caller: { clientId: 'client1', scopes: ['scope1', 'g_profile'] },
      },
    ],
    others: [
      { title: 'ID token', header: JWT, claims: { sub: '4321', aud: 'client1', azp: 'client1', nonce: 'n' } },
      {
        title: 'token of another type',
        header: AT_JWT,
        claims: {
          sub: '4',
          aud: 'https://resource.example.com/',
          client_id: 'client1',
          jti: '1',
          type: 'refresh_token',
        },
      },
      {
        title: 'token for no resource, whose audience is its scopes',
        header: AT_JWT,
        claims: { sub: '4', aud: 'scope1 g_profile', client_id: 'client1', jti: '1', type: 'access_token' },
      },
    ],
  },
  {
    name: 'node oidc-provider',
    profile: 'oidc-provider',
    issuer: 'https://op.example.com',
    audience: 'https://api.example.com',
    conforms: true,
    accessTokens: [
      {
        title: 'of a machine',
        header: AT_JWT,
        claims: {
          sub: 'partner-7',
          aud: 'https://api.example.com',
          client_id: 'partner-7',
          jti: 'hm',
          scope: 'payments',
        },
        caller: { clientId: 'partner-7', subjectType: 'client', scopes: ['payments'] },
      },
    ],
    others: [{ title: 'ID token', header: {}, claims: { sub: 'ada', aud: 'partner-7', nonce: 'n', at_hash: 'h' } }],
  },
  {
    name: 'ConnectID',
    profile: 'connectid',
    issuer: 'https://idp.example.com.au',
    audience: 'https://idp.example.com.au/userinfo',
    conforms: true,
    accessTokens: [
      {
        title: 'as FAPI 2.0 and RFC 9068 have it',
        header: AT_JWT,
        claims: {
          sub: '1b2c',
          aud: 'https://idp.example.com.au/userinfo',
          client_id: 'https://rp.directory.example/openid_relying_party/280518db',
          jti: 'x',
          scope: 'openid',
          acr: 'urn:cds.au:cdr:2',
        },
        caller: { clientId: 'https://rp.directory.example/openid_relying_party/280518db', scopes: ['openid'] },
      },
    ],
    others: [
      { title: 'ID token', header: JWT, claims: { sub: '1b2c', aud: 'https://rp.directory.example/x', nonce: 'n' } },
    ],
  },
]
