// The metrics that come out of signed calls, by the real SDK.

import countersign from '@countersign/server'
import { createTestCaller, createTestIssuer } from '@countersign/server/testing'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { countVerifications } from '../src/metrics.ts'

test('accepted and refused calls are counted by outcome', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  const stop = countVerifications(provider.getMeter('test'))
  const resource = 'https://api.example.com'
  const issuer = createTestIssuer({ resource })
  const app = Fastify()
  await app.register(countersign, { resource, issuer: issuer.options })
  app.get('/', async () => 'ok')
  const caller = createTestCaller({ app, issuer })

  expect((await caller.inject('/')).statusCode).toBe(200)
  expect((await caller.inject('/')).statusCode).toBe(200)
  expect((await caller.inject({ url: '/', defect: 'token.audience' })).statusCode).toBe(401)
  await reader.forceFlush()

  const recorded = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  const counter = recorded.find(({ descriptor }) => descriptor.name === 'countersign.verifications')
  const counts = counter?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value }))
  const good = { scheme: 'dpop', issuer: issuer.issuer, client: 'client-1' }
  expect(counts).toEqual([
    { outcome: 'ERR_DPOP_NONCE_REQUIRED', scheme: 'dpop', value: 1 },
    { outcome: 'accepted', ...good, value: 2 },
    { outcome: 'ERR_TOKEN_AUDIENCE', scheme: 'dpop', value: 1 },
  ])
  const histogram = recorded.find(({ descriptor }) => descriptor.name === 'countersign.verification.time')
  expect(histogram?.dataPoints).toHaveLength(3)

  stop()
  await caller.inject('/')
  await reader.forceFlush()
  expect(counter?.dataPoints.map(({ value }) => value)).toEqual([1, 2, 1])
  await app.close()
  await provider.shutdown()
})
