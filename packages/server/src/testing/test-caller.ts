// A caller for tests of an application's own routes: it injects signed calls into a Fastify instance, without network and without an
// authorization server.

import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { SignableCall, SignableContent, TestSigner, TestSignerOptions } from './test-signer.ts'
import { createTestSigner } from './test-signer.ts'

/** Options of {@link createTestCaller}. */
export interface TestCallerOptions extends TestSignerOptions {
  /** The instance that calls are injected into. */
  readonly app: Pick<FastifyInstance, 'inject'>
}

/** A call to be injected: as for `inject`, and what its signature is made of. */
export type TestCall = Omit<InjectOptions, 'url' | 'path'> &
  Omit<SignableCall, 'method' | 'envelope'> & {
    /** How the call is proved. Default `dpop`; `envelope` signs the query and the payload too: a text, bytes, or what is sent as JSON. */
    readonly proof?: 'dpop' | 'envelope'
  }

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
    const { claims: _, defect: __, accessToken: ___, nonce: ____, proof, payload, body = payload, ...rest } = call
    const method = (call.method ?? 'GET').toUpperCase()
    const { headers, content } =
      proof === 'envelope' ? asSent(body, rest.headers) : { headers: rest.headers, content: body }
    const envelope = proof === 'envelope' && { envelope: signable(content, headers) }
    const fields = signer.sign({ nonce, ...call, method, ...envelope })
    const sent = { ...rest, headers: { ...headers, ...fields }, ...(content !== undefined && { payload: content }) }
    const response = await app.inject(sent)
    const next = response.headers['dpop-nonce']
    if (typeof next === 'string') nonce = next
    return response
  }
}

type Fields = InjectOptions['headers']
type Payload = InjectOptions['payload']

/** A payload as `inject` would send it. */
function asSent(payload: Payload, headers: Fields): { headers: Fields; content: string | Uint8Array | undefined } {
  if (payload === undefined || typeof payload === 'string' || payload instanceof Uint8Array)
    return { headers, content: payload }
  return { headers: { 'content-type': 'application/json', ...headers }, content: JSON.stringify(payload) }
}

function signable(content: Payload, headers: Fields = {}): SignableContent {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  return {
    ...(content !== undefined && { content: content as string | Uint8Array }),
    ...(typeof type === 'string' && { contentType: type }),
  }
}
