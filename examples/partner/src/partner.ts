// A payment partner whose calls are request envelopes: detached, attached, sealed, and with a file of 200 MB; each answer is signed, and each
// pair of call and answer is kept and verified again, as an auditor would.

import { randomBytes } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Evidence, ProofOption } from '@countersign/client'
import { clientCredentials, createClient, isCountersignError, verifyEvidence } from '@countersign/client'

/** What came of a call. */
export interface Outcome {
  readonly call: string
  readonly status: number
  /** The code of the problem body, or of the client's own error. */
  readonly code?: string
  readonly remark: string
}

/** Where the partner calls, and who it is. */
export interface PartnerOptions {
  readonly resource: string
  readonly issuer: string
  /** The private key that the client authenticates with. */
  readonly key: CryptoKey
  /** Size of the file, in bytes. Default 200 MB. */
  readonly fileBytes?: number
}

const SCOPE = 'payments:write files:write'
const PIECE_BYTES = 1_000_000

/** Makes the calls, one after the other. */
export async function* makeCalls({
  resource,
  issuer,
  key,
  fileBytes = 200_000_000,
}: PartnerOptions): AsyncGenerator<Outcome> {
  const archive: Evidence[] = []
  const network = createNetwork(resource)
  const partner = createClient({
    resource,
    token: clientCredentials({ clientId: 'partner-7', key, issuer, scope: SCOPE }),
    proof: { verifyResponse: true },
    onEvidence: (evidence) => void archive.push(evidence),
    fetch: network.fetch,
  })
  const transfer = (amount: number, proof?: ProofOption) =>
    partner.fetch(`/transfers?currency=EUR`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount, to: 'Ada' }),
      ...(proof !== undefined && { proof }),
    })
  try {
    yield outcome('detached', await transfer(10), 'query and body are signed, and so is the answer')
    yield outcome(
      'attached',
      await transfer(20, { envelope: 'attached', verifyResponse: true }),
      'the body is the envelope',
    )
    yield outcome('sealed', await transfer(30, { seal: true, verifyResponse: true }), 'nobody on the way can read it')
    yield await withFile(fileBytes, async (file) => {
      const response = await partner.fetch('/files/ledger', { method: 'PUT', body: file })
      return outcome('large', response, `${fileBytes / PIECE_BYTES} MB, digested and sent as a stream`)
    })

    network.request = (body) => body.replace('"amount":40', '"amount":90')
    yield await failure('altered-call', () => transfer(40), 'somebody changed the amount on the way')
    network.request = undefined
    network.response = (body) => body.replace('"amount":50', '"amount":5')
    yield await failure('altered-answer', () => transfer(50), 'somebody changed the answer: the caller never sees it')
    network.response = undefined

    const [first] = archive as [Evidence]
    const content = new TextEncoder().encode(JSON.stringify({ amount: 10, to: 'Ada' }))
    const { method, uri, answer } = await verifyEvidence(first, { content, thumbprint: await partner.thumbprint() })
    const status = answer?.status ?? 0
    yield { call: 'evidence', status, remark: `${archive.length} pairs kept; the first is ${method} ${uri}` }
  } finally {
    partner.close()
  }
}

function outcome(call: string, response: Response, remark: string): Outcome {
  return { call, status: response.status, remark }
}

/** A call that must fail: the client's own error, since an answer that is not signed is no answer. */
async function failure(call: string, work: () => Promise<Response>, remark: string): Promise<Outcome> {
  try {
    return outcome(call, await work(), remark)
  } catch (error) {
    if (!isCountersignError(error)) throw error
    const { code, problem, actual } = error
    const status = typeof actual === 'number' ? actual : 200
    return { call, status, code: problem?.code ?? code, remark }
  }
}

/** The network, with somebody on it who changes what passes. */
function createNetwork(resource: string) {
  type Change = ((body: string) => string) | undefined
  const network = { fetch, request: undefined as Change, response: undefined as Change }
  return network

  async function fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const { body } = init
    const isCall = String(input).startsWith(`${resource}/transfers`)
    const sent =
      isCall && network.request !== undefined ? network.request(new TextDecoder().decode(body as Uint8Array)) : body
    const response = await globalThis.fetch(input, { ...init, ...(sent !== undefined && { body: sent }) })
    if (!isCall || network.response === undefined) return response
    const { status, headers } = response
    return new Response(network.response(await response.text()), { status, headers })
  }
}

/** A file that is there for a while. */
async function withFile<Result>(bytes: number, work: (file: Blob) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(path.join(tmpdir(), 'countersign-partner-'))
  try {
    const name = path.join(directory, 'ledger')
    const file = await open(name, 'w')
    const piece = randomBytes(PIECE_BYTES)
    for (let written = 0; written < bytes; written += PIECE_BYTES) await file.write(piece)
    await file.close()
    return await work(await openAsBlob(name, { type: 'application/octet-stream' }))
  } finally {
    await rm(directory, { recursive: true })
  }
}
