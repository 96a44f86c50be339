// Work that many wait for, and that is done once.

/** One piece of work at a time, for all who ask for it meanwhile. */
export interface SingleFlight<Value> {
  /** The result of the work that is under way, or of work that begins now. A failure is that of all who wait, and is not remembered. */
  join(): Promise<Value>
  /** Lets go of what is under way: whoever joins from now on begins anew. */
  forget(): void
}

interface Flight<Value> {
  readonly result: Promise<Value>
  landed: boolean
}

/**
 * A runtime may end a request together with the work that it has begun, and then tells those who wait for that work by an error of its own
 * (Cloudflare Workers). So a flight that fails without having landed was lost: whoever waits begins another.
 *
 * @param onLanded - Called with the result, ahead of those who wait for it, unless it was let go of.
 */
export function singleFlight<Value>(
  work: () => Promise<Value>,
  onLanded: (value: Value) => void = () => undefined,
): SingleFlight<Value> {
  let current: Flight<Value> | undefined

  return {
    join,
    forget() {
      current = undefined
    },
  }

  function join(): Promise<Value> {
    if (current === undefined) return begin()
    const joined = current
    return joined.result.catch((error: unknown) => {
      if (joined.landed) throw error
      if (current === joined) current = undefined
      return join()
    })
  }

  function begin(): Promise<Value> {
    const land = () => {
      flight.landed = true
      const isCurrent = current === flight
      if (isCurrent) current = undefined
      return isCurrent
    }
    const result = work().then(
      (value) => {
        if (land()) onLanded(value)
        return value
      },
      (error: unknown) => {
        land()
        throw error
      },
    )
    const flight: Flight<Value> = { result, landed: false }
    current = flight
    return result
  }
}
