// Who makes proofs: ours, a floor written by hand, and what people use today, each as its documentation has it. All sign with one key,
// which cannot be exported. Those that only make whole requests make them, and nothing is sent.

import { createProof, createSignedFetch, createSigner } from '@countersign/client'
import * as dpop from 'dpop'
import type { JWK } from 'jose'
import { exportJWK, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import type { Client, ProverContender } from './prover.ts'
import { NONCE, URL_OF_CALL } from './prover.ts'
import { ISSUER, now, RESOURCE } from './world.ts'

/** `createProof` of ours. */
export async function createOwnProver({ keyPair, accessToken }: Client): Promise<ProverContender> {
  const signer = await createSigner(keyPair)
  const url = new URL(URL_OF_CALL)
  return {
    name: 'Countersign',
    prove: () => createProof({ signer, method: 'GET', url, accessToken, nonce: NONCE }),
  }
}

/** The signed fetch of ours. */
export async function createOwnFetch({ keyPair, accessToken }: Client): Promise<ProverContender> {
  const { fetch, proof } = nothingSent()
  const signer = await createSigner(keyPair)
  const signedFetch = createSignedFetch({ resource: RESOURCE, signer, accessToken: () => accessToken, fetch })
  return {
    name: 'Countersign, a whole fetch',
    async prove() {
      await signedFetch(URL_OF_CALL)
      return proof()
    },
  }
}

/** By hand: what does not change is encoded once, and a proof costs one call of WebCrypto. */
export async function createProverByHand(
  { keyPair, accessToken }: Client,
  htu: string = URL_OF_CALL,
): Promise<ProverContender> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keyPair.publicKey)
  const header = base64url({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(accessToken))
  const ath = Buffer.from(digest).toString('base64url')
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  return {
    name: 'by hand',
    async prove() {
      const jti = crypto.randomUUID()
      const claims = base64url({ jti, htm: 'GET', htu, iat: now(), ath, nonce: NONCE })
      const input = `${header}.${claims}`
      const signature = await crypto.subtle.sign(algorithm, keyPair.privateKey, Buffer.from(input, 'latin1'))
      return `${input}.${Buffer.from(signature).toString('base64url')}`
    },
  }
}

/** `generateProof` of dpop. */
export async function createWithDpop({ keyPair, accessToken }: Client): Promise<ProverContender> {
  return {
    name: 'dpop',
    prove: () => dpop.generateProof(keyPair as dpop.KeyPair, URL_OF_CALL, 'GET', NONCE, accessToken),
  }
}

/** By hand with jose: the public key is exported once. */
export async function createWithJose({ keyPair, accessToken }: Client): Promise<ProverContender> {
  const jwk: JWK = await exportJWK(keyPair.publicKey)
  return {
    name: 'jose by hand',
    async prove() {
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(accessToken))
      const ath = Buffer.from(digest).toString('base64url')
      return new SignJWT({ jti: crypto.randomUUID(), htm: 'GET', htu: URL_OF_CALL, ath, nonce: NONCE })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .setIssuedAt()
        .sign(keyPair.privateKey)
    },
  }
}

/** `protectedResourceRequest` of oauth4webapi. */
export async function createWithOauth4webapi({ keyPair, accessToken }: Client): Promise<ProverContender> {
  const { fetch, proof } = nothingSent()
  const options = { DPoP: oauth.DPoP({}, keyPair), [oauth.customFetch]: fetch }
  return {
    name: 'oauth4webapi, a whole request',
    async prove() {
      await oauth.protectedResourceRequest(accessToken, 'GET', new URL(URL_OF_CALL), undefined, undefined, options)
      return proof()
    },
  }
}

/** `fetchProtectedResource` of openid-client. */
export async function createWithOpenidClient({ keyPair, accessToken }: Client): Promise<ProverContender> {
  const { fetch, proof } = nothingSent()
  const configuration = new openid.Configuration({ issuer: ISSUER }, 'partner-7')
  configuration[openid.customFetch] = fetch
  const DPoP = openid.getDPoPHandle(configuration, keyPair)
  return {
    name: 'openid-client, a whole request',
    async prove() {
      const url = new URL(URL_OF_CALL)
      await openid.fetchProtectedResource(configuration, accessToken, url, 'GET', undefined, undefined, { DPoP })
      return proof()
    },
  }
}

/** A fetch that sends nothing, and keeps the proof. */
function nothingSent() {
  const response = new Response(null, { headers: { 'dpop-nonce': NONCE } })
  let latest: unknown
  return {
    fetch: async (_: unknown, init: { headers?: unknown } = {}) => {
      latest = init.headers
      return response
    },
    proof: () => new Headers(latest as HeadersInit).get('dpop') ?? '',
  }
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
