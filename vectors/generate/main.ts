// Writes every file of vectors, or with `--check` says whether the files on disk are those that would be written.
// The output is the same on every run and every machine: no clock, no randomness, no network.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeAnswerFile } from './answer-jws.ts'
import { athFile } from './ath.ts'
import { base64urlFile } from './base64url.ts'
import { challengesFile } from './challenges.ts'
import { makeDPoPProofFile } from './dpop-proof.ts'
import { makeEnvelopeFile } from './envelope.ts'
import { formatJson } from './format.ts'
import { htuFile } from './htu.ts'
import { jsonFile } from './json.ts'
import { makeSealedFile } from './jwe-envelope.ts'
import { jwkFile } from './jwk.ts'
import { schema } from './schema.ts'
import { checkKeyAgreement } from './seal.ts'
import { checkRfc6979 } from './sign.ts'
import { targetUriFile } from './target-uri.ts'
import { thumbprintFile } from './thumbprint.ts'
import type { VectorFile } from './vector.ts'

const folder = path.resolve(import.meta.dirname, '..')

checkRfc6979()
checkKeyAgreement()
const files = [
  base64urlFile,
  jsonFile,
  jwkFile,
  thumbprintFile,
  athFile,
  htuFile,
  targetUriFile,
  challengesFile,
  await makeDPoPProofFile(),
  await makeEnvelopeFile(),
  await makeSealedFile(),
  await makeAnswerFile(),
]
const contents = new Map([['schema.json', formatJson(schema)], ...files.map(contentOf)])

if (process.argv.includes('--check')) check()
else for (const [name, content] of contents) writeFileSync(path.join(folder, name), content)

function contentOf({ kind, ...rest }: VectorFile): [string, string] {
  return [`${kind}.json`, formatJson({ $schema: './schema.json', kind, ...rest })]
}

function check(): void {
  const stale = [...contents].filter(([name, content]) => readIfPresent(path.join(folder, name)) !== content)
  for (const [name] of stale) console.error(`vectors/${name} is not what its generator writes`)
  if (stale.length > 0) process.exitCode = 1
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
