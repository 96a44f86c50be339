// A partner calls an API; a thief who sees everything on the wire tries to do the same. Nothing here is simulated: an authorization
// server and an API in processes of their own, and requests over HTTP.

import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { clientCredentials, createClient, createProof, generateSigner } from '@countersign/client'
import type { PartnerOptions } from '../../partner/src/partner.ts'
import { makeCalls } from '../../partner/src/partner.ts'
import { freePort } from './free-port.ts'
import { startService } from './service.ts'
import type { CapturedRequest } from './wire.ts'
import { createWire } from './wire.ts'

/** What the API said. */
export interface Verdict {
  readonly status: number
  /** The code of its problem body; absent when it accepted the call. */
  readonly code?: string
  /** How many requests the client sent for the call, where that is part of the story. */
  readonly requests?: number
}

/** One line of the story. */
export interface Scene {
  readonly scene: string
  readonly title: string
  readonly verdict: Verdict
  readonly expected: Verdict
  readonly ok: boolean
  readonly remark: string
}

/** Lifetime of the API's nonces in this story: short, so that one can be seen to expire. */
const NONCE_TTL_SECONDS = 5
const OTHER_RESOURCE = 'https://other-api.example.com'

/** Tells the story, handing out each scene as it happens. */
export async function tellStory(show: (scene: Scene) => void): Promise<void> {
  const clientKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const publicJwk = await crypto.subtle.exportKey('jwk', clientKey.publicKey)
  // The API's resource identifier must be known to the issuer, and the issuer's URL to the API: the API's port is chosen first.
  const resource = `http://127.0.0.1:${await freePort()}`
  const issuer = await startService('issuer', {
    HOST: '127.0.0.1',
    PORT: '0',
    ISSUER: '',
    RESOURCES: `${resource},${OTHER_RESOURCE}`,
    CLIENTS: JSON.stringify([
      { clientId: 'partner-7', jwks: { keys: [publicJwk] }, scope: 'accounts:read payments:write files:write' },
    ]),
  })
  try {
    const api = await startService('api', {
      HOST: '127.0.0.1',
      PORT: new URL(resource).port,
      RESOURCE: resource,
      ISSUER: issuer.url,
      JWKS_URI: '',
      NONCE_TTL_SECONDS: String(NONCE_TTL_SECONDS),
    })
    try {
      const partner = { resource, issuer: issuer.url, key: clientKey.privateKey }
      await play(partner, show)
      await playEnvelopes(partner, show)
    } finally {
      await api.stop()
    }
  } finally {
    await issuer.stop()
  }
}

async function play(
  { resource, issuer, key }: { resource: string; issuer: string; key: CryptoKey },
  show: (scene: Scene) => void,
): Promise<void> {
  const wire = createWire(resource)
  const signer = await generateSigner()
  const token = clientCredentials({ clientId: 'partner-7', key, issuer, scope: 'accounts:read payments:write' })
  const partner = createClient({ resource, token, signer, fetch: wire.fetch })

  const first = { ...(await verdictOf(await partner.fetch('/accounts'))), requests: wire.captured.length }
  const challenged =
    first.requests > 1 ? 'challenged for a nonce, which the client answered by itself' : 'not challenged'
  scene('first-call', 'the partner calls', first, { status: 200, requests: 2 }, challenged)

  const payment = await partner.fetch('/payments', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 12 }),
  })
  const second = { ...(await verdictOf(payment)), requests: wire.captured.length - first.requests }
  scene('second-call', 'the partner calls again', second, { status: 200, requests: 1 }, 'the nonce is known')

  const delivered = wire.captured.at(-1) as CapturedRequest
  const accessToken = (delivered.headers.get('authorization') as string).replace('DPoP ', '')

  const bearer = await fetch(`${resource}/accounts`, { headers: { authorization: `Bearer ${accessToken}` } })
  refused('stolen-token', 'the thief uses the stolen token alone', await verdictOf(bearer), 'ERR_SCHEME_NOT_ACCEPTED')

  const bare = await fetch(`${resource}/accounts`, { headers: { authorization: `DPoP ${accessToken}` } })
  refused(
    'stolen-token-dpop',
    '… and with the right scheme, but no proof',
    await verdictOf(bare),
    'ERR_DPOP_PROOF_MISSING',
  )

  const replayed = await send(delivered, {})
  refused('replayed-proof', 'the thief replays a whole call', await verdictOf(replayed), 'ERR_DPOP_PROOF_REPLAYED')

  const heldForUrl = await wire.holdBack(() => partner.fetch('/accounts/1'))
  const moved = await send(heldForUrl, { url: `${resource}/accounts/2` })
  refused(
    'moved-url',
    'a held-back proof is moved to another URL',
    await verdictOf(moved),
    'ERR_DPOP_PROOF_HTU_MISMATCH',
  )

  const heldForMethod = await wire.holdBack(() => partner.fetch('/payments', { method: 'PUT' }))
  const remade = await send(heldForMethod, { method: 'POST' })
  refused('moved-method', '… and one to another method', await verdictOf(remade), 'ERR_DPOP_PROOF_HTM_MISMATCH')

  const nonce = await freshNonce(resource, accessToken)
  const ownKey = await generateSigner()
  const url = new URL(`${resource}/accounts`)
  const forged = await callWith(
    accessToken,
    await createProof({ signer: ownKey, method: 'GET', url, accessToken, nonce }),
    url,
  )
  refused('other-key', 'the thief signs with a key of its own', await verdictOf(forged), 'ERR_TOKEN_BINDING_MISMATCH')

  const otherToken = await tokenFor(OTHER_RESOURCE)
  const foreign = await callWith(
    otherToken,
    await createProof({
      signer,
      method: 'GET',
      url,
      accessToken: otherToken,
      nonce: await freshNonce(resource, otherToken),
    }),
    url,
  )
  refused('other-audience', 'a token for another API is presented', await verdictOf(foreign), 'ERR_TOKEN_AUDIENCE')

  const heldForLater = await wire.holdBack(() => partner.fetch('/accounts'))
  await sleep((NONCE_TTL_SECONDS + 1) * 1000)
  const late = await send(heldForLater, {})
  refused('old-nonce', 'a held-back call arrives with an old nonce', await verdictOf(late), 'ERR_DPOP_NONCE_EXPIRED')

  partner.close()

  function refused(name: string, title: string, verdict: Verdict & { remark?: string }, code: string): void {
    scene(name, title, verdict, { status: 401, code })
  }

  function scene(
    name: string,
    title: string,
    { remark: said, ...verdict }: Verdict & { remark?: string },
    expected: Verdict,
    remark = said ?? '',
  ): void {
    const ok = isDeepStrictEqual(verdict, expected)
    show({ scene: name, title, verdict, expected, ok, remark })
  }

  /** A token of the same partner and key, for another resource: its request to that resource is held back, since it does not exist. */
  async function tokenFor(other: string): Promise<string> {
    const otherWire = createWire(other)
    const client = createClient({ resource: other, token, signer, fetch: otherWire.fetch })
    const held = await otherWire.holdBack(() => client.fetch('/'))
    client.close()
    return (held.headers.get('authorization') as string).replace('DPoP ', '')
  }
}

const ENVELOPE_TITLES: Readonly<Record<string, string>> = {
  detached: 'the partner signs every byte of a call',
  attached: '… and sends the signature and the body as one',
  sealed: '… and encrypts both to the API',
  large: '… and signs a file',
  'altered-call': 'somebody changes a call on the way',
  'altered-answer': '… and an answer',
  evidence: 'an auditor verifies what was kept',
}
const ENVELOPE_VERDICTS: Readonly<Record<string, Verdict>> = {
  'altered-call': { status: 401, code: 'ERR_ENVELOPE_CONTENT_MISMATCH' },
  'altered-answer': { status: 200, code: 'ERR_ENVELOPE_ANSWER_MISMATCH' },
}

/** The partner of the neighbouring example, whose calls are request envelopes. */
async function playEnvelopes(partner: PartnerOptions, show: (scene: Scene) => void): Promise<void> {
  for await (const { call, remark, ...verdict } of makeCalls(partner)) {
    const expected = ENVELOPE_VERDICTS[call] ?? { status: 200 }
    const title = ENVELOPE_TITLES[call] ?? call
    show({ scene: `envelope-${call}`, title, verdict, expected, ok: isDeepStrictEqual(verdict, expected), remark })
  }
}

async function verdictOf(response: Response): Promise<Verdict & { remark?: string }> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/problem+json')) {
    await response.arrayBuffer()
    return { status: response.status }
  }
  const problem = (await response.json()) as { code: string; title: string }
  return { status: response.status, code: problem.code, remark: problem.title }
}

function send(captured: CapturedRequest, changed: { url?: string; method?: string }): Promise<Response> {
  const { url = captured.url, method = captured.method } = changed
  const headers = new Headers()
  for (const name of ['authorization', 'dpop', 'content-type']) {
    const value = captured.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return fetch(url, { method, headers, ...(method === 'POST' && { body: '{"amount":12}' }) })
}

function callWith(accessToken: string, proof: string, url: URL): Promise<Response> {
  return fetch(url, { headers: { authorization: `DPoP ${accessToken}`, dpop: proof } })
}

/** Anyone may have a nonce: every refusal carries one, where nonces are on. */
async function freshNonce(resource: string, accessToken: string): Promise<string | undefined> {
  const response = await fetch(`${resource}/accounts`, { headers: { authorization: `DPoP ${accessToken}` } })
  await response.arrayBuffer()
  return response.headers.get('dpop-nonce') ?? undefined
}
