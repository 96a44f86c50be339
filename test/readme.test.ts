// What the READMEs and docs show compiles, against the packages' own types.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')
const documents = [
  'README.md',
  'docs/issuers.md',
  'docs/adapters.md',
  'docs/envelopes.md',
  'docs/keys.md',
  'docs/runtimes.md',
  'docs/undici.md',
  'packages/client/README.md',
  'packages/server/README.md',
]

/** What a block may use without declaring it. */
const surroundings = `
import type { FastifyInstance } from 'fastify'
declare global {
  var app: FastifyInstance
  var key: CryptoKey
  var request: { method: string; url: string; rawHeaders: string[] }
}
`

test('every TypeScript block of the READMEs and docs compiles', { timeout: 60_000 }, () => {
  const directory = path.join(root, 'test/.readme')
  mkdirSync(directory, { recursive: true })
  try {
    const files = [path.join(directory, 'surroundings.ts')]
    writeFileSync(files[0] as string, surroundings)
    for (const document of documents) {
      const blocks = [...readFileSync(path.join(root, document), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
      expect(blocks.length, document).toBeGreaterThan(0)
      blocks.forEach(([, code = ''], index) => {
        const file = path.join(directory, `${document.replaceAll(/\W/g, '-')}-${index}.ts`)
        writeFileSync(file, `${code}\nexport {}\n`)
        files.push(file)
      })
    }
    expect(complaintsOf(files)).toEqual([])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

function complaintsOf(files: string[]): string[] {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.node.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root)
  const program = ts.createProgram(files, {
    ...options,
    composite: false,
    incremental: false,
    noEmit: true,
    emitDeclarationOnly: false,
    declaration: false,
    noUnusedLocals: false,
    // A reader has the published types, not the sources.
    customConditions: [],
  })
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${path.basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
}
