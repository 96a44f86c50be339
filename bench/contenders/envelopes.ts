// Calls with a body of 1 kB, proved by a DPoP proof or by an envelope: what the client makes of them, and what the server is given. Those
// for the server are made here with node:crypto and nothing of ours.

import { hash, randomUUID } from 'node:crypto'
import type { ProofOption } from '@countersign/client'
import { createClient, createSigner } from '@countersign/client'
import type { VerifiableRequest } from '@countersign/server/verifier'
import { createVerifier } from '@countersign/server/verifier'
import type { Contender } from '../lib/measure.ts'
import type { Client } from './prover.ts'
import { NONCE } from './prover.ts'
import type { Issuer, Party } from './world.ts'
import { createParty, ISSUER, now, RESOURCE, sha256, signCall, signJws, TARGET } from './world.ts'

/** A JSON document of 1 kB. */
export const BODY: string = JSON.stringify({ amount: '12.50', purpose: 'x'.repeat(970) })
/** How a call is proved. */
export type Proof = 'DPoP proof' | 'detached envelope' | 'attached envelope'
export const proofs: readonly Proof[] = ['DPoP proof', 'detached envelope', 'attached envelope']

const OPTIONS: Readonly<Record<Proof, ProofOption>> = {
  'DPoP proof': 'dpop',
  'detached envelope': 'envelope',
  'attached envelope': { envelope: 'attached' },
}

/** A client that sends nothing: whatever it would send is answered at once. */
export async function clientContender(proof: Proof, { keyPair, accessToken }: Client): Promise<Contender> {
  const signer = await createSigner(keyPair)
  const fetch = async () => new Response(null, { headers: { 'dpop-nonce': NONCE } })
  const client = createClient({ resource: RESOURCE, signer, token: () => accessToken, fetch, proof: OPTIONS[proof] })
  const url = RESOURCE + TARGET
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY }
  return { name: proof, run: () => client.fetch(url, init) }
}

/** A server that is given calls of one client. */
export function serverContender(proof: Proof, issuer: Issuer): Contender & { readonly verify: Verify } {
  const party = createParty(issuer)
  const verifier = createVerifier({
    resource: RESOURCE,
    issuer: { issuer: ISSUER, jwks: issuer.jwks },
    replay: { maxEntries: 20_000_000, maxEntriesPerKey: 20_000_000 },
  })
  const callOf = (parts?: object) => callWith(proof, party, { nonce: verifier.nonce(), ...parts })
  let calls: VerifiableRequest[] = []
  return {
    name: proof,
    prepare(count) {
      calls = Array.from({ length: count }, () => callOf())
    },
    run: (index) => verifier.verify(calls[index] as VerifiableRequest),
    verify: (parts, changes) => verifier.verify({ ...callOf(parts), ...changes }),
  }
}

/** Gives a server a call in which something may be wrong. */
export type Verify = (parts?: object, changes?: Partial<VerifiableRequest>) => Promise<unknown>

function callWith(
  proof: Proof,
  party: Party,
  parts: { nonce?: string | undefined; header?: object },
): VerifiableRequest {
  const { key, accessToken } = party
  if (proof === 'DPoP proof') {
    const { nonce, header = {} } = parts
    const { rawHeaders } = signCall(party, { nonce, claims: { htm: 'POST', ...header } })
    return { method: 'POST', target: TARGET, rawHeaders: [...rawHeaders, 'Content-Type', 'application/json'] }
  }
  const isAttached = proof === 'attached envelope'
  const header = {
    typ: isAttached ? 'gnap-binding-jws' : 'gnap-binding-jwsd',
    ...{ alg: key.alg, kid: key.jkt, jwk: key.jwk, htm: 'POST', uri: RESOURCE + TARGET, created: now() },
    ...{ ath: sha256(accessToken), jti: randomUUID(), nonce: parts.nonce, cty: 'application/json' },
    ...parts.header,
  }
  const jws = signJws(key, header, isAttached ? Buffer.from(BODY) : hash('sha256', BODY, 'buffer'))
  const common = ['Host', 'api.example.com', 'Authorization', `DPoP ${accessToken}`]
  const fields = isAttached
    ? ['Content-Type', 'application/jose']
    : ['Content-Type', 'application/json', 'Detached-JWS', jws]
  const content = Buffer.from(isAttached ? jws : BODY)
  return { method: 'POST', target: TARGET, rawHeaders: [...common, ...fields], content: () => once(content) }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}
