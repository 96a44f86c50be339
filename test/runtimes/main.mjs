// The scenario as a program: the environment as JSON in the first argument, the results as JSON in the last line.

import { play, playMethods, playStream } from './scenario.mjs'

const { argv, exit } = globalThis.process ?? (await import('node:process')).default
const environment = JSON.parse(argv[2])
const scenario = { ...(await play(environment)), stream: await playStream(environment) }
console.log(JSON.stringify({ scenario, methods: await playMethods(environment) }))
exit(0)
