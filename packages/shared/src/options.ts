// What is wrong with an option, said the same way by every package.

import { CountersignError } from './errors.ts'

/** The error for an option with a value it cannot have: `ERR_OPTION_INVALID`. The value itself stays out of it. */
export function invalidOption(parameter: string, expected: string): CountersignError {
  return new CountersignError('ERR_OPTION_INVALID', `"${parameter}" must be ${expected}`, { parameter, expected })
}

/**
 * Refuses options that do not exist: such an option is a mistyped one, and what it was to secure would be left open.
 *
 * @param names - The options there are.
 * @param parent - The option that these are members of, if they are.
 * @throws {CountersignError} `ERR_OPTION_UNKNOWN`.
 */
export function checkOptionNames(options: object, names: readonly string[], parent?: string): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    const parameter = parent === undefined ? name : `${parent}.${name}`
    throw new CountersignError('ERR_OPTION_UNKNOWN', `There is no option "${parameter}"`, {
      parameter,
      expected: names,
    })
  }
}
