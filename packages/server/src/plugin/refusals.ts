// Refusals on their way to the caller and into the log.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RefusalError } from '../answers.ts'
import { diagnosticsOf } from '../diagnostics.ts'

/** Fields a browser must be allowed to read for a client to answer a challenge (RFC 9449 section 8). */
const EXPOSED_FIELDS = ['DPoP-Nonce', 'WWW-Authenticate']

/** Sets status and fields of a refusal on a reply. */
export function setRefusal(reply: FastifyReply, { statusCode, headers }: RefusalError): void {
  reply.code(statusCode)
  setHeaders(reply, headers)
}

/** Sets fields on a reply, and lets browsers read those that a client must see. */
export function setHeaders(reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
  if (headers['dpop-nonce'] !== undefined || headers['www-authenticate'] !== undefined) exposeToBrowsers(reply)
}

/** Where CORS is in use, a client in a browser sees only the fields that are named to it. */
export function exposeToBrowsers(reply: FastifyReply, fields: readonly string[] = EXPOSED_FIELDS): void {
  if (!reply.hasHeader('access-control-allow-origin')) return
  const exposed = String(reply.getHeader('access-control-expose-headers') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const missing = fields.filter((field) => !exposed.some((name) => name.toLowerCase() === field.toLowerCase()))
  reply.header('access-control-expose-headers', [...exposed, ...missing].join(', '))
}

/** Refusals that are no incident: a first call, or one that has another way of authentication to try. */
const EXPECTED: ReadonlySet<string> = new Set([
  'ERR_CREDENTIALS_MISSING',
  'ERR_DPOP_NONCE_REQUIRED',
  'ERR_DPOP_NONCE_EXPIRED',
])

/** Everything that is refused may be an incident, but for what is expected. No token, proof or key is ever logged. */
export function logRefusal(request: FastifyRequest, error: RefusalError): void {
  const { code, statusCode, cause } = error
  const refusal = { code, statusCode, ...diagnosticsOf(error) }
  if (statusCode === 503) request.log.error({ refusal, err: cause }, error.message)
  else if (EXPECTED.has(code)) request.log.debug({ refusal }, error.message)
  else request.log.warn({ refusal }, error.message)
}

/**
 * Paths for `redact` of pino: the fields of a request and a response that must not stand in a log. Fastify's own serializers log no
 * fields; these are for serializers that do.
 *
 * @example
 * Fastify({ logger: { redact: [...logRedactPaths], serializers } })
 */
export const logRedactPaths: readonly string[] = ['req', 'request', 'res', 'response'].flatMap((object) =>
  ['authorization', 'dpop', 'detached-jws', 'answer-jws', 'proxy-authorization', 'cookie', 'set-cookie'].map(
    (field) => `${object}.headers["${field}"]`,
  ),
)
