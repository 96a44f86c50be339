// Fuzzes the parsers of @countersign/shared, and the verifier of @countersign/server with whole requests.
//
//   node --conditions=@countersign/source scripts/fuzz/main.ts [--seconds 60] [--requests N] [--seed N]
//
// Half of the time is for the parsers, half for requests; with `--requests`, so many requests are sent however long it takes. Exits with 1
// and prints seed and input when something is found. A find belongs into `vectors/` or a unit test before it is fixed.

import { parseArgs } from 'node:util'
import { fuzzParsers } from './parsers.ts'
import { fuzzRequests } from './requests.ts'

const { values: flags } = parseArgs({
  options: { seconds: { type: 'string' }, requests: { type: 'string' }, seed: { type: 'string' } },
})
const seconds = numberOf('seconds', flags.seconds ?? '60')
const requests = flags.requests === undefined ? undefined : numberOf('requests', flags.requests)
const seed = numberOf('seed', flags.seed ?? String(Date.now() % 2 ** 32))

const nothingFound =
  fuzzParsers({ seconds: seconds / 2, seed }) && (await fuzzRequests({ seconds: seconds / 2, requests, seed }))
process.exitCode = nothingFound ? 0 : 1

function numberOf(flag: string, text: string): number {
  const value = Number(text)
  if (text === '' || !Number.isFinite(value) || value < 0)
    throw new TypeError(`--${flag} must be a number of at least 0`)
  return value
}
