// The order of interceptors. None sees its neighbours; but those that stand on the wrong side of this one leave traces, by which each is
// found before anything is sent.

import { CountersignError } from '@countersign/shared'
import type { Dispatcher } from 'undici'
import type { AllowedOrigins } from '../fetch/origins.ts'
import type { HeaderFields } from './header-fields.ts'
import { fieldOf } from './header-fields.ts'
import { parse } from './target.ts'

/** Which interceptor stands on the wrong side. */
type Misplaced = 'retry' | 'redirect' | 'dns'

/** What watches one attempt for interceptors that would send it again by themselves. */
export interface OrderWatch {
  /** To be sent along as the option of this name. */
  readonly retryOptions: object
  /** What is wrong, seen from what a request starts with. */
  faultOf(controller: Dispatcher.DispatchController, context: unknown): CountersignError | undefined
}

const MESSAGES: Readonly<Record<Misplaced, string>> = {
  retry: 'In compose, "retry" stands before "countersign": it would send the same proof again',
  redirect: 'In compose, "redirect" stands before "countersign": it would send the proof to another URL',
  dns: 'In compose, "dns" stands after "countersign": the URL would be signed with an address in the place of the name',
}

const ADDRESS = /^(?:\[.*\]|\d+\.\d+\.\d+\.\d+)$/

/**
 * Watches an attempt for `retry` and `redirect`.
 *
 * `retry` copies the members of its option out of those of the request, and is the only one to look into them. `RetryAgent` does not, but
 * is known by its controller; old versions of it (undici before 7.30 and 8.9) are not known before they have repeated a request.
 * `redirect` announces its history as soon as a request starts.
 */
export function watchOrder(): OrderWatch {
  let copied = false
  // Whoever writes a request to a log looks into it too, and finds nothing.
  const nothing = Object.create({ toJSON: () => undefined }) as object
  const ownKeys = () => {
    copied = true
    return []
  }
  const retryOptions = new Proxy(nothing, { ownKeys })
  return {
    retryOptions,
    faultOf(controller, context) {
      if (Array.isArray((context as { history?: unknown } | null | undefined)?.history)) return misplaced('redirect')
      return copied || controller.constructor?.name === 'RetryController' ? misplaced('retry') : undefined
    },
  }
}

/**
 * Refuses a request that `dns` has had before: it puts an address into the origin, and the name into the option `servername`.
 *
 * @param url - Where the request leads now.
 * @throws {CountersignError} `ERR_INTERCEPTOR_ORDER`, if the client would have signed it.
 */
export function checkNotResolved(
  options: Dispatcher.DispatchOptions,
  url: URL,
  fields: HeaderFields,
  origins: AllowedOrigins,
): void {
  const { servername } = options as { readonly servername?: unknown }
  if (typeof servername !== 'string' || !ADDRESS.test(url.hostname)) return
  const port = url.port === '' ? '' : `:${url.port}`
  const hosts = [`${servername}${port}`, fieldOf(fields, 'host') ?? url.host]
  for (const host of hosts) {
    const named = parse(`${url.protocol}//${host}`)
    if (named !== undefined && named.origin !== url.origin && origins.has(named)) throw misplaced('dns')
  }
}

/** The error for an interceptor on the wrong side. */
export function misplaced(reason: Misplaced): CountersignError {
  return new CountersignError('ERR_INTERCEPTOR_ORDER', MESSAGES[reason], { reason })
}
