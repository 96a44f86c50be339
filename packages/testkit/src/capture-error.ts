/** Runs something that must fail, and returns what it threw. */
export async function captureError(action: () => unknown): Promise<unknown> {
  try {
    await action()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}
