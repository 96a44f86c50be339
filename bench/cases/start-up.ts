// How long it takes until a process can verify or sign its first call, beside a process of Node that does nothing.

import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { BenchCase } from '../lib/case.ts'
import type { Contender } from '../lib/measure.ts'
import { measure } from '../lib/measure.ts'

const run = promisify(execFile)
const BASE = 'node, nothing'

const verifier = "createVerifier({ resource: 'https://api.example.com', issuer: 'https://issuer.example' })"
const scripts: Readonly<Record<string, string>> = {
  [BASE]: '',
  'Countersign verifier': `import { createVerifier } from '@countersign/server/verifier'; ${verifier}`,
  'Countersign client': "import { generateSigner } from '@countersign/client'; await generateSigner()",
  jose: "import 'jose'",
  oauth4webapi: "import 'oauth4webapi'",
  'openid-client': "import 'openid-client'",
  fastify: "import fastify from 'fastify'; await fastify().ready()",
  'fastify + Countersign': `import fastify from 'fastify'; import { countersign } from '@countersign/server'
    await fastify().register(countersign, { resource: 'https://api.example.com', issuer: 'https://issuer.example' }).ready()`,
  'express + express-oauth2-jwt-bearer': `import express from 'express'; import { auth } from 'express-oauth2-jwt-bearer'
    express().use(auth({ issuerBaseURL: 'https://issuer.example', audience: 'https://api.example.com' }))`,
}

export const startUp: BenchCase = {
  id: 'start-up',
  title: 'start-up',
  from: 'quick',
  async run({ mode, part }) {
    const cwd = path.resolve(import.meta.dirname, '../..')
    const rows: Contender[] = Object.entries(scripts).map(([name, script]) => ({
      name,
      run: () => run(process.execPath, ['--input-type=module', '--eval', `${script}\nprocess.exit()`], { cwd }),
    }))
    const effort = { rounds: mode === 'full' ? 15 : 5, milliseconds: 1, warmUpMilliseconds: 0 }
    return [
      {
        id: 'start-up',
        title: 'Start of a process',
        base: BASE,
        metric: 'time',
        rows: await measure(rows, effort, part),
      },
    ]
  },
}
