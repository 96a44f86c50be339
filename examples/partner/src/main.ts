// The partner as a program: it makes its calls and prints a line of JSON for each.

import { makeCalls } from './partner.ts'

const { RESOURCE, ISSUER, KEY } = process.env
if (!RESOURCE || !ISSUER || !KEY) throw new Error('RESOURCE, ISSUER and KEY (a private JWK) must be set')
const key = await crypto.subtle.importKey('jwk', JSON.parse(KEY), { name: 'ECDSA', namedCurve: 'P-256' }, false, [
  'sign',
])
for await (const outcome of makeCalls({ resource: RESOURCE, issuer: ISSUER, key })) console.log(JSON.stringify(outcome))
