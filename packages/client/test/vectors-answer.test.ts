// The vectors of `vectors/answer-jws.json`, given to the client's verifier of answers.

import { describe, expect, test } from 'vitest'
import { readVectors } from '../../shared/test/vector-files.ts'
import { verifyAnswer } from '../src/envelope/verify-answer.ts'

interface Members {
  readonly method: string
  readonly envelope: string
  readonly response: {
    readonly status: number
    readonly fields: readonly (readonly [string, string])[]
    readonly content?: string
  }
  readonly answer: string
}
const { vectors, server } = readVectors<Members>('answer-jws') as ReturnType<typeof readVectors<Members>> & {
  readonly server: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
}

describe.each([
  ['read first', false],
  ['read as it comes', true],
])('content that is %s', (_, streams) => {
  test.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_id, vector) => {
    expect(await outcomeOf(vector, streams)).toBe(vector.expect)
  })
})

async function outcomeOf({ method, envelope, response, answer }: Members, streams: boolean): Promise<string> {
  const { status, fields, content } = response
  const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]))
  headers.append('answer-jws', answer)
  const body = content === undefined ? null : Buffer.from(content, 'base64url')
  const isEmpty = [204, 205, 304].includes(status)
  const keys = { current: async () => server.keys, renewed: async () => server.keys }
  try {
    const given = new Response(isEmpty ? null : body, { status, headers })
    const verified = await verifyAnswer(given, { envelope, keys, method, streams })
    await verified.response.arrayBuffer()
    return 'valid'
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}
