// The name of the request property that holds the caller.

import { CountersignError } from '@countersign/shared'

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
