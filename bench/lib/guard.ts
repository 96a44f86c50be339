// The guard: whether a figure has become worse than the recorded one by more than what a noisy machine explains.

import type { MeasuredFigure } from '../figures.ts'

/** Recorded figures, by their id. */
export type Recorded = Readonly<Record<string, number>>

/** By how much a rate may fall under the recorded one. */
const TOLERANCE = 0.25

/** A figure that has become worse. */
export interface Regression {
  readonly id: string
  readonly title: string
  readonly recorded: number
  readonly measured: number
}

/** Compares figures with the recorded ones. What was never recorded is not watched. */
export function regressions(measured: readonly MeasuredFigure[], recorded: Recorded): Regression[] {
  return measured.flatMap(({ figure: { id, title, metric, guarded = true }, median }) => {
    const before = recorded[id]
    if (before === undefined || !guarded) return []
    // Of times, less is better: a time that has grown by a third is a rate that has fallen by a quarter.
    const change = metric === 'rate' ? median / before : before / median
    return change < 1 - TOLERANCE ? [{ id, title, recorded: before, measured: median }] : []
  })
}
