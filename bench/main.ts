// The bench. Every figure is a ratio of two things measured in the same rounds, since absolute times say more about the machine and the
// hour than about the code.
// Run: pnpm bench [--full | --guard] [--only <part of a case's id>] [--record]

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { cases } from './cases/index.ts'
import type { MeasuredFigure } from './figures.ts'
import { figuresOf } from './figures.ts'
import type { BenchCase, Mode } from './lib/case.ts'
import { belongs, efforts } from './lib/case.ts'
import { withFigures } from './lib/document.ts'
import type { Recorded } from './lib/guard.ts'
import { regressions } from './lib/guard.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { createProgress } from './lib/progress.ts'
import { writeReport } from './lib/report.ts'
import type { Table } from './lib/table.ts'

const RECORD = path.join(import.meta.dirname, 'record.json')
const DOCUMENT = path.resolve(import.meta.dirname, '../docs/performance.md')
const RESULTS = path.join(import.meta.dirname, 'results')

const { values } = parseArgs({
  options: {
    full: { type: 'boolean' },
    guard: { type: 'boolean' },
    only: { type: 'string', default: '' },
    /** Keep this run as the one that later ones are compared with, and that the documentation shows. */
    record: { type: 'boolean' },
  },
})
const mode: Mode = values.guard === true ? 'guard' : values.full === true ? 'full' : 'quick'
const chosen = cases.filter(({ id, from }) => belongs(from, mode) && id.includes(values.only))
if (chosen.length === 0) throw new Error('No such case')

const machine = describeMachine()
console.log(machineLine(machine))
const byCase = await runCases(chosen)
const tables = [...byCase.values()].flat()
const measured = figuresOf(tables)
console.log(linesOf(measured).join('\n'))

if (mode === 'guard') {
  await guard()
} else {
  const report = { mode, date: new Date().toISOString(), machine, tables, figures: measured }
  writeReport(path.join(RESULTS, 'latest'), report)
  if (values.record === true) {
    const document = readFileSync(DOCUMENT, 'utf8')
    writeReport(path.join(RESULTS, 'recorded'), report, (id) => document.includes(`/${id}.svg`))
    writeFileSync(DOCUMENT, withFigures(document, report))
    record(measured)
  }
  console.log(`Results and plots: ${path.relative(process.cwd(), RESULTS)}/latest`)
}

async function runCases(list: readonly BenchCase[]): Promise<Map<BenchCase, readonly Table[]>> {
  const progress = createProgress(list.length)
  const results = new Map<BenchCase, readonly Table[]>()
  try {
    for (const each of list) {
      progress.begin(each.title)
      results.set(each, await each.run({ mode, effort: efforts[mode], part: progress.part }))
      progress.end()
    }
  } finally {
    progress.close()
  }
  return results
}

/** A case that has become worse is measured once more: a neighbour may have been at work. */
async function guard(): Promise<void> {
  const recorded = JSON.parse(readFileSync(RECORD, 'utf8')) as Recorded
  const suspect = chosen.filter((each) => regressions(figuresOf(byCase.get(each) ?? []), recorded).length > 0)
  if (suspect.length === 0) return
  console.log(`Measured once more: ${suspect.map(({ title }) => title).join('; ')}`)
  const again = figuresOf([...(await runCases(suspect)).values()].flat())
  console.log(linesOf(again).join('\n'))
  for (const { title, recorded: before, measured: now } of regressions(again, recorded)) {
    console.error(`Worse by more than a quarter: ${title}: ${now.toFixed(3)}, recorded ${before.toFixed(3)}`)
    process.exitCode = 1
  }
}

function record(figures: readonly MeasuredFigure[]): void {
  const entries = figures.map(({ figure, median }) => [figure.id, Number(median.toPrecision(3))])
  writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`)
}

function linesOf(figures: readonly MeasuredFigure[]): string[] {
  return figures.map(({ figure: { title, atLeast, atMost }, median, spread, reached }) => {
    const demand = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : ''
    const verdict = reached === undefined ? '' : reached ? 'reached' : 'not reached'
    const value = `${median.toFixed(3)} ± ${spread.toFixed(3)}`
    return `${title.padEnd(76)} ${value.padStart(16)}  ${demand.padEnd(6)} ${verdict}`
  })
}
