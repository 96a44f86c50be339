// Builds the packages with tsup, in the order of their dependencies, and does nothing when their sources are unchanged.
// Every command that needs the packages calls this first, so nobody has to remember it.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '..')
const stamp = path.join(root, 'node_modules/.cache/countersign-build')

/** Packages in build order; those of one inner list do not depend on each other. */
const stages = [['shared'], ['client', 'server']]
const packages = stages.flat()

const fingerprint = fingerprintOfSources()
const upToDate =
  existsSync(stamp) &&
  readFileSync(stamp, 'utf8') === fingerprint &&
  packages.every((name) => existsSync(path.join(root, 'packages', name, 'dist/index.d.ts')))

if (!upToDate) {
  for (const stage of stages) await Promise.all(stage.map(build))
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, fingerprint)
}

async function build(name: string): Promise<void> {
  const tsup = path.join(root, 'node_modules/tsup/dist/cli-default.js')
  await run(process.execPath, [tsup], { cwd: path.join(root, 'packages', name) })
}

function fingerprintOfSources(): string {
  const files = globSync(
    [
      'packages/*/src/**/*.ts',
      'packages/*/package.json',
      'packages/*/tsconfig.json',
      'ts*.json',
      'tsup.config.ts',
      'pnpm-lock.yaml',
    ],
    { cwd: root },
  ).sort()
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0')
  return hash.digest('hex')
}
