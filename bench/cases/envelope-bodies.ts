// Large bodies beside an envelope, over HTTP: a Fastify server that verifies them, beside one that makes a bare SHA-256 of the same bytes.
// Where a parser reads the body it is digested as it passes; where the handler reads it, it waits in a file until its digest is known.

import { createHash, hash, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import countersign from '@countersign/server'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { createIssuer, createKey, ISSUER, issueToken, now, signJws } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import type { Contender } from '../lib/measure.ts'
import { measure } from '../lib/measure.ts'
import type { Row } from '../lib/table.ts'

const BARE = 'bare SHA-256'
const CHUNK = Buffer.alloc(65_536, 'a')

/** What is held while a body passes: it must not depend on how long it is. */
export const envelopeMemory: BenchCase = {
  id: 'envelope.memory',
  title: 'memory while a large body passes',
  from: 'full',
  async run({ part }) {
    const rows: Row[] = []
    const sizes = [16, 1_600, 16_000]
    for (const [index, chunks] of sizes.entries()) {
      const server = await startServer(chunks)
      try {
        await server.send('/handled')
        rows.push({
          name: `${chunks / 16} MiB`,
          x: chunks / 16,
          samples: { bytes: [await growthDuring(() => server.send('/handled'))] },
        })
      } finally {
        await server.app.close()
      }
      part((index + 1) / sizes.length)
    }
    return [
      {
        id: 'envelope.memory',
        title:
          'Most memory the process takes more while a body beside an envelope passes to its handler, sender included',
        base: '1 MiB',
        axis: 'MiB of the body',
        metric: 'bytes',
        rows,
      },
    ]
  },
}

/** By how many bytes the process has grown at most while something was done. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = 1
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before)
  }, 20)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return most
}

export const envelopeBodies: BenchCase = {
  id: 'envelope.bodies',
  title: 'large bodies beside envelopes',
  from: 'quick',
  async run({ mode, effort, part }) {
    const chunks = belongs('full', mode) ? 1_600 : 320
    const server = await startServer(chunks)
    try {
      const rows: Contender[] = [
        { name: BARE, run: () => server.send('/bare') },
        { name: 'verified, read by a parser', run: () => server.send('/parsed') },
        { name: 'verified, read by the handler', run: () => server.send('/handled') },
      ]
      for (const { run } of rows) await run(0)
      const rounds = Math.max(7, Math.floor(effort.rounds / 2))
      return [
        {
          id: 'envelope.bodies',
          title: `A body of ${Math.round((chunks * CHUNK.length) / 1_048_576)} MiB beside an envelope, over HTTP`,
          base: BARE,
          rows: await measure(rows, { rounds, milliseconds: 1, warmUpMilliseconds: 0 }, part),
        },
      ]
    } finally {
      await server.app.close()
    }
  },
}

async function startServer(chunks: number) {
  const issuer = createIssuer('RS256')
  const digest = createHash('sha256')
  for (let count = 0; count < chunks; count++) digest.update(CHUNK)
  const expected = digest.digest()
  const app = Fastify({ bodyLimit: 1_073_741_824 }) as unknown as FastifyInstance
  // Bound to the port first, since the resource is named by it.
  const server = app.server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await app.register(countersign, { resource: origin, issuer: { issuer: ISSUER, jwks: issuer.jwks } })
  app.addContentTypeParser('application/x-handled', (_request, payload, done) => done(null, payload))
  app.addContentTypeParser('application/x-parsed', async (_request: unknown, payload: Readable) => lengthOf(payload))
  app.put('/handled', async ({ body }) => lengthOf(body as Readable))
  app.put('/parsed', async ({ body }) => body)
  app.put('/bare', { config: { auth: false } }, async ({ body }) => {
    const own = createHash('sha256')
    for await (const chunk of body as Readable) own.update(chunk)
    return own.digest('hex')
  })
  await app.ready()
  const key = createKey()
  const accessToken = issueToken(issuer, key.jkt, { aud: origin })
  return { app, send }

  async function send(path: string): Promise<void> {
    const type = path === '/parsed' ? 'application/x-parsed' : 'application/x-handled'
    const header = {
      typ: 'gnap-binding-jwsd',
      ...{ alg: key.alg, kid: key.jkt, jwk: key.jwk, htm: 'PUT', uri: origin + path, created: now() },
      ...{ ath: hash('sha256', accessToken, 'base64url'), jti: randomUUID(), cty: type },
      nonce: app.countersign.nonce(),
    }
    const response = await fetch(origin + path, {
      method: 'PUT',
      headers: {
        authorization: `DPoP ${accessToken}`,
        'content-type': type,
        'detached-jws': signJws(key, header, expected),
      },
      body: Readable.from(pieces(chunks)) as unknown as ReadableStream,
      duplex: 'half',
    } as RequestInit)
    const answer = await response.text()
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${answer}`)
  }
}

function* pieces(count: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index++) yield CHUNK
}

async function lengthOf(body: Readable): Promise<string> {
  let length = 0
  for await (const chunk of body) length += chunk.length
  return String(length)
}
