// Tells the story of the demo in the terminal, one line a scene, and exits 0 only if every verdict is the expected one.

import { parseArgs } from 'node:util'
import type { Scene, Verdict } from './story.ts'
import { tellStory } from './story.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const show = values.json ? showJson : showLine

let unexpected = 0
try {
  if (!values.json)
    console.log('\nA partner, an authorization server and an API, each a real one. What the API says to each call:\n')
  await tellStory((scene) => {
    if (!scene.ok) unexpected++
    show(scene)
  })
} catch (error) {
  unexpected++
  console.error(error)
}
if (!values.json) console.log(unexpected === 0 ? '\nEvery verdict is the expected one.\n' : '\nNot as expected.\n')
process.exit(unexpected === 0 ? 0 : 1)

function showJson(scene: Scene): void {
  console.log(JSON.stringify(scene))
}

function showLine({ ok, title, verdict, expected, remark }: Scene): void {
  const complaint = ok ? '' : `  (expected: ${inWords(expected)})`
  console.log(`  ${ok ? '✔' : '✘'} ${title.padEnd(46)} ${inWords(verdict).padEnd(34)} ${remark}${complaint}`)
}

function inWords({ status, code, requests }: Verdict): string {
  const count = requests === undefined ? undefined : `after ${requests} ${requests === 1 ? 'request' : 'requests'}`
  return [status, code, count].filter((part) => part !== undefined).join(' ')
}
