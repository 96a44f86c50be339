// The examples as processes, and a partner that the example issuer knows.

import { afterAll } from 'vitest'
import { freePort } from '../examples/demo/src/free-port.ts'
import type { Service } from '../examples/demo/src/service.ts'
import { startService } from '../examples/demo/src/service.ts'

/** A running authorization server and API that know each other, and a client's key. */
export interface Examples {
  readonly issuer: string
  readonly api: string
  readonly key: CryptoKey
}

const SCOPES = 'accounts:read payments:write files:write'
const running: Service[] = []

/** Stops whatever a test file has started. */
export function stopAfterwards(): void {
  afterAll(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()))
  })
}

/** Starts both examples; `clients` are `partner-7`, and one with the claims that the other routes need. */
export async function startExamples(environment: Readonly<Record<string, string>> = {}): Promise<Examples> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  const jwks = { keys: [await crypto.subtle.exportKey('jwk', publicKey)] }
  const port = String(await freePort())
  const api = `http://127.0.0.1:${port}`
  const claims = { roles: ['admin'], acr: 'urn:example:mfa', auth_time: Math.floor(Date.now() / 1000) }
  const clients = [
    { clientId: 'partner-7', jwks, scope: SCOPES },
    { clientId: 'administrator', jwks, scope: SCOPES, claims },
  ]
  const issuer = await start('issuer', { RESOURCES: api, CLIENTS: JSON.stringify(clients) })
  await start('api', { PORT: port, ISSUER: issuer.url, ...environment })
  return { issuer: issuer.url, api, key: privateKey }
}

/** Starts one example. */
export async function start(name: string, environment: Readonly<Record<string, string>>): Promise<Service> {
  const service = await startService(name, { ...unset, ...environment })
  running.push(service)
  return service
}

/** Whatever the environment of the test run sets, an empty variable is the default. */
const unset = Object.fromEntries(
  ['HOST', 'PORT', 'RESOURCE', 'ISSUER', 'JWKS_URI', 'NONCE', 'NONCE_SECRETS', 'NONCE_TTL_SECONDS', 'ACCEPT', 'REPLAY']
    .concat(['PROFILE', 'PROOF_ALGORITHMS', 'DIAGNOSTICS', 'LOG_LEVEL', 'TOKEN_TTL_SECONDS', 'RESOURCES', 'CLIENTS'])
    .map((name) => [name, '']),
)
