// Interleaved measurement: every contender runs in every round, in another order each time, so that what the machine does besides strikes
// all alike.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Row } from './table.ts'

/** Something to measure. */
export interface Contender {
  readonly name: string
  /** Operations under way at once. Default 1: each begins in a turn of the event loop of its own, as a lone request does. */
  readonly inFlight?: number
  /** Makes the inputs of the next operations; its time does not count. */
  readonly prepare?: (count: number) => unknown
  /** One operation; `index` counts from 0 after every `prepare`. */
  readonly run: (index: number) => unknown
  /** Where it stands on the axis of a table of growth. */
  readonly x?: number
}

/** How long is measured. */
export interface Effort {
  /** How often each contender is measured. */
  readonly rounds: number
  /** How long, about, each is measured in a round. */
  readonly milliseconds: number
  /** How long each runs before it is measured, at least: what is compiled while it runs must be compiled by then. */
  readonly warmUpMilliseconds: number
}

interface Block {
  readonly time: number
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

/**
 * Measures contenders.
 *
 * @param onRound - Called after each round, with the share that is done.
 */
export async function measure(
  contenders: readonly Contender[],
  effort: Effort,
  onRound: (share: number) => void = () => undefined,
): Promise<Row[]> {
  const { rounds } = effort
  const entries = []
  for (const contender of contenders) {
    entries.push({ contender, count: await calibrate(contender, effort), blocks: [] as Block[] })
  }
  for (let round = 0; round < rounds; round++) {
    const order = [...entries.slice(round % entries.length), ...entries.slice(0, round % entries.length)]
    for (const { contender, count, blocks } of order) blocks.push(await block(contender, count))
    onRound((round + 1) / rounds)
  }
  return entries.map(({ contender: { name, x }, blocks }) => ({
    name,
    ...(x !== undefined && { x }),
    samples: {
      time: blocks.map(({ time }) => time),
      cpu: blocks.map(({ cpu }) => cpu),
      p50: blocks.map(({ p50 }) => p50),
      p99: blocks.map(({ p99 }) => p99),
    },
  }))
}

/** Warms a contender up, and finds out how many of its operations take the time of a round. */
async function calibrate(
  contender: Contender,
  { milliseconds, warmUpMilliseconds }: Pick<Effort, 'milliseconds' | 'warmUpMilliseconds'>,
): Promise<number> {
  const { inFlight = 1 } = contender
  let count = Math.max(warmUpMilliseconds === 0 ? 1 : 16, inFlight)
  for (let spent = 0; ; ) {
    const { time } = await block(contender, count)
    spent += time * count
    const fitting = Math.max(inFlight, Math.ceil(milliseconds / time))
    if (spent >= warmUpMilliseconds) return fitting
    count = Math.min(count * 2, fitting)
  }
}

async function block(contender: Contender, count: number): Promise<Block> {
  const { inFlight = 1, prepare } = contender
  await prepare?.(count)
  await nextTurn()
  const latencies = new Float64Array(count)
  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  if (inFlight === 1) await oneAtATime(contender, latencies)
  else await manyAtOnce(contender, latencies, inFlight)
  const { user, system } = process.cpuUsage(cpuBefore)
  const elapsed = performance.now() - startedAt
  const sum = inFlight === 1 ? latencies.reduce((total, each) => total + each, 0) : elapsed
  latencies.sort()
  return {
    time: sum / count,
    cpu: (user + system) / 1000 / count,
    p50: latencies[Math.floor((count - 1) * 0.5)] as number,
    p99: latencies[Math.floor((count - 1) * 0.99)] as number,
  }
}

/** What lies between two operations does not count. */
async function oneAtATime({ run }: Contender, latencies: Float64Array): Promise<void> {
  for (let index = 0; index < latencies.length; index++) {
    await nextTurn()
    const startedAt = performance.now()
    const pending = run(index)
    if (pending instanceof Promise) await pending
    latencies[index] = performance.now() - startedAt
  }
}

async function manyAtOnce({ run }: Contender, latencies: Float64Array, inFlight: number): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < latencies.length) {
      const index = next++
      const startedAt = performance.now()
      await run(index)
      latencies[index] = performance.now() - startedAt
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}
