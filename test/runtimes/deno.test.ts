// The built package in Deno, with no more permissions than it needs: the network, and here the files of the packages.

import { describeProgram, packaged } from './support.ts'

const permissions = ['--no-prompt', '--allow-net=127.0.0.1', '--allow-read']
const packages = ['--node-modules-dir=manual', '--no-remote', '--no-lock']
describeProgram('Deno', packaged('@deno/linux-x64-glibc/deno'), ['run', ...permissions, ...packages], 'patch')
