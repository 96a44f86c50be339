// Why a server's demand for a nonce was not met: kept beside the response, which its caller gets as it is.

/**
 * `missing`: it gave no nonce. `hidden`: it gave none that this page may see (RFC 9449 section 8 has it exposed to CORS). `repeated`: it
 * gave the one again that it did not take. `endless`: it wants another one each time.
 */
export type NonceOutcome = 'missing' | 'hidden' | 'repeated' | 'endless'

const outcomes = new WeakMap<Response, NonceOutcome>()

/** Notes why a response is not answered by another attempt. */
export function noteNonceOutcome(response: Response, outcome: NonceOutcome): void {
  outcomes.set(response, outcome)
}

/** What was noted of a response. */
export function nonceOutcomeOf(response: Response): NonceOutcome | undefined {
  return outcomes.get(response)
}
