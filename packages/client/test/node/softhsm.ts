// A token in software, for one test file: SoftHSM with a directory of its own. Where it is missing, CI fails and other machines skip.

import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { AlgorithmEntry } from '@countersign/shared'
import { algorithmOf, webCryptoParameters } from '@countersign/shared'
import type * as Pkcs11js from 'pkcs11js'
import type { Handle, PKCS11 } from 'pkcs11js'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import type { Signer } from '../../src/index.ts'
import type { Pkcs11Signer, Pkcs11SignerOptions } from '../../src/node/index.ts'
import { createPkcs11Signer } from '../../src/node/index.ts'

export const PIN = '648219'
const SO_PIN = '90315577'

/** Where packages of operating systems put the library. */
const LIBRARIES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
]
const library = LIBRARIES.find((file) => existsSync(file)) ?? ''
const missing = [
  ...(hasSoftHSM() ? [] : ['install it with `apt-get install softhsm2`']),
  ...((await hasBinding())
    ? []
    : ['with a C++ compiler, make and Python, `npm --prefix packages/client/node_modules/pkcs11js run build`']),
]

/** The tests of what needs a token. */
export function describeWithToken(name: string, tests: () => void): void {
  if (missing.length === 0) describe(name, tests)
  else if (!process.env['CI']) describe.skip(`${name} (not here: ${missing.join('; ')})`, tests)
  else
    describe(name, () => {
      beforeAll(() => {
        throw new Error(`These tests need a PKCS#11 token: ${missing.join('; ')}`)
      })
      tests()
    })
}

function hasSoftHSM(): boolean {
  try {
    execFileSync('softhsm2-util', ['--version'])
    return library !== ''
  } catch {
    return false
  }
}

async function hasBinding(): Promise<boolean> {
  try {
    await pkcs11js()
    return true
  } catch {
    return false
  }
}

/** The binding, as it is. */
export async function pkcs11js(): Promise<typeof Pkcs11js> {
  return ((await import('pkcs11js')) as unknown as { default: typeof Pkcs11js }).default
}

/** A directory of tokens. */
export interface Tokens {
  readonly library: string
  readonly directory: string
  /** Makes a token. */
  add(label: string): Promise<void>
  /** Options of a signer whose key is in the token of a label. */
  options(label: string, more?: Partial<Pkcs11SignerOptions>): Pkcs11SignerOptions
}

/** Tokens for a test file. The library reads where they are when it is initialised, so it must not be before. */
export function useTokens(...labels: readonly string[]): Tokens {
  let directory = ''
  const add = async (label: string) => {
    await promisify(execFile)('softhsm2-util', [
      ...['--init-token', '--free', '--label', label],
      ...['--pin', PIN, '--so-pin', SO_PIN],
    ])
  }
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'countersign-softhsm-'))
    await mkdir(path.join(directory, 'tokens'))
    const settings = ['objectstore.backend = file', 'log.level = ERROR', `directories.tokendir = ${directory}/tokens`]
    await writeFile(path.join(directory, 'softhsm2.conf'), `${settings.join('\n')}\n`)
    process.env['SOFTHSM2_CONF'] = path.join(directory, 'softhsm2.conf')
    for (const label of labels) await add(label)
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))
  return {
    library,
    get directory() {
      return directory
    },
    add,
    options: (label, more) => ({ module: library, token: { label }, pin: PIN, key: { label: 'dpop' }, ...more }),
  }
}

/** A signer that is closed when the test has finished. */
export async function signerOf(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  const signer = await createPkcs11Signer(options)
  onTestFinished(() => signer.close())
  return signer
}

/** A session of the binding's own in the token of a label, logged in. It is closed when the test has finished. */
export async function sessionOf(label: string): Promise<{ p11: PKCS11; slot: Handle; session: Handle }> {
  const p11 = new (await pkcs11js()).PKCS11()
  p11.load(library)
  try {
    p11.C_Initialize({ flags: 2 })
  } catch {
    // A signer has.
  }
  const slot = p11.C_GetSlotList(true).find((each) => p11.C_GetTokenInfo(each).label.trimEnd() === label) as Handle
  const session = p11.C_OpenSession(slot, 6)
  onTestFinished(() => {
    try {
      p11.C_CloseSession(session)
    } catch {
      // The test has.
    }
  })
  try {
    p11.C_Login(session, 1, PIN)
  } catch {
    // A signer has.
  }
  return { p11, slot, session }
}

/** What the keys of the tests sign. */
export const data = new TextEncoder().encode('what is signed')

/** Whether a signature over {@link data} is that of a signer's key. */
export async function isSignedBy({ publicJwk, algorithm }: Signer, signature: Uint8Array): Promise<boolean> {
  const { keyParameters, signParameters } = webCryptoParameters(algorithmOf(algorithm) as AlgorithmEntry)
  const key = await crypto.subtle.importKey('jwk', { ...publicJwk } as JsonWebKey, keyParameters as never, true, [
    'verify',
  ])
  return crypto.subtle.verify(signParameters, key, signature as Uint8Array<ArrayBuffer>, data)
}
