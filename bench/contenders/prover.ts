// What makes proofs of possession, and the gates that it must pass before it is timed: another implementation must accept what it makes.

import type { Gate } from '../lib/gates.ts'
import { createWithJose } from './verifier-jose.ts'
import type { Issuer } from './world.ts'
import { callOf, issueToken, RESOURCE, sha256, TARGET } from './world.ts'

/** The URL that proofs are for. */
export const URL_OF_CALL = `${RESOURCE}${TARGET}`
/** The nonce of the server, in the form of one of ours. */
export const NONCE = 'aE7hgAqFr_c9ne4673R-6aWebYxdp7JK'

/** Makes proofs for GET of {@link URL_OF_CALL}. */
export interface ProverContender {
  readonly name: string
  readonly prove: () => Promise<string>
}

/** A client: its keys and its token. */
export interface Client {
  readonly keyPair: CryptoKeyPair
  readonly accessToken: string
}

/** Creates a client, whose private key cannot be exported. */
export async function createClientOf(issuer: Issuer): Promise<Client> {
  const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', keyPair.publicKey)
  return { keyPair, accessToken: issueToken(issuer, sha256(JSON.stringify({ crv, kty, x, y }))) }
}

/** The gates of a prover. */
export function gatesOf({ prove }: ProverContender, issuer: Issuer, { accessToken }: Client): readonly Gate[] {
  const verifier = createWithJose(issuer)
  const verify = (proof: string, parts: object = {}) => verifier.verify({ ...callOf(accessToken, proof), ...parts })
  const areUnlike = async () => {
    const [one, other] = [await prove(), await prove()]
    return jtiOf(one) !== jtiOf(other)
  }
  const accept = { expected: 'accepted' } as const
  const refuse = { expected: 'refused' } as const
  return [
    { name: 'a proof that another implementation accepts', ...accept, attempt: async () => verify(await prove()) },
    { name: 'no two proofs alike', ...accept, attempt: areUnlike },
    { name: 'for this method only', ...refuse, attempt: async () => verify(await prove(), { method: 'PUT' }) },
    { name: 'for this URL only', ...refuse, attempt: async () => verify(await prove(), { target: '/other' }) },
    {
      name: 'for this token only',
      ...refuse,
      attempt: async () => verify(await prove(), { accessToken: issueToken(issuer, 'another') }),
    },
  ]
}

function jtiOf(proof: string): unknown {
  return JSON.parse(Buffer.from(proof.split('.')[1] as string, 'base64url').toString()).jti
}
