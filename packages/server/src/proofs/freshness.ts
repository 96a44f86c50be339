// How recent a proof is: by a nonce of this server where there are nonces, else by the time in it.

import type { CountersignError, RefusalCode } from '@countersign/shared'
import { refusal } from '@countersign/shared'
import type { Check } from '../check.ts'
import type { Exchange } from '../exchange.ts'
import type { ProofKind, ProofServices, ProofState } from './proof-kind.ts'

const stateOf = ({ proof }: Exchange) => proof as ProofState

/** Creates the check that a proof is recent. */
export function createFreshnessCheck(kind: ProofKind, { nonces, window }: ProofServices): Check {
  return nonces === undefined ? createTimeCheck(kind, window) : createNonceCheck(nonces)
}

/** With nonces, the server's own time in them decides, and no clock of a client (RFC 9449 section 4.3, check 11). */
function createNonceCheck(nonces: NonNullable<ProofServices['nonces']>): Check {
  return {
    id: 'proof.nonce',
    title: 'The proof has a nonce of this server that is recent',
    source: 'RFC 9449, section 4.3, checks 10 and 11',
    needs: ['proof.claims'],
    run(exchange) {
      const { nonce } = stateOf(exchange)
      if (nonce === undefined) throw refused('ERR_DPOP_NONCE_REQUIRED', 'nonce')
      const verdict = nonces.check(nonce)
      if (verdict === 'invalid') throw refused('ERR_DPOP_NONCE_INVALID', 'nonce')
      if (verdict === 'expired') throw refused('ERR_DPOP_NONCE_EXPIRED', 'nonce')
      stateOf(exchange).acceptableUntil = verdict.issuedAt + nonces.ttlSeconds
    },
    show(exchange) {
      const age = exchange.now - (stateOf(exchange).acceptableUntil - nonces.ttlSeconds)
      return { expected: `at most ${nonces.ttlSeconds} seconds old`, actual: `${Math.floor(age)} seconds old` }
    },
  }
}

function createTimeCheck(
  { codes, timeParameter }: ProofKind,
  { pastSeconds, futureSeconds }: ProofServices['window'],
): Check {
  return {
    id: 'proof.iat',
    title: 'The proof was made recently',
    source: 'RFC 9449, section 4.3, check 11',
    needs: ['proof.claims'],
    run(exchange) {
      const { madeAt } = stateOf(exchange)
      const { now } = exchange
      if (madeAt < now - pastSeconds) throw refused(codes.expired, timeParameter, now, madeAt)
      if (madeAt > now + futureSeconds) throw refused(codes.notYetValid, timeParameter, now, madeAt)
      stateOf(exchange).acceptableUntil = madeAt + pastSeconds
    },
    show: (exchange) => ({
      expected: `from ${exchange.now - pastSeconds} to ${exchange.now + futureSeconds}`,
      actual: stateOf(exchange).madeAt,
    }),
  }
}

function refused(code: RefusalCode, parameter: string, expected?: unknown, actual?: unknown): CountersignError {
  return refusal(code, `The proof is refused for its ${parameter}`, { parameter, expected, actual })
}
