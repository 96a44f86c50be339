// The option getClientCertificate behind a proxy that passes the client's certificate on, here in a field of its own.

import { createHash, randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { CountersignOptions } from '../src/index.ts'
import countersign from '../src/index.ts'
import { useSignedCalls } from './signed-calls.ts'

const { context, create, options, call } = useSignedCalls()

// The plugin takes the thumbprint of whatever octets it is given; certificates of TLS connections are in certificate.test.ts.
const certificate = randomBytes(600)
const thumbprint = createHash('sha256').update(certificate).digest('base64url')
const bound = () => ({ cnf: { jkt: context.key.jkt, 'x5t#S256': thumbprint } })
const passOn = (der: Uint8Array) => ({ 'x-client-certificate': Buffer.from(der).toString('base64') })

function ofProxy({ headers }: FastifyRequest): Uint8Array | undefined {
  const field = headers['x-client-certificate']
  return field === undefined ? undefined : Buffer.from(String(field), 'base64')
}

async function createApp(more: Partial<CountersignOptions> = { getClientCertificate: ofProxy }) {
  const app = create()
  await app.register(countersign, options(more))
  app.get('/', async ({ caller }) => caller.claims['cnf'])
  return app
}

async function codeOf(app: FastifyInstance, claims: Record<string, unknown>, headers = {}): Promise<unknown> {
  return (await call(app, { url: '/', claims, headers })).json().code
}

describe('a token that is bound to a key and a certificate', () => {
  test('is accepted with both', async () => {
    const response = await call(await createApp(), { url: '/', claims: bound(), headers: passOn(certificate) })
    expect(response.json()).toEqual(bound().cnf)
  })

  test('is refused with another certificate', async () => {
    expect(await codeOf(await createApp(), bound(), passOn(randomBytes(600)))).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH')
  })

  test('is refused without certificate', async () => {
    expect(await codeOf(await createApp(), bound())).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH')
  })

  test('is refused with an empty certificate', async () => {
    const app = await createApp({ getClientCertificate: () => new Uint8Array() })
    expect(await codeOf(app, bound())).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH')
  })

  test('is refused where the option is not used, whatever the proxy passes on', async () => {
    expect(await codeOf(await createApp({}), bound(), passOn(certificate))).toBe('ERR_TOKEN_BINDING_UNSUPPORTED')
  })

  test.each([
    ['a list', [thumbprint]],
    ['a hexadecimal thumbprint', Buffer.from(thumbprint, 'base64url').toString('hex')],
    ['an empty text', ''],
  ])('is refused with %s for a thumbprint', async (_, x5t) => {
    const cnf = { jkt: context.key.jkt, 'x5t#S256': x5t }
    expect(await codeOf(await createApp(), { cnf }, passOn(certificate))).toBe('ERR_TOKEN_CLAIM_INVALID')
  })

  test.each([
    ['that throws', fail],
    ['that returns no octets', () => ({ raw: certificate })],
  ])('with a function %s is a fault of the server', async (_, wrong) => {
    const app = await createApp({ getClientCertificate: wrong as never })
    const response = await call(app, { url: '/', claims: bound() })
    expect(response.statusCode).toBe(500)
    expect(response.headers).not.toHaveProperty('www-authenticate')
  })

  test('is judged alike by a guard', async () => {
    const app = await createApp()
    const onRequest = app.countersign.guard()
    app.get('/guarded', { config: { auth: false }, onRequest }, async () => 'reached')
    const signed = { url: '/guarded', claims: bound() }
    expect((await call(app, { ...signed, headers: passOn(certificate) })).body).toBe('reached')
    expect((await call(app, signed)).json()).toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_MISMATCH' })
  })
})

test('a token that is bound to a certificate alone is good for neither scheme', async () => {
  const app = await createApp({ getClientCertificate: ofProxy, accept: ['dpop', 'bearer'] })
  const claims = { cnf: { 'x5t#S256': thumbprint } }
  expect(await codeOf(app, claims, passOn(certificate))).toBe('ERR_TOKEN_UNBOUND')
  const authorization = `Bearer ${await context.issuer.token({ claims })}`
  const response = await app.inject({ url: '/', headers: { authorization, ...passOn(certificate) } })
  expect(response.json()).toMatchObject({ code: 'ERR_TOKEN_BOUND', status: 401 })
})

test('a certificate is read for no other token', async () => {
  const app = await createApp({ getClientCertificate: fail })
  expect((await call(app, { url: '/' })).statusCode).toBe(200)
})

test('the option is a function of the request, and may know no certificate', () => {
  expectTypeOf<NonNullable<CountersignOptions['getClientCertificate']>>().toEqualTypeOf<
    (request: FastifyRequest) => Uint8Array | undefined
  >()
})

function fail(): never {
  throw new Error('this field is no certificate')
}
