// Interleaved measurement: every contender runs in every round, so that what the machine does besides strikes all alike. Figures are
// ratios to the first contender within a round; the median over the rounds is what counts, half the interquartile range its spread.

import { cpus } from 'node:os'

/** Something to measure: a name, and one operation. */
export interface Contender {
  readonly name: string
  readonly run: () => unknown
}

/** What came out for one contender. */
export interface Result {
  readonly name: string
  /** Median of the ratios to the first contender. */
  readonly ratio: number
  readonly spread: number
  /** Median time of one operation, for orientation only: it is not comparable between runs. */
  readonly microseconds: number
}

/**
 * Measures contenders against the first of them.
 *
 * @param rounds - How often each is measured.
 * @param milliseconds - How long, about, each is measured in a round.
 */
export function measure(contenders: readonly Contender[], { rounds = 11, milliseconds = 60 } = {}): Result[] {
  const counts = contenders.map(({ run }) => calibrate(run, milliseconds))
  const times = contenders.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    contenders.forEach(({ run }, index) => {
      const count = counts[index] as number
      times[index]?.push(timeOf(run, count) / count)
    })
  }
  const base = times[0] as number[]
  return contenders.map(({ name }, index) => {
    const own = times[index] as number[]
    const ratios = own.map((time, round) => time / (base[round] as number))
    const spread = (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2
    return { name, ratio: quantile(ratios, 0.5), spread, microseconds: quantile(own, 0.5) * 1000 }
  })
}

/** The machine, in a line. */
export function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model ?? 'unknown'}, Node ${process.version}`
}

function calibrate(run: () => unknown, milliseconds: number): number {
  let count = 16
  while (timeOf(run, count) < milliseconds / 4) count *= 2
  return count * 4
}

function timeOf(run: () => unknown, count: number): number {
  const start = performance.now()
  for (let index = 0; index < count; index++) run()
  return performance.now() - start
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] as number
}
