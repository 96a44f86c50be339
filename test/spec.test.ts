// The map from requirements to checks and proofs is complete, and names nothing that does not exist.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkSpec, parseChecks } from '../scripts/check-spec.ts'

test('every requirement has a check and a proof, or a reason why not', () => {
  expect(checkSpec().problems).toEqual([])
})

const entry = `9449-2-01:
  rule: A rule.
  check:
    - packages/shared/src/secure-url.ts secureUrl
  proof:
    - vectors/ath.json#ath-rfc9449
    - packages/server/test/verify-proof.test.ts > 'two segments'
    - packages/server/test/verify-proof.test.ts > 'a proof is used once: of fifty copies sent at the same time, one is accepted'
`.replace(/^ {4}- (.*: .*)$/m, (_, item: string) => `    - ${JSON.stringify(item)}`)

test('the valid entry is accepted, and counted', () => {
  const text = `# a comment\n\n${entry}\n9421-*:\n  rule: A rule.\n  excluded: it does not exist\n`
  expect(checkSpec({ text })).toEqual({ problems: [], mapped: 1, excluded: 1 })
})

describe('one defect each', () => {
  test.each<[string, string, string, string]>([
    ['no rule', '  rule: A rule.\n', '', 'has no rule'],
    ['no such function', 'secureUrl', 'secureUr', 'no such function: packages/shared/src/secure-url.ts secureUr'],
    ['no such vector', 'ath-rfc9449', 'ath-rfc944', 'no such vector or test: vectors/ath.json#ath-rfc944'],
    ['no such file of vectors', 'ath.json', 'at.json', 'no such vector or test: vectors/at.json#ath-rfc9449'],
    [
      'no such title',
      "'two segments'",
      "'two segment'",
      "no such vector or test: packages/server/test/verify-proof.test.ts > 'two segment'",
    ],
    [
      'a string that is no title',
      "'two segments'",
      "'ERR_DPOP_PROOF_MISSING'",
      "no such vector or test: packages/server/test/verify-proof.test.ts > 'ERR_DPOP_PROOF_MISSING'",
    ],
    ['no proof', entry.slice(entry.indexOf('proof:')), 'proof: []\n', 'has neither a proof nor a reason for exclusion'],
    ['a test to come', '  check:', '  missing: a test\n  check:', 'lacks a test: a test'],
    ['both', '  check:', '  excluded: a reason\n  check:', 'is excluded, and mapped all the same'],
    ['a wildcard that is mapped', '2-01', '2-*', 'stands for several requirements, and is not excluded'],
  ])('%s', (_, part, replacement, problem) => {
    const [id, ...rest] = checkSpec({ text: entry.replace(part, replacement) })
      .problems.join('\n')
      .split(': ')
    expect([id?.slice(0, 5), rest.join(': ')]).toEqual(['9449-', problem])
  })

  test.each([
    ['an item outside a list', '    - a\n'],
    ['a field outside an entry', '  rule: A rule.\n'],
    ['a field twice', '9449-2-01:\n  rule: a\n  rule: b\n'],
    ['an entry twice', `${entry}${entry}`],
    ['an unknown field', '9449-2-01:\n  rules: a\n'],
    ['other indentation', '9449-2-01:\n   rule: a\n'],
    ['a comment behind a value', '9449-2-01:\n  rule: a # b\n'],
    ['a plain text with a colon', '9449-2-01:\n  rule: a: b\n'],
    ['an anchor', '9449-2-01:\n  rule: &a b\n'],
    ['an unfinished string', '9449-2-01:\n  rule: "a\n'],
    ['an item after an empty list', '9449-2-01:\n  proof: []\n    - a\n'],
  ])('%s is not read', (_, text) => {
    expect(() => parseChecks(text)).toThrow(/^spec\/checks\.yaml, line \d+: /)
  })
})

test('requirements of client and server that are not mapped are found, and names that no requirement has', () => {
  const standards = mkdtempSync(path.join(tmpdir(), 'countersign-standards-'))
  onTestFinished(() => rmSync(standards, { recursive: true }))
  const rows = [
    '| ID | Lvl | Who | Requirement |',
    '|---|---|---|---|',
    '| 9449-2-01 | MUST | C,RS,AS | mapped |',
    '| 9449-2-02 | MUST* | RS | not mapped |',
    '| 9449-2-03 | MUST | AS | of another |',
    '| 9449-2-04 | SHOULD | C | weaker |',
    '| 9421-1-01 | MUST NOT | both | excluded |',
    '',
    '| ID | Lvl | Requirement |',
    '|---|---|---|',
    '| 9449-2-05 | shall | of the server, without saying so |',
  ]
  writeFileSync(path.join(standards, 'rfc.md'), rows.join('\n'))
  const excluded = (id: string) => `${id}:\n  rule: A rule.\n  excluded: a reason\n`
  const text = entry + excluded('9421-*') + excluded('9449-9-99') + excluded('1234-*')
  expect(checkSpec({ text, standards }).problems).toEqual([
    '9449-2-02: is not mapped',
    '9449-2-05: is not mapped',
    '9449-9-99: is no requirement of the standards',
    '1234-*: is no requirement of the standards',
  ])
})
