// What was found.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Longest input printed, in characters; a longer one goes to a file. */
const LONGEST_PRINTED = 2_000

/** Something that must not be. */
export class Violation extends Error {}

/** Says what was found, so that it can be repeated. */
export function report(name: string, seed: number, input: string, failure: unknown): false {
  console.error(`\nVIOLATION in ${name} (seed ${seed})`)
  console.error(failure instanceof Violation ? failure.message : failure)
  const literal = asciiJson(input)
  if (literal.length <= LONGEST_PRINTED) {
    console.error(`Input: ${literal}`)
  } else {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'countersign-fuzz-')), 'input.json')
    writeFileSync(file, literal)
    console.error(`Input: ${input.length} characters, as a JSON string in ${file}`)
  }
  return false
}

/** A value, cut short. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? asciiJson(value) : String(value)
  return text.length > LONGEST_PRINTED ? `${text.slice(0, LONGEST_PRINTED)}…` : text
}

/** A string literal in printable ASCII, to be pasted into a test. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
