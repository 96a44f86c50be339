// Whole servers over HTTP: each a process on one processor, called from another process on the other, where processes can be kept to one.

import type { ServerKind } from '../http/kinds.ts'
import { schemes } from '../http/kinds.ts'
import type { CallScheme, LoadResult } from '../http/load.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import type { Row, Table } from '../lib/table.ts'
import type { Worker } from '../lib/worker.ts'
import { startWorker } from '../lib/worker.ts'

const BASE = 'nothing'
const guarded: readonly ServerKind[] = ['nothing', 'jose, bearer only', 'Countersign', 'oauth4webapi']
/** Those that are called in an open loop too. */
const open: ReadonlySet<ServerKind> = new Set(guarded)
const quick: readonly ServerKind[] = [...guarded, 'jose by hand', 'express-oauth2-jwt-bearer', 'by hand']
/** Rounds, and milliseconds of each: short, since what the machine does besides comes and goes by the second. */
const lengths = { guard: [15, 120], quick: [15, 120], full: [25, 500] } as const
/** Calls that a server answers before it is measured. */
const WARM_UP_CALLS = 2_500

interface Server {
  readonly kind: ServerKind
  readonly worker: Worker
  readonly port: number
  readonly scheme: CallScheme
  /** Calls a second, as found while it warms up. */
  rate: number
  readonly rss: number[]
  readonly closed: Measured[]
  readonly open: Measured[]
}

interface Measured extends LoadResult {
  readonly cpu: number
  readonly rss: number
}

export const http: BenchCase = {
  id: 'http',
  title: 'whole servers over HTTP',
  from: 'guard',
  async run({ mode, part }) {
    const kinds = belongs('quick', mode) ? quick : guarded
    const tables = await compareServers(kinds, { mode, cores: [0, 1] }, (share) =>
      part(belongs('full', mode) ? share / 2 : share),
    )
    if (!belongs('full', mode)) return tables
    const free = await compareServers(kinds, { mode, cores: [] }, (share) => part(0.5 + share / 2))
    return [
      ...tables,
      ...free.map((table) => ({ ...table, id: `${table.id}.free`, title: `${table.title}, all processors` })),
    ]
  },
}

async function compareServers(
  kinds: readonly ServerKind[],
  { mode, cores: [core, other] }: { mode: keyof typeof lengths; cores: readonly number[] },
  part: (share: number) => void,
): Promise<Table[]> {
  const workers: Worker[] = []
  const [rounds, milliseconds] = lengths[mode]
  try {
    const load = startWorker('http/load.ts', { core: other })
    workers.push(load)
    const published = JSON.stringify(await load.ask('published'))
    const servers: Server[] = []
    for (const kind of kinds) {
      const worker = startWorker('http/server.ts', { core, args: [kind, published] })
      workers.push(worker)
      const port = await worker.ask<number>('port')
      const { rss } = await worker.ask<{ rss: number }>('usage')
      const scheme = schemes[kind]
      await load.ask('gates', { port, scheme, name: kind })
      const { calls, elapsed } = await load.ask<LoadResult>('load', {
        port,
        scheme,
        milliseconds: 60_000,
        calls: WARM_UP_CALLS,
      })
      servers.push({ kind, worker, port, scheme, rate: (calls / elapsed) * 1000, rss: [rss], closed: [], open: [] })
    }
    const send = async ({ worker, port, scheme }: Server, more: object): Promise<Measured> => {
      const before = await worker.ask<{ cpu: number }>('usage')
      const result = await load.ask<LoadResult>('load', { port, scheme, milliseconds, ...more })
      const after = await worker.ask<{ cpu: number; rss: number }>('usage')
      return { ...result, cpu: (after.cpu - before.cpu) / result.calls, rss: after.rss }
    }
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        const calls = Math.ceil((server.rate * milliseconds * 1.5) / 1000)
        const measured = await send(server, { calls })
        server.closed.push(measured)
        server.rate = (measured.calls / measured.elapsed) * 1000
        if (open.has(server.kind) && mode !== 'guard') server.open.push(await send(server, { rate: server.rate / 2 }))
      }
      part((round + 1) / rounds)
    }
    return [
      {
        id: 'http.closed',
        title: 'Over HTTP, as fast as answers come: calls a second',
        base: BASE,
        rows: servers.map(({ kind, closed }) => rowOf(kind, closed)),
      },
      ...(mode === 'guard'
        ? []
        : [
            {
              id: 'http.open',
              title: 'Over HTTP, at half the rate each can answer',
              base: BASE,
              metric: 'p99',
              rows: servers.filter(({ kind }) => open.has(kind)).map((server) => rowOf(server.kind, server.open)),
            } satisfies Table,
          ]),
      {
        id: 'memory.rest',
        title: 'Memory of a server that was just started',
        base: BASE,
        metric: 'bytes',
        rows: servers.map(({ kind, rss }) => ({ name: kind, samples: { bytes: rss } })),
      },
      {
        id: 'memory.load',
        title: 'Memory of a server under load',
        base: BASE,
        metric: 'bytes',
        rows: servers.map(({ kind, closed }) => ({
          name: kind,
          samples: { bytes: closed.slice(-1).map(({ rss }) => rss) },
        })),
      },
    ]
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
  }
}

function rowOf(name: string, results: readonly Measured[]): Row {
  return {
    name,
    samples: {
      time: results.map(({ calls, elapsed }) => elapsed / calls),
      cpu: results.map(({ cpu }) => cpu),
      p50: results.map(({ p50 }) => p50),
      p99: results.map(({ p99 }) => p99),
    },
  }
}
