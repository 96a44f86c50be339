// Waiting for something that others wait for too: one caller's abort ends its own waiting, not the common work.

/**
 * Waits for a value, but no longer than until a signal aborts.
 *
 * @throws The signal's reason, exactly, when it aborts first.
 */
export function abortable<Value>(value: Promise<Value>, signal: AbortSignal | undefined): Promise<Value>
export function abortable<Value>(value: Value | Promise<Value>, signal: AbortSignal | undefined): Value | Promise<Value>
export function abortable<Value>(
  value: Value | Promise<Value>,
  signal: AbortSignal | undefined,
): Value | Promise<Value> {
  return signal === undefined ? value : before(signal, value)
}

async function before<Value>(signal: AbortSignal, value: Value | Promise<Value>): Promise<Value> {
  if (!(value instanceof Promise)) {
    signal.throwIfAborted()
    return value
  }
  // Whoever has stopped waiting is not told how it ended.
  value.catch(() => undefined)
  signal.throwIfAborted()
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([value, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
