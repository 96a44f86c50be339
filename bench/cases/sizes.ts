// What the packages weigh: in a bundle for browsers, and as installed with all that they need.

import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { bundle, bundleCases } from '../bundle.ts'
import type { BenchCase } from '../lib/case.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

const imports: readonly { readonly title: string; readonly code: string }[] = [
  ...bundleCases.map(({ title, code }) => ({ title: `Countersign: ${title}`, code })),
  { title: 'dpop: one proof', code: "export { generateProof, generateKeyPair } from 'dpop'" },
  {
    title: 'jose: one proof by hand',
    code: "export { SignJWT, exportJWK, generateKeyPair } from 'jose'",
  },
  {
    title: 'oauth4webapi: a request with a proof',
    code: "export { DPoP, protectedResourceRequest, generateKeyPair } from 'oauth4webapi'",
  },
  {
    title: 'openid-client: a request with a proof',
    code: "export { Configuration, fetchProtectedResource, getDPoPHandle, randomDPoPKeyPair } from 'openid-client'",
  },
]
const packages = [
  ...['@countersign/client', '@countersign/server', 'dpop', 'jose', 'oauth4webapi', 'openid-client'],
  'express-oauth2-jwt-bearer',
]

export const sizes: BenchCase = {
  id: 'sizes',
  title: 'sizes',
  from: 'quick',
  async run({ part }) {
    const bundled = []
    for (const { title, code } of imports) {
      bundled.push({ name: title, samples: { bytes: [(await bundle(code)).gzipped] } })
      part(bundled.length / imports.length)
    }
    const installed = packages.map((name) => ({ name, samples: { bytes: [installedBytes(name, ROOT)] } }))
    return [
      {
        id: 'sizes.bundle',
        title: 'In a bundle for browsers, minified and compressed by gzip',
        base: imports[0]?.title as string,
        metric: 'bytes',
        rows: bundled,
      },
      {
        id: 'sizes.install',
        title: 'As installed, with all that they need, without what applications have anyway',
        base: packages[0] as string,
        metric: 'bytes',
        rows: installed,
      },
    ]
  },
}

interface Manifest {
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The files of a package and of all its dependencies, each once. */
function installedBytes(name: string, from: string, seen = new Set<string>()): number {
  const folder = folderOf(name, from)
  if (seen.has(folder)) return 0
  seen.add(folder)
  const { files, dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
  // Of a package of this workspace, what is published of it.
  const isOurs = name.startsWith('@countersign/')
  const patterns = isOurs ? (files ?? []).map((each) => `${each}/**/*`) : ['**/*']
  const own = globSync(patterns, { cwd: folder, exclude: ['node_modules/**'] })
    .map((file) => statSync(path.join(folder, file)))
    .reduce((total, stat) => total + (stat.isFile() ? stat.size : 0), 0)
  return Object.keys(dependencies).reduce((total, each) => total + installedBytes(each, folder, seen), own)
}

function folderOf(name: string, from: string): string {
  for (let folder = from; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name)
    if (existsSync(candidate)) return realpathSync(candidate)
  }
  throw new Error(`${name} is not installed`)
}
