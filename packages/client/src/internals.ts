// What other entry points of this package need of a client, and nobody else: its parts are not members of it.

import type { AllowedOrigins } from './fetch/origins.ts'
import type { Servers } from './fetch/servers.ts'
import type { Prover } from './proofs/proof-kind.ts'
import type { TokenManager } from './tokens/token-manager.ts'

/** The parts of a client. */
export interface ClientParts {
  readonly resource: URL
  readonly origins: AllowedOrigins
  readonly prover: () => Prover | Promise<Prover>
  /** Whether its calls are proved by DPoP proofs, unless they say otherwise. */
  readonly provesByDPoP: boolean
  readonly tokens: TokenManager
  readonly servers: Servers
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal
}

const partsOfClients = new WeakMap<object, ClientParts>()

/** Remembers the parts of a client. */
export function setPartsOf(client: object, parts: ClientParts): void {
  partsOfClients.set(client, parts)
}

/** The parts of a client; `undefined` for anything else. */
export function partsOf(client: object): ClientParts | undefined {
  return partsOfClients.get(client)
}
