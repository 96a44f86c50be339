// docs/errors.md against the table of codes and the sources: a code that is met is explained, and what is explained can be met.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { ErrorCode, ErrorEntry } from '@countersign/shared'
import { errorDocumentation, errorTable } from '@countersign/shared'
import { describe, expect, it } from 'vitest'
import { fixOf } from '../packages/server/src/fixes.ts'

const root = path.resolve(import.meta.dirname, '..')
const entries = Object.entries(errorTable) as [ErrorCode, ErrorEntry][]
const codes = entries.map(([code]) => code)

const documentation = readFileSync(path.join(root, 'docs/errors.md'), 'utf8')
const headings = [...documentation.matchAll(/^#+ (.*)$/gm)].map(([, text]) => text as string)
const sections = new Map(
  documentation
    .split(/^(?=##)/m)
    .filter((section) => section.startsWith('### '))
    .map((section) => [section.slice(4, section.indexOf('\n')), section]),
)

const sources = readdirSync(path.join(root, 'packages'))
  .map((name) => path.join(root, 'packages', name, 'src'))
  .flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((file) => [directory, file]),
  )
  .map((parts) => path.join(...parts))
  .filter((file) => file.endsWith('.ts') && path.basename(file) !== 'error-table.ts')
  .map((file) => ({ file: path.relative(root, file), text: readFileSync(file, 'utf8') }))

describe('docs/errors.md', () => {
  it('has one heading for every code, and none without', () => {
    const documented = headings.filter((text) => text.includes('ERR_'))
    expect(documented.toSorted()).toEqual(codes.toSorted())
    expect([...sections.keys()].toSorted()).toEqual(codes.toSorted())
  })

  it.each(entries)('says status and OAuth error of %s as the table has them', (code, { status, error }) => {
    const line = sections.get(code)?.split('\n')[2]
    if (status === undefined) expect(line).toMatch(/^Never sent; thrown (?:at start|by )/)
    else if (error === undefined) expect(line).toBe(`Status ${status}, no OAuth error.`)
    else expect(line).toBe(`Status ${status}, OAuth error \`${error}\`.`)
  })

  it.each(codes)('says what %s means, what causes it and what to do, in this order', (code) => {
    const parts = sections.get(code)?.split(/\n\n(?=\*\*)|(?<=\*\*Causes\*\*)\n\n/)
    expect(parts).toEqual([
      expect.stringMatching(/^### .+\n\n.+$/),
      expect.stringMatching(/^\*\*Means\*\* \S/),
      '**Causes**',
      expect.stringMatching(/^(?:- \S.*(?:\n {2}\S.*)*(?:\n|$))+$/),
      expect.stringMatching(/^\*\*Fix\*\* \S/),
    ])
  })

  it.each(codes)('is where the answers that have %s point', (code) => {
    const [file = '', anchor] = errorDocumentation(code).split('#')
    expect(existsSync(path.join(root, file))).toBe(true)
    expect(headings.map(anchorOf).filter((each) => each === anchor)).toHaveLength(1)
  })

  it('has no link to an anchor or a file that does not exist', () => {
    const anchors = headings.map(anchorOf)
    const targets = [...documentation.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target as string)
    const broken = targets.filter((target) => {
      const [file = '', anchor] = target.split('#')
      if (file === '') return anchor === undefined || !anchors.includes(anchor)
      return !existsSync(path.join(root, 'docs', file))
    })
    expect(targets).not.toEqual([])
    expect(broken).toEqual([])
  })
})

describe('the fixes that explanations name', () => {
  const answered = entries.filter(([, { status }]) => status !== undefined).map(([code]) => code)

  it.each(answered)('stand in the documentation: that of %s', (code) => {
    const fix = fixOf(code)
    expect(fix).toBeDefined()
    const [, documented = ''] = (sections.get(code) ?? '').split('**Fix** ')
    expect(documented.replace(/\s+/g, ' ')).toContain(fix)
  })
})

describe('the sources', () => {
  it('name no code that the table does not have', () => {
    // A name that ends in an underscore stands for several: a template, or a family in a comment.
    const named = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\bERR_[A-Z0-9_]*/g)]
        .map(([name]) => ({ file, name }))
        .filter(({ name }) => !name.endsWith('_')),
    )
    expect(named).not.toEqual([])
    expect(named.filter(({ name }) => !codes.some((code) => code === name))).toEqual([])
  })

  it.each(codes)('have a place where %s arises', (code) => {
    expect(sources.filter(({ text }) => raises(text, code)).map(({ file }) => file)).not.toEqual([])
  })
})

/** The anchor that Markdown renderers give to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

/** Whether a source has a code as a value: in code, not in a type, and not to compare an error with. */
function raises(text: string, code: string): boolean {
  return [...text.matchAll(new RegExp(`^.*'${code}'.*$`, 'gm'))].some(([line]) => {
    const comparison = new RegExp(`(?:===? |isCountersignError\\([\\w.]+, )'${code}'`)
    const type = new RegExp(`\\| '${code}'|'${code}' \\|`)
    return !comparison.test(line) && !type.test(line)
  })
}
