// The parts of the bench that decide what a run says: statistics, tables, figures, the guard, plots, progress.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { cases } from '../bench/cases/index.ts'
import type { Figure } from '../bench/figures.ts'
import { figures, figuresOf, measureFigure } from '../bench/figures.ts'
import { belongs } from '../bench/lib/case.ts'
import { withFigures } from '../bench/lib/document.ts'
import { regressions } from '../bench/lib/guard.ts'
import { describeMachine } from '../bench/lib/machine.ts'
import { measure } from '../bench/lib/measure.ts'
import { createProgress } from '../bench/lib/progress.ts'
import type { RunReport } from '../bench/lib/report.ts'
import { plot } from '../bench/lib/report.ts'
import { estimate, quantile, ratio } from '../bench/lib/statistics.ts'
import { barChart, lineChart } from '../bench/lib/svg.ts'
import type { Table } from '../bench/lib/table.ts'
import { compare, samplesOf } from '../bench/lib/table.ts'

const DOCUMENT = path.resolve(import.meta.dirname, '../docs/performance.md')

const table: Table = {
  id: 'server.warm.x1',
  title: 'A <table> & its rows',
  base: 'bare crypto.verify',
  rows: [
    { name: 'bare crypto.verify', samples: { time: [1, 2, 4], p50: [1, 2, 4], p99: [2, 4, 8] } },
    { name: 'Countersign', samples: { time: [2, 4, 8], p50: [2, 4, 8], p99: [3, 8, 32] } },
  ],
}

describe('statistics', () => {
  test('a quantile lies between its neighbours, whatever the order of the values', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2)
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2)
    expect([quantile([7, 5], 0), quantile([7, 5], 1)]).toEqual([5, 7])
    expect(() => quantile([], 0.5)).toThrow(RangeError)
  })

  test('an outlier moves neither the median nor the spread', () => {
    expect(estimate([1, 2, 3, 4, 5])).toEqual({ median: 3, spread: 1 })
    expect(estimate([1, 2, 3, 4, 5_000])).toEqual({ median: 3, spread: 1 })
  })

  test('a ratio is that of each round: a machine that becomes slower does not change it', () => {
    expect(ratio([2, 20, 200], [1, 10, 100])).toEqual({ median: 2, spread: 0 })
    expect(() => ratio([1, 2], [1])).toThrow(RangeError)
  })
})

describe('tables', () => {
  test('a rate is the inverse of a time', () => {
    expect(samplesOf(table, 'Countersign', 'rate')).toEqual([1 / 2, 1 / 4, 1 / 8])
    expect(compare(table, 'rate', { of: 'Countersign', to: 'bare crypto.verify' })).toEqual({ median: 0.5, spread: 0 })
  })

  test('two metrics of one row can be compared', () => {
    expect(compare(table, 'p99', { of: 'Countersign', to: 'Countersign', by: 'p50' }).median).toBe(2)
  })

  test('what was not measured is an error, and no number', () => {
    expect(() => samplesOf(table, 'nobody', 'time')).toThrow('no row "nobody"')
    expect(() => samplesOf(table, 'Countersign', 'cpu')).toThrow('"cpu" was not measured')
  })
})

describe('measuring', () => {
  test('every contender runs in every round, with inputs made before', async () => {
    const made: number[] = []
    const seen: number[] = []
    const rows = await measure(
      [
        {
          name: 'busy',
          prepare: (count) => made.push(count),
          run: (index) => {
            seen.push(index)
            const until = performance.now() + 0.2
            while (performance.now() < until);
          },
        },
        { name: 'waiting', inFlight: 4, run: () => new Promise((resolve) => setTimeout(resolve, 1)) },
      ],
      { rounds: 3, milliseconds: 2, warmUpMilliseconds: 4 },
    )
    expect(rows.map(({ name }) => name)).toEqual(['busy', 'waiting'])
    for (const { samples } of rows) {
      for (const values of Object.values(samples)) expect(values).toHaveLength(3)
    }
    expect(made.reduce((total, count) => total + count, 0)).toBe(seen.length)
    expect(rows[0]?.samples.time?.every((time) => time >= 0.2)).toBe(true)
    // Four at once: an operation takes a quarter of its latency.
    const [time, p50] = [rows[1]?.samples.time?.[1] as number, rows[1]?.samples.p50?.[1] as number]
    expect(time).toBeLessThan(p50 * 0.5)
  })

  test('a contender that fails ends the run', async () => {
    const effort = { rounds: 1, milliseconds: 1, warmUpMilliseconds: 1 }
    await expect(measure([{ name: 'bad', run: () => Promise.reject(new Error('bad')) }], effort)).rejects.toThrow('bad')
  })
})

describe('figures', () => {
  const [warm] = figures.filter(({ id }) => id === 'server.warm.x1') as [Figure]

  test('a figure says whether what is demanded is reached', () => {
    expect(measureFigure({ ...warm, atLeast: 0.5 }, table).reached).toBe(true)
    expect(measureFigure({ ...warm, atLeast: 0.51 }, table).reached).toBe(false)
    const { atLeast: _, ...free } = warm
    expect(measureFigure({ ...free, metric: 'time', atMost: 2 }, table).reached).toBe(true)
    expect(measureFigure({ ...free, metric: 'time', atMost: 1.9 }, table).reached).toBe(false)
    expect(measureFigure(free, table).reached).toBeUndefined()
  })

  test('figures of tables that were not measured are left out', () => {
    expect(figuresOf([table]).map(({ figure }) => figure.id)).toEqual(['server.warm.x1'])
  })

  test('ids are unique, and every kind of run has a case', () => {
    expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length)
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
    expect(cases.some(({ from }) => belongs(from, 'guard'))).toBe(true)
    expect(belongs('full', 'quick')).toBe(false)
  })
})

describe('the guard', () => {
  const rate: Figure = { id: 'r', title: 'rate', table: 't', metric: 'rate', of: 'a', to: 'b' }
  const time: Figure = { ...rate, id: 't', title: 'time', metric: 'time' }
  const measured = (figure: Figure, median: number) => [{ figure, median, spread: 0, reached: undefined }]

  test('a rate may fall by a quarter, and no more', () => {
    expect(regressions(measured(rate, 0.76), { r: 1 })).toEqual([])
    expect(regressions(measured(rate, 0.74), { r: 1 })).toEqual([
      { id: 'r', title: 'rate', recorded: 1, measured: 0.74 },
    ])
  })

  test('a time may grow by a third, and no more', () => {
    expect(regressions(measured(time, 1.3), { t: 1 })).toEqual([])
    expect(regressions(measured(time, 1.4), { t: 1 })).toHaveLength(1)
    expect(regressions(measured(time, 0.1), { t: 1 })).toEqual([])
  })

  test('what was never recorded, or is not watched, does not fail', () => {
    expect(regressions(measured(rate, 0.1), {})).toEqual([])
    expect(regressions(measured({ ...rate, guarded: false }, 0.1), { r: 1 })).toEqual([])
  })
})

describe('plots', () => {
  test('bars are as long as their values, and what is written is escaped', () => {
    const svg = barChart(
      { title: 'a < b & "c"', caption: 'rate' },
      [
        { label: 'one', value: 1, highlight: true },
        { label: 'half', value: 0.5, spread: 0.1 },
      ],
      (value) => value.toFixed(1),
    )
    const widths = [...svg.matchAll(/<rect x="250" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width))
    expect(widths[0]).toBe((widths[1] as number) * 2)
    expect(svg).toContain('a &#60; b &#38; &#34;c&#34;')
    expectWellFormed(svg)
  })

  test('a line has a point for each value, on a logarithmic axis', () => {
    const points = [1, 10, 100].map((x) => ({ x, y: 1, spread: 0.1 }))
    const svg = lineChart({ title: 't', caption: 'c', axis: 'clients' }, points, String)
    const places = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)])
    expect(places).toHaveLength(3)
    const [first, second, third] = places as [number[], number[], number[]]
    expect((second[0] as number) - (first[0] as number)).toBeCloseTo((third[0] as number) - (second[0] as number), 0)
    expect(new Set(places.map(([, y]) => y)).size).toBe(1)
    expectWellFormed(svg)
  })

  test('a table is plotted by what it measures', () => {
    expectWellFormed(plot(table))
    expect(plot(table)).toContain('more is better')
    expect(plot({ ...table, metric: 'p99' })).toContain('99th percentile')
    expect(
      plot({ ...table, axis: 'clients', rows: [{ name: '1', x: 1, samples: { time: [1] } }], base: '1' }),
    ).toContain('<circle')
  })
})

describe('the documentation', () => {
  const report: RunReport = {
    mode: 'quick',
    date: '2026-01-02T03:04:05.678Z',
    machine: describeMachine(),
    tables: [table],
    figures: figuresOf([table]),
  }

  test('its figures are replaced, and nothing else', () => {
    const once = withFigures(readFileSync(DOCUMENT, 'utf8'), report)
    expect(once).toContain('A quick run of 2026-01-02 on ')
    expect(once).toContain('| 0.500 ± 0.0 | ≥ 0.85 | **not reached** |')
    expect(withFigures(once, report)).toBe(once)
    expect(() => withFigures('nothing', report)).toThrow('no place for figures')
  })

  test('the plots that it shows are there', () => {
    const shown = [...readFileSync(DOCUMENT, 'utf8').matchAll(/\]\((\.\.\/bench\/[^)]+\.svg)\)/g)].map(
      ([, file]) => file as string,
    )
    expect(shown.length).toBeGreaterThan(5)
    for (const file of shown) expectWellFormed(readFileSync(path.resolve(DOCUMENT, '..', file), 'utf8'))
  })

  test('what is recorded are figures that there are', () => {
    const record = JSON.parse(readFileSync(path.resolve(DOCUMENT, '../../bench/record.json'), 'utf8'))
    const ids: readonly string[] = figures.map(({ id }) => id)
    for (const [id, value] of Object.entries(record)) {
      expect(ids).toContain(id)
      expect(value).toBeGreaterThan(0)
    }
  })
})

describe('progress', () => {
  const shown = (isTTY: boolean) => {
    let text = ''
    const write = (chunk: unknown) => {
      text += chunk
      return true
    }
    const progress = createProgress(2, { write, isTTY } as Parameters<typeof createProgress>[1])
    progress.begin('first')
    progress.part(0.5)
    progress.end()
    progress.begin('second')
    progress.end()
    progress.close()
    return text
  }

  test('a terminal sees a bar that fills, and is taken away', () => {
    expect(shown(true)).toMatch(/ {3}0 %.* 25 %.* 50 %.*100 %/s)
    expect(shown(true).endsWith('\r\x1b[2K')).toBe(true)
  })

  test('elsewhere, each case is a line', () => {
    expect(shown(false)).toBe('[1/2] first\n[2/2] second\n')
  })
})

function expectWellFormed(svg: string): void {
  const open: string[] = []
  for (const [, closing, name, , self] of svg.matchAll(/<(\/?)([a-z]+)((?:\s[^<>]*?)?)(\/?)>/g)) {
    if (closing === '/') expect(open.pop()).toBe(name)
    else if (self !== '/') open.push(name as string)
  }
  expect(open).toEqual([])
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
}
