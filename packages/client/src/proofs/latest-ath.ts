// The hash of the access token that calls are proved with: the same for every call with it.

import { computeAth } from '@countersign/shared'

/** Creates a function that computes the `ath` of a token, and remembers that of the latest. */
export function rememberAth(): (accessToken: string) => Promise<string> {
  let latest: { readonly accessToken: string; readonly ath: Promise<string> } | undefined
  return function athOf(accessToken) {
    if (latest?.accessToken !== accessToken) latest = { accessToken, ath: computeAth(accessToken) }
    return latest.ath
  }
}
