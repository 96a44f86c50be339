// Where the runtimes are, and what the scenario must come to in each.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Servers } from './servers.ts'
import { startServers } from './servers.ts'

/** What the scenario must come to, unless a runtime cannot do otherwise. */
export const EXPECTED = {
  ranAtImport: [],
  caller: { clientId: 'partner-7', algorithm: 'ES256', isOwnKey: true },
  echo: { text: 'ä€😀' },
  request: { a: 1 },
  refusal: { code: 'ERR_SCOPE_INSUFFICIENT', challenge: 'insufficient_scope' },
  abort: { isReason: true, message: 'enough' },
  aborted: { isReason: true, message: 'enough' },
  redirect: 'partner-7',
  closed: true,
  ed25519: 'Ed25519',
  stream: { streamed: true },
}

/** Requests to the API that it takes, apart from that of the stream. What was aborted is not among them. */
export const REQUESTS = [
  'GET /whoami 401',
  'GET /whoami 200',
  'POST /echo 200',
  'POST /echo 200',
  'GET /forbidden 403',
  'GET /moved 307',
  'GET /whoami 200',
  'GET /whoami 401',
  'GET /whoami 200',
]

/** Those of the stream: the nonce is asked for ahead, since the body can be sent once only. */
export const STREAM_REQUESTS = ['HEAD /.well-known/oauth-protected-resource 200', 'POST /echo 200']

/** The file of a runtime that comes as a package of npm, for Linux on x64 only. */
export function packaged(file: string): string {
  const isLinux = process.platform === 'linux' && process.arch === 'x64'
  return isLinux ? path.resolve(import.meta.dirname, '../../node_modules', file) : `${file} for this machine`
}

/** Tests that need an executable. Where it is missing they are skipped, for all to see; in CI that is a failure. */
export function describeWith(name: string, executable: string, tests: (servers: () => Servers) => void): void {
  if (!existsSync(executable)) {
    const missing = `${name}: there is no ${executable}`
    if (process.env['CI']) test(name, () => expect.fail(missing))
    else test.skip(missing)
    return
  }
  describe(name, () => {
    let servers: Servers | undefined
    beforeAll(async () => {
      servers = await startServers()
    })
    afterAll(() => servers?.stop())
    tests(() => servers as Servers)
  })
}

/** Tests of a runtime that runs main.mjs as a program. */
export function describeProgram(
  name: string,
  executable: string,
  parameters: readonly string[],
  method: 'patch' | 'PATCH',
): void {
  describeWith(name, executable, (servers) => {
    let results: { scenario: unknown; methods: unknown }
    beforeAll(async () => {
      results = (await runProgram([executable, ...parameters, 'main.mjs'], servers().environment)) as typeof results
    }, 25_000)

    test('the scenario', () => {
      expect(results.scenario).toEqual(EXPECTED)
      expect(servers().requests).toEqual([...REQUESTS, ...STREAM_REQUESTS])
    })

    test('proof and wire agree on the method', () => expect(results.methods).toEqual(agreed(method)))
  })
}

/** Runs a file of this folder, given what it is told as JSON: what it prints, which must be JSON. */
export async function runProgram([executable = '', ...parameters]: string[], environment: object): Promise<unknown> {
  // No questions about newer versions.
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1' }
  const options = { cwd: import.meta.dirname, env, timeout: 20_000 }
  const { stdout } = await promisify(execFile)(executable, [...parameters, JSON.stringify(environment)], options)
  return JSON.parse(stdout)
}

/** The methods of the mirror, where proof and wire agree. */
export function agreed(method: 'patch' | 'PATCH') {
  const both = { method, htm: method }
  return { ofOptions: both, ofRequest: both }
}
