// The name of the request property that holds the caller.

import { CountersignError } from '@countersign/shared'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../caller.ts'

/** A request has these already, and Fastify does not say so when one is decorated over. */
const TAKEN: ReadonlySet<string> = new Set(
  'id params raw query log body ip ips host hostname port protocol method url originalUrl headers server routeOptions is404 socket signal mediaType getDecorator setDecorator getValidationFunction compileValidationSchema validateInput'.split(
    ' ',
  ),
)

/** @throws {CountersignError} `ERR_OPTION_INVALID` for what is no name, or one that a request has already. */
export function checkDecorator(name: unknown): void {
  if (typeof name === 'string' && /^[A-Za-z_$][\w$]*$/.test(name) && !name.startsWith('__') && !TAKEN.has(name)) return
  throw new CountersignError('ERR_OPTION_INVALID', '"decorator" must be a name that a request does not have yet', {
    parameter: 'decorator',
    expected: 'a name that a request does not have yet',
  })
}

/**
 * Makes it an error to ask for the caller, until it is set: a hook that lets pass whom it finds no fault with must not take a
 * caller for nobody.
 */
export function withholdCaller(request: FastifyRequest, decorator: string): void {
  const get = () => {
    throw new Error(
      `Nobody knows the caller before the content of the request was verified: ask "request.${decorator}" in preValidation or later, or say what callers must have in the policy of the route`,
    )
  }
  const set = (caller: Caller | null) =>
    Object.defineProperty(request, decorator, { value: caller, configurable: true, enumerable: true, writable: true })
  Object.defineProperty(request, decorator, { get, set, configurable: true, enumerable: false })
}
