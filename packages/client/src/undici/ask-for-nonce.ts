// Asking for a nonce ahead of a body that can be sent once only: it must not be met by a demand for a nonce.

import type { Dispatcher } from 'undici'
import { metadataPathOf } from '../fetch/metadata-path.ts'
import type { Server } from '../fetch/servers.ts'
import type { HeaderFields } from './header-fields.ts'
import { fieldOf, shownHeaders } from './header-fields.ts'

/** What a nonce is asked for with. */
export interface AskParts {
  readonly dispatch: Dispatcher.Dispatch
  /** The request that the nonce is for: it says the way, such as the name that TLS expects. */
  readonly options: Dispatcher.DispatchOptions
  readonly fields: HeaderFields
  readonly resource: URL
  readonly server: Server
  readonly signal: AbortSignal
}

/**
 * Asks for the head of the metadata document of the resource, and learns the nonce that comes with it, if there is one. A failure is none:
 * the call itself will say what is wrong.
 *
 * @throws The signal's reason when it aborts.
 */
export async function askForNonce({ dispatch, options, fields, resource, server, signal }: AskParts): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { body: _, query: __, upgrade: ___, expectContinue: ____, ...way } = options
  const host = fieldOf(fields, 'host')
  const sentAt = server.nextSequence()
  let abort: (() => void) | undefined
  const onAbort = () => {
    abort?.()
    resolve()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    dispatch(
      {
        ...way,
        method: 'HEAD',
        path: metadataPathOf(resource),
        headers: host === undefined ? {} : { host },
      },
      {
        onRequestStart(controller) {
          abort = () => controller.abort(signal.reason)
          if (signal.aborted) abort()
        },
        onResponseStart(_controller, status, headers) {
          if (status >= 200) server.learn({ headers: shownHeaders(headers) }, sentAt)
        },
        onRequestUpgrade: () => resolve(),
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(),
        onResponseError: () => resolve(),
      },
    )
    await promise
  } catch {
    // As any other failure.
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  signal.throwIfAborted()
}
