// Gates: before anything is timed it must do what it is timed for. Speed without the checks is no speed.

/** One gate: something to accept, or something to refuse. */
export interface Gate {
  readonly name: string
  readonly expected: 'accepted' | 'refused'
  /** Accepts by returning; refuses by throwing, or by returning `false`. */
  readonly attempt: () => unknown
}

/**
 * Puts a contender through its gates.
 *
 * @throws {Error} At the first that it does not pass.
 */
export async function passGates(contender: string, gates: readonly Gate[]): Promise<void> {
  for (const { name, expected, attempt } of gates) {
    const { verdict, cause } = await verdictOf(attempt)
    if (verdict !== expected) throw new Error(`${contender} does not pass the gate "${name}": ${verdict}`, { cause })
  }
}

async function verdictOf(attempt: () => unknown): Promise<{ verdict: Gate['expected']; cause?: unknown }> {
  try {
    return { verdict: (await attempt()) === false ? 'refused' : 'accepted' }
  } catch (cause) {
    return { verdict: 'refused', cause }
  }
}
