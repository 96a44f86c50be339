// An introspection endpoint that says whatever a test wants it to, and remembers what it was asked.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LoopbackServer, TestIssuer, TestKey } from '@countersign/testkit'
import { startServer } from '@countersign/testkit'
import { ClientSecretBasic } from 'oauth4webapi'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { IntrospectionOptions, VerifierOptions } from '../src/verifier.ts'
import { createSubject, RESOURCE } from './support.ts'

/** A question, as it arrived. */
export interface Question {
  readonly body: URLSearchParams
  readonly headers: IncomingMessage['headers']
}

/** How a question is answered. */
export type Answer = (response: ServerResponse, question: Question) => unknown

/** Prepares an endpoint for all tests of a file. It says that tokens are active unless a test wants something else. */
export function useEndpoint(context: { issuer: TestIssuer; key: TestKey }) {
  const endpoint = { url: '', asked: [] as Question[], answer: (() => undefined) as Answer }
  let server: LoopbackServer
  beforeAll(async () => {
    server = await startServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const question = { body: new URLSearchParams(body), headers: request.headers }
      endpoint.asked.push(question)
      await endpoint.answer(response, question)
    })
    endpoint.url = `${server.url}/introspect`
  })
  afterAll(() => server.stop())
  beforeEach(() => {
    endpoint.asked = []
    endpoint.answer = says({})
  })
  return Object.assign(endpoint, { active, says, subjectOf })

  /** What an issuer says of an active token, with changes; `undefined` takes a member away. */
  function active(changes: object = {}): object {
    return {
      active: true,
      client_id: 'partner-7',
      scope: 'accounts:read',
      aud: RESOURCE,
      iss: context.issuer.issuer,
      exp: Math.floor(Date.now() / 1000) + 300,
      token_type: 'DPoP',
      cnf: { jkt: context.key.jkt },
      ...changes,
    }
  }

  function says(changes: object): Answer {
    return (response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(active(changes)))
  }

  /** A resource server under test that asks the endpoint. */
  function subjectOf(introspection: Partial<IntrospectionOptions> = {}, options: Partial<VerifierOptions> = {}) {
    const issuer = {
      issuer: context.issuer.issuer,
      introspection: {
        clientId: 'api',
        clientAuthentication: ClientSecretBasic('secret'),
        endpoint: endpoint.url,
        ...introspection,
      },
    }
    return createSubject(context, { issuer, nonce: 'off', ...options })
  }
}
