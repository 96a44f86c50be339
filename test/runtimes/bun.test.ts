// The built package in Bun, whose fetch writes every method in upper case.

import { describeProgram, packaged } from './support.ts'

describeProgram('Bun', packaged('@oven/bun-linux-x64/bin/bun'), ['run', '--no-install'], 'PATCH')
