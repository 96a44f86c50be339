// A server whose routes take request envelopes, and calls to it with envelopes that jose has made: over HTTP/1.1 or HTTP/2.

import type { IncomingHttpHeaders } from 'node:http'
import { request as request1 } from 'node:http'
import { connect } from 'node:http2'
import type { EnvelopeParts, TestIssuer, TestKey } from '@countersign/testkit'
import { createEnvelope, createKey, startIssuer } from '@countersign/testkit'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import Fastify from 'fastify'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { freePort } from '../../../examples/demo/src/free-port.ts'
import type { CountersignOptions } from '../src/index.ts'
import countersign from '../src/index.ts'

/** What a test changes of the valid call: `POST /echo?x=1` with a JSON body and a detached envelope. */
export interface EnvelopedCall {
  readonly method?: string
  readonly path?: string
  readonly form?: 'attached' | 'detached'
  /** The content that the envelope is made for; `null` for none. */
  readonly content?: string | Uint8Array | null
  readonly contentType?: string
  readonly header?: EnvelopeParts['header']
  readonly key?: TestKey
  readonly accessToken?: string
  /** Default `DPoP`. */
  readonly scheme?: string
  readonly claims?: Readonly<Record<string, unknown>>
  /** What goes over the wire in the place of what was signed. */
  readonly wire?: {
    readonly method?: string
    readonly path?: string
    readonly headers?: Readonly<Record<string, string | string[] | undefined>>
    readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
    readonly envelope?: (envelope: string) => string | Promise<string>
  }
}

/** What came back. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly code: string | undefined
  /** The envelope that was sent. */
  readonly envelope: string
}

/** A server under test. */
export interface EnvelopeServer {
  readonly url: string
  readonly app: FastifyInstance
  /** Bodies that have reached a handler. */
  readonly handled: unknown[]
  call(call?: EnvelopedCall): Promise<Answered>
}

export const JSON_TEXT = '{"amount": "12.50",  "to":"Zoë"}'

/** An issuer and a key for all tests of a file. */
export function useEnvelopes() {
  const context = {} as { issuer: TestIssuer; key: TestKey }
  const apps: FastifyInstance[] = []
  beforeAll(async () => {
    context.issuer = await startIssuer('to be said')
    context.key = await createKey()
  })
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()))
  })
  afterAll(() => context.issuer.stop())

  return { context, start }

  /** Starts a server whose routes are declared by a function, and which has `/echo` besides. */
  async function start(
    options: Partial<CountersignOptions> = {},
    declare: (app: FastifyInstance, handled: unknown[]) => void | Promise<void> = () => undefined,
    serverOptions: FastifyServerOptions & { http2?: true } = {},
  ): Promise<EnvelopeServer> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const app = Fastify({
      forceCloseConnections: true,
      ...serverOptions,
    } as FastifyServerOptions) as unknown as FastifyInstance
    apps.push(app)
    const handled: unknown[] = []
    await app.register(countersign, { resource: url, issuer: context.issuer.issuer, ...options })
    await declare(app, handled)
    app.route({
      method: ['GET', 'POST', 'PUT', 'DELETE'],
      url: '/echo',
      async handler({ body, caller, headers }) {
        handled.push(body)
        return { body, caller, type: headers['content-type'], length: headers['content-length'] }
      },
    })
    await app.listen({ port, host: '127.0.0.1' })
    let nonce: string | undefined
    const send = serverOptions.http2 === true ? sendHttp2 : sendHttp1

    return {
      url,
      app,
      handled,
      async call({ method = 'POST', path = '/echo?x=1', form = 'detached', wire = {}, ...parts } = {}) {
        nonce ??= String(
          (await send(url, { method: 'GET', path: '/echo', headers: {}, body: undefined })).headers['dpop-nonce'],
        )
        const {
          key = context.key,
          scheme = 'DPoP',
          contentType = 'application/json',
          content: given = JSON_TEXT,
        } = parts
        const content = given === null ? undefined : Buffer.from(given)
        const accessToken = parts.accessToken ?? (await token(url, parts.claims))
        const made = await createEnvelope({
          ...{ key, form, method, uri: url + path, accessToken, nonce, content, contentType },
          ...(parts.header !== undefined && { header: parts.header }),
        })
        const envelope = (await wire.envelope?.(made)) ?? made
        const isContent = form === 'attached' && content !== undefined
        const headers = {
          authorization: `${scheme} ${accessToken}`,
          ...(isContent ? { 'content-type': 'application/jose' } : { 'detached-jws': envelope }),
          ...(!isContent && content !== undefined && { 'content-type': contentType }),
          ...wire.headers,
        }
        const sent = { method: wire.method ?? method, path: wire.path ?? path, headers }
        const answer = await send(url, { ...sent, body: wire.body ?? (isContent ? envelope : content) })
        return { ...answer, code: codeOf(answer.body), envelope }
      },
    }
  }

  function token(audience: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return context.issuer.token({ claims: { aud: audience, cnf: { jkt: context.key.jkt }, ...claims } })
  }
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array> | undefined
}

type Received = Omit<Answered, 'code' | 'envelope'>

function sendHttp1(url: string, { method, path, headers, body }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url)
    const fields = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
    const request = request1(
      { host: '127.0.0.1', port, method, path, headers: fields as never, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      },
    )
    request.on('error', reject)
    write(request, body).catch(reject)
  })
}

function sendHttp2(url: string, { method, path, headers, body }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const session = connect(url)
    session.on('error', reject)
    const endStream = body === undefined
    const stream = session.request({ ':method': method, ':path': path, ...(headers as object) }, { endStream })
    let text = ''
    let fields: IncomingHttpHeaders & { ':status'?: number | undefined } = {}
    stream.on('response', (received) => {
      fields = received
    })
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    stream.on('error', reject)
    stream.on('end', () => {
      session.close()
      resolve({ status: Number(fields[':status']), headers: fields, body: text })
    })
    if (!endStream) write(stream, body).catch(reject)
  })
}

async function write(
  target: {
    write(chunk: Uint8Array | string): boolean
    end(): unknown
    end(chunk: Uint8Array | string): unknown
    destroyed: boolean
  },
  body: Sent['body'],
): Promise<void> {
  if (body === undefined) return void target.end()
  if (typeof body === 'string' || body instanceof Uint8Array) return void target.end(body)
  for await (const chunk of body) {
    if (target.destroyed) return
    target.write(chunk)
  }
  target.end()
}

function codeOf(body: string): string | undefined {
  try {
    const { code } = JSON.parse(body)
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}
