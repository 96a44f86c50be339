// Dispatchers of the tests, and what is counted at the servers.

import type { Server } from 'node:http'
import { Agent, type Dispatcher } from 'undici'
import { onTestFinished } from 'vitest'
import type { Client } from '../src/create-client.ts'
import { countersign } from '../src/undici/index.ts'

/** An agent, ended with the test. */
export function agentOf(options: Agent.Options = {}): Agent {
  return ending(new Agent(options))
}

/** An agent with interceptors. */
export function composed(...interceptors: Dispatcher.DispatcherComposeInterceptor[]): Dispatcher {
  return agentOf().compose(interceptors)
}

/** An agent whose requests a client signs. */
export function signing(client: Client, options: Agent.Options = {}): Dispatcher {
  return agentOf(options).compose(countersign(client))
}

/** Destroys a dispatcher with the test. */
export function ending<Ended extends Dispatcher>(dispatcher: Ended): Ended {
  onTestFinished(() => dispatcher.destroy())
  return dispatcher
}

/** Counts the connections of a server. */
export function connectionsOf(server: Server): { readonly count: number } {
  let count = 0
  server.on('connection', () => count++)
  return {
    get count() {
      return count
    },
  }
}

/** The callbacks that a handler has had, and a promise of the last. */
export function recorded(overrides: Dispatcher.DispatchHandler = {}) {
  const calls: string[] = []
  const errors: unknown[] = []
  const last = Promise.withResolvers<void>()
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (controller, context) => {
      calls.push('start')
      overrides.onRequestStart?.(controller, context)
    },
    onRequestUpgrade: (controller, status, headers, socket) => {
      calls.push(`upgrade ${status}`)
      overrides.onRequestUpgrade?.(controller, status, headers, socket)
      last.resolve()
    },
    onResponseStart: (controller, status, headers, message) => {
      calls.push(`head ${status}`)
      overrides.onResponseStart?.(controller, status, headers, message)
    },
    onResponseData: (controller, chunk) => {
      calls.push(`data ${chunk}`)
      overrides.onResponseData?.(controller, chunk)
    },
    onResponseEnd: (controller, trailers) => {
      calls.push('end')
      overrides.onResponseEnd?.(controller, trailers)
      last.resolve()
    },
    onResponseError: (controller, error) => {
      calls.push('error')
      errors.push(error)
      overrides.onResponseError?.(controller, error)
      last.resolve()
    },
  }
  return { handler, calls, errors, last: last.promise }
}

/** Waits long enough for a callback that must not come. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100))
}
