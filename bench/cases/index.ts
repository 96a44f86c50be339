// Every case, in the order they are measured.

import type { BenchCase } from '../lib/case.ts'
import { clientFetch } from './client-fetch.ts'
import { clientProof } from './client-proof.ts'
import { envelopeBodies, envelopeMemory } from './envelope-bodies.ts'
import { envelopes } from './envelopes.ts'
import { growthClients } from './growth-clients.ts'
import { growthJwks } from './growth-jwks.ts'
import { growthReplay } from './growth-replay.ts'
import { http } from './http.ts'
import { serverCold } from './server-cold.ts'
import { serverExplain } from './server-explain.ts'
import { serverJunk } from './server-junk.ts'
import { serverWarm } from './server-warm.ts'
import { sizes } from './sizes.ts'
import { startUp } from './start-up.ts'

export const cases: readonly BenchCase[] = [
  ...[
    clientProof,
    clientFetch,
    serverWarm,
    serverCold,
    serverJunk,
    serverExplain,
    envelopes,
    envelopeBodies,
    envelopeMemory,
  ],
  ...[http, growthClients, growthJwks, growthReplay, startUp, sizes],
]
