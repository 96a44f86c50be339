// Private keys given as options, in whichever form an application has them.

import type { JsonWebKey } from 'node:crypto'
import { createPrivateKey, KeyObject } from 'node:crypto'
import { invalidOption } from '@countersign/shared'

/**
 * Reads a private key: a `KeyObject` of Node, a `CryptoKey`, or a private JWK.
 *
 * @throws {CountersignError} `ERR_OPTION_INVALID`. What was given stays out of it.
 */
export function readPrivateKey(given: unknown, parameter: string): KeyObject {
  const key = keyObjectOf(given)
  if (key?.type === 'private') return key
  throw invalidOption(parameter, 'a private KeyObject, CryptoKey or JWK')
}

function keyObjectOf(given: unknown): KeyObject | undefined {
  if (given instanceof KeyObject) return given
  try {
    if (given instanceof CryptoKey) return KeyObject.from(given)
    return createPrivateKey({ key: given as JsonWebKey, format: 'jwk' })
  } catch {
    return undefined
  }
}
