// The built packages in workerd, the runtime of Cloudflare Workers: nothing runs when they are loaded, and a client that was made then
// serves all requests that come, whichever of them end early.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientCredentials, createClient } from '@countersign/client'
import { build } from 'esbuild'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../examples/demo/src/free-port.ts'
import type { Environment } from './servers.ts'
import { agreed, describeWith, EXPECTED, packaged, REQUESTS, STREAM_REQUESTS } from './support.ts'

const EXECUTABLE = packaged('@cloudflare/workerd-linux-64/bin/workerd')
/** The oldest compatibility date that has all that the client needs, and one on which Node's modules need no flag. */
const DATES = ['2024-11-11', '2026-11-01']

describeWith('workerd', EXECUTABLE, (servers) => {
  let worker: string
  beforeAll(async () => {
    worker = await bundled('worker.mjs')
  })

  describe.each(DATES)('compatibility date %s', (date) => {
    beforeEach(() => void servers().requests.splice(0))
    const start = () => startWorker(worker, date, servers().environment)

    test('the scenario', async () => {
      const { get } = await start()
      // What its own fetch throws is a copy of the reason.
      expect(await get('/play')).toEqual({ ...EXPECTED, abort: { isReason: false, message: 'enough' } })
      expect(servers().requests).toEqual([...REQUESTS, ...STREAM_REQUESTS])
    })

    test('proof and wire agree on the method', async () => {
      const { get } = await start()
      expect(await get('/methods')).toEqual(agreed('PATCH'))
    })

    test('a client that all requests share', async () => {
      const { get } = await start()
      const found = { status: 200, clientId: 'partner-7' }
      expect(await Promise.all([get('/shared'), get('/shared'), get('/shared')])).toEqual([found, found, found])
      expect(await get('/shared')).toEqual(found)
      expect(servers().requests).toEqual(['GET /whoami 401', ...Array(4).fill('GET /whoami 200')])
    })

    test('a request that ends while its token is on the way does not take the others along', async () => {
      const { get } = await start()
      expect(await get('/impatient')).toMatchObject({ name: 'TimeoutError' })
      for (let count = 0; count < 2; count++) expect(await get('/shared')).toMatchObject({ status: 200 })
    })

    test('a token whose renewal ended with the request that began it is renewed by another', async () => {
      const { get } = await start()
      const answers = new Set()
      for (let count = 0; count < 30; count++) {
        answers.add(JSON.stringify(await get('/hasty')))
        await sleep(40)
      }
      expect([...answers]).toEqual(['{"status":200,"clientId":"partner-7"}'])
    })

    test('the verifier, with keys that it is given', async () => {
      const { url, get } = await start()
      const { issuer, key } = servers().environment
      const client = createClient({ resource: url, token: clientCredentials({ clientId: 'partner-7', key, issuer }) })
      onTestFinished(() => client.close())
      const response = await client.fetch('/verified?a=b')
      expect([response.status, await response.json()]).toEqual([200, { clientId: 'partner-7' }])
      expect(await get('/verified')).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
    })
  })
})

/** A module with all that it imports, but for what comes with the runtime. */
async function bundled(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, file)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    alias: { crypto: 'node:crypto', diagnostics_channel: 'node:diagnostics_channel' },
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** Starts a worker for the current test. */
async function startWorker(worker: string, date: string, environment: Environment) {
  const directory = await mkdtemp(path.join(tmpdir(), 'countersign-workerd-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  await writeFile(path.join(directory, 'worker.mjs'), worker)
  await writeFile(path.join(directory, 'config.capnp'), configuration(date, port, { ...environment, resource: url }))
  const child = spawn(EXECUTABLE, ['serve', path.join(directory, 'config.capnp')], { stdio: 'ignore' })
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await rm(directory, { recursive: true })
  })
  for (let waited = 0; waited < 200; waited++) {
    if ((await fetch(url).catch(() => undefined)) !== undefined) break
    await sleep(20)
  }
  const get = async (path: string) => (await fetch(url + path, { signal: AbortSignal.timeout(10_000) })).json()
  return { url, get }
}

function configuration(date: string, port: number, environment: object): string {
  const flags = date < '2026-08-04' ? '["nodejs_compat"]' : '[]'
  return `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (
          modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
          compatibilityDate = "${date}",
          compatibilityFlags = ${flags},
          bindings = [(name = "ENVIRONMENT", json = ${JSON.stringify(JSON.stringify(environment))})],
          globalOutbound = "loopback",
        )),
        (name = "loopback", network = (allow = ["local"])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
    );`
}
