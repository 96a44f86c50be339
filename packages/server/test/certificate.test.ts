// Tokens that are bound to a client certificate besides their key (RFC 8705): never passed over.

import { createHash, X509Certificate } from 'node:crypto'
import { createServer as createTlsServer, request as tlsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import countersign from '../src/index.ts'
import { createTestIssuer, createTestSigner } from '../src/testing/index.ts'
import type { VerifiableRequest } from '../src/verifier.ts'
import { RefusalError } from '../src/verifier.ts'
import { createSubject, RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
const certificates = new Map<
  string,
  { readonly key: string; readonly cert: string; readonly der: Uint8Array; readonly x5t: string }
>()

beforeAll(async () => {
  for (const name of ['mine', 'other', 'localhost']) {
    const { private: key, cert } = await generate([{ name: 'commonName', value: name }], { keyType: 'ec' })
    const der = new X509Certificate(cert).raw
    const x5t = createHash('sha256').update(der).digest('base64url')
    certificates.set(name, { key, cert, der, x5t })
  }
})

const certificate = (name: string) => certificates.get(name) as NonNullable<ReturnType<typeof certificates.get>>

async function outcomeOf(clientCertificate: VerifiableRequest['clientCertificate'], cnf: object): Promise<string> {
  const subject = createSubject(context)
  const request = await subject.request({ token: { claims: { cnf } } })
  try {
    await subject.verifier.verify({ ...request, ...(clientCertificate && { clientCertificate }) })
    return 'accepted'
  } catch (error) {
    if (error instanceof RefusalError) return error.code
    throw error
  }
}

describe('a token with the thumbprint of a key and of a certificate', () => {
  const cnf = () => ({ jkt: context.key.jkt, 'x5t#S256': certificate('mine').x5t })

  test('is accepted with the certificate', async () => {
    expect(await outcomeOf(() => certificate('mine').der, cnf())).toBe('accepted')
  })

  test('is refused with another, or with none', async () => {
    expect(await outcomeOf(() => certificate('other').der, cnf())).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH')
    expect(await outcomeOf(() => undefined, cnf())).toBe('ERR_TOKEN_CERTIFICATE_MISMATCH')
  })

  test('is refused where certificates are not seen', async () => {
    expect(await outcomeOf(undefined, cnf())).toBe('ERR_TOKEN_BINDING_UNSUPPORTED')
  })

  test('is refused with the certificate, but by another key', async () => {
    const other = { ...cnf(), jkt: 'A'.repeat(43) }
    expect(await outcomeOf(() => certificate('mine').der, other)).toBe('ERR_TOKEN_BINDING_MISMATCH')
  })

  test('is checked again when it is warm', async () => {
    const subject = createSubject(context)
    const accessToken = await subject.bound({ claims: { cnf: cnf() } })
    const send = async (name: string) => {
      const request = await subject.request({ accessToken })
      return subject.verifier.verify({ ...request, clientCertificate: () => certificate(name).der })
    }
    await send('mine')
    await send('mine')
    await expect(send('other')).rejects.toMatchObject({ code: 'ERR_TOKEN_CERTIFICATE_MISMATCH' })
  })

  test('a certificate that cannot be read is a fault of the server', async () => {
    const fails = () => {
      throw new Error('a header that is no certificate')
    }
    await expect(outcomeOf(fails, cnf())).rejects.toThrow('a header that is no certificate')
  })
})

test('a token that is bound to a certificate alone is no bearer token, and has no key for a proof', async () => {
  const subject = createSubject(context, { accept: ['dpop', 'bearer'] })
  const token = { claims: { cnf: { 'x5t#S256': certificate('mine').x5t } } }
  for (const [changes, code] of [
    [{ scheme: 'Bearer', proof: null }, 'ERR_TOKEN_BOUND'],
    [{}, 'ERR_TOKEN_UNBOUND'],
  ] as const) {
    const request = await subject.request({ ...changes, token })
    const clientCertificate = () => certificate('mine').der
    await expect(subject.verifier.verify({ ...request, clientCertificate })).rejects.toMatchObject({ code })
  }
})

test('a token that is bound to no certificate does not cause one to be read', async () => {
  const read = () => {
    throw new Error('was read')
  }
  expect(await outcomeOf(read, { jkt: context.key.jkt })).toBe('accepted')
})

describe('over TLS, with the option getClientCertificate', () => {
  const issuer = createTestIssuer({ resource: RESOURCE })
  const signer = createTestSigner({ issuer })
  let app: FastifyInstance
  beforeAll(async () => {
    const { key, cert } = certificate('localhost')
    app = Fastify({
      serverFactory: (handler) =>
        createTlsServer({ key, cert, requestCert: true, rejectUnauthorized: false }, handler as never) as never,
    }) as unknown as FastifyInstance
    await app.register(countersign, {
      resource: RESOURCE,
      issuer: issuer.options,
      nonce: 'off',
      getClientCertificate: ({ raw }) => (raw.socket as TLSSocket).getPeerCertificate().raw,
    })
    app.get('/', async () => 'reached')
    await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => app.close())

  function get(name: string | undefined): Promise<string> {
    const claims = { cnf: { jkt: signer.jkt, 'x5t#S256': certificate('mine').x5t } }
    const { key, cert } = name === undefined ? {} : certificate(name)
    const options = {
      host: '127.0.0.1',
      port: (app.server.address() as AddressInfo).port,
      headers: { ...signer.sign({ url: '/', claims }) },
      rejectUnauthorized: false,
      agent: false as const,
      ...(key !== undefined && { key, cert }),
    }
    return new Promise((resolve, reject) => {
      const request = tlsRequest(options, async (response) => {
        let body = ''
        for await (const chunk of response) body += chunk
        resolve(body)
      })
      request.on('error', reject)
      request.end()
    })
  }

  test('the certificate of the connection counts', async () => {
    expect(await get('mine')).toBe('reached')
    expect(await get('other')).toContain('ERR_TOKEN_CERTIFICATE_MISMATCH')
    expect(await get(undefined)).toContain('ERR_TOKEN_CERTIFICATE_MISMATCH')
  })

  test('an option that is no function is refused', async () => {
    const other = Fastify() as unknown as FastifyInstance
    const options = { resource: RESOURCE, issuer: issuer.options, getClientCertificate: 'header' as never }
    await expect(other.register(countersign, options)).rejects.toMatchObject({ parameter: 'getClientCertificate' })
  })
})
