// What typical imports of the client cost an application: minified and compressed bytes, as a bundler for browsers makes them.

import { gzipSync } from 'node:zlib'
import type { Plugin } from 'esbuild'
import { build } from 'esbuild'

/** An import, and the most it may cost: raised only in the commit that has a reason to. */
export interface BundleCase {
  readonly title: string
  readonly code: string
  /** Bytes, minified and compressed by gzip. */
  readonly budget: number
}

export const bundleCases: readonly BundleCase[] = [
  { title: 'one proof', code: "export { createProof } from '@countersign/client'", budget: 1_710 },
  {
    title: 'proof, fetch and nonces',
    code: "export { createSignedFetch } from '@countersign/client'",
    budget: 7_200,
  },
  {
    title: 'a client with client credentials',
    code: "export { createClient, clientCredentials } from '@countersign/client'",
    budget: 19_970,
  },
  {
    title: 'a client with a login and a key store',
    code: "export { createClient, authorizationCode } from '@countersign/client'\nexport { indexedDBKeyStore } from '@countersign/client/indexeddb'",
    budget: 23_560,
  },
]

/** What is imported when it is first needed, a page loads apart from the rest. */
const loadedLater: Plugin = {
  name: 'loaded-later',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
  },
}

/** Bundles an import: what a page loads at once. */
export async function bundle(
  code: string,
): Promise<{ readonly bytes: number; readonly gzipped: number; readonly text: string }> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname },
    bundle: true,
    plugins: [loadedLater],
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@countersign/source'],
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('The bundler made nothing')
  return {
    bytes: output.contents.length,
    gzipped: gzipSync(output.contents, { level: 9 }).length,
    text: output.text,
  }
}

if (import.meta.main) {
  for (const { title, code, budget } of bundleCases) {
    const { bytes, gzipped } = await bundle(code)
    console.log(
      `${title.padEnd(40)} ${String(bytes).padStart(7)} minified ${String(gzipped).padStart(7)} gzip, at most ${budget}`,
    )
  }
}
