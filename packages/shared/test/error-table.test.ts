// The table of codes: what each entry promises to a client and to a log.

import { describe, expect, it } from 'vitest'
import type { ErrorEntry } from '../src/error-table.ts'
import { errorTable } from '../src/error-table.ts'

const entries = Object.entries(errorTable) as [string, ErrorEntry][]

describe('errorTable', () => {
  it.each(entries)('%s is named as codes are, and has a title that is safe in a challenge', (code, { title }) => {
    expect(code).toMatch(/^ERR(_[A-Z0-9]+)+$/)
    expect(title).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(title).not.toMatch(/[.!]$/)
  })

  it('tells codes apart by their titles', () => {
    const titles = entries.map(([, { title }]) => title)
    expect(new Set(titles).size).toBe(titles.length)
  })

  it.each(entries)('%s has an OAuth error only with the status that RFC 6750 gives it', (_, { error, status }) => {
    const statuses = {
      invalid_request: 400,
      invalid_token: 401,
      insufficient_scope: 403,
      insufficient_user_authentication: 401,
      invalid_dpop_proof: 401,
      use_dpop_nonce: 401,
    } as const
    if (error !== undefined) expect(status).toBe(statuses[error])
  })

  it.each(entries)('%s has the status of its family', (_, { family, status }) => {
    if (family === 'argument') expect(status).toBeUndefined()
    else if (family === 'malformed') expect([undefined, 400, 413, 415]).toContain(status)
    else if (family === 'verification') expect(status).toBe(401)
    else if (family === 'policy') expect([401, 403, 429]).toContain(status)
    else expect([undefined, 503]).toContain(status)
  })

  it.each([
    ['ERR_DPOP_PROOF_', 'invalid_dpop_proof'],
    ['ERR_DPOP_NONCE_', 'use_dpop_nonce'],
    ['ERR_TOKEN_', 'invalid_token'],
  ])('gives what starts with %s the error %s, unless it is ambiguous or local to a client', (prefix, error) => {
    const found = entries.filter(([code, entry]) => code.startsWith(prefix) && entry.status === 401)
    expect(found.length).toBeGreaterThan(0)
    for (const [, entry] of found) expect(entry.error).toBe(error)
  })

  it('names no error where a request carried no usable credentials (RFC 6750, section 3.1)', () => {
    const anonymous = entries.filter(([, { status, error }]) => status === 401 && error === undefined)
    expect(anonymous.map(([code]) => code)).toEqual(['ERR_CREDENTIALS_MISSING', 'ERR_SCHEME_NOT_ACCEPTED'])
  })
})
