// Statistics of interleaved rounds: medians, because a shared machine has outliers, and half the interquartile range as the spread.

/** A median with its spread. */
export interface Estimate {
  readonly median: number
  /** Half the interquartile range. */
  readonly spread: number
}

/**
 * A quantile, between the two nearest values where it falls between them.
 *
 * @param share - From 0, the least value, to 1, the greatest.
 * @throws {RangeError} When there are no values.
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('No values')
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const lower = sorted[Math.floor(position)] as number
  const upper = sorted[Math.ceil(position)] as number
  return lower + (upper - lower) * (position - Math.floor(position))
}

/** The median of some values, and their spread. */
export function estimate(values: readonly number[]): Estimate {
  return { median: quantile(values, 0.5), spread: (quantile(values, 0.75) - quantile(values, 0.25)) / 2 }
}

/**
 * The ratio of two things measured in the same rounds: of every round first, then the median. What slows the machine for a while strikes
 * both, and leaves their ratio alone.
 *
 * @throws {RangeError} When they were not measured in the same rounds.
 */
export function ratio(values: readonly number[], base: readonly number[]): Estimate {
  if (values.length !== base.length) throw new RangeError('Measured in different rounds')
  return estimate(values.map((value, round) => value / (base[round] as number)))
}
