import { checkOptionNames, invalidOption } from '@countersign/shared'
import { expect, test } from 'vitest'

test('an option with a value it cannot have is named, with what it must be', () => {
  expect(invalidOption('issuer', 'a URL')).toMatchObject({
    code: 'ERR_OPTION_INVALID',
    parameter: 'issuer',
    expected: 'a URL',
  })
})

test('an option that does not exist is refused by its full name', () => {
  expect(() => checkOptionNames({ a: 1, b: 2 }, ['a', 'b'])).not.toThrow()
  const unknown = (parameter: string) =>
    expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN', parameter, expected: ['a'] })
  expect(() => checkOptionNames({ a: 1, c: 2 }, ['a'])).toThrow(unknown('c'))
  expect(() => checkOptionNames({ c: 2 }, ['a'], 'nonce')).toThrow(unknown('nonce.c'))
})
