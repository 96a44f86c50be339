// A caller for tests of an application's own routes: it injects signed calls into a Fastify instance, without network and without an
// authorization server.

import { randomUUID } from 'node:crypto'
import type { JwsAlgorithm } from '@countersign/shared'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { sha256 } from '../hash.ts'
import type { CallDefect, CallParts } from './defects.ts'
import { spoilt, withDefect } from './defects.ts'
import type { TestIssuer } from './test-issuer.ts'
import { createTestKey, signTestJwt } from './test-key.ts'

/** Options of {@link createTestCaller}. */
export interface TestCallerOptions {
  /** The instance that calls are injected into. */
  readonly app: Pick<FastifyInstance, 'inject'>
  readonly issuer: TestIssuer
  /** Claims of its access tokens beside the usual ones, such as `scope` and `roles`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Algorithm of its key. Default ES256. */
  readonly algorithm?: JwsAlgorithm
  /** The origin that clients call, where it is not that of the resource. */
  readonly origin?: string
  /** The prefix that a proxy strips: `basePath` of the plugin. */
  readonly basePath?: string
  /** The time in seconds since the epoch. Default: the system clock. */
  readonly clock?: () => number
}

/** A call to be injected. */
export interface TestCall extends InjectOptions {
  /** Path and query, as for `inject`. */
  readonly url: string
  /** Claims of the access token of this call, in the place of or beside the others; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** One thing that is wrong with the call. */
  readonly defect?: CallDefect
  /** A token of your own. */
  readonly accessToken?: string
}

/** A caller with a key of its own. */
export interface TestCaller {
  /** The thumbprint of its key. */
  readonly jkt: string
  /** Injects a signed call, and answers a challenge for a nonce once, as a client does. */
  inject(call: TestCall | string): Promise<LightMyRequestResponse>
  /** The header fields of a signed call, for whoever sends it otherwise; with the most recent nonce, if there is one. */
  sign(call: TestCall): { readonly authorization: string; readonly dpop?: string }
}

/**
 * Creates a caller.
 *
 * @example
 * const issuer = createTestIssuer({ resource })
 * await app.register(countersign, { resource, issuer: issuer.options })
 * const caller = createTestCaller({ app, issuer, claims: { scope: 'accounts:read' } })
 * expect((await caller.inject('/accounts')).statusCode).toBe(200)
 */
export function createTestCaller(options: TestCallerOptions): TestCaller {
  const { app, issuer, basePath = '', clock = () => Date.now() / 1000 } = options
  const origin = options.origin ?? new URL(issuer.resource).origin
  const key = createTestKey(options.algorithm)
  let nonce: string | undefined

  return {
    jkt: key.jkt,
    sign,
    async inject(given) {
      const call: TestCall = typeof given === 'string' ? { url: given } : given
      const first = await send(call)
      const challenged =
        first.statusCode === 401 && /\buse_dpop_nonce\b/.test(String(first.headers['www-authenticate']))
      return challenged && call.defect !== 'proof.nonce' ? send(call) : first
    },
  }

  async function send(call: TestCall): Promise<LightMyRequestResponse> {
    const { claims: _, defect: __, accessToken: ___, headers, ...rest } = call
    const response = await app.inject({ ...rest, headers: { ...headers, ...sign(call) } })
    const next = response.headers['dpop-nonce']
    if (typeof next === 'string') nonce = next
    return response
  }

  function sign(call: TestCall): { readonly authorization: string; readonly dpop?: string } {
    const parts = withDefect(partsOf(call), call.defect)
    const accessToken = call.accessToken ?? issuer.token(parts.token)
    const proof = signTestJwt(parts.key, parts.header, { ath: sha256(accessToken), ...parts.claims })
    const dpop = spoilt(proof, call.defect)
    return { authorization: `DPoP ${accessToken}`, ...(dpop !== undefined && { dpop }) }
  }

  function partsOf({ method = 'GET', url, claims }: TestCall): CallParts {
    return {
      key,
      token: { jkt: key.jkt, claims: { ...options.claims, ...claims } },
      header: { typ: 'dpop+jwt', alg: key.algorithm.alg, jwk: key.jwk },
      claims: {
        jti: randomUUID(),
        htm: method.toUpperCase(),
        htu: `${origin}${basePath}${url.split('?', 1)[0]}`,
        iat: Math.floor(clock()),
        ...(nonce !== undefined && { nonce }),
      },
    }
  }
}
