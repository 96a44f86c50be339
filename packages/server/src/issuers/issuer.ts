// An issuer whose tokens are accepted: its configuration, its keys, and whom to ask about its opaque tokens.

import type { Introspector } from '../token/introspection.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import type { IssuerConfig } from './issuer-options.ts'

/** An issuer. */
export interface Issuer {
  readonly config: IssuerConfig
  readonly keys: IssuerKeys
  readonly introspector: Introspector | undefined
}
