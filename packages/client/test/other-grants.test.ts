// The grants that exchange a token of somebody else, tokens that come from elsewhere, and tokens that are bound to nothing.

import { describe, expect, test } from 'vitest'
import type { TokenSource } from '../src/index.ts'
import { accessToken, clientCredentials, jwtBearer, refreshToken, tokenExchange } from '../src/index.ts'
import type { Seen } from './support.ts'
import { clientOf, serve } from './support.ts'

const good = { access_token: 'issued', token_type: 'DPoP', expires_in: 300 }

/** An authorization server that answers as told, and what its token endpoint was sent. */
async function start(answer: object = good) {
  const api = await serve((response) => void response.end())
  const requests: (Seen & { readonly parameters: Readonly<Record<string, string>> })[] = []
  const issuer = await serve((response, request) => {
    response.setHeader('content-type', 'application/json')
    const url = `http://${request.headers.host}`
    if (request.path !== '/token') response.end(JSON.stringify({ issuer: url, token_endpoint: `${url}/token` }))
    else {
      requests.push({ ...request, parameters: Object.fromEntries(new URLSearchParams(request.body)) })
      response.end(JSON.stringify(answer))
    }
  })
  const options = { clientId: 'service', clientSecret: 'secret', issuer: issuer.url, scope: 'a b' }
  return { api, requests, options, client: (token: TokenSource, more = {}) => clientOf(api.url, { token, ...more }) }
}

test('an assertion of another party is exchanged for a token (RFC 7523)', async () => {
  const { api, requests, options, client } = await start()
  let made = 0
  const token = jwtBearer({ ...options, assertion: async () => `assertion-${++made}` })
  expect((await client(token).fetch('/')).status).toBe(200)
  expect(requests[0]?.parameters).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: 'assertion-1',
    resource: api.url,
    scope: 'a b',
  })
  expect(requests[0]?.headers.authorization).toMatch(/^Basic /)
  expect(requests[0]?.claims).toMatchObject({ htm: 'POST' })
  expect(api.seen[0]?.headers.authorization).toBe('DPoP issued')
})

describe('token exchange (RFC 8693)', () => {
  test('sends the subject’s token, of a type', async () => {
    const { api, requests, options, client } = await start()
    await client(tokenExchange({ ...options, subjectToken: () => 'of-ada', audience: 'payments' })).fetch('/')
    expect(requests[0]?.parameters).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'of-ada',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: api.url,
      audience: 'payments',
      scope: 'a b',
    })
  })

  test('and that of whoever acts for it', async () => {
    const { requests, options, client } = await start()
    const token = tokenExchange({
      ...options,
      subjectToken: () => 'of-ada',
      subjectTokenType: 'urn:ietf:params:oauth:token-type:id_token',
      actorToken: async () => 'of-the-service',
      actorTokenType: 'urn:ietf:params:oauth:token-type:jwt',
    })
    await client(token).fetch('/')
    expect(requests[0]?.parameters).toMatchObject({
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      actor_token: 'of-the-service',
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    })
  })

  test('a public client says who it is, and no more', async () => {
    const { requests, options, client } = await start()
    const { clientSecret: _, ...rest } = options
    await client(tokenExchange({ ...rest, subjectToken: () => 'of-ada' })).fetch('/')
    expect(requests[0]?.parameters).toMatchObject({ client_id: 'service' })
    expect(requests[0]?.headers).not.toHaveProperty('authorization')
  })
})

describe('a token from elsewhere', () => {
  test('is presented with a proof', async () => {
    const { api, client } = await start()
    await client(accessToken(() => ({ accessToken: 'mine', expiresInSeconds: 60 }))).fetch('/')
    expect(api.seen[0]).toMatchObject({ headers: { authorization: 'DPoP mine', dpop: expect.stringMatching(/^ey/) } })
  })

  test('is asked for again when it has expired, and is told which one it replaces, and for which key', async () => {
    const { client } = await start()
    const asked: object[] = []
    const api = client(
      accessToken(({ replaces, thumbprint, algorithm }) => {
        asked.push({ replaces, thumbprint, algorithm })
        return { accessToken: `token-${asked.length}`, expiresInSeconds: 0 }
      }),
    )
    await api.fetch('/')
    await api.fetch('/')
    const key = { thumbprint: await api.thumbprint(), algorithm: 'ES256' }
    expect(asked).toEqual([
      { replaces: undefined, ...key },
      { replaces: 'token-1', ...key },
    ])
  })
})

describe('a token that is bound to nothing', () => {
  const bearer = { ...good, token_type: 'Bearer' }

  test('is refused, and not sent', async () => {
    const { api, options, client } = await start(bearer)
    const call = client(clientCredentials(options)).fetch('/')
    await expect(call).rejects.toMatchObject({ code: 'ERR_TOKEN_NOT_BOUND', expected: 'DPoP', actual: 'Bearer' })
    expect(api.seen).toHaveLength(0)
  })

  test('is sent as what it is, without proof, where that is allowed', async () => {
    const { api, options, client } = await start(bearer)
    await client(clientCredentials(options), { allowBearer: true }).fetch('/')
    expect(api.seen[0]?.headers).toMatchObject({ authorization: 'Bearer issued' })
    expect(api.seen[0]?.headers).not.toHaveProperty('dpop')
  })

  test('where that is allowed, one that is bound is sent with a proof all the same', async () => {
    const { api, options, client } = await start()
    await client(clientCredentials(options), { allowBearer: true }).fetch('/')
    expect(api.seen[0]?.headers).toMatchObject({ authorization: 'DPoP issued', dpop: expect.stringMatching(/^ey/) })
  })
})

describe('options that cannot be are refused at once', () => {
  const clientId = 'service'
  const key = { kty: 'EC' }
  test.each<[string, () => unknown, string, string?]>([
    ['no client', () => clientCredentials({ clientId: '' }), 'clientId'],
    ['neither key nor secret', () => clientCredentials({ clientId }), 'key'],
    [
      'none, where a client must say who it is',
      () => clientCredentials({ clientId, authenticationMethod: 'none' }),
      'authenticationMethod',
    ],
    [
      'an unknown method',
      () => clientCredentials({ clientId, key, authenticationMethod: 'x' as never }),
      'authenticationMethod',
    ],
    ['key and secret', () => clientCredentials({ clientId, key, clientSecret: 's' }), 'clientSecret'],
    [
      'a secret for a key',
      () => clientCredentials({ clientId, clientSecret: 's', authenticationMethod: 'private_key_jwt' }),
      'key',
    ],
    ['an empty secret', () => clientCredentials({ clientId, clientSecret: '' }), 'clientSecret'],
    [
      'TLS without a certificate',
      () => clientCredentials({ clientId, authenticationMethod: 'tls_client_auth' }),
      'fetch',
    ],
    ['scopes in a list', () => clientCredentials({ clientId, key, scope: ['a'] as never }), 'scope'],
    [
      'an issuer by http',
      () => clientCredentials({ clientId, key, issuer: 'http://as.example' }),
      'issuer',
      'ERR_URL_INSECURE',
    ],
    [
      'an unknown option',
      () => clientCredentials({ clientId, key, audience: 'x' } as never),
      'audience',
      'ERR_OPTION_UNKNOWN',
    ],
    ['no assertion', () => jwtBearer({ clientId } as never), 'assertion'],
    ['no subject', () => tokenExchange({ clientId } as never), 'subjectToken'],
    [
      'an actor that is a text',
      () => tokenExchange({ clientId, subjectToken: () => '', actorToken: 'x' as never }),
      'actorToken',
    ],
    ['no refresh token', () => refreshToken({ clientId }), 'refreshToken'],
    ['an empty refresh token', () => refreshToken({ clientId, refreshToken: '' }), 'refreshToken'],
    ['a store that is none', () => refreshToken({ clientId, store: {} as never }), 'store'],
    ['a lock that is none', () => refreshToken({ clientId, refreshToken: 'r', lock: true as never }), 'lock'],
  ])('%s', (_, create, parameter, code = 'ERR_OPTION_INVALID') => {
    expect(create).toThrow(expect.objectContaining({ code, parameter }))
  })
})
