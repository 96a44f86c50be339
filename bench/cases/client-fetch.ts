// A whole fetch over loopback: signed, beside the same fetch with a proof that does not change. The server is another process, and checks
// nothing: what is measured is the client.

import { createSignedFetch, createSigner } from '@countersign/client'
import * as dpop from 'dpop'
import * as oauth from 'oauth4webapi'
import { createClientOf, NONCE } from '../contenders/prover.ts'
import { createProverByHand } from '../contenders/provers.ts'
import { createIssuer, TARGET } from '../contenders/world.ts'
import type { BenchCase } from '../lib/case.ts'
import { belongs } from '../lib/case.ts'
import type { Contender } from '../lib/measure.ts'
import { measure } from '../lib/measure.ts'
import { startWorker } from '../lib/worker.ts'

const BASE = 'fetch with a constant proof'

export const clientFetch: BenchCase = {
  id: 'client.fetch',
  title: 'a whole signed fetch over loopback',
  from: 'guard',
  async run({ mode, effort, part }) {
    const issuer = createIssuer('RS256')
    const client = await createClientOf(issuer)
    const { keyPair, accessToken } = client
    const server = startWorker('http/server.ts', {
      args: ['nothing', JSON.stringify({ jwks: issuer.jwks, alg: 'RS256' })],
    })
    try {
      const resource = `http://127.0.0.1:${await server.ask<number>('port')}`
      const url = resource + TARGET
      const constant = await dpop.generateProof(keyPair as dpop.KeyPair, url, 'GET', NONCE, accessToken)
      const signedFetch = createSignedFetch({
        resource,
        signer: await createSigner(keyPair),
        accessToken: () => accessToken,
      })
      const byHand = await createProverByHand(client, url)
      const options = { DPoP: oauth.DPoP({}, keyPair), [oauth.allowInsecureRequests]: true }
      const withProof = (proof: string) =>
        fetch(url, { headers: { authorization: `DPoP ${accessToken}`, dpop: proof } })
      const calls: Readonly<Record<string, () => Promise<Response>>> = {
        [BASE]: () => withProof(constant),
        Countersign: () => signedFetch(url),
        ...(belongs('quick', mode) && {
          'by hand': async () => withProof(await byHand.prove()),
          dpop: async () =>
            withProof(await dpop.generateProof(keyPair as dpop.KeyPair, url, 'GET', NONCE, accessToken)),
          oauth4webapi: () =>
            oauth.protectedResourceRequest(accessToken, 'GET', new URL(url), undefined, undefined, options),
        }),
      }
      const rows = (inFlight: number): Contender[] =>
        Object.entries(calls).map(([name, call]) => ({ name, inFlight, run: () => readWhole(call()) }))
      return [
        {
          id: 'client.fetch.x1',
          title: 'A signed fetch, one at a time',
          base: BASE,
          rows: await measure(rows(1), effort, (share) => part(share / 2)),
        },
        {
          id: 'client.fetch.x16',
          title: 'A signed fetch, 16 at once',
          base: BASE,
          rows: await measure(rows(16), effort, (share) => part(0.5 + share / 2)),
        },
      ]
    } finally {
      await server.stop()
    }
  },
}

async function readWhole(pending: Promise<Response>): Promise<void> {
  const response = await pending
  if (response.status !== 200) throw new Error(`Status ${response.status}`)
  await response.arrayBuffer()
}
