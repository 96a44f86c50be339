// The signed fetch inside other people's HTTP clients, as docs/adapters.md shows it, against the example API with nonces: what they send
// arrives, their retries get proofs of their own, and neither the nonce's repetition nor our errors are mistaken for something else.

import { clientCredentials, createClient, isCountersignError, refusalOf } from '@countersign/client'
import { captureError } from '@countersign/testkit'
import { request as octokit } from '@octokit/request'
import type { AxiosError } from 'axios'
import axios from 'axios'
import { decodeJwt } from 'jose'
import ky from 'ky'
import { createFetch } from 'ofetch'
import createOpenapiClient from 'openapi-fetch'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Examples } from './support.ts'
import { startExamples, stopAfterwards } from './support.ts'

stopAfterwards()
const SCOPE = 'accounts:read payments:write files:write'
/** What the first call of a client comes to: a demand for a nonce, which the library does not see, and the answer. */
const COLD = [401, 200]
const ELSEWHERE = 'http://127.0.0.2:1/'
let examples: Examples

beforeAll(async () => {
  examples = await startExamples()
})

describe('ky', () => {
  const create = (fetch: typeof globalThis.fetch) => ky.create({ prefix: examples.api, fetch })

  test('calls, with a prefix', async () => {
    const { fetch, statuses } = connect()
    const http = create(fetch)
    expect(await http.post('payments', { json: { amount: '12.50' } }).json()).toMatchObject(paid('12.50'))
    expect(await http.get('accounts/2', { searchParams: { a: 'b' } }).json()).toMatchObject({ owner: 'Grace' })
    expect(statuses()).toEqual([...COLD, 200])
  })

  test('retries 503 by itself, each time with a proof of its own', async () => {
    const { fetch, statuses, proofs } = connect({ answers: [503, 503] })
    const retried: number[] = []
    const http = create(fetch).extend({
      retry: { limit: 2, delay: () => 1 },
      hooks: { beforeRetry: [({ retryCount }) => void retried.push(retryCount)] },
    })
    const answer = await http.put('files/x', { body: 'abc' }).json()
    expect(answer).toMatchObject({ bytes: 3 })
    expect([statuses(), retried]).toEqual([
      [503, 503, ...COLD],
      [1, 2],
    ])
    expect(new Set(proofs()).size).toBe(4)
  })

  test('retries 401 by itself, each time with a proof of its own', async () => {
    const { fetch, statuses, proofs } = connect({ answers: [401] })
    const http = create(fetch).extend({ retry: { limit: 1, statusCodes: [401], delay: () => 1 } })
    expect(await http.get('whoami').json()).toMatchObject({ clientId: 'partner-7' })
    expect(await captureError(() => http.get('vault'))).toMatchObject({ data: { code: 'ERR_ACR_INSUFFICIENT' } })
    expect(statuses()).toEqual([401, ...COLD, 401, 401])
    expect(new Set(proofs()).size).toBe(5)
  })

  test('a refusal is its HTTPError, an error of ours is what it is, and neither is retried', async () => {
    const { fetch, statuses } = connect()
    const error = await captureError(() => create(fetch).get('admin'))
    expect(error).toMatchObject({ name: 'HTTPError', response: { status: 403 }, data: { code: 'ERR_ROLE_MISSING' } })
    const response = await create(fetch).get('admin', { throwHttpErrors: false })
    expect(await refusalOf(response)).toMatchObject({ code: 'ERR_ROLE_MISSING' })
    expect(statuses()).toEqual([401, 403, 403])

    const other = await captureError(() => ky.get(ELSEWHERE, { fetch }))
    expect(isCountersignError(other, 'ERR_ORIGIN_NOT_ALLOWED')).toBe(true)
    expect(statuses()).toHaveLength(3)
  })

  test('an abort keeps its reason, a timeout is its TimeoutError', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const aborting = connect({ before: () => controller.abort(reason) })
    expect(await captureError(() => create(aborting.fetch).get('whoami', { signal: controller.signal }))).toBe(reason)
    const slow = connect({ before: () => new Promise((resolve) => setTimeout(resolve, 500)) })
    const late = await captureError(() => create(slow.fetch).get('whoami', { timeout: 50, retry: 0 }))
    expect((late as Error).name).toBe('TimeoutError')
  })
})

describe('openapi-fetch', () => {
  interface Refusal {
    content: { 'application/problem+json': { code: string; status: number } }
  }
  /** As openapi-typescript makes it of the API's OpenAPI document. */
  interface Paths {
    '/accounts/{id}': {
      get: {
        parameters: { path: { id: string }; query?: { fields?: string[] } }
        responses: { 200: { content: { 'application/json': { owner: string } } }; default: Refusal }
      }
    }
    '/payments': {
      post: {
        requestBody: { content: { 'application/json': { amount: string } } }
        responses: { 200: { content: { 'application/json': object } }; default: Refusal }
      }
    }
    '/admin': { get: { responses: { 200: { content: { 'application/json': object } }; default: Refusal } } }
  }
  const create = (fetch: typeof globalThis.fetch) => createOpenapiClient<Paths>({ baseUrl: examples.api, fetch })

  test('calls: a Request with a JSON body, parameters in path and query', async () => {
    const { fetch, statuses } = connect()
    const http = create(fetch)
    const payment = await http.POST('/payments', { body: { amount: '12.50' } })
    expect(payment.data).toMatchObject(paid('12.50'))
    const params = { path: { id: '2' }, query: { fields: ['a b', 'c/d'] } }
    expect((await http.GET('/accounts/{id}', { params })).data).toMatchObject({ owner: 'Grace' })
    expect(statuses()).toEqual([...COLD, 200])
  })

  test('a refusal is its error, an error of ours is thrown, an abort keeps its reason', async () => {
    const { fetch } = connect()
    const { error, response } = await create(fetch).GET('/admin')
    expect([error?.code, response.status]).toEqual(['ERR_ROLE_MISSING', 403])
    const elsewhere = createOpenapiClient<Paths>({ baseUrl: ELSEWHERE, fetch })
    expect(await captureError(() => elsewhere.GET('/admin'))).toMatchObject({ code: 'ERR_ORIGIN_NOT_ALLOWED' })
    const reason = new Error('enough')
    expect(await captureError(() => create(fetch).GET('/admin', { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  test('middleware that gives another Request', async () => {
    const http = create(connect().fetch)
    http.use({
      onRequest({ request }) {
        request.headers.set('authorization', 'Bearer of-another-library')
        return new Request(request, { cache: 'no-store' })
      },
    })
    expect((await http.POST('/payments', { body: { amount: '1' } })).data).toMatchObject(paid('1'))
  })
})

describe('axios', () => {
  const create = (fetch: typeof globalThis.fetch) =>
    axios.create({ baseURL: examples.api, adapter: 'fetch', env: { fetch } })

  test('calls: JSON, forms, bytes, parameters', async () => {
    const { fetch, statuses } = connect()
    const http = create(fetch)
    expect((await http.post('/payments', { amount: '12.50' })).data).toMatchObject(paid('12.50'))
    expect((await http.get('/accounts/2', { params: { a: 'b c' } })).data).toMatchObject({ owner: 'Grace' })
    const form = new FormData()
    form.set('file', new Blob(['abc']), 'a.txt')
    expect((await http.putForm('/files/form', form)).data.bytes).toBeGreaterThan(100)
    expect((await http.put('/files/bytes', new Uint8Array(5))).data).toMatchObject({ bytes: 5 })
    expect(statuses()).toEqual([...COLD, 200, 200, 200])
  })

  test('progress makes a stream of the body, and the first call of a client sends it twice all the same', async () => {
    const { fetch, statuses } = connect()
    let loaded = 0
    const onUploadProgress = (event: { loaded: number }) => {
      loaded = event.loaded
    }
    const { data } = await create(fetch).put('/files/x', 'x'.repeat(300_000), { onUploadProgress })
    expect([data.bytes, loaded, statuses()]).toEqual([300_000, 300_000, COLD])
    const onDownloadProgress = (event: { loaded: number }) => {
      loaded = event.loaded
    }
    const { headers } = await create(fetch).get('/whoami', { onDownloadProgress })
    expect(loaded).toBe(Number(headers['content-length']))
  })

  test('a refusal is its error; one of ours is its cause', async () => {
    const { fetch } = connect()
    const refused = (await captureError(() => create(fetch).get('/admin'))) as AxiosError<{ code: string }>
    expect([refused.response?.status, refused.response?.data.code]).toEqual([403, 'ERR_ROLE_MISSING'])
    const error = (await captureError(() => create(fetch).get(ELSEWHERE))) as AxiosError
    expect(axios.isAxiosError(error)).toBe(true)
    expect(isCountersignError(error.cause, 'ERR_ORIGIN_NOT_ALLOWED')).toBe(true)
  })

  test('an abort and a timeout are its own errors, and end the call', async () => {
    const controller = new AbortController()
    const { fetch, statuses } = connect({ before: () => controller.abort() })
    const { signal } = controller
    expect(await captureError(() => create(fetch).get('/whoami', { signal }))).toMatchObject({ code: 'ERR_CANCELED' })
    const slow = connect({ before: () => new Promise((resolve) => setTimeout(resolve, 200)) })
    const late = captureError(() => create(slow.fetch).get('/whoami', { timeout: 50 }))
    expect(await late).toMatchObject({ code: 'ETIMEDOUT' })
    expect([statuses(), slow.statuses()]).toEqual([[], []])
  })
})

describe('ofetch', () => {
  const create = (fetch: typeof globalThis.fetch) => createFetch({ fetch }).create({ baseURL: examples.api })

  test('calls, and retries 503 by itself', async () => {
    const { fetch, statuses, proofs } = connect({ answers: [503] })
    const http = create(fetch)
    expect(await http('/accounts/2', { query: { a: 'b' } })).toMatchObject({ owner: 'Grace' })
    expect(await http('/payments', { method: 'POST', body: { amount: '12.50' } })).toMatchObject(paid('12.50'))
    expect(statuses()).toEqual([503, ...COLD, 200])
    expect(new Set(proofs()).size).toBe(4)
  })

  test('a refusal is its FetchError; an error of ours is the cause of one', async () => {
    const { fetch } = connect()
    const refused = await captureError(() => create(fetch)('/admin'))
    expect(refused).toMatchObject({ status: 403, data: { code: 'ERR_ROLE_MISSING' } })
    const error = (await captureError(() => create(fetch)(ELSEWHERE, { baseURL: '' }))) as Error
    expect(isCountersignError(error.cause, 'ERR_ORIGIN_NOT_ALLOWED')).toBe(true)
  })
})

describe('@octokit/request', () => {
  const create = (fetch: typeof globalThis.fetch) => octokit.defaults({ baseUrl: examples.api, request: { fetch } })

  test('calls', async () => {
    const { fetch, statuses } = connect()
    const http = create(fetch)
    expect((await http('POST /payments', { amount: '12.50' })).data).toMatchObject(paid('12.50'))
    expect((await http('GET /accounts/{id}', { id: '2' })).data).toMatchObject({ owner: 'Grace' })
    expect(statuses()).toEqual([...COLD, 200])
  })

  test('a refusal is its RequestError; an error of ours is the cause of one', async () => {
    const { fetch } = connect()
    const refused = await captureError(() => create(fetch)('GET /admin'))
    expect(refused).toMatchObject({ name: 'HttpError', status: 403 })
    const error = (await captureError(() => create(fetch)(`GET ${ELSEWHERE}`))) as Error
    expect(isCountersignError(error.cause, 'ERR_ORIGIN_NOT_ALLOWED')).toBe(true)
  })
})

interface Trouble {
  /** Statuses that a gateway answers with before it lets requests through to the API. */
  readonly answers?: number[]
  /** Runs before a request to the API goes out. */
  readonly before?: () => void | Promise<void>
}

/** A client's fetch, and what of it went over the wire to the API. */
function connect({ answers = [], before }: Trouble = {}) {
  const attempts: { status: number; jti: unknown }[] = []
  const client = createClient({
    resource: examples.api,
    token: clientCredentials({ clientId: 'partner-7', key: examples.key, scope: SCOPE }),
    async fetch(input, init) {
      const proof = new Headers(init?.headers).get('dpop')
      // Neither discovery nor a token request.
      if (!new Request(input).url.startsWith(examples.api) || proof === null) return fetch(input, init)
      await before?.()
      const status = answers.shift()
      const response = status === undefined ? await fetch(input, init) : new Response('busy', { status })
      attempts.push({ status: response.status, jti: decodeJwt(proof).jti })
      return response
    },
  })
  onTestFinished(() => client.close())
  return {
    fetch: client.fetch,
    statuses: () => attempts.map(({ status }) => status),
    proofs: () => attempts.map(({ jti }) => jti),
  }
}

/** What the API answers to a payment. */
function paid(amount: string) {
  return { body: { amount }, caller: { kind: 'dpop', clientId: 'partner-7' } }
}
