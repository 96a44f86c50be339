// What one case has measured: for each contender, and each thing that is measured of it, a value a round. Only ratios leave a table.

import type { Estimate } from './statistics.ts'
import { ratio } from './statistics.ts'

/**
 * What is measured: milliseconds of an operation on the clock, and of all processors; its median and its 99th percentile; how often it is
 * done in a time, the inverse of the first; bytes.
 */
export type Metric = 'time' | 'cpu' | 'p50' | 'p99' | 'rate' | 'bytes'

/** The values of one contender, by round. */
export interface Row {
  readonly name: string
  /** Where the row stands on the axis of a table of growth. */
  readonly x?: number
  readonly samples: Readonly<Partial<Record<Exclude<Metric, 'rate'>, readonly number[]>>>
}

/** One case's measurements. */
export interface Table {
  /** Unique, such as `server.warm.x1`. */
  readonly id: string
  readonly title: string
  /** The row that others are compared with. */
  readonly base: string
  readonly rows: readonly Row[]
  /** The label of the horizontal axis, for a table of growth. */
  readonly axis?: string
  /** Bytes are the same in every run, and are shown as they are. */
  readonly metric?: Metric
}

/** A row of a table. */
export function rowOf({ id, rows }: Table, name: string): Row {
  const row = rows.find((each) => each.name === name)
  if (row === undefined) throw new Error(`Table ${id} has no row "${name}"`)
  return row
}

/** The values of a row, by round. */
export function samplesOf(table: Table, name: string, metric: Metric): readonly number[] {
  const values = rowOf(table, name).samples[metric === 'rate' ? 'time' : metric]
  if (values === undefined) throw new Error(`"${metric}" was not measured of "${name}" in ${table.id}`)
  return metric === 'rate' ? values.map((value) => 1 / value) : values
}

/** How one row compares with another, which is measured by the same metric unless another is named. */
export function compare(
  table: Table,
  metric: Metric,
  { of, to, by = metric }: { readonly of: string; readonly to: string; readonly by?: Metric },
): Estimate {
  return ratio(samplesOf(table, of, metric), samplesOf(table, to, by))
}
