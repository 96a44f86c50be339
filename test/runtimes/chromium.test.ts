// The built package in a page of Chromium, which calls an API of another origin: what a page is not shown, and keys and sessions that
// outlive it and are shared by tabs.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { agreed, describeWith, EXPECTED, REQUESTS } from './support.ts'

const EXECUTABLE = process.env['CHROMIUM'] || '/usr/bin/chromium'
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
/** A name of this machine that does not count as secure, unlike localhost. */
const INSECURE_HOST = 'page.test'
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
const HOSTS = `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`

/** What page.mjs offers, and of what its functions return that which is looked into here. */
interface Functions {
  readonly page: Readonly<Record<string, (...parameters: unknown[]) => Promise<Result>>>
}

interface Result {
  readonly jkt?: string
  readonly isPersistent?: boolean
}

describeWith('Chromium', EXECUTABLE, (servers) => {
  let browser: Browser
  let site: { readonly url: string; stop(): void }

  beforeAll(async () => {
    site = await startSite()
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...QUIET, HOSTS] })
  })
  afterAll(async () => {
    await browser?.close()
    site?.stop()
  })
  beforeEach(() => {
    servers().requests.length = 0
    servers().authorizationServer.grants.length = 0
  })

  test('the scenario: a redirect is opaque, and so not followed', async () => {
    const [page] = await open(1)
    const { stream: _, ...expected } = EXPECTED
    const redirect = { code: 'ERR_REDIRECT_NOT_FOLLOWED', reason: 'opaque' }
    expect(await run(page, 'play')).toEqual({ ...expected, redirect })
    const followed = REQUESTS.indexOf('GET /moved 307') + 1
    expect(servers().requests).toEqual(REQUESTS.toSpliced(followed, 1))
  })

  test('proof and wire agree on the method', async () => {
    const [page] = await open(1)
    expect(await run(page, 'playMethods')).toEqual(agreed('patch'))
  })

  test('a nonce that the page may not read', async () => {
    const [page] = await open(1)
    expect(await run(page, 'refuse')).toEqual({ status: 401, code: 'ERR_NONCE_NOT_ACCEPTED', reason: 'hidden' })
  })

  test('a page that is not secure, and so has no WebCrypto, is told that', async () => {
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    await page.goto(site.url.replace('localhost', INSECURE_HOST))
    expect(await run(page, 'keep')).toEqual({ code: 'ERR_KEY_UNAVAILABLE', reason: 'insecure' })
  })

  describe('indexedDBKeyStore', () => {
    test('the key outlives the page, and cannot be exported', async () => {
      const [page] = await open(1)
      const first = await run(page, 'keep')
      expect(first).toEqual({ jkt: expect.stringMatching(/^[\w-]{43}$/), isPersistent: true })
      await page.reload()
      expect(await run(page, 'keep')).toEqual(first)
      expect(await run(page, 'stored')).toEqual({
        privateKey: { extractable: false, exported: 'InvalidAccessError' },
        thumbprint: first.jkt,
      })
      expect(await run(page, 'keep', { name: 'another' })).not.toEqual(first)
    })

    test('tabs that start at the same time end up with one key', async () => {
      const tabs = await open(4)
      const kept = await Promise.all(tabs.map((tab) => run(tab, 'keep')))
      expect(new Set(kept.map(({ jkt }) => jkt)).size).toBe(1)
      expect(kept.every(({ isPersistent }) => isPersistent)).toBe(true)
    })

    test('a record that is no key pair is replaced', async () => {
      const [page] = await open(1)
      for (const record of ['something else', { publicKey: 'half of one' }, null]) {
        await run(page, 'store', record)
        const first = await run(page, 'keep')
        expect(first.isPersistent).toBe(true)
        expect(await run(page, 'keep')).toEqual(first)
      }
    })

    test.each([
      [
        'may not open a database',
        'IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError") }',
      ],
      ['has no IndexedDB', 'delete globalThis.indexedDB; delete Window.prototype.indexedDB'],
      [
        'cannot open it',
        'IDBFactory.prototype.open = () => { const r = {}; setTimeout(() => r.onerror(), 1); return r }',
      ],
    ])('a page that %s keeps the key in memory', async (_name, script) => {
      const [page] = await open(1, script)
      expect(await run(page, 'keep')).toMatchObject({ jkt: expect.any(String), isPersistent: false })
      const strict = await run(page, 'keep', { fallback: 'error' })
      expect(strict).toEqual({ code: 'ERR_KEY_UNAVAILABLE', reason: 'storage' })
    })

    test('a database of the same name that is something else is left alone', async () => {
      const [page] = await open(1)
      await run(page, 'store', 'mine', 'notes')
      expect(await run(page, 'keep')).toMatchObject({ jkt: expect.any(String), isPersistent: false })
      expect(await run(page, 'keep', { database: 'elsewhere' })).toMatchObject({ isPersistent: true })
    })
  })

  describe('tabs that share a session whose refresh token rotates', () => {
    test('take turns, and refresh it once', async () => {
      expect(await refreshInTabs({ turns: true })).toEqual([200, 200, 200])
      expect(servers().authorizationServer.grants).toEqual(['refresh_token 200'])
    })

    test('refresh it several times when they take no turns, which ends it', async () => {
      servers().authorizationServer.gather(3)
      await refreshInTabs({ turns: false })
      expect(servers().authorizationServer.grants).toContain('refresh_token 400')
    })

    async function refreshInTabs(options: { turns: boolean }) {
      const tabs = await open(3)
      await run(tabs[0], 'begin', servers().authorizationServer.beginSession())
      return Promise.all(tabs.map((tab) => run(tab, 'refresh', options)))
    }
  })

  /** Opens tabs of one profile, without history, for the current test. */
  async function open(count: number, script?: string): Promise<[Page, ...Page[]]> {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    if (script !== undefined) await context.addInitScript(script)
    const opened = Array.from({ length: count }, async () => {
      const page = await context.newPage()
      await page.goto(site.url)
      return page
    })
    return (await Promise.all(opened)) as [Page, ...Page[]]
  }

  /** Runs a function of page.mjs. */
  function run(page: Page, name: string, ...parameters: unknown[]) {
    const all = [name, servers().environment, ...parameters] as [string, ...unknown[]]
    return page.evaluate(([name, ...all]) => {
      const call = (globalThis as unknown as Functions).page[name]
      if (call === undefined) throw new Error(`There is no ${name}`)
      return call(...all)
    }, all)
  }
})

/** A site with one page, on a host that counts as secure. */
async function startSite() {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'page.mjs')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  })
  const script = outputFiles[0]?.text
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
