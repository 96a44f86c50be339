// Something that is made when it is first needed, and kept.

import { singleFlight } from './flight.ts'

/** Makes a value once, and then has it at hand; a failure is not remembered. */
export function once<Value>(make: () => Promise<Value>): () => Value | Promise<Value> {
  let value: Value | undefined
  const { join } = singleFlight(make, (made) => {
    value = made
  })
  return () => value ?? join()
}
