// The figures that count: each one row of a table beside another, what is demanded of it, and whether the guard watches it.

import type { Estimate } from './lib/statistics.ts'
import type { Metric, Table } from './lib/table.ts'
import { compare } from './lib/table.ts'

/** One figure. */
export interface Figure {
  readonly id: string
  readonly title: string
  readonly table: string
  readonly metric: Metric
  readonly of: string
  readonly to: string
  /** The metric of the other row, where it is another. */
  readonly by?: Metric
  readonly atLeast?: number
  readonly atMost?: number
  /** `false` for what moves with whoever else uses the machine: the guard does not watch it. */
  readonly guarded?: false
}

/** A figure as it was measured. */
export interface MeasuredFigure extends Estimate {
  readonly figure: Figure
  /** Whether what is demanded is reached; `undefined` where nothing is. */
  readonly reached: boolean | undefined
}

const VERIFY = 'bare crypto.verify'
const SIGN = 'bare subtle.sign'
const OURS = 'Countersign'

const junk = ['typ', 'alg', 'htm', 'htu', 'nonce', 'oversized', 'unknown key'].map(
  (kind): Figure => ({
    id: `junk.${kind.replace(' ', '-')}`,
    title: `junk refused, ${kind}, beside a bare verification`,
    table: 'server.junk',
    metric: 'rate',
    of: kind,
    to: VERIFY,
    atLeast: 10,
  }),
)

/** What several processors do at once depends on who else uses them; how much of their time a call takes does not. */
const processorTime = (
  [
    ['server.warm.x64', 'server, known token, 64 at once, beside a bare verification', 'server.warm.x64', VERIFY],
    ['client.proof.x64', 'client proof, 64 at once, beside a bare signature', 'client.proof.x64', SIGN],
    [
      'client.fetch.x16',
      'signed fetch, 16 at once, beside a constant proof',
      'client.fetch.x16',
      'fetch with a constant proof',
    ],
    ['http.oauth4webapi', 'a call over HTTP, beside oauth4webapi in a hook', 'http.closed', 'oauth4webapi'],
    ['http.bearer', 'a call over HTTP, beside jose with bearer tokens only', 'http.closed', 'jose, bearer only'],
  ] as const
).map(
  ([id, title, table, to]): Figure => ({
    id: `${id}.cpu`,
    title: `processor time of ${title}`,
    table,
    metric: 'cpu',
    of: OURS,
    to,
  }),
)

const envelopes = (['client', 'server'] as const).flatMap((side) =>
  ['detached envelope', 'attached envelope'].map(
    (form): Figure => ({
      id: `envelope.${side}.${form.replace(' envelope', '')}`,
      title: `${form} of 1 kB, ${side}: time beside a DPoP proof`,
      table: `envelope.${side}`,
      metric: 'time',
      of: form,
      to: 'DPoP proof',
      atMost: 1.3,
    }),
  ),
)

export const figures: readonly Figure[] = [
  {
    id: 'server.warm.x1',
    title: 'server, known token, one at a time, beside a bare verification',
    table: 'server.warm.x1',
    metric: 'rate',
    of: OURS,
    to: VERIFY,
    atLeast: 0.85,
  },
  {
    id: 'server.warm.x64',
    title: 'server, known token, 64 at once, beside bare verifications on one thread',
    table: 'server.warm.x64',
    metric: 'rate',
    of: OURS,
    to: VERIFY,
    atLeast: 1.4,
    guarded: false,
  },
  {
    id: 'server.cold-token.x1',
    title: 'server, new token, beside a bare verification',
    table: 'server.cold-token.x1',
    metric: 'rate',
    of: OURS,
    to: VERIFY,
  },
  {
    id: 'server.cold-key.x1',
    title: 'server, new token and key, beside a bare verification',
    table: 'server.cold-key.x1',
    metric: 'rate',
    of: OURS,
    to: VERIFY,
  },
  {
    id: 'client.proof.x1',
    title: 'client proof, one at a time, beside a bare signature',
    table: 'client.proof.x1',
    metric: 'rate',
    of: OURS,
    to: SIGN,
    atLeast: 0.95,
  },
  {
    id: 'client.proof.x64',
    title: 'client proof, 64 at once, beside a bare signature',
    table: 'client.proof.x64',
    metric: 'rate',
    of: OURS,
    to: SIGN,
    atLeast: 0.95,
    guarded: false,
  },
  {
    id: 'client.proof.x1.dpop',
    title: 'client proof, one at a time, beside dpop',
    table: 'client.proof.x1',
    metric: 'rate',
    of: OURS,
    to: 'dpop',
    atLeast: 2,
  },
  {
    id: 'client.proof.x64.dpop',
    title: 'client proof, 64 at once, beside dpop',
    table: 'client.proof.x64',
    metric: 'rate',
    of: OURS,
    to: 'dpop',
    atLeast: 2,
    guarded: false,
  },
  {
    id: 'client.fetch.x1',
    title: 'signed fetch, one at a time: time beside a fetch with a constant proof',
    table: 'client.fetch.x1',
    metric: 'time',
    of: OURS,
    to: 'fetch with a constant proof',
    atMost: 1.9,
    guarded: false,
  },
  {
    id: 'client.fetch.x16',
    title: 'signed fetch, 16 at once: time beside a fetch with a constant proof',
    table: 'client.fetch.x16',
    metric: 'time',
    of: OURS,
    to: 'fetch with a constant proof',
    atMost: 1.9,
    guarded: false,
  },
  {
    id: 'http.oauth4webapi',
    title: 'HTTP calls a second, beside oauth4webapi in a hook',
    table: 'http.closed',
    metric: 'rate',
    of: OURS,
    to: 'oauth4webapi',
    atLeast: 2.5,
    guarded: false,
  },
  {
    id: 'http.jose',
    title: 'HTTP calls a second, beside jose by hand in a hook',
    table: 'http.closed',
    metric: 'rate',
    of: OURS,
    to: 'jose by hand',
    atLeast: 2.5,
    guarded: false,
  },
  {
    id: 'http.bearer',
    title: 'HTTP calls a second, beside jose with bearer tokens only',
    table: 'http.closed',
    metric: 'rate',
    of: OURS,
    to: 'jose, bearer only',
    atLeast: 0.7,
    guarded: false,
  },
  {
    id: 'http.p99',
    title: 'HTTP at half load: p99 beside p50',
    table: 'http.open',
    metric: 'p99',
    of: OURS,
    to: OURS,
    by: 'p50',
    atMost: 3,
    guarded: false,
  },
  ...junk,
  ...envelopes,
  {
    id: 'envelope.bodies',
    title: 'large body beside an envelope, beside a bare SHA-256 of it',
    table: 'envelope.bodies',
    metric: 'rate',
    of: 'verified, read by a parser',
    to: 'bare SHA-256',
    atLeast: 0.8,
    guarded: false,
  },
  ...processorTime,
  {
    id: 'growth.clients',
    title: 'a call when 1000 clients call, beside one: median latency',
    table: 'growth.clients',
    metric: 'p50',
    of: '1000',
    to: '1',
    atMost: 1.2,
  },
  {
    id: 'growth.jwks',
    title: 'a new token of an issuer with 1000 keys, beside one: median latency',
    table: 'growth.jwks',
    metric: 'p50',
    of: '1000',
    to: '1',
    atMost: 1.2,
  },
]

/** Works a figure out. */
export function measureFigure(figure: Figure, table: Table): MeasuredFigure {
  const { metric, of, to, by = metric, atLeast, atMost } = figure
  const { median, spread } = compare(table, metric, { of, to, by })
  const reached =
    atLeast === undefined && atMost === undefined
      ? undefined
      : median >= (atLeast ?? Number.NEGATIVE_INFINITY) && median <= (atMost ?? Number.POSITIVE_INFINITY)
  return { figure, median, spread, reached }
}

/** The figures that some tables have. */
export function figuresOf(tables: readonly Table[]): MeasuredFigure[] {
  return figures.flatMap((figure) => {
    const table = tables.find(({ id, rows }) => id === figure.table && rows.some(({ name }) => name === figure.to))
    return table === undefined ? [] : [measureFigure(figure, table)]
  })
}
