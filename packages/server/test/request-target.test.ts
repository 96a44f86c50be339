// The path of a request target: whichever way it is found, it is the one that normalising the whole URI gives.

import { CountersignError, normalizeHtu } from '@countersign/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRequestTargets } from '../src/request-target.ts'

const ORIGIN = 'https://api.example.com'

/** Characters that paths and queries are made of, those of dot segments and percent-encodings often. */
const piece = fc.constantFrom(...'/.%~:@?=&aZ7_-', '/../', '/./', '%2e', '%7E', '//', '?a=b', '#', '\\', '\x7f', 'é')
const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)

test.each(['', '/v1'])('what is plain is taken as it is, below "%s"', (basePath) => {
  const { pathOf } = createRequestTargets([ORIGIN], basePath)
  fc.assert(
    fc.property(target, (given) => {
      let path: string | undefined
      try {
        path = pathOf(given)
      } catch (error) {
        expect(error).toBeInstanceOf(CountersignError)
        return
      }
      expect(ORIGIN + path).toBe(normalizeHtu(ORIGIN + basePath + given))
      // A proof may name it in that form, which normalisation leaves as it is.
      expect(normalizeHtu(ORIGIN + path)).toBe(ORIGIN + path)
    }),
    { numRuns: 5_000 },
  )
})

test('a target is as long as a URI may be, with its origin and the prefix that the proxy strips', () => {
  const { pathOf } = createRequestTargets([ORIGIN], '/v1')
  const longest = `/${'a'.repeat(8_192 - ORIGIN.length - '/v1/'.length)}`
  expect(pathOf(longest)).toBe(`/v1${longest}`)
  expect(() => pathOf(`${longest}a`)).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_TARGET_INVALID' }))
  expect(() => pathOf(`${longest}?`)).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_TARGET_INVALID' }))
})
