// A check is one rule of a specification with the function that applies it. Verification makes the checks in their order until one
// fails; an explanation makes all that can be made. Both call the same functions, so neither can say what the other does not do.

import type { Exchange } from './exchange.ts'

/** One check of a request. */
export interface Check {
  /** Stable name, such as `proof.htm`. */
  readonly id: string
  /** What must hold, in a few words. */
  readonly title: string
  /** Where it is demanded. */
  readonly source: string
  /** The checks that must have passed before this one can be made. */
  readonly needs: readonly string[]
  /**
   * Makes the check.
   *
   * @throws {CountersignError} When it does not hold.
   */
  run(exchange: Exchange): void | Promise<void>
  /** As `run`, but consumes nothing: for an explanation. Default: `run`. Returns why the check cannot be made without, if it cannot. */
  peek?(exchange: Exchange): string | undefined | Promise<string | undefined>
  /** What was demanded and what was found, for an explanation, once the check has passed. Nothing secret. */
  show?(exchange: Exchange): { readonly expected?: unknown; readonly actual?: unknown }
}

/** Makes checks in their order, each once the one before has passed. Answers at once unless one of them has to wait. */
export function runAll(checks: readonly Check[], exchange: Exchange, from = 0): undefined | Promise<void> {
  for (let index = from; index < checks.length; index++) {
    const pending = (checks[index] as Check).run(exchange)
    if (pending !== undefined) return pending.then(() => runAll(checks, exchange, index + 1))
  }
  return undefined
}

/** Makes checks of which none waits. */
export function runNow(checks: readonly Check[], exchange: Exchange): void {
  if (runAll(checks, exchange) !== undefined) throw new Error('A check waits that must not')
}
