// @countersign/client/undici: the client as an interceptor of undici, for whoever calls through a dispatcher: `request`, `stream`,
// `pipeline`, undici's `fetch`, or a library that takes a dispatcher.

import { CountersignError, invalidOption } from '@countersign/shared'
import type { Dispatcher } from 'undici'
import type { Client } from '../create-client.ts'
import { partsOf } from '../internals.ts'
import { createSignedDispatch } from './signed-dispatch.ts'

/**
 * Makes an interceptor for `dispatcher.compose` that signs the requests to the origins of a client as its `fetch` does: with its token, a
 * fresh proof for every attempt, its nonces, and the same repetitions. Requests to other origins go on without token and proof.
 *
 * It stands behind `dns`, which it must not see the work of, and before `retry` and `redirect`, whose every attempt it signs anew. A proof
 * covers method, URL without query, and token; not the query, the body, or other header fields. `CONNECT` is not signed.
 *
 * @param client - A client of `createClient`.
 * @throws {CountersignError} `ERR_OPTION_INVALID` for anything else; `ERR_NOT_IMPLEMENTED` for a client whose `proof` is an envelope. A request fails with what `fetch` of the client throws, except for
 *   its origin, and with `ERR_INTERCEPTOR_ORDER`, whose `reason` is one of `dns`, `retry`, `redirect`.
 * @see docs/undici.md
 * @example
 * const dispatcher = new Agent().compose(interceptors.dns(), countersign(client), interceptors.retry(), interceptors.redirect())
 * await request('https://api.example.com/accounts', { dispatcher })
 */
export function countersign(client: Client): Dispatcher.DispatcherComposeInterceptor {
  const parts = partsOf(client)
  if (parts === undefined) throw invalidOption('client', 'a client of createClient')
  if (!parts.provesByDPoP) {
    throw new CountersignError('ERR_NOT_IMPLEMENTED', 'The interceptor makes no request envelopes', {
      parameter: 'proof',
    })
  }
  // What a dispatcher is bound to, undici 8.13 and later say beside what is documented. It is not where the options of a request point.
  return (dispatch: Dispatcher.Dispatch, boundTo?: unknown) =>
    createSignedDispatch(parts, dispatch, typeof boundTo === 'string' ? boundTo : undefined)
}
