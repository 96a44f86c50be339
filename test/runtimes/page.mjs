// What a page does when it is told to from outside, by name. Each function is given the environment first.

import { clientCredentials, createClient, isCountersignError, refreshToken, refusalOf } from '@countersign/client'
import { indexedDBKeyStore } from '@countersign/client/indexeddb'
import { play, playMethods } from './scenario.mjs'

globalThis.page = { play, playMethods, keep, stored, store, refuse, begin, refresh }

/** Calls with a key that is kept in the browser: the thumbprint of it, and whether it is kept. */
async function keep({ api, issuer, key }, options) {
  const keyStore = indexedDBKeyStore(options)
  const token = clientCredentials({ clientId: 'partner-7', key, issuer })
  const client = createClient({ resource: api, keyStore, token })
  try {
    const { jkt } = await (await client.fetch('/whoami')).json()
    return { jkt, isPersistent: keyStore.isPersistent }
  } catch (error) {
    return { code: error.code, reason: error.reason }
  }
}

/** The key that is kept, as any script of the page can have it. */
async function stored() {
  const { privateKey, publicKey } = await inDatabase('keys', (keys) => keys.get('default'))
  const exported = await crypto.subtle.exportKey('jwk', privateKey).catch(({ name }) => name)
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify({ crv, kty, x, y })))
  const { extractable } = privateKey
  return {
    privateKey: { extractable, exported },
    thumbprint: new Uint8Array(digest).toBase64({ alphabet: 'base64url', omitPadding: true }),
  }
}

/** Keeps something in the place of the key, or in another store. */
async function store(_environment, record, name = 'keys') {
  await inDatabase(name, (records) => records.put(record, 'default'))
}

/** What the refusal of an API is that hides its nonces. */
async function refuse({ hiding, issuer, key }) {
  const client = createClient({ resource: hiding, token: clientCredentials({ clientId: 'partner-7', key, issuer }) })
  const response = await client.fetch('/whoami')
  const { code, reason } = await refusalOf(response)
  return { status: response.status, code, reason }
}

const session = {
  read: () => JSON.parse(localStorage.getItem('session')) ?? undefined,
  write: (tokens) => localStorage.setItem('session', JSON.stringify(tokens ?? null)),
}

/** Begins a session that all tabs share. */
function begin(_environment, refreshToken) {
  session.write({ accessToken: 'none', tokenType: 'DPoP', jkt: 'none', refreshToken })
}

/** Calls with a token of the session. Tabs take turns, unless they are told not to. */
async function refresh({ api, issuer }, { turns }) {
  const takeNone = (_name, run) => run()
  const options = { clientId: 'partner-7', issuer, store: session, ...(turns ? {} : { lock: takeNone }) }
  const client = createClient({ resource: api, keyStore: indexedDBKeyStore(), token: refreshToken(options) })
  try {
    return (await client.fetch('/whoami')).status
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return error.code
  }
}

/** Runs a request on a store of the database, which is made if there is none. */
async function inDatabase(name, run) {
  const opening = indexedDB.open('countersign', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(name)
  await ended(opening, 'onsuccess')
  const transaction = opening.result.transaction(name, 'readwrite')
  const request = run(transaction.objectStore(name))
  await ended(transaction, 'oncomplete')
  opening.result.close()
  return request.result
}

function ended(target, event) {
  return new Promise((resolve, reject) => {
    target[event] = resolve
    target.onerror = () => reject(target.error)
  })
}
