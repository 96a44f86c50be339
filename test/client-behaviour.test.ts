// One suite of what a client does, against three kinds of server (our own API, one that verifies with oauth4webapi, and one that makes
// everything as hard as it may) and with two kinds of key (one that was generated, and one in a security module).

import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientOptions, JwsAlgorithm } from '@countersign/client'
import { clientCredentials, createClient, refusalOf } from '@countersign/client'
import { startServer } from '@countersign/testkit'
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWithToken, signerOf, useTokens } from '../packages/client/test/node/softhsm.ts'
import { start, startExamples, stopAfterwards } from './support.ts'

stopAfterwards()
const SCOPE = 'accounts:read payments:write files:write'

interface Parts {
  readonly resource: string
  readonly issuer: string
  readonly key: CryptoKey
}

/** Decides whether a request is one of a client that may call; answers it itself, if not. */
type Judge = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<{ jkt: string; clientId: string } | undefined>

const stops: (() => Promise<void>)[] = []
afterAll(() => Promise.all(stops.map((stop) => stop())))

/** The routes that the suite calls, behind another judge. */
async function startWith(makeJudge: (url: () => string, issuer: () => string) => Judge): Promise<Parts> {
  const { privateKey: key, publicKey } = await crypto.subtle.generateKey(
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign', 'verify'],
  )
  let issuer = ''
  const judge = makeJudge(
    () => server.url,
    () => issuer,
  )
  const server = await startServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const caller = await judge(request, response)
    if (caller === undefined) return
    const body = Buffer.concat(chunks)
    const { pathname } = new URL(request.url ?? '', server.url)
    response.setHeader('content-type', 'application/json')
    if (pathname === '/payments') response.end(JSON.stringify({ body: JSON.parse(body.toString()), caller }))
    else if (pathname.startsWith('/files/')) {
      response.end(JSON.stringify({ bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }))
    } else if (pathname === '/whoami') response.end(JSON.stringify(caller))
    else response.writeHead(404).end('{"nothing":"here"}')
  })
  stops.push(() => server.stop())
  const jwks = { keys: [await crypto.subtle.exportKey('jwk', publicKey)] }
  const clients = [{ clientId: 'partner-7', jwks, scope: SCOPE }]
  const running = await start('issuer', { RESOURCES: server.url, CLIENTS: JSON.stringify(clients) })
  issuer = running.url
  return { resource: server.url, issuer, key }
}

/** The checks of a resource server by oauth4webapi, which knows no nonces. */
const byOauth4webapi = (url: () => string, issuer: () => string): Judge => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  let discovered: Promise<oauth.AuthorizationServer> | undefined
  return async ({ method = '', url: target = '', headers }, response) => {
    discovered ??= (async () => {
      const identifier = new URL(issuer())
      return oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, insecure))
    })()
    try {
      const request = new Request(new URL(target, url()), { method, headers: headers as HeadersInit })
      const options = { requireDPoP: true, ...insecure }
      const claims = await oauth.validateJwtAccessToken(await discovered, request, url(), options)
      return { jkt: claims.cnf?.jkt ?? '', clientId: claims.client_id }
    } catch {
      response.writeHead(401, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }).end()
      return undefined
    }
  }
}

/** The ways in which a server may write that it wants a nonce. */
const CHALLENGES: readonly ((response: ServerResponse) => void)[] = [
  (response) => response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }),
  (response) =>
    response.writeHead(401, { 'www-authenticate': ['Bearer realm="x"', 'DPoP error="use_dpop_nonce", algs="ES256"'] }),
  (response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="a, b", dpop  error=use_dpop_nonce , , Bearer' }),
  (response) => response.writeHead(401, { 'www-authenticate': 'Negotiate, DPOP algs="ES256",error="use_dpop_nonce"' }),
  (response) => response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce" broken=' }),
]

/**
 * Gives another nonce with each answer and takes the last ones only, asks for it in another way each time, answers slowly, and sends the
 * caller to another path of its own first.
 */
const hostile = (url: () => string): Judge => {
  const nonces: string[] = []
  let count = 0
  return async (request, response) => {
    const { method = '', url: target = '', headers } = request
    await new Promise((resolve) => setTimeout(resolve, count % 7))
    const nonce = `n-${++count}`
    nonces.push(nonce)
    response.setHeader('dpop-nonce', nonce)
    const dpop = headers['dpop']
    if (typeof dpop !== 'string') {
      // Whoever asks for the metadata to get a nonce, gets one.
      response.writeHead(404).end()
      return undefined
    }
    const { payload, protectedHeader } = await jwtVerify(dpop, EmbeddedJWK)
    const { pathname } = new URL(target, url())
    const isRight = payload['htm'] === method && payload['htu'] === url() + pathname
    if (!isRight || !nonces.slice(-60).includes(String(payload['nonce']))) {
      CHALLENGES[count % CHALLENGES.length]?.(response)
      response.end('x'.repeat(count % 3000))
      return undefined
    }
    if (!target.includes('moved') && (method === 'GET' || count % 2 === 0)) {
      response.writeHead(307, { location: `${target}${target.includes('?') ? '&' : '?'}moved` }).end()
      return undefined
    }
    const token = decodeJwt(headers.authorization?.slice(5) ?? '')
    const jkt = await calculateJwkThumbprint(protectedHeader.jwk ?? {})
    return {
      jkt: jkt === (token['cnf'] as { jkt: string }).jkt ? jkt : 'another',
      clientId: String(token['client_id']),
    }
  }
}

const SERVERS: readonly [string, () => Promise<Parts>][] = [
  ['our API', () => ours({})],
  ['our API without nonces', () => ours({ NONCE: 'off' })],
  ['a server that verifies with oauth4webapi', () => startWith(byOauth4webapi)],
  ['a server that makes it hard', () => startWith(hostile)],
]

async function ours(environment: Readonly<Record<string, string>>): Promise<Parts> {
  const { api, issuer, key } = await startExamples(environment)
  return { resource: api, issuer, key }
}

/** Options of a client that say what it signs with. */
type Keys = (algorithm?: JwsAlgorithm) => Promise<Pick<ClientOptions, 'algorithm' | 'signer'>>

const generated: Keys = async (algorithm) => (algorithm === undefined ? {} : { algorithm })

describe.each(SERVERS)('%s', (_, startServers) => behaviour(startServers, generated))

describeWithToken('our API, called by clients whose key is in a token', () => {
  const tokens = useTokens('behaviour')
  behaviour(
    () => ours({}),
    async (algorithm = 'ES256') => {
      const options = tokens.options('behaviour', { key: { label: algorithm }, algorithm, create: true })
      return { signer: await signerOf(options) }
    },
  )
})

function behaviour(startServers: () => Promise<Parts>, keys: Keys): void {
  let parts: Parts
  beforeAll(async () => {
    parts = await startServers()
  })

  async function create(algorithm?: JwsAlgorithm) {
    const { resource, issuer, key } = parts
    const client = createClient({
      resource,
      token: clientCredentials({ clientId: 'partner-7', key, issuer, scope: SCOPE }),
      ...(await keys(algorithm)),
    })
    stops.push(async () => client.close())
    return client
  }
  const json = async (call: Promise<Response>) => {
    const response = await call
    expect(response.status).toBe(200)
    return response.json()
  }
  const payment = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"amount":"12.50"}' }

  test.each(['ES256', 'Ed25519', 'PS256'] as const)('a client with an %s key calls', async (algorithm) => {
    const client = await create(algorithm)
    expect(await json(client.fetch('/whoami'))).toMatchObject({ clientId: 'partner-7', jkt: await client.thumbprint() })
    expect(await json(client.fetch('/whoami?a=b&c=%20/#f'))).toMatchObject({ clientId: 'partner-7' })
    expect(await json(client.fetch('/payments', payment))).toMatchObject({ body: { amount: '12.50' } })
  })

  test.each<[string, () => unknown, string | undefined]>([
    ['text', () => 'text ü', 'text ü'],
    ['bytes', () => Uint8Array.of(0, 255, 10, 13), undefined],
    ['a Blob', () => new Blob(['blob']), 'blob'],
    ['parameters', () => new URLSearchParams({ a: 'b c' }), 'a=b+c'],
    ['a large body', () => 'x'.repeat(1_000_000), 'x'.repeat(1_000_000)],
    ['nothing', () => null, ''],
  ])('%s arrives byte for byte, with the first call of a client', async (_, body, text) => {
    const expected = createHash('sha256')
      .update(text ?? Uint8Array.of(0, 255, 10, 13))
      .digest('hex')
    const headers = { 'content-type': 'application/octet-stream' }
    const call = (await create()).fetch('/files/x', { method: 'PUT', headers, body: body() as BodyInit })
    expect(await json(call)).toMatchObject({ sha256: expected })
  })

  test('a stream arrives, with the first call of a client, unless it is sent elsewhere', async () => {
    const init = { method: 'PUT', body: new Blob(['stre', 'amed']).stream(), duplex: 'half' } as RequestInit
    expect(await json((await create()).fetch('/files/x?moved', init))).toMatchObject({ bytes: 8 })
  })

  test('a form is sent again with the same boundary', async () => {
    const form = new FormData()
    form.append('a', 'b\nc')
    form.append('f"ile', new Blob(['content'], { type: 'text/plain' }), 'na"me.txt')
    const response = await (await create()).fetch('/files/x', { method: 'PUT', body: form })
    expect(response.status).toBe(200)
    expect((await response.json()).bytes).toBeGreaterThan(200)
  })

  test('twenty calls at once all arrive, each with a proof of its own', async () => {
    const client = await create()
    const calls = Array.from({ length: 20 }, (_, index) => json(client.fetch(`/whoami?call=${index}`)))
    expect(new Set((await Promise.all(calls)).map(({ jkt }) => jkt))).toEqual(new Set([await client.thumbprint()]))
  })

  test('a Request, and options that win over it', async () => {
    const request = new Request(`${parts.resource}/whoami`, { method: 'DELETE' })
    expect(await json((await create()).fetch(request, { method: 'GET' }))).toMatchObject({ clientId: 'partner-7' })
    expect(request.method).toBe('DELETE')
  })

  test('what is not there is a response, and no refusal', async () => {
    const response = await (await create()).fetch('/nowhere?moved')
    expect(response.status).toBe(404)
    expect(await refusalOf(response)).toBeUndefined()
  })

  test('a call that is given up keeps its reason, and the next one is not harmed', async () => {
    const client = await create()
    const reason = new Error('enough')
    for (const after of [0, 1, 3, 10]) {
      const controller = new AbortController()
      const call = client.fetch('/whoami', { signal: controller.signal })
      setTimeout(() => controller.abort(reason), after)
      await call.then(
        (response) => expect(response.status).toBe(200),
        (error) => expect(error).toBe(reason),
      )
    }
    expect(await json(client.fetch('/whoami'))).toMatchObject({ clientId: 'partner-7' })
  })
}

describe('a server that nobody can call', () => {
  test.each<[string, (response: ServerResponse, count: number) => void, number, string]>([
    ['wants another nonce each time', (response, count) => challenge(response, `n${count}`), 2, 'endless'],
    ['wants the nonce that it does not take', (response) => challenge(response, 'n'), 2, 'repeated'],
    ['wants a nonce and gives none', (response) => challenge(response, undefined), 1, 'missing'],
  ])('%s', async (_, behave, requests, reason) => {
    let count = 0
    const server = await startServer((_request, response) => behave(response, ++count))
    stops.push(() => server.stop())
    const client = createClient({ resource: server.url, token: () => 'token' })
    const response = await client.fetch('/')
    expect(await refusalOf(response)).toMatchObject({ code: 'ERR_NONCE_NOT_ACCEPTED', reason })
    expect(count).toBe(requests)
  })

  test('sends everybody in circles', async () => {
    let count = 0
    const server = await startServer((_request, response) => {
      response.writeHead(307, { location: `/${++count}` }).end()
    })
    stops.push(() => server.stop())
    const client = createClient({ resource: server.url, token: () => 'token' })
    await expect(client.fetch('/')).rejects.toMatchObject({ code: 'ERR_REDIRECT_NOT_FOLLOWED', reason: 'count' })
    expect(count).toBe(21)
  })

  test('hangs up', async () => {
    let count = 0
    const server = await startServer((request) => {
      count++
      request.socket.destroy()
    })
    stops.push(() => server.stop())
    const client = createClient({ resource: server.url, token: () => 'token' })
    await expect(client.fetch('/', { method: 'POST', body: 'x' })).rejects.toThrow(TypeError)
    expect(count).toBe(1)
  })
})

function challenge(response: ServerResponse, nonce: string | undefined): void {
  if (nonce !== undefined) response.setHeader('dpop-nonce', nonce)
  response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end()
}
