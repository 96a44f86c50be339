// What the client costs a page stays within its budgets, and nothing happens at import.

import { expect, test } from 'vitest'
import { bundle, bundleCases } from '../bench/bundle.ts'

test.each(bundleCases.map((each) => [each.title, each] as const))('%s', async (_, { code, budget }) => {
  const { gzipped, text } = await bundle(code)
  expect(gzipped).toBeGreaterThan(budget * 0.8)
  expect(gzipped).toBeLessThanOrEqual(budget)
  expect(text).not.toMatch(/\bnode:|\brequire\(/)
})

test('to import a thing and not to use it costs nothing', async () => {
  expect((await bundle("import '@countersign/client'")).bytes).toBe(0)
})
