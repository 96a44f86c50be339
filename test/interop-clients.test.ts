// Other people's clients are accepted by the example API as it is: openid-client, npm's dpop with plain fetch, and the fetch of an
// @atproto/oauth-client session. The tokens are oidc-provider's, by openid-client's client credentials grant with private_key_jwt and DPoP.

import { createHash } from 'node:crypto'
import { WebcryptoKey } from '@atproto/jwk-webcrypto'
import type { Jwk, OAuthServerAgent, SessionGetter } from '@atproto/oauth-client'
import { OAuthSession } from '@atproto/oauth-client'
import * as dpop from 'dpop'
import * as openid from 'openid-client'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Examples } from './support.ts'
import { startExamples, stopAfterwards } from './support.ts'

stopAfterwards()
const SCOPE = 'accounts:read payments:write files:write'
const PAYMENT = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"amount":"12.50"}' }

/** A key, and the token that was issued for it. */
interface Grant {
  readonly api: string
  readonly keyPair: dpop.KeyPair
  readonly algorithm: string
  readonly config: openid.Configuration
  readonly DPoP: openid.DPoPHandle
  readonly accessToken: string
}

/** A request that a client makes: a path of the API, and what `fetch` takes. */
type Call = (path: string, init?: Init) => Promise<Response>

interface Init {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | ReadableStream<Uint8Array<ArrayBuffer>>
  readonly duplex?: 'half'
}

interface Library {
  readonly name: string
  readonly algorithms: readonly string[]
  readonly generateKeyPair: GenerateKeyPair
  /** Makes the client; it notes the status of each answer. */
  connect(grant: Grant, statuses: number[]): Promise<Call>
}

type GenerateKeyPair = (algorithm: string, options: { extractable: boolean }) => Promise<dpop.KeyPair>
const byOpenid: GenerateKeyPair = openid.randomDPoPKeyPair
const byDpop = dpop.generateKeyPair as GenerateKeyPair
const algorithms = ['ES256', 'Ed25519', 'PS256']
const atproto = { algorithms: ['ES256', 'EdDSA', 'PS256'], connect: connectAtproto }

const LIBRARIES: readonly Library[] = [
  { name: 'openid-client', algorithms, generateKeyPair: byOpenid, connect: connectOpenid },
  { name: 'dpop', algorithms, generateKeyPair: byDpop, connect: connectDpop },
  { name: '@atproto/oauth-client', generateKeyPair: byOpenid, ...atproto },
]

describe.each(['required', 'off'])('nonce %s', (nonce) => {
  const challenge = nonce === 'required' ? [401] : []
  let examples: Examples
  beforeAll(async () => {
    examples = await startExamples({ NONCE: nonce })
  })

  describe.each(LIBRARIES)('$name', ({ algorithms, generateKeyPair, connect }) => {
    test.each(algorithms)('%s', async (algorithm) => {
      const statuses: number[] = []
      const grant = await grantFor(examples, algorithm, generateKeyPair)
      const call = await connect(grant, statuses)
      const jkt = await dpop.calculateThumbprint(grant.keyPair.publicKey)
      const caller = { kind: 'dpop', clientId: 'partner-7', jkt, algorithm }

      expect(await json(call('/payments?a=b', PAYMENT))).toMatchObject({ body: { amount: '12.50' }, caller })
      expect(statuses.splice(0)).toEqual([...challenge, 200])

      expect(await json(call('/whoami'))).toMatchObject(caller)
      expect(await json(call('/whoami?a=b&c=%20/'))).toMatchObject(caller)
      expect(await json(call('/%77hoami?a=b'))).toMatchObject(caller)
      expect(await json(call('/files/x', { method: 'PUT', body: 'abc' }))).toMatchObject({ bytes: 3 })
      expect(statuses).toEqual([200, 200, 200, 200])
    })

    test('a token bound to another key', async () => {
      const statuses: number[] = []
      const grant = await grantFor(examples)
      const { accessToken } = await grantFor(examples)
      const response = await (await connect({ ...grant, accessToken }, statuses))('/whoami')
      expect(await response.json()).toMatchObject({ status: 401, code: 'ERR_TOKEN_BINDING_MISMATCH' })
      expect(new Set(statuses)).toEqual(new Set([401]))
      expect((await (await connect(grant, statuses))('/whoami')).status).toBe(200)
    })
  })
})

test('the challenge that counts comes first, whatever the order of `accept`', async () => {
  const statuses: number[] = []
  const call = await connectAtproto(await grantFor(await startExamples({ ACCEPT: 'bearer,dpop,envelope' })), statuses)
  await call('/whoami')
  await call('/whoami')
  expect(statuses).toEqual([401, 200, 200])
})

/** Asks the issuer for a token; openid-client answers the issuer's nonce challenge itself. */
async function grantFor({ issuer, api, key }: Examples, algorithm = 'ES256', generate = byOpenid): Promise<Grant> {
  const keyPair = await generate(algorithm, { extractable: true })
  const options = { execute: [openid.allowInsecureRequests] }
  const config = await openid.discovery(new URL(issuer), 'partner-7', undefined, openid.PrivateKeyJwt(key), options)
  const DPoP = openid.getDPoPHandle(config, keyPair)
  const tokens = await openid.clientCredentialsGrant(config, { resource: api, scope: SCOPE }, { DPoP })
  expect(tokens.token_type).toBe('dpop')
  return { api, keyPair, algorithm, config, DPoP, accessToken: tokens.access_token }
}

async function connectOpenid({ api, config, DPoP, accessToken }: Grant, statuses: number[]): Promise<Call> {
  config[openid.customFetch] = recording(statuses) as openid.CustomFetch
  return async (path, { method = 'GET', headers, body } = {}) => {
    const [url, sent] = [new URL(path, api), new Headers(headers)]
    const response = openid.fetchProtectedResource(config, accessToken, url, method, body, sent, { DPoP })
    return response.catch((error: unknown) => {
      // A refusal is thrown, with the response inside.
      if (error instanceof openid.WWWAuthenticateChallengeError) return error.response
      throw error
    })
  }
}

/** dpop makes proofs and no more: the nonce is remembered, and the challenge answered, by hand. */
async function connectDpop({ api, keyPair, accessToken }: Grant, statuses: number[]): Promise<Call> {
  let nonce: string | undefined
  return async (path, init = {}) => {
    const url = new URL(path, api)
    const send = async () => {
      const htu = url.origin + url.pathname
      const proof = await dpop.generateProof(keyPair, htu, init.method ?? 'GET', nonce, accessToken)
      const headers = { ...init.headers, authorization: `DPoP ${accessToken}`, dpop: proof }
      const response = await recording(statuses)(url, { ...init, headers })
      nonce = response.headers.get('dpop-nonce') ?? nonce
      return response
    }
    const response = await send()
    return response.headers.get('www-authenticate')?.includes('error="use_dpop_nonce"') ? send() : response
  }
}

async function connectAtproto(grant: Grant, statuses: number[]): Promise<Call> {
  const session = await sessionOf(grant, statuses)
  return (path, init) => session.fetchHandler(path, init)
}

/** A session made of the members that it uses, since the grant is not one of its own. */
async function sessionOf({ api, keyPair, algorithm, config, accessToken }: Grant, statuses: number[]) {
  const jwk = { ...(await crypto.subtle.exportKey('jwk', keyPair.publicKey)), alg: algorithm }
  const server: unknown = {
    dpopKey: new WebcryptoKey<Jwk>(jwk as Jwk, keyPair),
    serverMetadata: config.serverMetadata(),
    runtime: { sha256: async (text: string) => createHash('sha256').update(text).digest('base64url') },
    dpopNonces: new Map<string, string>(),
  }
  const sessions: unknown = {
    getSession: async () => ({ tokenSet: { aud: api, token_type: 'DPoP', access_token: accessToken } }),
    delStored: async () => {},
  }
  const fetch = recording(statuses)
  return new OAuthSession(server as OAuthServerAgent, 'did:web:a.example', sessions as SessionGetter, fetch)
}

/** `fetch`, which notes the status of each answer. */
function recording(statuses: number[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    statuses.push(response.status)
    return response
  }
}

/** The body of an answer that must be a success. */
async function json(answer: Promise<Response>): Promise<unknown> {
  const response = await answer
  expect(response.status).toBe(200)
  return response.json()
}
