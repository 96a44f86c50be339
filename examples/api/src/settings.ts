// The API's environment, as options of the plugin. What the plugin finds wrong with them, it says itself.

import type { JsonWebKey } from 'node:crypto'
import { generateKeyPairSync } from 'node:crypto'
import type { CountersignOptions } from '@countersign/server'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the API listens. */
export function readListen(environment: Environment): { host: string; port: number } {
  return { host: environment['HOST'] || '127.0.0.1', port: wholeNumber(environment, 'PORT') ?? 0 }
}

/** The options of the plugin; a variable that is unset or empty leaves the plugin's default in place. */
export function pluginOptions(environment: Environment, listeningUrl: string): CountersignOptions {
  return {
    resource: environment['RESOURCE'] || listeningUrl,
    issuer: issuers(environment),
    nonce: nonce(environment),
    keys: keys(environment),
    ...optional('accept', list(environment, 'ACCEPT')),
    ...optional('profile', environment['PROFILE'] || undefined),
    ...optional('proofAlgorithms', list(environment, 'PROOF_ALGORITHMS')),
    ...optional('diagnostics', environment['DIAGNOSTICS'] || undefined),
    ...replay(environment),
  } as CountersignOptions
}

/** Keys of the API: without any, it makes some at each start, which is enough for an example. */
function keys(environment: Environment): NonNullable<CountersignOptions['keys']> {
  const given = environment['KEYS'] || undefined
  if (given !== undefined) return (JSON.parse(given) as JsonWebKey[]).map((key) => ({ key }))
  return [
    { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
    { key: generateKeyPairSync('x25519').privateKey, alg: 'ECDH-ES' },
  ]
}

function issuers(environment: Environment): CountersignOptions['issuer'] {
  const names = list(environment, 'ISSUER')
  if (names === undefined) throw new Error('ISSUER must be set: the issuer identifier of the authorization server')
  const jwksUri = environment['JWKS_URI'] || undefined
  if (jwksUri === undefined) return names
  if (names.length > 1) throw new Error('JWKS_URI goes with a single ISSUER')
  return { issuer: names[0] as string, jwksUri }
}

function nonce(environment: Environment): CountersignOptions['nonce'] {
  const mode = environment['NONCE'] || 'required'
  if (mode !== 'required' && mode !== 'off') throw new Error('NONCE must be "required" or "off"')
  if (mode === 'off') return 'off'
  return {
    ...optional('secrets', list(environment, 'NONCE_SECRETS')),
    ...optional('ttlSeconds', wholeNumber(environment, 'NONCE_TTL_SECONDS')),
  }
}

function replay(environment: Environment): object {
  const store = environment['REPLAY'] || 'memory'
  if (store === 'memory') return {}
  if (/^rediss?:/.test(store)) throw new Error('REPLAY: the Redis replay store does not exist yet; use "memory"')
  throw new Error('REPLAY must be "memory" or a redis:// URL')
}

function list(environment: Environment, name: string): string[] | undefined {
  const items = environment[name]?.split(',').filter((item) => item !== '')
  return items === undefined || items.length === 0 ? undefined : items
}

function wholeNumber(environment: Environment, name: string): number | undefined {
  const value = environment[name] || undefined
  if (value === undefined) return undefined
  if (!/^[0-9]+$/.test(value)) throw new Error(`${name} must be a whole number`)
  return Number(value)
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: Value })
}
