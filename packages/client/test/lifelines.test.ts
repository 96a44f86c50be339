// The signal of a Request reaches the response through objects that nobody else holds: it must do so after they could have been collected.

import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createKey, sha256 } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import type { ProofOption } from '../src/proofs/proof-option.ts'
import { createSealKey, openEnvelope, publishedKey, serveEnvelopes, signAnswer } from './envelope-support.ts'
import { clientOf } from './support.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const signing = await createKey('ES256')
const sealing = await createSealKey('ECDH-ES', 'P-256', 'opens')
const keys = [publishedKey(signing, 'signs'), sealing.published]

const PROOFS: readonly ProofOption[] = [
  'dpop',
  'envelope',
  { envelope: 'attached' },
  { seal: true },
  { verifyResponse: 'stream' },
]

/** A client of a server that begins a response and never ends it; `/301` and so on redirect to it first. */
async function connect(proof: ProofOption) {
  const server = await serveEnvelopes(async (response, received) => {
    const status = Number(received.path.slice(1)) || 200
    const headers = { 'content-type': 'text/plain', ...(status !== 200 && { location: '/' }) }
    const { jws } = proof === 'dpop' ? { jws: '' } : await openEnvelope(received, sealing)
    const fields = { 'content-type': 'text/plain', location: status === 200 ? null : '/' }
    const digest = status === 200 ? sha256('never all there') : undefined
    const answer = await signAnswer(jws, { status }, { key: signing, kid: 'signs', header: { fields, digest } })
    response.writeHead(status, { ...headers, 'answer-jws': answer })
    if (status === 200) response.write('begun')
    else response.end()
  }, keys)
  return { url: server.url, client: clientOf(server.url, { proof }) }
}

describe.each(PROOFS)('%j: aborting a Request after a collection ends its response', (proof) => {
  test.each([
    ['', '/'],
    [' to a URL with an empty query', '/?'],
    [' after a redirect that keeps its content', '/307'],
    [' after one that does not', '/303'],
  ])('%s', async (_, path) => {
    const { url, client } = await connect(proof)
    const controller = new AbortController()
    const begin = async () => {
      const request = new Request(`${url}${path}`, { method: 'POST', body: 'x', signal: controller.signal })
      return (await client.fetch(request)).body?.getReader()
    }
    await expectToEnd(await begin(), controller)
  })

  test('given as options too', async () => {
    const { url, client } = await connect(proof)
    const controller = new AbortController()
    const begin = async () => {
      const options = new Request(url, { method: 'GET', signal: controller.signal })
      return (await client.fetch(`${url}/`, options)).body?.getReader()
    }
    await expectToEnd(await begin(), controller)
  })
})

async function expectToEnd(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  controller: AbortController,
): Promise<void> {
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('begun')
  for (let times = 0; times < 5; times++) {
    collect()
    await sleep(10)
  }
  const reason = new Error('enough')
  controller.abort(reason)
  const ended = await Promise.race([reader?.read().catch((error: unknown) => error), sleep(2_000, 'not ended')])
  expect(ended).toBe(reason)
}
