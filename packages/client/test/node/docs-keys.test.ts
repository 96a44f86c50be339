// docs/keys.md: what it lists is what there is, and the conversion that it shows is right for every length of r and s.

import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../../..')
const documentation = readFileSync(path.join(root, 'docs/keys.md'), 'utf8')

test('every reason for which a key is refused is explained, and none besides', () => {
  const source = readFileSync(path.join(root, 'packages/client/src/node/key-faults.ts'), 'utf8')
  const reasons = [...source.matchAll(/^ {2}(\w+):(?= '|\n)/gm)].map(([, reason]) => reason)
  const [, table = ''] = /(\| `reason` .*?)\n\n/s.exec(documentation) ?? []
  const rows = table.split('\n').slice(2)
  const documented = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, reason]) => reason),
  )
  expect(reasons.length).toBeGreaterThan(20)
  expect(documented.toSorted()).toEqual(reasons.toSorted())
})

test.each([
  ['P-256', 'sha256', 32, 1000],
  ['P-384', 'sha384', 48, 400],
  ['P-521', 'sha512', 66, 100],
] as const)('the conversion from DER is right for signatures on %s', (namedCurve, hash, length, count) => {
  const [, source = ''] = /(function toRaw.*?\n\})/s.exec(documentation) ?? []
  const toRaw = new Function(`${stripTypeScriptTypes(source)}; return toRaw`)() as (
    der: Uint8Array,
    length: number,
  ) => Uint8Array
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  const lengths = new Set<number>()
  for (let index = 0; index < count; index++) {
    const data = Buffer.from(String(index))
    const der = sign(hash, data, privateKey)
    lengths.add(der.length)
    const raw = toRaw(der, length)
    if (!verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw))
      expect.fail(`A signature of ${der.length} bytes was converted wrongly`)
  }
  // Those with a leading zero left out, or with one added, are among them.
  expect(lengths.size).toBeGreaterThan(1)
})
