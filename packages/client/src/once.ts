// Something that is made when it is first needed, and kept.

/** Makes a value once, and then has it at hand; a failure is not remembered. */
export function once<Value>(make: () => Promise<Value>): () => Value | Promise<Value> {
  let value: Value | undefined
  let making: Promise<Value> | undefined
  return () => {
    if (value !== undefined) return value
    making ??= make()
      .then((made) => {
        value = made
        return made
      })
      .finally(() => {
        making = undefined
      })
    return making
  }
}
