// What a run leaves behind: a JSON file with every ratio, and a plot of each table. Times stand in neither: they are not comparable
// between runs.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { MeasuredFigure } from '../figures.ts'
import type { Mode } from './case.ts'
import type { Machine } from './machine.ts'
import type { Estimate } from './statistics.ts'
import { estimate } from './statistics.ts'
import { barChart, lineChart } from './svg.ts'
import type { Row, Table } from './table.ts'
import { compare, samplesOf } from './table.ts'

/** A run, as it is written down. */
export interface RunReport {
  readonly mode: Mode
  readonly date: string
  readonly machine: Machine
  readonly tables: readonly Table[]
  readonly figures: readonly MeasuredFigure[]
}

/**
 * Writes a report into a folder, in the place of what stood there.
 *
 * @param isPlotted - Of which tables a plot is made. Default: of all.
 */
export function writeReport(
  folder: string,
  { mode, date, machine, tables, figures }: RunReport,
  isPlotted: (id: string) => boolean = () => true,
): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const content = {
    mode,
    date,
    machine,
    figures: figures.map(({ figure: { id, title, atLeast, atMost }, median, spread, reached }) => ({
      id,
      title,
      ...rounded({ median, spread }),
      atLeast,
      atMost,
      reached,
    })),
    tables: tables.map(({ id, title, base, rows, ...table }) => ({
      id,
      title,
      base,
      rows: rows.map((row) => ({ name: row.name, ...ratiosOf({ id, title, base, rows, ...table }, row) })),
    })),
  }
  writeFileSync(path.join(folder, 'results.json'), `${JSON.stringify(content, null, 2)}\n`)
  for (const table of tables.filter(({ id }) => isPlotted(id)))
    writeFileSync(path.join(folder, `${table.id}.svg`), plot(table))
}

/** A table as a plot: of rates, unless it says otherwise. */
export function plot(table: Table): string {
  const { title, base, rows, axis, metric = 'rate' } = table
  if (axis !== undefined) {
    const points = rows
      .filter(({ x }) => x !== undefined)
      .map((row) => {
        const { median, spread } = shownOf(table, row)
        return { x: row.x as number, y: median, spread }
      })
    const caption = metric === 'bytes' ? 'bytes' : `time, ${base} = 1`
    return lineChart({ title, caption, axis }, points, formatOf(table))
  }
  const captions = {
    rate: `rate, ${base} = 1; more is better`,
    time: `time, ${base} = 1; less is better`,
    p99: `99th percentile, in medians of each; less is better`,
    bytes: 'bytes; less is better',
    cpu: '',
    p50: '',
  }
  const bars = rows.map((row) => {
    const { median, spread } = shownOf(table, row)
    return { label: row.name, value: median, spread, highlight: row.name.includes('Countersign') }
  })
  return barChart({ title, caption: captions[metric] }, bars, formatOf(table))
}

function shownOf(table: Table, { name }: Row): Estimate {
  const { base, metric = 'rate' } = table
  if (metric === 'bytes') return estimate(samplesOf(table, name, 'bytes'))
  return metric === 'p99'
    ? compare(table, 'p99', { of: name, to: name, by: 'p50' })
    : compare(table, metric, { of: name, to: base })
}

function formatOf({ metric = 'rate' }: Table): (value: number) => string {
  if (metric === 'bytes')
    return (value) => (value < 10_000 ? String(Math.round(value)) : `${(value / 1000).toFixed(0)} k`)
  return (value) => value.toPrecision(value >= 100 ? 3 : 2)
}

/** All that was measured of a row, as ratios: to the base, and the tail of its latency to its own median. */
function ratiosOf(table: Table, { name, samples }: Row): Record<string, unknown> {
  if (samples.bytes !== undefined) return { bytes: Math.round(estimate(samples.bytes).median) }
  const pair = { of: name, to: table.base }
  return {
    rate: rounded(compare(table, 'rate', pair)),
    ...(samples.cpu !== undefined && { cpu: rounded(compare(table, 'cpu', pair)) }),
    ...(samples.p50 !== undefined && { p50: rounded(compare(table, 'p50', pair)) }),
    ...(samples.p99 !== undefined && { p99ToP50: rounded(compare(table, 'p99', { of: name, to: name, by: 'p50' })) }),
  }
}

function rounded({ median, spread }: Estimate): Estimate {
  return { median: Number(median.toPrecision(3)), spread: Number(spread.toPrecision(2)) }
}
