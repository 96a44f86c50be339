// How this server authenticates itself at an introspection endpoint, RFC 7662 section 2.1: what arrives there, read by jose.

import type { IncomingHttpHeaders } from 'node:http'
import type { TestKey } from '@countersign/testkit'
import { createKey } from '@countersign/testkit'
import type { JWTPayload } from 'jose'
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import {
  ClientSecretBasic,
  ClientSecretJwt,
  ClientSecretPost,
  modifyAssertion,
  PrivateKeyJwt,
  TlsClientAuth,
} from 'oauth4webapi'
import { beforeAll, describe, expect, test } from 'vitest'
import type { IntrospectionOptions } from '../src/verifier.ts'
import { useEndpoint } from './introspection-support.ts'
import { useIssuer } from './support.ts'

const context = useIssuer()
const endpoint = useEndpoint(context)
const SECRET = 'correct horse battery staple: +/%&='
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let key: TestKey
beforeAll(async () => {
  key = await createKey()
})

interface Asked {
  readonly fields: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
}

/** Asks about some tokens, and returns what arrived. */
async function questions(options: Partial<IntrospectionOptions>, tokens: readonly string[]): Promise<Asked[]> {
  const subject = endpoint.subjectOf(options)
  for (const accessToken of tokens) await subject.send({ accessToken })
  return endpoint.asked.map(({ body, headers }) => ({ fields: Object.fromEntries(body), headers }))
}

async function question(options: Partial<IntrospectionOptions>): Promise<Asked> {
  return (await questions(options, ['opaque-1']))[0] as Asked
}

function expectAssertion(payload: JWTPayload): void {
  expect(payload).toMatchObject({ iss: 'api', sub: 'api', aud: context.issuer.issuer })
  const now = Math.floor(Date.now() / 1000)
  expect(payload.exp).toBeGreaterThan(now)
  expect(payload.exp).toBeLessThanOrEqual(now + 60)
  expect(payload.jti).toMatch(/^.{16,}$/)
}

describe('by an assertion', () => {
  test('signed with a private key: its audience is the issuer alone, and each question has another', async () => {
    const clientAuthentication = PrivateKeyJwt({ key: key.privateKey, kid: 'api-1' })
    const asked = await questions({ clientAuthentication }, ['opaque-1', 'opaque-2', 'opaque-3'])
    const identifiers = new Set<unknown>()
    for (const { fields, headers } of asked) {
      expect(fields).toMatchObject({ client_id: 'api', client_assertion_type: ASSERTION })
      expect(headers).not.toHaveProperty('authorization')
      const assertion = fields['client_assertion'] as string
      expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'ES256', kid: 'api-1' })
      const { payload } = await jwtVerify(assertion, await importJWK(key.jwk, 'ES256'))
      expectAssertion(payload)
      identifiers.add(payload.jti)
    }
    expect(identifiers.size).toBe(3)
  })

  test('that an application has changed is sent as it is', async () => {
    const clientAuthentication = PrivateKeyJwt(key.privateKey, {
      [modifyAssertion](header) {
        Object.assign(header, { typ: 'client-authentication+jwt' })
      },
    })
    const { fields } = await question({ clientAuthentication })
    expect(decodeProtectedHeader(fields['client_assertion'] as string)['typ']).toBe('client-authentication+jwt')
  })

  test('by a MAC with a secret', async () => {
    const { fields } = await question({ clientAuthentication: ClientSecretJwt(SECRET) })
    const { payload } = await jwtVerify(fields['client_assertion'] as string, new TextEncoder().encode(SECRET))
    expectAssertion(payload)
    expect(JSON.stringify(fields)).not.toContain('correct')
  })
})

describe('by a secret', () => {
  test('in a field, whatever characters it has', async () => {
    const { fields, headers } = await question({ clientAuthentication: ClientSecretPost(SECRET) })
    expect(fields).toMatchObject({ client_id: 'api', client_secret: SECRET })
    expect(headers).not.toHaveProperty('authorization')
  })

  test('in the Authorization field, form-encoded (RFC 6749 section 2.3.1)', async () => {
    const clientAuthentication = ClientSecretBasic(SECRET)
    const { fields, headers } = await question({ clientId: 'api:1', clientAuthentication })
    const [, credentials = ''] = /^Basic (.*)$/.exec(headers.authorization ?? '') ?? []
    const [id = '', secret = ''] = Buffer.from(credentials, 'base64').toString().split(':')
    const decode = (text: string) => new URLSearchParams(`x=${text}`).get('x')
    expect([decode(id), decode(secret)]).toEqual(['api:1', SECRET])
    expect(fields).not.toHaveProperty('client_secret')
  })
})

test('by a certificate: only the identifier is sent, through the fetch that has the certificate', async () => {
  let calls = 0
  const fetchWithCertificate: typeof fetch = (...parameters) => {
    calls++
    return fetch(...parameters)
  }
  const { fields, headers } = await question({ clientAuthentication: TlsClientAuth(), fetch: fetchWithCertificate })
  expect(fields).toEqual({ client_id: 'api', token: 'opaque-1', token_type_hint: 'access_token' })
  expect(headers).not.toHaveProperty('authorization')
  expect(calls).toBe(1)
})

test.each([
  ['throws', () => Promise.reject(new Error('The key is locked'))],
  [
    'throws at once',
    () => {
      throw new Error('The key is locked')
    },
  ],
] as [string, () => Promise<void>][])('a way that %s is a failure of ours: 503', async (_, clientAuthentication) => {
  const subject = endpoint.subjectOf({ clientAuthentication })
  expect(await subject.refusal({ accessToken: 'opaque-1' })).toMatchObject({
    code: 'ERR_INTROSPECTION_UNAVAILABLE',
    statusCode: 503,
  })
  expect(endpoint.asked).toEqual([])
})
