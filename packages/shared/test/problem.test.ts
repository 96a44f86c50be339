// Problem details, RFC 9457.

import { expect, it } from 'vitest'
import { errorDocumentation, PROBLEM_MEDIA_TYPE } from '../src/problem.ts'

it('has the media type of RFC 9457, section 3', () => {
  expect(PROBLEM_MEDIA_TYPE).toBe('application/problem+json')
})

it('refers to the heading of a code', () => {
  expect(errorDocumentation('ERR_DPOP_NONCE_REQUIRED')).toBe('docs/errors.md#err_dpop_nonce_required')
})
