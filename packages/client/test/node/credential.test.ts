// The credential string: it works as it is, from an option and from the environment, and says what happened to it where it does not.

import { createClient, isCountersignError } from '@countersign/client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { stopAfterwards } from '../../../../test/support.ts'
import { decodeCredential, encodeCredential } from '../../src/credential/credential.ts'
import type { CredentialOptions } from '../../src/node/index.ts'
import { createCredential } from '../../src/node/index.ts'
import type { Examples } from './support.ts'
import { expectNothingOf, failureOf, startFor } from './support.ts'

stopAfterwards()

const options = { clientId: 'partner-7', issuer: 'https://as.example.com', resource: 'https://api.example.com' }
const whole = await createCredential({ ...options, scope: 'accounts:read' })
const credential = whole.credential
const secret = decodeCredential(credential).jwk.d as string

/** The reason why a credential is refused, having checked that the error says nothing of it. */
async function reasonOf(text: string | undefined): Promise<string | undefined> {
  const error = await failureOf(() => createClient({ credential: text as string }))
  expectNothingOf(credential.slice(5), error)
  expectNothingOf(secret, error)
  if (!isCountersignError(error, 'ERR_CREDENTIAL_INVALID')) throw error
  return error.reason
}

const ALGORITHMS = ['ES256', 'PS256', 'RS256', 'Ed25519'] as const

test('a credential of every algorithm gets tokens and signs calls, from the option and from the environment', async () => {
  const made = new Map<string, string>()
  await startFor(
    ...ALGORITHMS.map((algorithm) => async ({ issuer, api: resource }: Examples) => {
      const asked = { clientId: algorithm, issuer, resource, algorithm, scope: 'accounts:read' }
      const { credential, jwks } = await createCredential(asked)
      made.set(algorithm, credential)
      return { clientId: algorithm, jwks }
    }),
  )
  for (const [algorithm, credential] of made) {
    for (const client of [createClient({ credential }), clientOfEnvironment(credential)]) {
      onTestFinished(() => client.close())
      const response = await client.fetch('/accounts')
      expect([algorithm, response.status]).toEqual([algorithm, 200])
      expect(await (await client.fetch('/whoami')).json()).toMatchObject({
        clientId: algorithm,
        scopes: ['accounts:read'],
      })
    }
  }
})

function clientOfEnvironment(credential: string) {
  vi.stubEnv('COUNTERSIGN_CREDENTIAL', credential)
  try {
    return createClient()
  } finally {
    vi.unstubAllEnvs()
  }
}

test('the private key is in the credential only, with its algorithm and its identifier', () => {
  const { jwk, ...rest } = decodeCredential(credential)
  expect(rest).toEqual({
    client_id: 'partner-7',
    issuer: 'https://as.example.com',
    resource: 'https://api.example.com',
    scope: 'accounts:read',
  })
  const [registered] = whole.jwks.keys
  expect(whole.jwks.keys).toHaveLength(1)
  expect(registered).toEqual({ kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y, kid: jwk.kid, alg: 'ES256', use: 'sig' })
  expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'd', 'kid', 'kty', 'x', 'y'])
  expect(jwk).toMatchObject({ alg: 'ES256', kid: expect.stringMatching(/^[\w-]{43}$/) })
})

test('two credentials have two keys, and an identifier that is given is kept', async () => {
  const other = await createCredential({ ...options, kid: 'partner-7-2027', algorithm: 'PS256' })
  expect(other.jwks.keys[0]).toMatchObject({ kid: 'partner-7-2027', alg: 'PS256', kty: 'RSA' })
  expect((other.jwks.keys[0] as { n: string }).n).toHaveLength(342)
  expect(decodeCredential(other.credential).jwk.kid).toBe('partner-7-2027')
  const again = await createCredential(options)
  expect(again.jwks.keys[0]?.kid).not.toBe(whole.jwks.keys[0]?.kid)
})

test('a credential is one line that a scanner of secrets can find', async () => {
  const credentials = [credential, (await createCredential({ ...options, algorithm: 'RS256' })).credential]
  for (const found of credentials) expect(`key=${found};`).toMatch(/\bcsk_1[A-Za-z0-9_-]{100,}/)
})

test.each<[string, unknown, string]>([
  ['clientId', '', 'ERR_OPTION_INVALID'],
  ['clientId', undefined, 'ERR_OPTION_INVALID'],
  ['clientId', '\ud800', 'ERR_OPTION_INVALID'],
  ['issuer', 'as.example.com', 'ERR_OPTION_INVALID'],
  ['issuer', new URL('https://as.example.com'), 'ERR_OPTION_INVALID'],
  ['issuer', 'http://as.example.com', 'ERR_URL_INSECURE'],
  ['resource', 'http://api.example.com', 'ERR_URL_INSECURE'],
  ['resource', undefined, 'ERR_OPTION_INVALID'],
  ['algorithm', 'HS256', 'ERR_OPTION_INVALID'],
  ['algorithm', 'EdDSA', 'ERR_OPTION_INVALID'],
  ['algorithm', 'ML-DSA-44', 'ERR_OPTION_INVALID'],
  ['scope', ['accounts:read'], 'ERR_OPTION_INVALID'],
  ['kid', '', 'ERR_OPTION_INVALID'],
  ['clientID', 'partner-7', 'ERR_OPTION_UNKNOWN'],
])('createCredential refuses %s %s', async (parameter, value, code) => {
  const wrong = { ...options, [parameter]: value } as CredentialOptions
  await expect(createCredential(wrong)).rejects.toMatchObject({ code, parameter })
})

test('a credential that was cut, at each position', async () => {
  for (let length = 1; length < credential.length; length++)
    expect([length, await reasonOf(credential.slice(0, length))]).toEqual([length, 'cut'])
  for (let start = 1; start < credential.length; start++)
    expect([start, await reasonOf(credential.slice(start))]).toEqual([start, 'prefix'])
})

test('a credential with one character changed, at each position', async () => {
  for (let index = 0; index < credential.length; index++) {
    for (const character of ['A', 'z', '7', '-', '_']) {
      if (credential[index] === character) continue
      const changed = credential.slice(0, index) + character + credential.slice(index + 1)
      const expected = index < 4 ? 'prefix' : index === 4 ? 'version' : 'altered'
      expect([index, character, await reasonOf(changed)]).toEqual([index, character, expected])
    }
  }
})

test('a credential with one character twice, or left out, at each position', async () => {
  for (let index = 0; index < credential.length; index++) {
    const without = credential.slice(0, index) + credential.slice(index + 1)
    const less = index < 4 ? 'prefix' : index === 4 ? 'version' : index < 9 ? /^(?:cut|altered)$/ : 'cut'
    expect(await reasonOf(without), `without ${index}`).toMatch(less)
    const twice = credential.slice(0, index + 1) + credential.slice(index)
    const more =
      index < 3 ? 'prefix' : index === 3 ? 'version' : index < 9 ? /^(?:cut|altered)$/ : /^(?:extended|altered)$/
    expect(await reasonOf(twice), `${index} twice`).toMatch(more)
  }
})

test('a credential with white space in it, at each position', async () => {
  for (const space of ['\n', '\r\n', ' ', '\t', '\u00a0', '\ufeff'])
    for (let index = 0; index <= credential.length; index++)
      expect([index, await reasonOf(credential.slice(0, index) + space + credential.slice(index))]).toEqual([
        index,
        'space',
      ])
})

test.each<[string, string | undefined, string]>([
  ['an empty variable', '', 'missing'],
  ['a variable with white space only', ' \n', 'missing'],
  ['quotation marks', `"${credential}"`, 'quoted'],
  ['quotation marks and a line break', `"${credential}"\n`, 'quoted'],
  ['apostrophes', `'${credential}'`, 'quoted'],
  ['quotation marks of a word processor', `\u201c${credential}\u201d`, 'quoted'],
  ['one quotation mark', `${credential}"`, 'quoted'],
  ['padding', `${credential}=`, 'padding'],
  ['more padding', `${credential}==`, 'padding'],
  ['lower case', credential.toLowerCase(), 'altered'],
  ['upper case', credential.toUpperCase(), 'prefix'],
  ['base64', Buffer.from(credential).toString('base64'), 'prefix'],
  ['base64 of a line', Buffer.from(`${credential}\n`).toString('base64'), 'prefix'],
  ['the name of the variable', `COUNTERSIGN_CREDENTIAL=${credential}`, 'prefix'],
  ['the command that sets the variable', `export COUNTERSIGN_CREDENTIAL=${credential}`, 'prefix'],
  ['a scheme', `Bearer ${credential}`, 'prefix'],
  [
    'another alphabet',
    credential.replaceAll('-', '+').replaceAll('_', '/').replace('csk/', 'csk_').concat('+'),
    'characters',
  ],
  ['a line break that is written out', `${credential}\\n`, 'characters'],
  ['a comma', `${credential},`, 'characters'],
  ['another credential at its end', credential + credential, 'extended'],
  ['a letter at its end', `${credential}A`, 'extended'],
  ['a later version', credential.replace('csk_1', 'csk_2'), 'version'],
  ['another secret', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'prefix'],
])('a credential with %s is refused', async (_, text, reason) => {
  expect(await reasonOf(text)).toBe(reason)
})

test('a whole credential that holds something else is refused', async () => {
  for (const content of [null, 'text', 7, [], {}, { ...decodeCredential(credential), jwk: null }])
    expect(await reasonOf(encodeCredential(content as never))).toBe('altered')
})

test('no credential at all', async () => {
  vi.stubEnv('COUNTERSIGN_CREDENTIAL', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await failureOf(() => createClient())).toMatchObject({ code: 'ERR_CREDENTIAL_INVALID', reason: 'missing' })
})

test('where a credential was cut or extended, the error counts characters', async () => {
  const counts = { expected: credential.length, actual: credential.length - 7 }
  expect(await failureOf(() => createClient({ credential: credential.slice(0, -7) }))).toMatchObject(counts)
})

test('what is wrong with the content of a credential shows without the content', async () => {
  const damaged = { ...decodeCredential(credential), jwk: { ...decodeCredential(credential).jwk, x: secret } }
  const client = createClient({ credential: encodeCredential(damaged) })
  onTestFinished(() => client.close())
  const error = await failureOf(() => client.ready())
  expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'key', reason: 'import' })
  expectNothingOf(secret, error)
})
