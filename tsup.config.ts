import { defineConfig } from 'tsup'

/** One build for every package: ESM and declarations of each entry named in its `exports`. */
export default defineConfig(async () => {
  const { default: manifest } = await import(`${process.cwd()}/package.json`, { with: { type: 'json' } })
  const entries: { '@countersign/source': string }[] = Object.values(manifest.exports)
  return {
    entry: entries.map((entry) => entry['@countersign/source']),
    format: 'esm',
    target: 'es2023',
    platform: 'neutral',
    dts: true,
    clean: true,
    splitting: true,
    sourcemap: true,
    silent: true,
  }
})
