// Wrong options fail at once, with a code and the option's name.

import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../src/options.ts'
import { resolveOptions } from '../src/options.ts'

const valid = { resource: 'https://api.example.com', issuer: 'https://as.example.com' }

describe('refused', () => {
  const cases: [string, unknown, string, string][] = [
    ['no options', undefined, 'ERR_OPTION_INVALID', 'options'],
    ['an unknown name', { ...valid, audiance: 'x' }, 'ERR_OPTION_UNKNOWN', 'audiance'],
    ['no resource', { issuer: valid.issuer }, 'ERR_OPTION_INVALID', 'resource'],
    ['a relative resource', { ...valid, resource: '/api' }, 'ERR_OPTION_INVALID', 'resource'],
    [
      'a resource with credentials',
      { ...valid, resource: 'https://u:p@api.example.com' },
      'ERR_OPTION_INVALID',
      'resource',
    ],
    [
      'a resource with a fragment',
      { ...valid, resource: 'https://api.example.com/#' },
      'ERR_OPTION_INVALID',
      'resource',
    ],
    ['a resource by http', { ...valid, resource: 'http://api.example.com' }, 'ERR_URL_INSECURE', 'resource'],
    [
      'a resource by http on a look-alike',
      { ...valid, resource: 'http://localhost.example.com' },
      'ERR_URL_INSECURE',
      'resource',
    ],
    ['no issuer', { resource: valid.resource }, 'ERR_OPTION_INVALID', 'issuer'],
    ['an empty list of issuers', { ...valid, issuer: [] }, 'ERR_OPTION_INVALID', 'issuer'],
    ['an issuer twice', { ...valid, issuer: [valid.issuer, valid.issuer] }, 'ERR_OPTION_INVALID', 'issuer'],
    ['an issuer by http', { ...valid, issuer: 'http://as.example.com' }, 'ERR_URL_INSECURE', 'issuer'],
    ['an issuer with a query', { ...valid, issuer: 'https://as.example.com?x' }, 'ERR_OPTION_INVALID', 'issuer'],
    [
      'a key set by http',
      { ...valid, issuer: { issuer: valid.issuer, jwksUri: 'http://as.example.com/jwks' } },
      'ERR_URL_INSECURE',
      'issuer.jwksUri',
    ],
    [
      'an unknown option of an issuer',
      { ...valid, issuer: { issuer: valid.issuer, jwksUrl: 'x' } },
      'ERR_OPTION_UNKNOWN',
      'issuer.jwksUrl',
    ],
    ['an empty audience', { ...valid, audience: '' }, 'ERR_OPTION_INVALID', 'audience'],
    ['an origin by http', { ...valid, origins: ['http://eu.example.com'] }, 'ERR_URL_INSECURE', 'origins'],
    ['an origin with a wildcard', { ...valid, origins: ['https://*.example.com'] }, 'ERR_OPTION_INVALID', 'origins'],
    ['a prefix without slash', { ...valid, basePath: 'v1' }, 'ERR_OPTION_INVALID', 'basePath'],
    ['a prefix that climbs', { ...valid, basePath: '/v1/..' }, 'ERR_OPTION_INVALID', 'basePath'],
    ['nothing accepted', { ...valid, accept: [] }, 'ERR_OPTION_INVALID', 'accept'],
    ['bearer alone', { ...valid, accept: ['bearer'] }, 'ERR_OPTION_INVALID', 'accept'],
    ['a scheme of another kind', { ...valid, accept: ['dpop', 'basic'] }, 'ERR_OPTION_INVALID', 'accept'],
    ['no algorithms', { ...valid, proofAlgorithms: [] }, 'ERR_OPTION_INVALID', 'proofAlgorithms'],
    ['a MAC', { ...valid, proofAlgorithms: ['HS256'] }, 'ERR_OPTION_INVALID', 'proofAlgorithms'],
    ['none', { ...valid, tokenAlgorithms: ['none'] }, 'ERR_OPTION_INVALID', 'tokenAlgorithms'],
    ['an unknown nonce mode', { ...valid, nonce: 'optional' }, 'ERR_OPTION_INVALID', 'nonce'],
    ['a short secret', { ...valid, nonce: { secrets: ['c2hvcnQ'] } }, 'ERR_OPTION_INVALID', 'nonce.secrets'],
    ['no secrets', { ...valid, nonce: { secrets: [] } }, 'ERR_OPTION_INVALID', 'nonce.secrets'],
    ['an unknown option of nonces', { ...valid, nonce: { ttl: 1 } }, 'ERR_OPTION_UNKNOWN', 'nonce.ttl'],
    ['a lifetime of zero', { ...valid, nonce: { ttlSeconds: 0 } }, 'ERR_OPTION_INVALID', 'nonce.ttlSeconds'],
    ['a lifetime of hours', { ...valid, nonce: { ttlSeconds: 3600 } }, 'ERR_OPTION_INVALID', 'nonce.ttlSeconds'],
    ['a tolerance in text', { ...valid, clockToleranceSeconds: '5' }, 'ERR_OPTION_INVALID', 'clockToleranceSeconds'],
    [
      'proofs that live for an hour',
      { ...valid, maxProofAgeSeconds: 3600 },
      'ERR_OPTION_INVALID',
      'maxProofAgeSeconds',
    ],
    ['an unknown profile', { ...valid, profile: 'enterprise' }, 'ERR_OPTION_INVALID', 'profile'],
    ['unknown diagnostics', { ...valid, diagnostics: true }, 'ERR_OPTION_INVALID', 'diagnostics'],
    ['a resource as URL', { ...valid, resource: new URL(valid.resource) }, 'ERR_OPTION_INVALID', 'resource'],
    ['no audience', { ...valid, audience: [] }, 'ERR_OPTION_INVALID', 'audience'],
    ['a promise of a store', { ...valid, replay: Promise.resolve({}) }, 'ERR_OPTION_INVALID', 'replay'],
    ['a Map for a store', { ...valid, replay: new Map() }, 'ERR_OPTION_INVALID', 'replay'],
    ['a store whose claim is no function', { ...valid, replay: { claim: true } }, 'ERR_OPTION_INVALID', 'replay'],
    ['a store by URL', { ...valid, replay: 'redis://127.0.0.1' }, 'ERR_OPTION_INVALID', 'replay'],
    ['a store of another form', { ...valid, replay: { claims: () => true } }, 'ERR_OPTION_UNKNOWN', 'replay.claims'],
    ['a mistyped bound', { ...valid, replay: { maxEntires: 5 } }, 'ERR_OPTION_UNKNOWN', 'replay.maxEntires'],
    ['null for a store', { ...valid, replay: null }, 'ERR_OPTION_INVALID', 'replay'],
    ['a number for a cache', { ...valid, tokenCache: 5 }, 'ERR_OPTION_INVALID', 'tokenCache'],
    ['a mistyped cache', { ...valid, tokenCache: { maxEntrys: 5 } }, 'ERR_OPTION_UNKNOWN', 'tokenCache.maxEntrys'],
    ['a clock that is none', { ...valid, clock: 5 }, 'ERR_OPTION_INVALID', 'clock'],
    [
      'a token cache of minus one',
      { ...valid, tokenCache: { maxEntries: -1 } },
      'ERR_OPTION_INVALID',
      'tokenCache.maxEntries',
    ],
  ]
  test.each(cases)('%s', (_, options, code, parameter) => {
    expect(() => resolveOptions(options as VerifierOptions)).toThrow(expect.objectContaining({ code, parameter }))
  })
})

test('http is allowed on loopback hosts', () => {
  for (const host of ['localhost', 'api.localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    const { origins } = resolveOptions({ resource: `http://${host}:8080`, issuer: `http://${host}` })
    expect(origins).toEqual([`http://${host}:8080`])
  }
})

test('the safe defaults', () => {
  const { clock, nonce, ...rest } = resolveOptions(valid)
  expect(nonce?.ttlSeconds).toBe(120)
  expect(nonce?.secrets[0]).toHaveLength(32)
  expect(Math.abs(clock() - Date.now() / 1000)).toBeLessThan(5)
  expect(rest).toMatchObject({
    issuers: [
      {
        issuer: valid.issuer,
        profileName: 'rfc9068',
        audiences: new Set(['https://api.example.com']),
        clients: undefined,
        encryption: 'none',
        introspection: undefined,
      },
    ],
    origins: ['https://api.example.com'],
    basePath: '',
    accept: ['dpop', 'envelope'],
    proofAlgorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
    toleranceSeconds: 30,
    proofWindow: { pastSeconds: 60, futureSeconds: 30 },
    diagnostics: 'minimal',
  })
})

test('profiles', () => {
  expect(resolveOptions({ ...valid, profile: 'mcp' }).proofWindow).toEqual({ pastSeconds: 300, futureSeconds: 300 })
  const fapi2 = resolveOptions({ ...valid, profile: 'fapi2' })
  expect(fapi2.proofWindow).toEqual({ pastSeconds: 60, futureSeconds: 10 })
  expect([...(fapi2.issuers[0]?.algorithms ?? [])]).toEqual(['ES256', 'EdDSA', 'Ed25519', 'PS256'])
})
