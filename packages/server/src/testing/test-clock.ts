// A clock that a test turns.

/** A clock that stands still until it is turned. */
export interface TestClock {
  /** The time in seconds since the epoch: the option `clock` of the plugin and of the verifier. */
  readonly now: () => number
  /** Turns the clock forward, or back by a negative number. */
  advance(seconds: number): void
}

/**
 * Creates a clock that stands still.
 *
 * @param start - Seconds since the epoch. Default: the present.
 */
export function createTestClock(start: number = Math.floor(Date.now() / 1000)): TestClock {
  let time = start
  return {
    now: () => time,
    advance(seconds) {
      time += seconds
    },
  }
}
