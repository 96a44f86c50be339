// Envelopes without a framework: the verifier reads the content, or leaves that to whoever hands it on; explanations; several policies.

import { createEnvelope } from '@countersign/testkit'
import { describe, expect, test } from 'vitest'
import type { VerifiableRequest } from '../src/verifier.ts'
import { contentDigest, createVerifier, RefusalError } from '../src/verifier.ts'
import { RESOURCE, useIssuer } from './support.ts'

const context = useIssuer()
const CONTENT = Buffer.from('{"a":1}')

function create(options: Partial<Parameters<typeof createVerifier>[0]> = {}) {
  return createVerifier({ resource: RESOURCE, issuer: context.issuer.issuer, nonce: 'off', ...options })
}

/** A request with an envelope. */
async function request(
  form: 'attached' | 'detached',
  { content = CONTENT, sent = content, header = {} }: { content?: Buffer; sent?: Buffer; header?: object } = {},
): Promise<VerifiableRequest> {
  const accessToken = await context.issuer.token({ claims: { cnf: { jkt: context.key.jkt } } })
  const common = { key: context.key, method: 'POST', uri: `${RESOURCE}/a?b=c`, accessToken, content }
  const envelope = await createEnvelope({ ...common, form, contentType: 'application/json', header: { ...header } })
  const fields =
    form === 'attached'
      ? ['Content-Type', 'application/jose']
      : ['Content-Type', 'application/json', 'Detached-JWS', envelope]
  async function* chunks() {
    const bytes = form === 'attached' ? Buffer.from(envelope) : sent
    for (let index = 0; index < bytes.length; index += 100) yield bytes.subarray(index, index + 100)
  }
  return {
    method: 'POST',
    target: '/a?b=c',
    rawHeaders: ['Authorization', `DPoP ${accessToken}`, ...fields],
    content: chunks,
  }
}

async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof RefusalError) return error.code
    throw error
  }
  return 'accepted'
}

describe.each(['attached', 'detached'] as const)('%s', (form) => {
  test('the content is returned with the caller', async () => {
    const { caller, content, envelope } = await create().verify(await request(form))
    expect(caller).toMatchObject({ kind: 'envelope', jkt: context.key.jkt })
    expect(Buffer.from(content?.bytes ?? []).toString()).toBe('{"a":1}')
    expect(content?.type).toBe('application/json')
    expect(envelope?.evidence().content).toBe(contentDigest(CONTENT))
  })

  test('content above the limit is refused', async () => {
    const content = Buffer.alloc(3_000, 'x')
    const verifier = create({ envelope: { maxContentBytes: 2_999 } })
    expect(await refusal(async () => verifier.verify(await request(form, { content })))).toBe(
      'ERR_ENVELOPE_CONTENT_TOO_LARGE',
    )
  })

  test('where the content is not at hand, the envelope is refused', async () => {
    const { content: _, ...blind } = await request(form)
    expect(await refusal(() => create().verify(blind))).toBe('ERR_ENVELOPE_NOT_ACCEPTED')
  })

  test('is explained, and used up by nothing', async () => {
    const verifier = create()
    const { outcome, findings } = await verifier.explain(await request(form))
    expect(findings.filter(({ status }) => status !== 'pass')).toEqual([])
    expect(outcome).toBe('accepted')
    expect(findings.map(({ id }) => id)).toContain(form === 'attached' ? 'content.read' : 'content.digest')
    expect(JSON.stringify(findings)).not.toMatch(/eyJ/)
    const bad = await verifier.explain(await request(form, { header: { htm: 'PUT', ath: 'x'.repeat(43) } }))
    expect(bad.findings.filter(({ status }) => status === 'fail').map(({ code }) => code)).toEqual([
      'ERR_ENVELOPE_HTM_MISMATCH',
      'ERR_ENVELOPE_ATH_MISMATCH',
    ])
    expect(bad.findings.every(({ status, fix }) => status !== 'fail' || fix !== undefined)).toBe(true)
  })
})

test('an explanation without the content says so, and compares it where it is there', async () => {
  const verifier = create()
  const { content: _, ...blind } = await request('detached')
  const { outcome, findings } = await verifier.explain(blind)
  expect(outcome).toBe('accepted')
  expect(findings.find(({ id }) => id === 'content.digest')).toMatchObject({
    status: 'skipped',
    why: 'The content is not at hand',
  })
  const other = await verifier.explain(await request('detached', { sent: Buffer.from('other') }))
  expect(other.outcome).toBe('ERR_ENVELOPE_CONTENT_MISMATCH')
})

describe('whoever hands content on while it arrives', () => {
  test('finishes with its digest', async () => {
    const verifier = create()
    const begun = await verifier.begin(await request('detached'))
    if ('verification' in begun) throw new Error('Nothing is left to do')
    expect(begun.hasContent).toBe(true)
    expect((await begun.finish(contentDigest(CONTENT))).caller.kind).toBe('envelope')
    expect(await refusal(() => begun.finish(contentDigest(CONTENT)))).toBe('ERR_ENVELOPE_REPLAYED')
  })

  test('is refused for another one, and for one that comes too late', async () => {
    let now = Date.now() / 1000
    const verifier = create({ clock: () => now })
    const begun = await verifier.begin(await request('detached'))
    if ('verification' in begun) throw new Error('Nothing is left to do')
    expect(await refusal(() => begun.finish(contentDigest(Buffer.from('other'))))).toBe('ERR_ENVELOPE_CONTENT_MISMATCH')
    expect(await refusal(() => begun.finish(''))).toBe('ERR_ENVELOPE_CONTENT_MISMATCH')
    now += 301
    expect(await refusal(() => begun.finish(contentDigest(CONTENT)))).toBe('ERR_ENVELOPE_EXPIRED')
  })

  test('a copy that was begun in time is refused however late it ends', async () => {
    let now = Date.now() / 1000
    const verifier = create({ clock: () => now })
    const sent = await request('detached')
    const begin = async () => {
      const begun = await verifier.begin({ ...sent })
      if ('verification' in begun) throw new Error('Nothing is left to do')
      return begun
    }
    const first = await begin()
    now += 59
    const second = await begin()
    await first.finish(contentDigest(CONTENT))
    now += 300
    expect(await refusal(() => second.finish(contentDigest(CONTENT)))).toBe('ERR_ENVELOPE_REPLAYED')
  })

  test('need not wait for an attached one, nor for what the policy refuses', async () => {
    const verifier = create()
    expect(await verifier.begin(await request('attached'))).toHaveProperty('verification')
    const admin = verifier.compilePolicy({ roles: 'admin' })
    expect(await refusal(async () => verifier.begin(await request('detached'), admin))).toBe('ERR_ROLE_MISSING')
  })
})

test('several policies judge one request, whose content is read once', async () => {
  const verifier = create()
  const strict = verifier.compilePolicy({ integrity: 'required' })
  const admin = verifier.compilePolicy({ roles: 'admin' })
  for (const form of ['attached', 'detached'] as const) {
    const sent = await request(form)
    let reads = 0
    const content = () => {
      reads++
      return (sent.content as () => AsyncIterable<Uint8Array>)()
    }
    const memory = {}
    expect(await refusal(() => verifier.verify({ ...sent, content }, admin, memory))).toBe('ERR_ROLE_MISSING')
    const { caller } = await verifier.verify({ ...sent, content }, strict, memory)
    expect([caller.kind, reads]).toEqual(['envelope', 1])
    expect(await refusal(() => verifier.verify({ ...sent, content }, strict))).toBe('ERR_ENVELOPE_REPLAYED')
  }
})
