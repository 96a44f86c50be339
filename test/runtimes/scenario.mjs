// What the client must do in every runtime, in plain JavaScript, and what came of it as JSON. Nothing here belongs to a runtime.

/**
 * @param environment - Where the servers are, as `Environment` of servers.ts has it.
 */
export async function play({ issuer, api, key }) {
  const ran = []
  const unwatch = watch(ran)
  const { clientCredentials, createClient, isCountersignError, refusalOf } = await import('@countersign/client')
  unwatch()

  const options = { resource: api, token: clientCredentials({ clientId: 'partner-7', key, issuer }) }
  const client = createClient(options)
  const json = async (...call) => (await client.fetch(...call)).json()
  const results = { ranAtImport: ran }

  const caller = await json('/whoami')
  results.caller = {
    clientId: caller.clientId,
    algorithm: caller.algorithm,
    isOwnKey: caller.jkt === (await client.thumbprint()),
  }

  const headers = { 'content-type': 'application/json' }
  results.echo = await json('/echo', { method: 'POST', headers, body: JSON.stringify({ text: 'ä€😀' }) })
  results.request = await json(new Request(`${api}/echo`, { method: 'post', headers, body: '{"a":1}' }))

  const refusal = await refusalOf(await client.fetch('/forbidden'))
  results.refusal = { code: refusal?.code, challenge: refusal?.challenges?.[0]?.parameters.error }

  const reason = new Error('enough')
  const controller = new AbortController()
  const { signal } = controller
  setTimeout(() => controller.abort(reason), 100)
  const said = (error) => ({ isReason: error === reason, message: error?.message })
  results.abort = said(await errorOf(() => client.fetch('/slow', { signal })))
  results.aborted = said(await errorOf(() => client.fetch('/whoami', { signal })))

  const moved = await errorOf(async () => {
    results.redirect = (await json('/moved')).clientId
  })
  if (moved !== undefined) results.redirect = { code: moved.code, reason: moved.reason }

  client.close()
  const closed = await errorOf(() => client.fetch('/whoami'))
  results.closed = isCountersignError(closed, 'ERR_CLIENT_CLOSED')

  const other = createClient({ ...options, algorithm: 'Ed25519' })
  results.ed25519 = (await (await other.fetch('/whoami')).json()).algorithm
  other.close()
  return results
}

/** What a server sees of a method in lower case: on the wire, and in the proof. */
export async function playMethods({ issuer, api, mirror, key }) {
  const { clientCredentials, createClient } = await import('@countersign/client')
  const token = clientCredentials({ clientId: 'partner-7', key, issuer })
  const client = createClient({ resource: api, origins: [mirror], token })
  const json = async (...call) => (await client.fetch(...call)).json()
  const results = {
    ofOptions: await json(`${mirror}/a`, { method: 'patch' }),
    ofRequest: await json(new Request(`${mirror}/a`, { method: 'patch' })),
  }
  client.close()
  return results
}

/** A body that is a stream, as the first call of a client, which then asks for a nonce ahead. */
export async function playStream({ issuer, api, key }) {
  const { clientCredentials, createClient } = await import('@countersign/client')
  const client = createClient({ resource: api, token: clientCredentials({ clientId: 'partner-7', key, issuer }) })
  const body = new Blob(['{"streamed":', 'true}']).stream()
  const headers = { 'content-type': 'application/json' }
  const response = await client.fetch('/echo', { method: 'POST', headers, body, duplex: 'half' })
  client.close()
  return response.json()
}

async function errorOf(action) {
  try {
    await action()
    return undefined
  } catch (error) {
    return error
  }
}

/** Notes what is called that workers forbid while a module is loaded. Returns what ends the watch. */
function watch(ran) {
  const targets = [
    [globalThis, ['fetch', 'setTimeout', 'setInterval']],
    [Math, ['random']],
    [crypto, ['getRandomValues', 'randomUUID']],
    [crypto.subtle, ['generateKey', 'importKey', 'sign', 'digest']],
  ]
  const undo = []
  for (const [target, names] of targets) {
    for (const name of names) {
      const own = Object.getOwnPropertyDescriptor(target, name)
      const original = target[name]
      const value = (...parameters) => {
        ran.push(name)
        return original.apply(target, parameters)
      }
      Object.defineProperty(target, name, { value, configurable: true, writable: true })
      undo.push(() => (own === undefined ? delete target[name] : Object.defineProperty(target, name, own)))
    }
  }
  return () => {
    for (const restore of undo) restore()
  }
}
