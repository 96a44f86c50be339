// Fastify instances with the plugin, and calls to them that jose has signed.

import { createProof } from '@countersign/testkit'
import type { FastifyInstance, FastifyServerOptions, LightMyRequestResponse } from 'fastify'
import Fastify from 'fastify'
import { afterEach } from 'vitest'
import type { CountersignOptions } from '../src/index.ts'
import { RESOURCE, useIssuer } from './support.ts'

/** A call that is valid but for what is said here. */
export interface SignedCall {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  /** Claims of the access token, in the place of or beside the usual ones. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Claims of the proof, likewise. */
  readonly proofClaims?: Readonly<Record<string, unknown>>
  /** Header fields beside those of the signature. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Instances that are closed after each test, an issuer they trust, and calls by a key of its tokens. */
export function useSignedCalls() {
  const context = useIssuer()
  const apps: FastifyInstance[] = []
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()))
  })
  return { context, create, options, sign, call }

  function create(serverOptions: FastifyServerOptions = {}): FastifyInstance {
    const app = Fastify(serverOptions) as unknown as FastifyInstance
    apps.push(app)
    return app
  }

  function options(more: Partial<CountersignOptions> = {}): CountersignOptions {
    return { resource: RESOURCE, issuer: context.issuer.issuer, ...more }
  }

  /** The header fields of a signed call. */
  async function sign({ method = 'GET', url, claims, proofClaims = {} }: SignedCall, nonce?: string) {
    const { issuer, key } = context
    const accessToken = await issuer.token({ claims: { cnf: { jkt: key.jkt }, ...claims } })
    const target = RESOURCE + url.replace(/\?.*/, '')
    const dpop = await createProof({ key, method, url: target, accessToken, nonce, claims: proofClaims })
    return { authorization: `DPoP ${accessToken}`, dpop }
  }

  /** Makes a call, after fetching the nonce that its signature needs. */
  async function call(app: FastifyInstance, signedCall: SignedCall): Promise<LightMyRequestResponse> {
    const { method = 'GET', url, headers } = signedCall
    const { headers: challenge } = await app.inject({ method, url })
    const fields = await sign(signedCall, challenge['dpop-nonce'] as string | undefined)
    return app.inject({ method, url, headers: { ...headers, ...fields } })
  }
}
