// The DPoP scenarios of the Model Context Protocol's conformance suite, with an MCP client whose calls are signed. They run on loopback.

import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const SUITE = createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/dist/index.js')
const CLIENT = path.join(import.meta.dirname, 'mcp-client.ts')
const WITHOUT_NONCES = ['token-request-proof', 'dpop-auth-scheme', 'fresh-proof']

test.each([
  ['auth/dpop', WITHOUT_NONCES],
  ['auth/dpop-nonce', [...WITHOUT_NONCES, 'as-nonce', 'rs-nonce']],
])('%s', async (scenario, required) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'countersign-conformance-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const command = `"${process.execPath}" "${CLIENT}"`
  const parameters = [SUITE, 'client', '--command', command, '--scenario', scenario, '--output-dir', directory]
  await promisify(execFile)(process.execPath, parameters, { timeout: 15_000 })
  const [file] = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('checks.json'))
  const checks: { id: string; status: string }[] = JSON.parse(
    await readFile(path.join(directory, String(file)), 'utf8'),
  )
  const passed = checks.filter(({ status }) => status === 'SUCCESS').map(({ id }) => id)
  expect(passed).toEqual(expect.arrayContaining(required.map((name) => `sep-1932-client-${name}`)))
  expect(checks.filter(({ status }) => status !== 'SUCCESS' && status !== 'INFO')).toEqual([])
})
