// The packages as they would be published: packed, unpacked into an empty project, imported, and required.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '..')
const packages = ['shared', 'client', 'server']
const entries = [
  '@countersign/shared',
  '@countersign/client',
  '@countersign/server',
  '@countersign/server/verifier',
  '@countersign/server/testing',
]
let project: string

beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), 'countersign-packed-'))
  await mkdir(path.join(project, 'node_modules/@countersign'), { recursive: true })
  for (const name of packages) {
    const source = path.join(root, 'packages', name)
    await run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', project], { cwd: source })
    const target = path.join(project, 'node_modules/@countersign', name)
    await mkdir(target)
    await run('tar', [
      '-xzf',
      path.join(project, `countersign-${name}-0.0.0.tgz`),
      '-C',
      target,
      '--strip-components=1',
    ])
  }
  for (const [owner, dependency] of [
    ['client', 'oauth4webapi'],
    ['server', 'fastify'],
    ['server', 'fastify-plugin'],
    ['server', 'jose'],
    ['server', 'lru-cache'],
  ] as const) {
    const from = path.join(root, 'packages', owner, 'node_modules', dependency)
    await symlink(from, path.join(project, 'node_modules', dependency))
  }
}, 60_000)

afterAll(() => rm(project, { recursive: true, force: true }))

test('the manifests name what is in the package, and nothing of the workspace', async () => {
  for (const name of packages) {
    const manifest = await readFile(path.join(project, 'node_modules/@countersign', name, 'package.json'), 'utf8')
    expect(manifest).not.toContain('workspace:')
    expect(manifest).not.toContain('catalog:')
    expect(manifest).not.toContain('@countersign/source')
    expect(JSON.parse(manifest).license).toBe('MIT')
  }
})

test.each(entries)('%s can be imported and required', async (entry) => {
  const script = `
    import { createRequire } from 'node:module'
    const imported = Object.keys(await import('${entry}')).sort()
    const required = Object.keys(createRequire(import.meta.url)('${entry}')).filter((name) => name !== '__esModule').sort()
    console.log(JSON.stringify({ imported, required }))`
  const file = path.join(project, 'entry.mjs')
  await writeFile(file, script)
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: project })
  const { imported, required } = JSON.parse(stdout)
  expect(stderr).toBe('')
  expect(imported.length).toBeGreaterThan(0)
  expect(required).toEqual(imported)
})
