// Where the metadata of a resource is found: RFC 9728 section 3.1 inserts the well-known path, it does not append it.

import { expect, test } from 'vitest'
import { metadataUrl } from '../src/metadata.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

test.each([
  ['https://r.example', `https://r.example${WELL_KNOWN}`],
  ['https://r.example/', `https://r.example${WELL_KNOWN}`],
  ['https://r.example/resource1', `https://r.example${WELL_KNOWN}/resource1`],
  ['https://r.example/a/b/', `https://r.example${WELL_KNOWN}/a/b/`],
  ['https://r.example?x=1', `https://r.example${WELL_KNOWN}?x=1`],
  ['https://r.example:8443/a?x=1', `https://r.example:8443${WELL_KNOWN}/a?x=1`],
])('%s has its metadata at %s', (resource, url) => {
  expect(metadataUrl(resource)).toBe(url)
})
