// The load generator, as a process of its own. It has the issuer and the clients, makes calls in advance, and sends them over connections
// that are kept: as fast as answers come (closed loop), or in even steps whatever comes (open loop), where latency counts from the moment
// a call was due.

import { forgedNonce, spoiltCalls } from '../contenders/verifier.ts'
import type { Issuer, Party, SignedCall } from '../contenders/world.ts'
import { createIssuer, createParty, sha256, signCall, TARGET } from '../contenders/world.ts'
import type { Gate } from '../lib/gates.ts'
import { passGates } from '../lib/gates.ts'
import { answerQuestions } from '../lib/worker.ts'
import type { Connection } from './connection.ts'
import { connectTo } from './connection.ts'

/** What credentials calls have. */
export type CallScheme = 'none' | 'bearer' | 'dpop'

/** What is sent where. */
export interface Load {
  readonly port: number
  readonly scheme: CallScheme
  readonly milliseconds: number
  /** Calls a second for an open loop; without, the loop is closed, and so many calls at most are sent. */
  readonly rate?: number
  readonly calls?: number
}

/** What came of it. Times in milliseconds. */
export interface LoadResult {
  readonly calls: number
  readonly elapsed: number
  readonly p50: number
  readonly p99: number
}

const PARTIES = 64
const CONNECTIONS = 32
const issuer: Issuer = createIssuer('RS256')
const parties = Array.from({ length: PARTIES }, () => createParty(issuer))

answerQuestions({ published: () => ({ jwks: issuer.jwks, alg: issuer.key.alg }), gates, load })

/** Puts a server through its gates. */
async function gates({ port, scheme, name }: Pick<Load, 'port' | 'scheme'> & { name: string }): Promise<void> {
  const connection = await connectTo(port)
  const send = async (call: SignedCall) => (await connection.send(bytesOf(call, scheme))).status
  const attempt = async (call: SignedCall) => {
    const status = await send(call)
    if (status !== 200 && status !== 401 && status !== 400) throw new Error(`Status ${status}`)
    return status === 200
  }
  try {
    const nonce = await nonceOf(connection, scheme)
    const [party] = parties as [Party]
    const good = signCall(party, { nonce })
    const list: Gate[] = [{ name: 'a good call', expected: 'accepted', attempt: () => attempt(good) }]
    if (nonce !== undefined) {
      list.push({ name: 'a copy of a call', expected: 'refused', attempt: () => attempt(good) })
      const forged = signCall(party, { nonce: forgedNonce(nonce) })
      list.push({ name: 'a forged nonce', expected: 'refused', attempt: () => attempt(forged) })
    }
    const spoilt = Object.entries(spoiltCalls(issuer, nonce))
    const matters = { none: [], bearer: spoilt.filter(([name]) => name.endsWith('token')), dpop: spoilt }[scheme]
    for (const [name, call] of matters) list.push({ name, expected: 'refused', attempt: () => attempt(call) })
    await passGates(name, list)
  } finally {
    connection.close()
  }
}

/** Sends calls. Every one must be answered with 200. */
async function load({ port, scheme, milliseconds, rate, calls = 20_000 }: Load): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectTo(port)))
  try {
    const nonce = await nonceOf(connections[0] as Connection, scheme)
    const count = rate === undefined ? calls : Math.ceil((rate * milliseconds) / 1000)
    const made = Array.from({ length: scheme === 'dpop' ? count : PARTIES }, (_, index) =>
      bytesOf(signCall(parties[index % PARTIES] as Party, { nonce }), scheme),
    )
    const callOf = (index: number) => made[index % made.length] as Buffer
    return rate === undefined
      ? await closedLoop(connections, callOf, count, milliseconds)
      : await openLoop(connections, callOf, count, rate)
  } finally {
    for (const connection of connections) connection.close()
  }
}

async function closedLoop(
  connections: readonly Connection[],
  callOf: (index: number) => Buffer,
  count: number,
  milliseconds: number,
): Promise<LoadResult> {
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + milliseconds
  let next = 0
  const run = async (connection: Connection) => {
    while (next < count) {
      const sentAt = performance.now()
      if (sentAt >= endsAt) return
      await answered(connection, callOf(next++))
      latencies.push(performance.now() - sentAt)
    }
  }
  await Promise.all(connections.map(run))
  return resultOf(latencies, performance.now() - startedAt)
}

async function openLoop(
  connections: readonly Connection[],
  callOf: (index: number) => Buffer,
  count: number,
  rate: number,
): Promise<LoadResult> {
  const latencies: number[] = []
  const free = [...connections]
  const queue: number[] = []
  const step = 1000 / rate
  const startedAt = performance.now()
  await new Promise<void>((resolve, reject) => {
    let next = 0
    const take = () => {
      while (free.length > 0 && queue.length > 0) void send(free.pop() as Connection, queue.shift() as number)
    }
    const send = async (connection: Connection, index: number) => {
      try {
        await answered(connection, callOf(index))
        latencies.push(performance.now() - (startedAt + index * step))
        free.push(connection)
        if (latencies.length === count) resolve()
        else take()
      } catch (error) {
        reject(error)
      }
    }
    // A timer is too coarse for steps this small.
    const tick = () => {
      const due = Math.min(count, Math.floor((performance.now() - startedAt) / step) + 1)
      while (next < due) queue.push(next++)
      take()
      if (next < count) setImmediate(tick)
    }
    tick()
  })
  return resultOf(latencies, performance.now() - startedAt)
}

async function answered(connection: Connection, bytes: Buffer): Promise<void> {
  const { status, head } = await connection.send(bytes)
  if (status !== 200) throw new Error(`A good call was answered with ${head}`)
}

function resultOf(latencies: number[], elapsed: number): LoadResult {
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] as number
  return { calls: latencies.length, elapsed, p50: at(0.5), p99: at(0.99) }
}

/** The nonce that a server demands, if it does. */
async function nonceOf(connection: Connection, scheme: CallScheme): Promise<string | undefined> {
  if (scheme !== 'dpop') return undefined
  const { head } = await connection.send(bytesOf(signCall(parties[0] as Party), scheme))
  return /^dpop-nonce: *(\S+)/im.exec(head)?.[1]
}

function bytesOf({ accessToken, proof }: SignedCall, scheme: CallScheme): Buffer {
  const fields = {
    none: [],
    bearer: [`Authorization: Bearer ${accessToken}`],
    dpop: [`Authorization: DPoP ${accessToken}`, `DPoP: ${proof}`],
  }[scheme]
  const common = ['Host: api.example.com', 'X-Forwarded-Proto: https', 'Accept: */*', `X-Request-Id: ${sha256(proof)}`]
  return Buffer.from([`GET ${TARGET} HTTP/1.1`, ...common, ...fields, '', ''].join('\r\n'), 'latin1')
}
