// Checks that `spec/checks.yaml` tells the truth: the files, functions, vectors and tests it names exist, and no requirement is left
// without a proof or a reason.
//
//   node scripts/check-spec.ts [--standards DIR]
//
// With `--standards`, the requirements are compared with the tables in the Markdown files of that folder: each that binds the client
// or the resource server must be mapped, and nothing else may be. Prints one line per problem, and exits with 1 if there is any.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

/** What `spec/checks.yaml` says of one requirement, or of all that begin as a name with an asterisk at its end. */
export interface SpecEntry {
  readonly rule?: string
  /** `file function`, or `file id` of a check that the verifier makes, each. */
  readonly check?: readonly string[]
  /** `vectors/file.json#id` or `file > 'title'`, each. */
  readonly proof?: readonly string[]
  /** What part of the rule is not kept, and why. */
  readonly except?: string
  /** The test that is still to be written. */
  readonly missing?: string
  /** Why there is neither check nor proof. */
  readonly excluded?: string
}

/** The outcome of the check. */
export interface SpecReport {
  readonly problems: readonly string[]
  /** Entries with a proof, or with one to come. */
  readonly mapped: number
  readonly excluded: number
}

interface Requirement {
  readonly id: string
  readonly level: string
  /** Whom it binds; empty where a table is about the resource server as a whole. */
  readonly who: readonly string[]
}

const root = path.resolve(import.meta.dirname, '..')

const ENTRY = /^([A-Za-z0-9][A-Za-z0-9.*-]*):$/
const SCALAR_FIELD = /^ {2}(rule|except|missing|excluded): (.+)$/
const LIST_FIELD = /^ {2}(check|proof):( \[\])?$/
const ITEM = /^ {4}- (.+)$/
/** A plain scalar that every YAML reader takes for the same text. */
const PLAIN = /^(?![-?:,[\]{}#&*!|>'"%@`\s])(?!.*(?:: | #|:$|\s$)).+$/

const VECTOR = /^(vectors\/[a-z0-9-]+\.json)#([a-z0-9-]+)$/
const TEST = /^(\S+\.test\.ts) > '(.+)'$/
const CHECK = /^(\S+\.ts) ([A-Za-z_$][\w$]*(?:\.[a-z_]+)?)$/

const BINDING_LEVELS: ReadonlySet<string> = new Set(['MUST', 'MUST NOT', 'MUST*', 'shall'])
/** Client and resource server, as signer and verifier, as library and application. */
const OURS: ReadonlySet<string> = new Set(['C', 'RS', 'S', 'V', 'both', 'all', 'lib', 'app'])

/**
 * Checks `spec/checks.yaml`.
 *
 * @param text - What to check in the place of the file.
 * @param standards - A folder of Markdown files with tables of requirements: a header row with `ID`, `Lvl` and perhaps `Who`.
 * @throws {Error} When the text is not of the form that the file's own first lines describe.
 */
export function checkSpec({ text, standards }: { text?: string; standards?: string } = {}): SpecReport {
  const entries = parseChecks(text ?? readFileSync(path.join(root, 'spec/checks.yaml'), 'utf8'))
  const read = remembered(readIfPresent)
  const problems = [...entries].flatMap(([id, entry]) =>
    problemsOf(id, entry, read).map((problem) => `${id}: ${problem}`),
  )
  if (standards !== undefined) problems.push(...differences(entries, readRequirements(standards)))
  const excluded = [...entries.values()].filter((entry) => entry.excluded !== undefined).length
  return { problems, mapped: entries.size - excluded, excluded }
}

/** Parses the small part of YAML that the file keeps to, and nothing else. */
export function parseChecks(text: string): Map<string, SpecEntry> {
  const entries = new Map<string, SpecEntry>()
  let entry: Record<string, string | string[]> | undefined
  let list: string[] | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fail = (what: string): never => {
      throw new Error(`spec/checks.yaml, line ${index + 1}: ${what}`)
    }
    const put = (name: string, value: string | string[]): void => {
      if (entry === undefined || name in entry) fail(`"${name}" stands outside an entry, or twice in one`)
      else entry[name] = value
    }
    if (line === '' || line.startsWith('#')) continue
    const [, id] = ENTRY.exec(line) ?? []
    const [, name, value] = SCALAR_FIELD.exec(line) ?? []
    const [, listName, empty] = LIST_FIELD.exec(line) ?? []
    const [, item] = ITEM.exec(line) ?? []
    if (id !== undefined) {
      if (entries.has(id)) fail(`"${id}" stands twice`)
      entry = {}
      list = undefined
      entries.set(id, entry)
    } else if (name !== undefined && value !== undefined) {
      list = undefined
      put(name, scalar(value) ?? fail('not a plain or quoted text'))
    } else if (listName !== undefined) {
      const items: string[] = []
      put(listName, items)
      list = empty === undefined ? items : undefined
    } else if (item !== undefined && list !== undefined) {
      list.push(scalar(item) ?? fail('not a plain or quoted text'))
    } else {
      fail('neither an entry nor a field nor an item')
    }
  }
  return entries
}

function scalar(text: string): string | undefined {
  if (PLAIN.test(text)) return text
  if (!text.startsWith('"')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemsOf(id: string, entry: SpecEntry, read: (file: string) => string | undefined): string[] {
  const { rule, check = [], proof = [], except, missing, excluded } = entry
  const problems: string[] = []
  if (rule === undefined) problems.push('has no rule')
  if (excluded !== undefined) {
    if ([entry.check, entry.proof, except, missing].some((field) => field !== undefined))
      problems.push('is excluded, and mapped all the same')
    return problems
  }
  if (id.includes('*')) problems.push('stands for several requirements, and is not excluded')
  if (check.length === 0) problems.push('has no check')
  if (missing !== undefined) problems.push(`lacks a test: ${missing}`)
  else if (proof.length === 0) problems.push('has neither a proof nor a reason for exclusion')
  problems.push(...check.filter((name) => !checkExists(name, read)).map((name) => `no such function: ${name}`))
  problems.push(...proof.filter((name) => !proofExists(name, read)).map((name) => `no such vector or test: ${name}`))
  return problems
}

function checkExists(name: string, read: (file: string) => string | undefined): boolean {
  const [, file = '', identifier] = CHECK.exec(name) ?? []
  if (identifier === undefined) return false
  if (identifier.includes('.')) return read(file)?.includes(`id: '${identifier}'`) === true
  return new RegExp(`(?<![\\w$])${escaped(identifier)}(?![\\w$])`).test(read(file) ?? '')
}

function proofExists(name: string, read: (file: string) => string | undefined): boolean {
  const [, vectorFile, id] = VECTOR.exec(name) ?? []
  if (vectorFile !== undefined) return read(vectorFile)?.includes(`"id": "${id}"`) === true
  const [, testFile = '', title] = TEST.exec(name) ?? []
  const source = read(testFile)
  return source !== undefined && title !== undefined && hasTitle(source, title)
}

/** Tells whether a test has this title, or a row of a table of tests has it in its first cell. */
function hasTitle(source: string, title: string): boolean {
  const literals = ["'", '"', '`'].map((quote) => quote + title.replaceAll(quote, `\\${quote}`) + quote)
  // After `test(` or `it(`, after the table of an `each`, or at the beginning of a row.
  const before = String.raw`(?:\b(?:test|it)(?:\.\w+)*\(|\)\(|\[)\s*`
  return new RegExp(`${before}(?:${literals.map(escaped).join('|')})`).test(source)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** Requirements that bind us and are not mapped, and names in the file that no requirement has. */
function differences(entries: ReadonlyMap<string, SpecEntry>, requirements: readonly Requirement[]): string[] {
  const wildcards = [...entries.keys()].filter((id) => id.endsWith('*')).map((id) => id.slice(0, -1))
  const isMapped = ({ id }: Requirement) => entries.has(id) || wildcards.some((prefix) => id.startsWith(prefix))
  const isKnown = (name: string) =>
    requirements.some(({ id }) => (name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name))
  return [
    ...requirements.filter((each) => bindsUs(each) && !isMapped(each)).map(({ id }) => `${id}: is not mapped`),
    ...[...entries.keys()]
      .filter((name) => !isKnown(name))
      .map((name) => `${name}: is no requirement of the standards`),
  ]
}

function bindsUs({ level, who }: Requirement): boolean {
  return BINDING_LEVELS.has(level) && (who.length === 0 || who.some((each) => OURS.has(each)))
}

/** Reads the rows of every table whose first column is `ID`. */
function readRequirements(folder: string): Requirement[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.md'))
  const requirements = files.flatMap((name) => requirementsOf(readFileSync(path.join(folder, name), 'utf8')))
  if (requirements.length === 0) throw new Error(`${folder} has no table of requirements`)
  return requirements
}

function requirementsOf(markdown: string): Requirement[] {
  const requirements: Requirement[] = []
  let header: string[] | undefined
  for (const line of markdown.split('\n')) {
    const cells = line.startsWith('|') ? cellsOf(line) : undefined
    if (cells === undefined || header === undefined) {
      header = cells
    } else if (header[0] === 'ID' && !/^:?-+:?$/.test(cells[0] as string)) {
      const level = cells[header.indexOf('Lvl')]
      if (level === undefined) throw new Error(`A requirement without level: ${line}`)
      const who = cells[header.indexOf('Who')]?.split(/[,/]/) ?? []
      requirements.push({ id: cells[0] as string, level, who: who.map((each) => each.trim()) })
    }
  }
  return requirements
}

function cellsOf(row: string): string[] {
  return row
    .slice(1)
    .split('|')
    .map((cell) => cell.trim())
}

function readIfPresent(file: string): string | undefined {
  const absolute = path.join(root, file)
  return existsSync(absolute) ? readFileSync(absolute, 'utf8') : undefined
}

function remembered(read: (file: string) => string | undefined): (file: string) => string | undefined {
  const contents = new Map<string, string | undefined>()
  return (file) => {
    if (!contents.has(file)) contents.set(file, read(file))
    return contents.get(file)
  }
}

if (import.meta.main) {
  const { standards } = parseArgs({ options: { standards: { type: 'string' } } }).values
  const { problems, mapped, excluded } = checkSpec(standards === undefined ? {} : { standards })
  for (const problem of problems) console.error(problem)
  console.log(`spec/checks.yaml: ${mapped} mapped, ${excluded} excluded, ${problems.length} problems`)
  if (problems.length > 0) process.exitCode = 1
}
