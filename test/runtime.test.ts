// The tests run on the Node that the npm package brings, whatever the machine has.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

test('Node is the version that package.json asks for', () => {
  const manifest = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../package.json'), 'utf8'))
  expect(process.version).toBe(`v${manifest.devDependencies.node}`)
  expect(process.version).toMatch(/^v24\./)
})
