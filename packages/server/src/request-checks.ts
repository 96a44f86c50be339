// The first checks: what the request itself must be before anything in it is looked at. Whatever can be read in two ways is refused.

import { refusal } from '@countersign/shared'
import type { Check } from './check.ts'
import { readCredentials } from './credentials.ts'
import { shownUri } from './diagnostics.ts'
import { sha256 } from './hash.ts'
import { formCheck } from './proofs/request-form.ts'
import type { RequestTargets } from './request-target.ts'

/** A second way of presenting a token (RFC 6750 section 2.3). */
const TOKEN_IN_QUERY = /\?(?:.*&)?access_token=/s

/** Creates the checks of a request's target and credentials. */
export function createRequestChecks(targets: RequestTargets): readonly Check[] {
  return [
    {
      id: 'request.target',
      title: 'The request target is a path of this server, in one reading only',
      source: 'RFC 9449, section 4.3, check 9',
      needs: [],
      run(exchange) {
        exchange.path = targets.pathOf(exchange.request.target)
      },
      show: ({ path, request }) => ({ expected: targets.uriOf(path), actual: shownUri(request.target) }),
    },
    {
      id: 'request.credentials',
      title: 'There is one Authorization field, a scheme and a token, and at most one proof',
      source: 'RFC 9449, sections 4.3, check 1, and 7.1',
      needs: [],
      run(exchange) {
        exchange.credentials = readCredentials(exchange.request.rawHeaders)
        exchange.ath = sha256(exchange.credentials.accessToken)
      },
      show: ({ credentials }) => ({ actual: credentials?.scheme }),
    },
    {
      id: 'request.one_token',
      title: 'The access token is sent in one way only',
      source: 'RFC 6750, section 2',
      needs: [],
      run({ request }) {
        if (TOKEN_IN_QUERY.test(request.target)) {
          throw refusal('ERR_TOKEN_IN_QUERY', 'The query has an access token too', {
            parameter: 'access_token',
          })
        }
      },
    },
    formCheck,
    {
      id: 'request.scheme',
      title: 'The route accepts the authentication scheme',
      source: 'RFC 9449, section 7.2',
      needs: ['request.credentials'],
      run({ credentials, policy }) {
        const scheme = credentials?.scheme
        if (scheme !== undefined && policy.schemes.includes(scheme)) return
        throw refusal('ERR_SCHEME_NOT_ACCEPTED', 'The scheme is not accepted here', {
          parameter: 'Authorization',
          expected: policy.schemes,
          actual: scheme,
        })
      },
      show: ({ credentials, policy }) => ({ expected: policy.schemes, actual: credentials?.scheme }),
    },
  ]
}
