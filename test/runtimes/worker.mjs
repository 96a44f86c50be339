// A worker: it plays the scenario when asked, calls with clients that all its requests share, and verifies calls itself.

import { env } from 'cloudflare:workers'
// Loaded, and clients made, where workers forbid whatever takes time or chance.
import { clientCredentials, createClient } from '@countersign/client'
import { createVerifier, RefusalError } from '@countersign/server/verifier'
import { play, playMethods, playStream } from './scenario.mjs'

const { api, issuer, key, resource } = env.ENVIRONMENT
const source = clientCredentials({ clientId: 'partner-7', key, issuer })
const shared = createClient({ resource: api, token: source })
/** Its tokens are renewed within a second. */
const hasty = createClient({
  resource: api,
  token: async (context) => ({ ...(await source(context)), expiresInSeconds: 1 }),
})
let verifier

const routes = {
  '/play': async () => ({ ...(await play(env.ENVIRONMENT)), stream: await playStream(env.ENVIRONMENT) }),
  '/methods': () => playMethods(env.ENVIRONMENT),
  '/shared': () => whoami(shared),
  '/hasty': () => whoami(hasty),
  /** Answers before the token is there that it has asked for. */
  '/impatient': () => whoami(shared, { signal: AbortSignal.timeout(50) }),
  '/verified': verified,
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url)
    try {
      return Response.json((await routes[pathname]?.(request)) ?? null)
    } catch (error) {
      const { name, code, message, statusCode = 500, headers = {} } = error
      return Response.json(
        { name, code, message },
        { status: statusCode, headers: error instanceof RefusalError ? headers : {} },
      )
    }
  },
}

async function whoami(client, options) {
  const response = await client.fetch('/whoami', options)
  return { status: response.status, clientId: (await response.json()).clientId }
}

async function verified(request) {
  verifier ??= createVerifier({ resource, issuer: { issuer, jwks: await (await fetch(`${issuer}/jwks`)).json() } })
  const { pathname, search } = new URL(request.url)
  const rawHeaders = [...request.headers].flat()
  const { caller } = await verifier.verify({ method: request.method, target: pathname + search, rawHeaders })
  return { clientId: caller.clientId }
}
