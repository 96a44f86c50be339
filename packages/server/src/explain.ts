// Why a request is accepted or refused: every check of it, made by the functions that verify it, but so that nothing is used up.

import type { ErrorCode, JsonObject } from '@countersign/shared'
import { errorDocumentation, isCountersignError } from '@countersign/shared'
import type { Answers, RefusalError } from './answers.ts'
import type { Check } from './check.ts'
import { diagnosticsOf, shown } from './diagnostics.ts'
import type { Exchange } from './exchange.ts'
import { fixOf } from './fixes.ts'

/** What came of one check. */
export interface Finding {
  /** Stable name of the check, such as `proof.htu`. */
  readonly id: string
  /** What must hold. */
  readonly title: string
  /** Where it is demanded. */
  readonly source: string
  readonly status: 'pass' | 'fail' | 'skipped'
  /** What was expected, as far as it can be shown. */
  readonly expected?: unknown
  /** What was found. No token, proof, signature or key. */
  readonly actual?: unknown
  /** For a check that failed. */
  readonly code?: ErrorCode
  /** Which header parameter, claim or field is at fault. */
  readonly parameter?: string
  /** Which rule was broken, where the code has several. */
  readonly reason?: string
  /** What to do about it. */
  readonly fix?: string
  /** Where that is said at length. */
  readonly documentation?: string
  /** For a check that was skipped: why. */
  readonly why?: string
}

/** What would be said of a request, and why. */
export interface Explanation {
  /** `accepted`, or the code of the answer: that of the first check that fails. */
  readonly outcome: 'accepted' | ErrorCode
  /** The status of the answer; absent for an accepted request, which its handler answers. */
  readonly status?: number
  /** The header fields of the answer, with the challenge. Without the nonce, since none is given away here. */
  readonly headers?: Readonly<Record<string, string>>
  /** The body of the answer. */
  readonly problem?: RefusalError['problem']
  /** Every check, in the order in which they are made. */
  readonly findings: readonly Finding[]
}

/**
 * Explains a request.
 *
 * @param stages - The checks in their order; which ones a later stage has may depend on what earlier ones found.
 * @throws {Error} What is no error of a request.
 */
export async function explain(
  exchange: Exchange,
  answers: Answers,
  stages: readonly (() => readonly Check[])[],
): Promise<Explanation> {
  const findings: Finding[] = []
  const statuses = new Map<string, Finding['status']>()
  let first: unknown
  for (const stage of stages) {
    for (const check of stage()) {
      const { finding, error } = await findingOf(check, exchange, statuses)
      findings.push(finding)
      statuses.set(check.id, finding.status)
      first ??= error
    }
  }
  if (first === undefined) return { outcome: 'accepted', findings }
  const scheme = exchange.credentials?.scheme ?? 'dpop'
  const refusal = answers.refusalOf(first, { scheme, policy: exchange.policy }) as RefusalError
  const { 'dpop-nonce': _, ...headers } = refusal.headers
  return { outcome: refusal.code, status: refusal.statusCode, headers, problem: refusal.problem, findings }
}

async function findingOf(
  check: Check,
  exchange: Exchange,
  statuses: ReadonlyMap<string, Finding['status']>,
): Promise<{ finding: Finding; error?: unknown }> {
  const { id, title, source } = check
  const missing = check.needs.find((need) => (statuses.get(need) ?? 'pass') !== 'pass')
  if (missing !== undefined)
    return { finding: { id, title, source, status: 'skipped', why: `${missing} did not pass` } }
  try {
    const why = check.peek === undefined ? void (await check.run(exchange)) : await check.peek(exchange)
    if (why !== undefined) return { finding: { id, title, source, status: 'skipped', why } }
  } catch (error) {
    if (!isCountersignError(error)) throw error
    const { code } = error
    const fix = fixOf(code)
    const documentation = errorDocumentation(code)
    const failure = { code, ...diagnosticsOf(error), ...(fix !== undefined && { fix }), documentation }
    return { finding: { id, title, source, status: 'fail', ...failure }, error }
  }
  const { expected, actual } = check.show?.(exchange) ?? {}
  const seen: JsonObject = {}
  if (expected !== undefined) Object.assign(seen, { expected: shown(expected) })
  if (actual !== undefined) Object.assign(seen, { actual: shown(actual) })
  return { finding: { id, title, source, status: 'pass', ...seen } }
}
