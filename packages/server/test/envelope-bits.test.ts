// Any one bit that changes on the wire, of what an envelope covers or is, is refused: in method, target, token, media type, envelope and
// content, for attached, detached and sealed requests. What is refused is not remembered, so one request serves for all its changes.

import { generateKeyPairSync } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { createEnvelope, sealEnvelope } from '@countersign/testkit'
import type { JWK } from 'jose'
import { expect, test } from 'vitest'
import type { EnvelopeServer } from './envelope-support.ts'
import { JSON_TEXT, useEnvelopes } from './envelope-support.ts'

const { context, start } = useEnvelopes()
const CASES = 20_001
/** Requests under way at once, each on a connection of its own. */
const LANES = 8

/** A request on the wire, in pieces: those that may change, and those that are framing or not covered. */
type Pieces = readonly { readonly bytes: Buffer; readonly mayChange: boolean }[]

test('any one bit that changes is refused', { timeout: 240_000 }, async () => {
  const server = await start({ keys: [{ key: generateKeyPairSync('x25519').privateKey, alg: 'ECDH-ES' }] })
  const requests = await Promise.all([detached(server), attached(server), sealed(server)])
  const random = xorshift(Number(process.env['SEED'] ?? Date.now() % 2 ** 31))
  let next = 0
  const outcomes = new Map<string, number>()
  const accepted: string[] = []
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      const lane = createLane(server)
      while (next < CASES) {
        const pieces = requests[next++ % requests.length] as Pieces
        const { bytes, change } = withOneBitChanged(pieces, random)
        const status = await lane.send(bytes)
        outcomes.set(status, (outcomes.get(status) ?? 0) + 1)
        if (status.startsWith('2')) accepted.push(change)
      }
      lane.close()
    }),
  )
  expect(accepted).toEqual([])
  expect(server.handled).toEqual([])
  // Most are refused by us, and the rest by the parser or the router: nothing else happens to them.
  expect([...outcomes.keys()].toSorted()).toEqual(expect.arrayContaining(['400', '401']))
  expect([...outcomes.keys()].every((status) => /^4\d\d$|^closed$/.test(status))).toBe(true)
  expect(outcomes.get('401')).toBeGreaterThan(CASES * 0.4)
  // Unchanged, each of them is good.
  const lane = createLane(server)
  for (const pieces of requests) expect(await lane.send(Buffer.concat(pieces.map(({ bytes }) => bytes)))).toBe('200')
  lane.close()
})

async function parts({ url, app }: EnvelopeServer) {
  const accessToken = await context.issuer.token({ claims: { aud: url, cnf: { jkt: context.key.jkt } } })
  const nonce = String((await app.inject('/echo')).headers['dpop-nonce'])
  const content = Buffer.from(JSON_TEXT)
  const common = { key: context.key, method: 'POST', uri: `${url}/echo?x=1`, accessToken, nonce, content }
  return { ...common, contentType: 'application/json' }
}

async function detached(server: EnvelopeServer): Promise<Pieces> {
  const made = await parts(server)
  const envelope = await createEnvelope({ ...made, form: 'detached' })
  return pieces(made.accessToken, 'application/json', made.content, envelope)
}

async function attached(server: EnvelopeServer): Promise<Pieces> {
  const made = await parts(server)
  return pieces(made.accessToken, 'application/jose', Buffer.from(await createEnvelope({ ...made, form: 'attached' })))
}

async function sealed(server: EnvelopeServer): Promise<Pieces> {
  const made = await parts(server)
  const { keys } = (await server.app.inject('/.well-known/jwks.json')).json()
  const jwe = await sealEnvelope(await createEnvelope({ ...made, form: 'attached' }), keys[0] as JWK)
  return pieces(made.accessToken, 'application/jose', Buffer.from(jwe))
}

function pieces(accessToken: string, contentType: string, content: Buffer, envelope?: string): Pieces {
  const framing = (text: string) => ({ bytes: Buffer.from(text), mayChange: false })
  const covered = (data: string | Buffer) => ({ bytes: Buffer.from(data as string), mayChange: true })
  return [
    ...[covered('POST'), framing(' '), covered('/echo?x=1'), framing(' HTTP/1.1\r\nHost: x\r\n')],
    // The scheme has no case, so a change of it need not be one.
    ...[framing('Authorization: DPoP '), covered(accessToken)],
    // Nor has the type of an envelope that is the content.
    ...[framing('\r\nContent-Type: '), envelope === undefined ? framing(contentType) : covered(contentType)],
    ...(envelope === undefined ? [] : [framing('\r\nDetached-JWS: '), covered(envelope)]),
    ...[framing(`\r\nContent-Length: ${content.length}\r\n\r\n`), covered(content)],
  ]
}

/** Changes one bit: of a piece first, so that short ones are not spared. */
function withOneBitChanged(pieces: Pieces, random: (below: number) => number) {
  const copies = pieces.map(({ bytes }) => Buffer.from(bytes))
  const candidates = pieces.flatMap(({ mayChange }, index) => (mayChange ? [index] : []))
  const piece = candidates[random(candidates.length)] as number
  const copy = copies[piece] as Buffer
  const at = random(copy.length)
  const bit = random(8)
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at)
  return { bytes: Buffer.concat(copies), change: `bit ${bit} of byte ${at} of ${pieces[piece]?.bytes.toString()}` }
}

/** A connection that is made anew whenever the server has closed it. */
function createLane({ url }: EnvelopeServer) {
  let socket: Socket | undefined
  return {
    send(bytes: Buffer): Promise<string> {
      return new Promise((resolve) => {
        const own = socket ?? connect(Number(new URL(url).port), '127.0.0.1')
        socket = own
        let received = ''
        const settle = (status: string) => {
          own.removeAllListeners()
          own.on('error', () => undefined)
          if (status === 'closed' || /connection: close/i.test(received)) {
            own.destroy()
            socket = undefined
          }
          resolve(status)
        }
        own.on('data', (chunk) => {
          received += chunk.toString('latin1')
          const head = received.indexOf('\r\n\r\n')
          const length = /content-length: (\d+)/i.exec(received.slice(0, head))?.[1]
          if (head === -1 || received.length < head + 4 + Number(length ?? 0)) return
          settle(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 'closed')
        })
        own.on('close', () => settle('closed'))
        own.on('error', () => settle('closed'))
        own.write(bytes)
      })
    },
    close: () => socket?.destroy(),
  }
}

/** Small and reproducible. */
function xorshift(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
