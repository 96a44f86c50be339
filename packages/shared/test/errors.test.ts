// The one error class, and the guard that knows it across copies of the package.

import { describe, expect, it } from 'vitest'
import { CountersignError, isCountersignError, refusal, withoutStack } from '../src/errors.ts'

describe('CountersignError', () => {
  it('is an Error that carries its data', () => {
    const cause = new Error('why')
    const details = { parameter: 'jti', reason: 'size', expected: 1, actual: 2, cause }
    const error = new CountersignError('ERR_OPTION_INVALID', 'A sentence', details)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'CountersignError', code: 'ERR_OPTION_INVALID', message: 'A sentence' })
    expect(error).toMatchObject({ parameter: 'jti', reason: 'size', expected: 1, actual: 2 })
    expect(error.cause).toBe(cause)
    expect(error.stack).toContain('errors.test')
  })

  it('has no cause unless one is given', () => {
    const error = new CountersignError('ERR_OPTION_INVALID', 'A sentence')
    expect('cause' in error).toBe(false)
    expect(error.parameter).toBeUndefined()
    expect(error.reason).toBeUndefined()
  })

  it('says whether trying again can help, and what the server said', () => {
    const challenges = [{ scheme: 'DPoP', parameters: {} }]
    const details = { retryable: true, challenges, problem: { status: 401 } }
    expect(new CountersignError('ERR_OPTION_INVALID', 'A sentence', details)).toMatchObject(details)
    expect(new CountersignError('ERR_OPTION_INVALID', 'A sentence').retryable).toBe(false)
  })

  it('becomes JSON without cause and stack', () => {
    const error = new CountersignError('ERR_OPTION_INVALID', 'A sentence', {
      parameter: 'a',
      cause: new Error('secret'),
    })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'CountersignError',
      code: 'ERR_OPTION_INVALID',
      message: 'A sentence',
      parameter: 'a',
      retryable: false,
    })
    expect(Object.keys(error.toJSON())).toEqual([
      'name',
      'code',
      'message',
      'parameter',
      'reason',
      'expected',
      'actual',
      'retryable',
      'challenges',
      'problem',
    ])
  })
})

describe('refusal', () => {
  it('makes an error that says all but where it arose', () => {
    const error = refusal('ERR_DPOP_PROOF_TYP', 'A sentence', { parameter: 'typ' })
    expect(error).toBeInstanceOf(CountersignError)
    expect(error).toMatchObject({ code: 'ERR_DPOP_PROOF_TYP', message: 'A sentence', parameter: 'typ' })
    expect(error.stack).toBe('CountersignError: A sentence')
  })

  it('leaves other errors their stacks', () => {
    expect(() => withoutStack(() => refusalThatThrows())).toThrow('from within')
    expect(new Error('later').stack).toContain('errors.test')
  })

  it('has its stack where errors cannot be told to have none', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor
    Object.defineProperty(Error, 'stackTraceLimit', { ...descriptor, writable: false })
    try {
      expect(refusal('ERR_DPOP_PROOF_TYP', 'A sentence').stack).toContain('errors.test')
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', descriptor)
    }
  })
})

function refusalThatThrows(): never {
  throw new Error('from within')
}

describe('isCountersignError', () => {
  const error = new CountersignError('ERR_OPTION_INVALID', 'A sentence')

  it('knows the class, and one code of it', () => {
    expect(isCountersignError(error)).toBe(true)
    expect(isCountersignError(error, 'ERR_OPTION_INVALID')).toBe(true)
    expect(isCountersignError(error, 'ERR_URL_INSECURE')).toBe(false)
  })

  it('knows an error of another copy of the package', async () => {
    const specifier = '../src/errors.ts?copy'
    const copy = (await import(specifier)) as typeof import('../src/errors.ts')
    const foreign = new copy.CountersignError('ERR_OPTION_INVALID', 'A sentence')
    expect(foreign).not.toBeInstanceOf(CountersignError)
    expect(isCountersignError(foreign, 'ERR_OPTION_INVALID')).toBe(true)
  })

  it.each([
    undefined,
    null,
    'ERR_OPTION_INVALID',
    { ...error },
    { name: 'CountersignError', code: 'ERR_OPTION_INVALID', [Symbol.for('countersign.error')]: true },
    Object.assign(new Error('x'), { name: 'CountersignError', code: 'ERR_OPTION_INVALID' }),
  ])('knows nothing else (%#)', (value) => {
    expect(isCountersignError(value)).toBe(false)
    expect(isCountersignError(value, 'ERR_OPTION_INVALID')).toBe(false)
  })
})
