// A case measures one thing, and says how much of it belongs to which kind of run.

import type { Effort } from './measure.ts'
import type { Table } from './table.ts'

/** `guard` measures little, for every change; `quick` everything, in less than three minutes; `full` more of it, for as long as it takes. */
export type Mode = 'guard' | 'quick' | 'full'

/** What a case is given. */
export interface Run {
  readonly mode: Mode
  /** How long to measure contenders in process. */
  readonly effort: Effort
  /** A share of the case, from 0 to 1, is done. */
  readonly part: (share: number) => void
}

/** A case. */
export interface BenchCase {
  readonly id: string
  readonly title: string
  /** The least kind of run it belongs to. */
  readonly from: Mode
  /** Measures. Throws when a contender does not pass its gates. */
  readonly run: (run: Run) => Promise<readonly Table[]>
}

const modes: readonly Mode[] = ['guard', 'quick', 'full']

/** Whether something of one kind of run belongs to another. */
export function belongs(from: Mode, mode: Mode): boolean {
  return modes.indexOf(from) <= modes.indexOf(mode)
}

/** How long contenders are measured in process. */
export const efforts: Readonly<Record<Mode, Effort>> = {
  guard: { rounds: 15, milliseconds: 20, warmUpMilliseconds: 400 },
  quick: { rounds: 15, milliseconds: 25, warmUpMilliseconds: 500 },
  full: { rounds: 25, milliseconds: 80, warmUpMilliseconds: 1_500 },
}
