// The table of figures in the documentation: written by the run that is recorded, so that the two cannot disagree.

import { machineLine } from './machine.ts'
import type { RunReport } from './report.ts'

const BEGIN = '<!-- figures: written by `pnpm bench --record` -->'
const END = '<!-- end of figures -->'

/**
 * Puts a run's figures into a document, in the place of those that stand there.
 *
 * @throws {Error} When the document has no place for them.
 */
export function withFigures(document: string, { mode, date, machine, figures }: RunReport): string {
  const [before, rest] = document.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error('The document has no place for figures')
  const rows = figures.map(({ figure: { title, atLeast, atMost }, median, spread, reached }) => {
    const demand = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : ''
    const verdict = reached === undefined ? '' : reached ? 'reached' : '**not reached**'
    return `| ${title} | ${median.toPrecision(3)} ± ${spread.toPrecision(2)} | ${demand} | ${verdict} |`
  })
  const table = ['| What | Ratio | Demanded | |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const source = `A ${mode} run of ${date.slice(0, 10)} on ${machineLine(machine)}.`
  return `${before}${BEGIN}\n${source}\n\n${table}\n${END}${after}`
}
