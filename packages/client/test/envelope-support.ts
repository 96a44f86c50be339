// A resource server of another make, by node:http and jose alone: it publishes keys, opens request envelopes, and signs its answers.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestKey } from '@countersign/testkit'
import { sha256, startServer } from '@countersign/testkit'
import type { CryptoKey, JWK } from 'jose'
import {
  CompactSign,
  compactDecrypt,
  compactVerify,
  decodeProtectedHeader,
  EmbeddedJWK,
  exportJWK,
  generateKeyPair,
} from 'jose'
import { onTestFinished, vi } from 'vitest'

/** A request as the server received it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Name, value, name, value. */
  readonly rawHeaders: readonly string[]
  readonly content: Buffer
}

/** An envelope whose signature was verified with the key in it. */
export interface Opened {
  readonly jws: string
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Buffer
  /** The header of the JWE, of a sealed one. */
  readonly seal?: Readonly<Record<string, unknown>>
}

/** A key to decrypt with, and its public half as a key set has it. */
export interface SealKeyPair {
  readonly privateKey: CryptoKey
  readonly published: JWK
}

/** A response, before it is signed. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly content?: string | Uint8Array
}

/** What the server does with a request that is not for its metadata or keys. */
export type Handler = (response: ServerResponse, received: Received, earlier: number) => void | Promise<void>

/** What the server publishes; a test may change it at any time. */
export interface Publication {
  keys: readonly object[]
  /** Members of the metadata to replace or, if undefined, to remove. */
  metadata: Readonly<Record<string, unknown>>
  /** Answers in the place of the metadata (`metadata`) or the key set (`jwks`). */
  misbehave: ((response: ServerResponse, what: 'metadata' | 'jwks') => boolean) | undefined
}

/** Starts a server for the current test. */
export async function serveEnvelopes(handle: Handler, keys: readonly object[] = []) {
  const seen: Received[] = []
  const lookups: string[] = []
  const published: Publication = { keys, metadata: {}, misbehave: undefined }
  const server = await startServer(async (request, response) => {
    // A clock that differs is another test's matter.
    response.sendDate = false
    const { method = '', url: path = '', headers, rawHeaders } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const what = { '/.well-known/oauth-protected-resource': 'metadata', '/jwks': 'jwks' }[path] as 'metadata' | 'jwks'
    if (what === undefined) {
      const received = { method, path, headers, rawHeaders, content: Buffer.concat(chunks) }
      return void (await handle(response, received, seen.push(received) - 1))
    }
    lookups.push(what)
    if (published.misbehave?.(response, what) === true) return
    const metadata = { resource: server.url, jwks_uri: `${server.url}/jwks`, ...published.metadata }
    const document = what === 'metadata' ? metadata : { keys: published.keys }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  onTestFinished(() => server.stop())
  return { url: server.url, seen, lookups, published }
}

/** The public half of a key as the key set has it. */
export function publishedKey({ jwk, alg }: TestKey, kid: string): JWK {
  return { ...jwk, alg, kid, use: 'sig' }
}

/** Generates a key that one can seal to. */
export async function createSealKey(alg: string, crv: string, kid: string): Promise<SealKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { crv, extractable: true })
  return { privateKey, published: { ...(await exportJWK(publicKey)), alg, kid, use: 'enc' } }
}

/** Opens the envelope of a request, wherever it is, and verifies it with the key in it. */
export async function openEnvelope(
  { headers, content }: Pick<Received, 'headers' | 'content'>,
  sealKey?: SealKeyPair,
): Promise<Opened> {
  const carried = (headers['detached-jws'] as string | undefined) ?? content.toString('latin1')
  if (carried.split('.').length !== 5) return verified(carried)
  if (sealKey === undefined) throw new Error('The envelope is sealed')
  const { plaintext, protectedHeader } = await compactDecrypt(carried, sealKey.privateKey)
  return { ...(await verified(new TextDecoder().decode(plaintext))), seal: protectedHeader }
}

async function verified(jws: string): Promise<Opened> {
  const { protectedHeader, payload } = await compactVerify(jws, EmbeddedJWK)
  return { jws, header: decodeProtectedHeader(jws) ?? protectedHeader, payload: Buffer.from(payload) }
}

/** What an answer is signed with; what is given in `header` replaces or, if undefined, removes a parameter. */
export interface AnswerParts {
  readonly key: TestKey
  readonly kid: string
  readonly header?: Readonly<Record<string, unknown>>
}

/** Signs the answer to an envelope. */
export async function signAnswer(jws: string, reply: Reply, { key, kid, header }: AnswerParts): Promise<string> {
  const { status = 200, headers = {}, content = '' } = reply
  const parameters = {
    typ: 'countersign-answer',
    alg: key.alg,
    kid,
    status,
    fields: { 'content-type': headers['content-type'] ?? null, location: headers['location'] ?? null },
    digest: content.length > 0 ? sha256(content) : undefined,
    created: Math.floor(Date.now() / 1000),
    req: sha256(jws),
    ...header,
  }
  const crit = Object.fromEntries([header?.['crit'] ?? []].flat().map((name) => [String(name), true]))
  return new CompactSign(new Uint8Array())
    .setProtectedHeader(parameters as { alg: string })
    .sign(key.privateKey, { crit })
}

/** Sends a response with any number of answers. */
export function sendReply(
  response: ServerResponse,
  { status = 200, headers = {}, content }: Reply,
  ...answers: string[]
) {
  response.writeHead(status, { ...headers, ...(answers.length > 0 && { 'answer-jws': answers }) }).end(content)
}

/** Runs something at a later time: by default, after that within which a key set is not looked at again. */
export async function later(run: () => Promise<void>, seconds = 10): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    vi.setSystemTime(Date.now() + seconds * 1_000)
    await run()
  } finally {
    vi.useRealTimers()
  }
}
