// A caller for tests of an application's own routes: it injects signed calls into a Fastify instance, without network and without an
// authorization server.

import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { SignableCall, TestSigner, TestSignerOptions } from './test-signer.ts'
import { createTestSigner } from './test-signer.ts'

/** Options of {@link createTestCaller}. */
export interface TestCallerOptions extends TestSignerOptions {
  /** The instance that calls are injected into. */
  readonly app: Pick<FastifyInstance, 'inject'>
}

/** A call to be injected: as for `inject`, and what its signature is made of. */
export type TestCall = Omit<InjectOptions, 'url' | 'path'> & Omit<SignableCall, 'method'>

/** A caller with a key of its own. */
export interface TestCaller extends TestSigner {
  /** Injects a signed call, and answers a challenge for a nonce once, as a client does. */
  inject(call: TestCall | string): Promise<LightMyRequestResponse>
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
export function createTestCaller({ app, ...options }: TestCallerOptions): TestCaller {
  const signer = createTestSigner(options)
  let nonce: string | undefined

  return {
    jkt: signer.jkt,
    sign: (call) => signer.sign({ nonce, ...call }),
    async inject(given) {
      const call: TestCall = typeof given === 'string' ? { url: given } : given
      const first = await send(call)
      const challenged =
        first.statusCode === 401 && /\buse_dpop_nonce\b/.test(String(first.headers['www-authenticate']))
      return challenged && call.defect !== 'proof.nonce' ? send(call) : first
    },
  }

  async function send(call: TestCall): Promise<LightMyRequestResponse> {
    const { claims: _, defect: __, accessToken: ___, nonce: ____, headers, ...rest } = call
    const method = (call.method ?? 'GET').toUpperCase()
    const fields = signer.sign({ nonce, ...call, method })
    const response = await app.inject({ ...rest, headers: { ...headers, ...fields } })
    const next = response.headers['dpop-nonce']
    if (typeof next === 'string') nonce = next
    return response
  }
}
