// A verifier, an issuer, a client key, and the one valid request that every negative test changes one thing of.

import type { ProofParts, TestIssuer, TestKey } from '@countersign/testkit'
import { createKey, createProof, startIssuer } from '@countersign/testkit'
import { afterAll, beforeAll, expect } from 'vitest'
import type { VerifierOptions } from '../src/options.ts'
import type { RoutePolicy } from '../src/policy.ts'
import type { VerifiableRequest, Verification } from '../src/verifier.ts'
import { createVerifier, RefusalError } from '../src/verifier.ts'

export const RESOURCE = 'https://api.example.com'
export const TARGET = '/accounts/1?verbose=true'

/** What a test changes of the valid request. */
export interface Changes {
  readonly method?: string
  readonly target?: string
  readonly scheme?: string
  readonly authorization?: string
  /** `null` sends none. */
  readonly proof?: string | null
  readonly token?: Parameters<TestIssuer['token']>[0]
  readonly accessToken?: string
  readonly claims?: ProofParts['claims']
  readonly header?: ProofParts['header']
  readonly key?: TestKey
  readonly extra?: readonly string[]
  readonly policy?: RoutePolicy
}

/** Prepares an issuer and a key for all tests of a file. */
export function useIssuer(alg = 'ES256') {
  const context = {} as { issuer: TestIssuer; key: TestKey }
  beforeAll(async () => {
    context.issuer = await startIssuer(RESOURCE, alg)
    context.key = await createKey()
  })
  afterAll(() => context.issuer.stop())
  return context
}

/** A resource server under test. */
export function createSubject(
  { issuer, key }: { issuer: TestIssuer; key: TestKey },
  options: Partial<VerifierOptions> = {},
) {
  const verifier = createVerifier({ resource: RESOURCE, issuer: issuer.issuer, ...options })
  let nonce: string | undefined

  return { verifier, send, request, refusal, bound, nonce: () => nonce }

  /** A token of the issuer for the key, with changes. */
  function bound(parts: Changes['token'] = {}): Promise<string> {
    return issuer.token({ ...parts, claims: { cnf: { jkt: key.jkt }, ...parts?.claims } })
  }

  /** Sends the valid request with changes. */
  async function send(changes: Changes = {}): Promise<Verification> {
    return verifier.verify(await request(changes), verifier.compilePolicy(changes.policy ?? {}))
  }

  /** The valid request with changes, after fetching a nonce where one is wanted. */
  async function request(changes: Changes = {}): Promise<VerifiableRequest> {
    if (options.nonce !== 'off' && nonce === undefined) nonce = (await refusalOf([])).headers['dpop-nonce']
    const { method = 'GET', target = TARGET, scheme = 'DPoP', proof, extra = [] } = changes
    const accessToken = changes.accessToken ?? (await bound(changes.token))
    const url = `${RESOURCE}${target.replace(/\?.*/, '')}`
    const { claims, header, key: proofKey = key } = changes
    const parts = {
      key: proofKey,
      method,
      url,
      accessToken,
      nonce,
      ...(claims && { claims }),
      ...(header && { header }),
    }
    const dpop = proof === undefined ? await createProof(parts) : proof
    const rawHeaders = [
      'Host',
      'attacker.example',
      'Authorization',
      changes.authorization ?? `${scheme} ${accessToken}`,
      ...(dpop === null ? [] : ['DPoP', dpop]),
      ...extra,
    ]
    return { method, target, rawHeaders }
  }

  /** The refusal of the valid request with changes. */
  async function refusal(changes: Changes): Promise<RefusalError> {
    try {
      await send(changes)
    } catch (error) {
      expect(error).toBeInstanceOf(RefusalError)
      return error as RefusalError
    }
    throw new Error('The request was accepted')
  }

  async function refusalOf(rawHeaders: readonly string[]): Promise<RefusalError> {
    return (await verifier
      .verify({ method: 'GET', target: TARGET, rawHeaders })
      .catch((error: unknown) => error)) as RefusalError
  }
}

/** A clock that tests turn. */
export function createClock(start = Math.floor(Date.now() / 1000)) {
  const clock = Object.assign(() => clock.now, { now: start })
  return clock
}
