import { defineConfig } from 'vitest/config'

// Unit tests read the packages' sources; the examples that tests start as processes run the built packages, as users do.
const source = ['@countersign/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions: source },
  ssr: { resolve: { conditions: source, externalConditions: ['node', 'import'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    passWithNoTests: false,
    testTimeout: 20_000,
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: 'node_modules/.cache/test-results.json' }]]
      : ['default'],
    coverage: { include: ['packages/*/src/**/*.ts'] },
  },
})
