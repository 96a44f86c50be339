// The Fastify plugin: a thin skin over the verifier. It reads the raw request, hands it to `verify`, and writes the answer.
// Every route of the scope it is registered in needs a signed call, unless the route says `auth: false`.

import { CountersignError, invalidOption } from '@countersign/shared'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { RefusalError } from '../answers.ts'
import type { AcceptedEnvelope } from '../content/accepted-envelope.ts'
import { readEnvelope } from '../content/envelope-options.ts'
import { isWanted } from '../content/signed-answer.ts'
import type { RequestMemory, VerifiableRequest } from '../exchange.ts'
import type { VerifierOptions } from '../options.ts'
import type { CompiledPolicy, RoutePolicy } from '../policy.ts'
import type { Verification, Verifier } from '../verifier.ts'
import { createVerifier } from '../verifier.ts'
import { signReply } from './answering.ts'
import { checkDecorator, withholdCaller } from './decorator.ts'
import type { GuardedRoute } from './guarded-routes.ts'
import { createGuardedRoutes } from './guarded-routes.ts'
import { describeSecurity, hasSchemes, isDocumented } from './openapi.ts'
import { publish } from './publish.ts'
import {
  contentSettled,
  isHalfRead,
  receivedContent,
  receivedRequest,
  replaceContent,
  replacedRequest,
  verifyWhileRead,
} from './reading.ts'
import { logRefusal, setHeaders, setRefusal } from './refusals.ts'

/** Options of the plugin: those of the verifier, and what has to do with Fastify. */
export interface CountersignOptions extends VerifierOptions {
  /** Name of the request property that holds the caller. Default `caller`. */
  readonly decorator?: string
  /**
   * The certificate of the client, in DER: `({ raw }) => (raw.socket as TLSSocket).getPeerCertificate().raw`, or what a proxy that you
   * trust passes on. Default: none, and tokens that are bound to a certificate (RFC 8705) are refused.
   */
  readonly getClientCertificate?: (request: FastifyRequest) => Uint8Array | undefined
}

/** The verifier of a scope, as `app.countersign`. */
export interface ScopeVerifier extends Verifier {
  /**
   * Makes a hook that demands a signed call, for `@fastify/auth` and wherever else one of several ways of authentication must succeed.
   * The route itself says `config: { auth: false }`, or it demands the call already. In `onRequest` or `preParsing`: later, content was read
   * that nobody verified, and request envelopes with content are refused.
   *
   * @throws {CountersignError} At once, for a wrong policy: as when a route is declared.
   * @example
   * app.get('/', { config: { auth: false }, onRequest: app.auth([app.countersign.guard({ scope: 'a' }), apiKey]) }, handler)
   */
  guard(policy?: RoutePolicy): (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  /** The request as the verifier takes it, for {@link Verifier.explain}. */
  requestOf(request: FastifyRequest): VerifiableRequest
}

/** What a guard has refused, and the error that the request failed with in the end: that one, or another. */
const refused = Symbol('countersign.refused')
const failedWith = Symbol('countersign.failedWith')
/** What was found out of the request: a proof is good once, and guards may ask more than one policy about it. */
const memory = Symbol('countersign.memory')
/** The envelope that the request came with, once it was accepted: its response may have to be signed. */
const accepted = Symbol('countersign.envelope')
/** That the caller is known once content was verified. */
const withheld = Symbol('countersign.withheld')
interface MarkedRequest extends FastifyRequest {
  [refused]?: RefusalError | undefined
  [failedWith]?: unknown
  [memory]: RequestMemory | null
  [accepted]?: AcceptedEnvelope | undefined
  [withheld]?: boolean
}

const plugin: FastifyPluginAsync<CountersignOptions> = async (fastify, options) => {
  const { decorator = 'caller', getClientCertificate, ...verifierOptions } = options
  checkDecorator(decorator)
  if (getClientCertificate !== undefined && typeof getClientCertificate !== 'function')
    throw invalidOption('getClientCertificate', 'a function of the request')
  if (fastify.hasDecorator('countersign')) {
    throw new CountersignError('ERR_ALREADY_REGISTERED', 'This scope, or one around it, is already protected')
  }
  const verifier = createVerifier(verifierOptions)
  const { maxAnswerBytes, ...limits } = readEnvelope(verifierOptions.envelope)
  const routes = createGuardedRoutes(verifier)
  fastify.decorate('countersign', { ...verifier, guard, requestOf })
  fastify.decorateRequest(decorator, null)
  fastify.decorateRequest(memory, null)

  fastify.addHook('onRoute', function countersignOnRoute(route) {
    const { policy } = routes.add(route)
    if (hasSchemes(fastify)) describeSecurity(route, policy)
    if (policy === undefined) route.preHandler = [route.preHandler ?? [], countersignPassed].flat()
    // After all others of the route and its scopes: what is signed is what is sent.
    route.onSend = [route.onSend ?? [], countersignAnswer].flat()
  })

  fastify.addHook('onRequest', async function countersignOnRequest(request, reply) {
    const route = routes.of(request)
    if (route.policy === undefined) return
    try {
      await authenticate(request, reply, route.policy)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      logRefusal(request, error)
      Object.assign(request, { [accepted]: error.envelope })
      setRefusal(reply, error)
      // Fastify's own error handler would write its own body. An application's handler may write another; status and fields stay.
      if (hasErrorHandler(request, route)) throw error
      return reply.serializer(String).send(JSON.stringify(error.problem))
    }
  })

  // Hooks answer at once where nothing is to be waited for: a promise more in each costs what all checks of a claim do.
  fastify.addHook('preValidation', function countersignPreValidation(request, _reply, done) {
    const settling = contentSettled(request)
    if (settling === undefined) done()
    return settling
  })

  fastify.addHook('onError', async function countersignOnError(request, reply, error: Error) {
    const marked = request as MarkedRequest
    const refusal = marked[refused]
    if (refusal === undefined) return
    marked[failedWith] = error
    // As in a route that is closed: status and fields stand before an error handler of the application runs.
    if (error === refusal) setRefusal(reply, refusal)
  })

  fastify.addHook('onSend', function countersignOnSend(request, reply, payload, done) {
    const marked = request as MarkedRequest
    // Hooks of responses ask who called, and of what failed before that was known, it was nobody.
    withoutCaller(marked)
    // What is left of the content would be taken for the next request, or waited for.
    if (reply.statusCode >= 400 && marked[memory] !== null && isHalfRead(request)) reply.header('connection', 'close')
    const body = marked[failedWith] === undefined ? payload : answerOfGuard(marked, reply, payload)
    // RFC 9449 section 8.2: a nonce must not come out of a cache, whatever the handler said of its response.
    if (reply.hasHeader('dpop-nonce')) reply.header('cache-control', 'no-store')
    if (!routes.of(request).signsLast) return countersignAnswer(request, reply, body, done)
    done(null, body)
    return undefined
  })

  publish(fastify, routes.scopes)

  fastify.addHook('onReady', async function countersignOnReady() {
    routes.refresh()
    if (isDocumented(fastify) && !hasSchemes(fastify))
      fastify.log.warn(
        'countersign: @fastify/swagger came too late, or the path of the metadata is taken; it does not describe how routes are called',
      )
    fastify.log.info({ openRoutes: routes.open() }, 'countersign: every other route of this scope needs a signed call')
    for (const { issuer, profile, relaxations } of verifier.issuerProfiles) {
      if (relaxations.length === 0) continue
      fastify.log.warn(
        { issuer, profile, relaxations },
        'countersign: tokens of this issuer need not be as RFC 9068 demands',
      )
    }
    if (verifier.isLocal) {
      const level = process.env['NODE_ENV'] === 'production' ? 'warn' : 'info'
      fastify.log[level](
        'countersign: several replicas need nonce.secrets and a replay store in common; this process has its own',
      )
    }
  })
  fastify.addHook('onClose', async function countersignOnClose() {
    verifier.close()
  })

  async function authenticate(request: FastifyRequest, reply: FastifyReply, policy: CompiledPolicy): Promise<void> {
    const marked = request as MarkedRequest
    marked[memory] ??= {}
    const begun = await verifier.begin(requestOf(request), policy, marked[memory])
    if ('verification' in begun) return admit(request, reply, begun.verification)
    withholdCaller(request, decorator)
    marked[withheld] = true
    const refuse = (error: unknown) =>
      error instanceof RefusalError ? error : noteRefusal(request, begun.refuse(error))
    const finish = async (digest: string) => {
      try {
        admit(request, reply, await begun.finish(digest))
      } catch (error) {
        // What reads the content would take any other error for one of the client's.
        if (error instanceof Error && !('statusCode' in error)) Object.assign(error, { statusCode: 500 })
        throw noteRefusal(request, error)
      }
    }
    await verifyWhileRead(request, reply, { hasContent: begun.hasContent, finish, refuse }, limits)
  }

  /** The content was not verified: whoever asks now is told that nobody called. */
  function withoutCaller(request: MarkedRequest): void {
    if (request[withheld] === true) Object.assign(request, { [decorator]: null, [withheld]: false })
  }

  /** Notes a refusal that whoever reads the content fails with. */
  function noteRefusal(request: FastifyRequest, error: unknown): unknown {
    const marked = request as MarkedRequest
    withoutCaller(marked)
    if (error instanceof RefusalError && marked[refused] !== error) {
      logRefusal(request, error)
      Object.assign(request, { [refused]: error, [accepted]: error.envelope })
    }
    return error
  }

  function admit(
    request: FastifyRequest,
    reply: FastifyReply,
    { caller, headers, content, envelope }: Verification,
  ): void {
    Object.assign(request, { [decorator]: caller, [withheld]: false, [accepted]: envelope })
    if (content !== undefined) replaceContent(request, content)
    setHeaders(reply, headers)
  }

  function countersignAnswer(
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: (error: null, payload: unknown) => void,
  ): Promise<unknown> | undefined {
    const { [accepted]: envelope } = request as MarkedRequest
    if (envelope !== undefined && isWanted(envelope))
      return signReply(verifier, envelope, { request, reply, payload, maxBytes: maxAnswerBytes })
    done(null, payload)
    return undefined
  }

  function guard(demands: RoutePolicy = {}) {
    const policy = verifier.compilePolicy(demands)
    return async function countersignGuard(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      try {
        await authenticate(request, reply, policy)
        // To a `preParsing` hook, this is what parsers read from now on; to any other, nothing.
        return replacedRequest(request) as unknown as undefined
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error
        logRefusal(request, error)
        // Another way may still succeed: nothing is written before it is clear that none did.
        Object.assign(request, { [refused]: error, [accepted]: error.envelope })
        throw error
      }
    }
  }

  /** No way of authentication has succeeded: the challenge of the guard stands in the answer, and its body if it was the last word. */
  function answerOfGuard(request: MarkedRequest, reply: FastifyReply, payload: unknown): unknown {
    const refusal = request[refused] as RefusalError
    if (reply.statusCode !== refusal.statusCode) return payload
    const { 'content-type': type, ...headers } = refusal.headers
    if (request[failedWith] !== refusal) {
      setHeaders(reply, headers)
      return payload
    }
    if (hasErrorHandler(request, routes.of(request))) return payload
    reply.removeHeader('content-length')
    reply.header('content-type', type)
    return JSON.stringify(refusal.problem)
  }

  function requestOf(request: FastifyRequest): VerifiableRequest {
    const { originalUrl } = request
    const { method = '', rawHeaders } = receivedRequest(request)
    const content = receivedContent(request)
    // `originalUrl` is what the client signed, whatever `rewriteUrl` made of it; of `raw.headers` some fields are lost or joined.
    return {
      ...{ method, target: originalUrl, rawHeaders },
      ...(content !== undefined && { content }),
      ...(getClientCertificate !== undefined && { clientCertificate: () => getClientCertificate(request) }),
    }
  }
}

/**
 * The Fastify plugin. Register it in the scope it shall protect, after `@fastify/cors` and `@fastify/swagger` where those are used.
 *
 * @throws {CountersignError} At `register`: `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_URL_INSECURE`, `ERR_ALREADY_REGISTERED`. When a
 *   route is declared with a wrong policy: the same, with `parameter` `auth.…`.
 * @example
 * await app.register(countersign, { resource: 'https://api.example.com', issuer: 'https://as.example.com' })
 * app.get('/accounts', { config: { auth: { scope: 'accounts:read' } } }, async (request) => request.caller.clientId)
 */
export const countersign = fastifyPlugin(plugin, { name: '@countersign/server', fastify: '5.x' })

/** The handler of an open route is reached: whichever way of authentication has succeeded, what comes now is its own, even 401. */
function countersignPassed(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  ;(request as MarkedRequest)[refused] = undefined
  done()
}

function hasErrorHandler(request: FastifyRequest, route: GuardedRoute): boolean {
  return route.hasErrorHandler || request.server.errorHandler.name !== 'defaultErrorHandler'
}
