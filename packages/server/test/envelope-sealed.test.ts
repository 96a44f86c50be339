// Sealed envelopes: opened with the server's key, and then like any attached one.

import { generateKeyPairSync } from 'node:crypto'
import { sealEnvelope } from '@countersign/testkit'
import type { JWK } from 'jose'
import { exportJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import type { EnvelopedCall, EnvelopeServer } from './envelope-support.ts'
import { JSON_TEXT, useEnvelopes } from './envelope-support.ts'

const { start } = useEnvelopes()

const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const x25519 = () => generateKeyPairSync('x25519').privateKey

/** The keys that a server publishes for encryption. */
async function published({ app }: EnvelopeServer): Promise<JWK[]> {
  const { keys } = (await app.inject('/.well-known/jwks.json')).json()
  return (keys as JWK[]).filter(({ use }) => use === 'enc')
}

const sealed = (seal: (envelope: string) => string | Promise<string>, call: EnvelopedCall = {}): EnvelopedCall => ({
  form: 'attached',
  ...call,
  wire: { ...call.wire, envelope: seal },
})

describe.each([
  ['ECDH-ES on P-256', p256, 'ECDH-ES'],
  ['ECDH-ES+A256KW on P-256', p256, 'ECDH-ES+A256KW'],
  ['ECDH-ES on X25519', x25519, 'ECDH-ES'],
  ['ECDH-ES+A256KW on X25519', x25519, 'ECDH-ES+A256KW'],
] as const)('%s', (_, generate, alg) => {
  test('is opened, and parsed as any other body', async () => {
    const server = await start({ keys: [{ key: generate(), alg }] })
    const [key] = await published(server)
    expect(key).toMatchObject({ use: 'enc', alg, kid: expect.stringMatching(/^[\w-]{43}$/) })
    const answer = await server.call(sealed((envelope) => sealEnvelope(envelope, key as JWK)))
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ body: { amount: '12.50' }, type: 'application/json' })
    const { request_envelope_forms_supported: forms, jwks_uri: uri } = (
      await server.app.inject('/.well-known/oauth-protected-resource')
    ).json()
    expect([forms, uri]).toEqual([['attached', 'detached', 'sealed'], `${server.url}/.well-known/jwks.json`])
  })
})

describe('what is refused, and reaches no handler:', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey

  test.each<[string, (envelope: string, key: JWK) => string | Promise<string>, string]>([
    [
      'an unknown key',
      (envelope, key) => sealEnvelope(envelope, { ...key, kid: 'another' }),
      'ERR_ENVELOPE_SEAL_KEY_UNKNOWN',
    ],
    [
      'another key under that name',
      async (envelope, { kid, alg }) => sealEnvelope(envelope, { ...(await exportJWK(other)), kid, alg } as JWK),
      'ERR_ENVELOPE_SEAL_UNOPENED',
    ],
    [
      'another algorithm than the key is for',
      (envelope, key) => sealEnvelope(envelope, { ...key, alg: 'ECDH-ES+A256KW' }),
      'ERR_ENVELOPE_SEAL_INVALID',
    ],
    [
      'another encryption',
      (envelope, key) => sealEnvelope(envelope, key, { enc: 'A128GCM' }),
      'ERR_ENVELOPE_SEAL_INVALID',
    ],
    ['no cty', (envelope, key) => sealEnvelope(envelope, key, { cty: undefined }), 'ERR_ENVELOPE_SEAL_INVALID'],
    ['no kid', (envelope, key) => sealEnvelope(envelope, key, { kid: undefined }), 'ERR_ENVELOPE_SEAL_INVALID'],
    [
      'one byte that was flipped',
      async (envelope, key) => flipLast(await sealEnvelope(envelope, key), 3),
      'ERR_ENVELOPE_SEAL_UNOPENED',
    ],
    [
      'another tag',
      async (envelope, key) => flipLast(await sealEnvelope(envelope, key), 4),
      'ERR_ENVELOPE_SEAL_UNOPENED',
    ],
    [
      'four segments',
      async (envelope, key) => (await sealEnvelope(envelope, key)).split('.').slice(1).join('.'),
      'ERR_ENVELOPE_MALFORMED',
    ],
    ['six segments', async (envelope, key) => `${await sealEnvelope(envelope, key)}.`, 'ERR_ENVELOPE_MALFORMED'],
    [
      'sealed twice',
      async (envelope, key) => sealEnvelope(await sealEnvelope(envelope, key), key),
      'ERR_ENVELOPE_SEAL_INVALID',
    ],
    ['no envelope', (_, key) => sealEnvelope(JSON_TEXT, key), 'ERR_ENVELOPE_SEAL_INVALID'],
    [
      'a direct key',
      async (envelope, key) => withHeader(await sealEnvelope(envelope, key), { alg: 'dir' }),
      'ERR_ENVELOPE_SEAL_INVALID',
    ],
    [
      'compression',
      async (envelope, key) => withHeader(await sealEnvelope(envelope, key), { zip: 'DEF' }),
      'ERR_ENVELOPE_SEAL_INVALID',
    ],
    [
      'an envelope that was altered',
      (envelope, key) => sealEnvelope(flipLast(envelope, 1), key),
      'ERR_ENVELOPE_SIGNATURE',
    ],
  ])('%s', async (_, seal, code) => {
    const server = await start({ keys: [{ key: p256(), alg: 'ECDH-ES' }] })
    const [key] = await published(server)
    const answer = await server.call(sealed((envelope) => seal(envelope, key as JWK)))
    expect([answer.code, server.handled]).toEqual([code, []])
  })

  test('any sealed envelope where there are no keys', async () => {
    const server = await start()
    const key = { ...(await exportJWK(other)), kid: 'x', alg: 'ECDH-ES' } as JWK
    const answer = await server.call(sealed((envelope) => sealEnvelope(envelope, key)))
    expect(answer.code).toBe('ERR_ENVELOPE_SEAL_KEY_UNKNOWN')
  })

  test('one that is too large, before it is opened', async () => {
    const server = await start({ keys: [{ key: p256(), alg: 'ECDH-ES' }], envelope: { maxContentBytes: 5_000 } })
    const [key] = await published(server)
    const answer = await server.call(
      sealed((envelope) => sealEnvelope(envelope, key as JWK), { content: 'x'.repeat(9_000) }),
    )
    expect(answer.status).toBe(413)
  })
})

test('while one key replaces the other, both are opened', async () => {
  const keys = [p256(), x25519()].map((key, index) => ({ key, alg: 'ECDH-ES', kid: `enc-${index}` }))
  const server = await start({ keys })
  const all = await published(server)
  expect(all.map(({ kid }) => kid)).toEqual(['enc-0', 'enc-1'])
  for (const key of all) expect((await server.call(sealed((envelope) => sealEnvelope(envelope, key)))).status).toBe(200)
})

test('an envelope with no content is not sealed', async () => {
  const server = await start({ keys: [{ key: p256(), alg: 'ECDH-ES' }] })
  expect((await server.call({ form: 'attached', content: null })).status).toBe(200)
})

/** Changes a byte in the last but so many segment, in the middle of it. */
function flipLast(text: string, index: number): string {
  const segments = text.split('.')
  const segment = segments[index] as string
  const bytes = Buffer.from(segment, 'base64url')
  const at = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  segments[index] = bytes.toString('base64url')
  return segments.join('.')
}

function withHeader(jwe: string, members: object): string {
  const [header = '', ...rest] = jwe.split('.')
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...members }
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.')
}
