// What verifies signed calls, and the gates that it must pass before it is timed.

import type { Gate } from '../lib/gates.ts'
import type { Issuer, SignedCall } from './world.ts'
import { callOf, createKey, createParty, issueToken, now, RESOURCE, signCall, TARGET } from './world.ts'

/** Verifies the token and the proof of calls. */
export interface VerifierContender {
  readonly name: string
  /** The nonce that proofs must name, where the contender demands one. */
  readonly nonce?: () => string | undefined
  /** Whether it refuses a proof that came before. */
  readonly remembersProofs: boolean
  /** Throws, or rejects, when the call is refused. */
  readonly verify: (call: SignedCall) => unknown
}

/** Calls with one thing wrong each, that every verifier must refuse. */
export function spoiltCalls(issuer: Issuer, nonce: string | undefined): Readonly<Record<string, SignedCall>> {
  const party = createParty(issuer)
  const stranger = createKey()
  const spoilt = (claims: object) => signCall(party, { nonce, claims })
  const forged = signCall(party, { nonce })
  const [head, body] = forged.proof.split('.')
  const signature = signCall(party, { nonce }).proof.split('.')[2]
  const expired = {
    key: party.key,
    accessToken: issueToken(issuer, party.key.jkt, { iat: now() - 7200, exp: now() - 3600 }),
  }
  const impostor = { ...issuer, key: { ...createKey(issuer.key.alg), jkt: issuer.key.jkt } }
  const selfMade = { key: party.key, accessToken: issueToken(impostor, party.key.jkt) }
  return {
    'a forged proof': callOf(party.accessToken, [head, body, signature].join('.')),
    'a wrong htm': spoilt({ htm: 'PUT' }),
    'a wrong htu': spoilt({ htu: `${RESOURCE}${TARGET}/other` }),
    'a wrong ath': spoilt({ ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' }),
    'a wrong key': signCall({ key: stranger, accessToken: party.accessToken }, { nonce }),
    'an expired token': signCall(expired, { nonce }),
    'a forged token': signCall(selfMade, { nonce }),
  }
}

/** The gates of a verifier. Its caches are warm after the first. */
export function gatesOf({ verify, nonce, remembersProofs }: VerifierContender, issuer: Issuer): readonly Gate[] {
  const party = createParty(issuer)
  const good = signCall(party, { nonce: nonce?.() })
  const accept = { expected: 'accepted' } as const
  const refuse = { expected: 'refused' } as const
  return [
    { name: 'a good call', ...accept, attempt: () => verify(good) },
    {
      name: 'another call with the same token',
      ...accept,
      attempt: () => verify(signCall(party, { nonce: nonce?.() })),
    },
    ...(remembersProofs ? [{ name: 'a copy of a call', ...refuse, attempt: () => verify(good) }] : []),
    ...(nonce === undefined
      ? []
      : [
          {
            name: 'a forged nonce',
            ...refuse,
            attempt: () => verify(signCall(party, { nonce: forgedNonce(nonce()) })),
          },
        ]),
    ...Object.entries(spoiltCalls(issuer, nonce?.())).map(([name, call]) => ({
      name,
      ...refuse,
      attempt: () => verify(call),
    })),
  ]
}

/** A nonce of the right form that nobody has made. */
export function forgedNonce(nonce: string | undefined): string {
  const bytes = Buffer.from(nonce ?? '', 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64url')
}
