// What the tests of keys have in common: the examples with clients of one's own, and what an error shows of a secret.

import { inspect } from 'node:util'
import { isCountersignError } from '@countersign/shared'
import { expect } from 'vitest'
import { freePort } from '../../../../examples/demo/src/free-port.ts'
import { start } from '../../../../test/support.ts'

/** A client as the example issuer is told of it. */
export interface ExampleClient {
  readonly clientId: string
  readonly jwks: object
  readonly scope?: string
}

/** Where the examples are. */
export interface Examples {
  readonly issuer: string
  readonly api: string
}

/** Starts the example issuer and the example API, which know each other, for some clients. `stopAfterwards()` stops them. */
export async function startFor(
  ...clients: readonly ((at: Examples) => ExampleClient | Promise<ExampleClient>)[]
): Promise<Examples> {
  const [port, issuerPort] = await Promise.all([freePort(), freePort()])
  const at = { issuer: `http://127.0.0.1:${issuerPort}`, api: `http://127.0.0.1:${port}` }
  const known = await Promise.all(clients.map((client) => client(at)))
  const CLIENTS = JSON.stringify(known.map((client) => ({ scope: 'accounts:read', ...client })))
  await start('issuer', { PORT: String(issuerPort), RESOURCES: at.api, CLIENTS })
  await start('api', {
    PORT: String(port),
    ISSUER: at.issuer,
    PROOF_ALGORITHMS: 'ES256,ES384,PS256,RS256,Ed25519,EdDSA',
  })
  return at
}

/** The error that is thrown; a failure of the test if none is. */
export async function failureOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}

/** Everything an error shows, to a log or to whoever looks into it, but for the paths of its stack. */
export function textOf(error: unknown, seen = new Set<unknown>()): string {
  if (typeof error !== 'object' || error === null) return String(error)
  if (seen.has(error)) return ''
  seen.add(error)
  const parts = Reflect.ownKeys(error)
    .filter((name) => name !== 'stack')
    .map((name) => `${String(name)}: ${textOf((error as Record<PropertyKey, unknown>)[name], seen)}`)
  if (isCountersignError(error)) parts.push(JSON.stringify(error))
  if (error instanceof Error) parts.push(String(error.stack).split('\n    at ')[0] as string)
  return `${parts.join('\n')}\n${inspect(Object.getPrototypeOf(error))}`
}

/** Expects that an error shows no run of this many characters of a secret. */
export function expectNothingOf(secret: string, error: unknown, characters = 8): void {
  const shown = textOf(error)
  for (let index = 0; index + characters <= secret.length; index++) {
    const part = secret.slice(index, index + characters)
    if (shown.includes(part)) expect(shown).not.toContain(part)
  }
}
