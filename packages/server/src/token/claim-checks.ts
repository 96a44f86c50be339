// What an access token says, whether it was signed or its issuer was asked: RFC 9068 sections 2.2 and 4, RFC 7662 section 4.

import { hash } from 'node:crypto'
import { refusal } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Exchange } from '../exchange.ts'
import type { Issuer } from '../issuers/issuer.ts'
import { clientIdOf, membershipsOf, scopesOf } from '../profiles/read-claims.ts'
import { boundTo, unsupportedBinding } from './binding.ts'
import { audienceOf, optionalDate, optionalString, requiredDate, requiredString } from './claims.ts'
import { refused } from './refused.ts'
import type { TokenState, VerifiedToken } from './token-state.ts'

const stateOf = ({ token }: Exchange) => token as TokenState
const issuerOf = (exchange: Exchange) => stateOf(exchange).issuer as Issuer
const tokenOf = (exchange: Exchange) => stateOf(exchange).token as VerifiedToken

/** Has the claims it must have, each of its type. */
export const claimsCheck: Check = {
  id: 'token.claims',
  title: 'The access token has the claims it must have, each of its type',
  source: 'RFC 9068, section 2.2',
  // Whichever of the two says whose token it is: a JWT does so itself, of an opaque token its issuer does.
  needs: ['token.issuer', 'token.introspection'],
  run(exchange) {
    const state = stateOf(exchange)
    state.token = readToken(state, issuerOf(exchange))
  },
  show: (exchange) => ({ actual: Object.keys(stateOf(exchange).claims) }),
}

/** Was issued to a client that is accepted, where clients are listed. */
export const clientCheck: Check = {
  id: 'token.client',
  title: 'The access token was issued to a client that is accepted',
  source: 'RFC 9068, section 4',
  needs: ['token.claims'],
  run(exchange) {
    const { clients } = issuerOf(exchange).config
    const { clientId } = tokenOf(exchange)
    if (clients === undefined || clients.has(clientId)) return
    throw refused('ERR_TOKEN_CLIENT', 'client_id', { expected: [...clients], actual: clientId })
  },
  show: (exchange) => ({
    expected: [...(issuerOf(exchange).config.clients ?? ['any'])],
    actual: tokenOf(exchange).clientId,
  }),
}

/** Was issued for this server. */
export const audienceCheck: Check = {
  id: 'token.audience',
  title: 'The access token was issued for this server',
  source: 'RFC 9068, section 4, step 4',
  needs: ['token.claims'],
  run(exchange) {
    const { audiences, profile } = issuerOf(exchange).config
    const { claims } = stateOf(exchange)
    if (claims['aud'] === undefined && profile.optional.includes('aud')) return
    const audience = audienceOf(claims)
    if (!audience.some((each) => audiences.has(each)))
      throw refused('ERR_TOKEN_AUDIENCE', 'aud', { expected: [...audiences], actual: audience })
  },
  show: (exchange) => ({
    expected: [...issuerOf(exchange).config.audiences],
    actual: stateOf(exchange).claims['aud'] ?? 'none',
  }),
}

/** Creates the check that a token is valid now. */
export function createTimeCheck(toleranceSeconds: number): Check {
  return {
    id: 'token.time',
    title: 'The access token is valid now',
    source: 'RFC 9068, section 4, step 6, and RFC 7519, section 4.1.5',
    needs: ['token.claims'],
    run(exchange) {
      const { now } = exchange
      const { expiresAt, claims } = tokenOf(exchange)
      if (now >= expiresAt + toleranceSeconds)
        throw refused('ERR_TOKEN_EXPIRED', 'exp', { expected: now, actual: expiresAt })
      for (const name of ['nbf', 'iat']) {
        const from = claims[name]
        if (typeof from === 'number' && from > now + toleranceSeconds)
          throw refused('ERR_TOKEN_NOT_YET_VALID', name, { expected: now, actual: from })
      }
    },
    show: (exchange) => ({ expected: `exp after ${exchange.now}`, actual: tokenOf(exchange).expiresAt }),
  }
}

/** Is presented over a connection with the certificate it is bound to, if it is bound to one. Never passed over (RFC 8705 section 3). */
export const certificateCheck: Check = {
  id: 'token.certificate',
  title: 'The client certificate is the one the access token is bound to, if it is bound to one',
  source: 'RFC 8705, section 3',
  needs: ['token.claims'],
  run(exchange) {
    const { x5tS256 } = tokenOf(exchange)
    if (x5tS256 === undefined) return
    const { clientCertificate } = exchange.request
    if (clientCertificate === undefined) throw unsupportedBinding(['x5t#S256'])
    const certificate = clientCertificate()
    const actual = certificate === undefined ? undefined : hash('sha256', certificate, 'base64url')
    if (actual === x5tS256) return
    throw refused('ERR_TOKEN_CERTIFICATE_MISMATCH', 'cnf.x5t#S256', { expected: x5tS256, actual: actual ?? 'none' })
  },
  show: (exchange) => ({ expected: tokenOf(exchange).x5tS256 ?? 'none' }),
}

/** Is bound to the key that was presented; or, without a proof, to none. */
export const bindingCheck: Check = {
  id: 'token.binding',
  title: 'The access token is bound to the key of the proof',
  source: 'RFC 9449, sections 4.3, check 12, and 7.2',
  needs: ['token.claims', 'proof.present', 'proof.jwk'],
  run(exchange) {
    const { jkt, x5tS256, confirmationKey } = tokenOf(exchange)
    const { proof } = exchange
    if (jkt === undefined && x5tS256 === undefined && confirmationKey !== undefined) throw unsupportedBinding(['jwk'])
    if (proof === undefined) {
      if ((jkt ?? x5tS256) !== undefined) throw refusal('ERR_TOKEN_BOUND', 'The access token is bound to a key')
      return
    }
    if (jkt === undefined) {
      throw refusal('ERR_TOKEN_UNBOUND', 'The access token is not bound to a key', { parameter: 'cnf' })
    }
    // Thumbprints of public keys: nothing secret is compared.
    if (jkt === proof.jkt) return
    const message = 'The access token is bound to another key'
    throw refusal('ERR_TOKEN_BINDING_MISMATCH', message, {
      parameter: 'cnf.jkt',
      expected: proof.jkt,
      actual: jkt,
    })
  },
  show: (exchange) => ({ expected: exchange.proof?.jkt ?? 'none', actual: tokenOf(exchange).jkt ?? 'none' }),
}

function readToken({ claims }: TokenState, { config }: Issuer): VerifiedToken {
  const { profile, audiences } = config
  if (profile.optional.includes('iat')) optionalDate(claims, 'iat')
  else requiredDate(claims, 'iat')
  if (profile.optional.includes('jti')) optionalString(claims, 'jti')
  else requiredString(claims, 'jti')
  optionalDate(claims, 'nbf')
  optionalDate(claims, 'auth_time')
  const clientId = clientIdOf(claims, profile)
  const subject = profile.optional.includes('sub') ? optionalString(claims, 'sub') : requiredString(claims, 'sub')
  const isClient = profile.isClient?.(claims, clientId) ?? subject === clientId
  const subjectType =
    subject === undefined && !isClient ? (profile.absentSubject ?? 'client') : isClient ? 'client' : 'user'
  return deepFreeze({
    issuer: requiredString(claims, 'iss'),
    subject: subject ?? clientId,
    subjectType,
    clientId,
    scopes: scopesOf(claims, profile),
    roles: membershipsOf(claims, profile.roles, audiences),
    groups: membershipsOf(claims, profile.groups, audiences),
    permissions: membershipsOf(claims, profile.permissions, audiences),
    entitlements: membershipsOf(claims, profile.entitlements, audiences),
    expiresAt: requiredDate(claims, 'exp'),
    ...boundTo(claims),
    claims,
  })
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}
