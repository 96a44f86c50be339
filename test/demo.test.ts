// The demo tells the truth: it succeeds when every verdict is the expected one, and fails when one is not.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'

const main = path.resolve(import.meta.dirname, '../examples/demo/src/main.ts')

async function run(environment: Record<string, string>) {
  const child = spawn(process.execPath, [main, '--json'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  const scenes = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { scene: string; ok: boolean; verdict: unknown })
  return { code, scenes }
}

test('every verdict is the expected one', { timeout: 30_000 }, async () => {
  const started = Date.now()
  const { code, scenes } = await run({})
  expect(scenes.map(({ scene, ok }) => [scene, ok])).toEqual([
    ['first-call', true],
    ['second-call', true],
    ['stolen-token', true],
    ['stolen-token-dpop', true],
    ['replayed-proof', true],
    ['moved-url', true],
    ['moved-method', true],
    ['other-key', true],
    ['other-audience', true],
    ['old-nonce', true],
    ['envelope-detached', true],
    ['envelope-attached', true],
    ['envelope-sealed', true],
    ['envelope-large', true],
    ['envelope-altered-call', true],
    ['envelope-altered-answer', true],
    ['envelope-evidence', true],
  ])
  expect(code).toBe(0)
  expect(Date.now() - started).toBeLessThan(20_000)
})

test('an API that asks for no nonces is found out', { timeout: 30_000 }, async () => {
  const { code, scenes } = await run({ NONCE: 'off' })
  const failed = scenes.filter(({ ok }) => !ok).map(({ scene }) => scene)
  expect(failed).toContain('first-call')
  expect(failed).toContain('old-nonce')
  expect(code).toBe(1)
})

test('an API that takes bearer tokens answers otherwise, and is found out', { timeout: 30_000 }, async () => {
  const { code, scenes } = await run({ ACCEPT: 'dpop,envelope,bearer' })
  expect(scenes.filter(({ ok }) => !ok)).toEqual([
    expect.objectContaining({ scene: 'stolen-token', verdict: { status: 401, code: 'ERR_TOKEN_BOUND' } }),
  ])
  expect(code).toBe(1)
})
