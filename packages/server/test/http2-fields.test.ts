// What Node's own HTTP/2 client refuses to send, frame by frame: no such call reaches a handler.

import { createProof } from '@countersign/testkit'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import countersign from '../src/index.ts'
import type { Field } from './http2-frames.ts'
import { sendHeaders } from './http2-frames.ts'
import { RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
const reached: string[] = []
let app: FastifyInstance
let port: number

beforeAll(async () => {
  app = Fastify({ http2: true }) as unknown as FastifyInstance
  await app.register(countersign, { resource: RESOURCE, issuer: context.issuer.issuer, nonce: 'off' })
  app.get('/x', async ({ caller }) => {
    reached.push(caller.clientId)
    return 'reached'
  })
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
})
afterAll(() => app.close())

interface Call {
  readonly pseudo: readonly Field[]
  readonly authorization: string
  readonly dpop: string
}

async function validCall(): Promise<Call> {
  const { issuer, key } = context
  const accessToken = await issuer.token({ claims: { cnf: { jkt: key.jkt } } })
  const dpop = await createProof({ key, method: 'GET', url: `${RESOURCE}/x`, accessToken })
  const pseudo = Object.entries({ ':method': 'GET', ':scheme': 'http', ':path': '/x', ':authority': 'api.example.com' })
  return { pseudo, authorization: `DPoP ${accessToken}`, dpop }
}

const fieldsOf = ({ pseudo, authorization, dpop }: Call): readonly Field[] => [
  ...pseudo,
  ['authorization', authorization],
  ['dpop', dpop],
]
/** Another value for a pseudo-header field. */
const pseudoWith = ({ pseudo }: Call, name: string, value: string): readonly Field[] =>
  pseudo.map(([each, old]) => [each, each === name ? value : old])

async function send(fields: readonly Field[]) {
  reached.length = 0
  return { ...(await sendHeaders(port, fields)), reached: reached.length }
}

test('a signed call reaches its handler', async () => {
  expect(await send(fieldsOf(await validCall()))).toEqual({ body: 'reached', reached: 1 })
})

test.each([
  [':authority', 'attacker.example'],
  [':scheme', 'https'],
])('another %s moves nothing', async (name, value) => {
  const call = await validCall()
  expect(await send(fieldsOf({ ...call, pseudo: pseudoWith(call, name, value) }))).toMatchObject({ body: 'reached' })
})

test('a Host field beside the authority moves nothing', async () => {
  const fields = [...fieldsOf(await validCall()), ['host', 'attacker.example']] as const
  expect(await send(fields)).toMatchObject({ body: 'reached' })
})

test('two tokens are refused', async () => {
  const call = await validCall()
  const { body, reached: times } = await send([...fieldsOf(call), ['authorization', call.authorization]])
  expect(JSON.parse(body)).toMatchObject({ code: 'ERR_AUTHORIZATION_DUPLICATE', status: 400 })
  expect(times).toBe(0)
})

test('two proofs are refused', async () => {
  const call = await validCall()
  const { body, reached: times } = await send([...fieldsOf(call), ['dpop', call.dpop]])
  expect(JSON.parse(body)).toMatchObject({ code: 'ERR_DPOP_PROOF_DUPLICATE', status: 400 })
  expect(times).toBe(0)
})

test('another method than the proof names is refused', async () => {
  const call = await validCall()
  const { body } = await send(fieldsOf({ ...call, pseudo: pseudoWith(call, ':method', 'DELETE') }))
  expect(JSON.parse(body)).toMatchObject({ code: 'ERR_DPOP_PROOF_HTM_MISMATCH' })
})

const PROTOCOL_ERROR = 1

test.each([
  ['a name in upper case', (call: Call) => [...fieldsOf(call), ['DPoP', call.dpop]]],
  ['a second path', (call: Call) => [...call.pseudo, [':path', '/y'], ...fieldsOf(call).slice(4)]],
  ['pseudo-header fields behind others', (call: Call) => [...fieldsOf(call).slice(4), ...call.pseudo]],
  [
    'an absolute path',
    (call: Call) => fieldsOf({ ...call, pseudo: pseudoWith(call, ':path', 'https://attacker.example/x') }),
  ],
] as [string, (call: Call) => readonly Field[]][])('%s is against the protocol', async (_, change) => {
  expect(await send(change(await validCall()))).toEqual({ body: '', reset: PROTOCOL_ERROR, reached: 0 })
})
