// Prints the closing line of a test run, `N passed, N failed`, from vitest's JSON report. Fails when no test ran.

import { existsSync, readFileSync } from 'node:fs'

const [report = ''] = process.argv.slice(2)
const {
  numPassedTests = 0,
  numFailedTests = 0,
  numPendingTests = 0,
} = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>) : {}
if (numPendingTests > 0) console.error(`${numPendingTests} tests were skipped`)
console.log(`${numPassedTests} passed, ${numFailedTests} failed`)
process.exit(numPassedTests === 0 || numFailedTests > 0 || numPendingTests > 0 ? 1 : 0)
