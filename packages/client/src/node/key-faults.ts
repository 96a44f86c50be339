// What people paste in the place of a private key, and what to tell them. Nothing of what they pasted is in it.

import { CountersignError } from '@countersign/shared'

/** What a private key must be, by what was found instead: the end of the sentence `"key" must be …`. */
const EXPECTATIONS = {
  empty: 'a private key; there is none: is the variable set?',
  type: 'a string, bytes, or a private JWK',
  unknown: 'a private key: PEM, DER, a JWK, or base64 of one; this is something else',
  path: 'the key itself; this is the path of a file: read the file first',
  public: 'a private key; this is a public key',
  certificate: 'a private key; this is a certificate: its private key is in another file',
  certificate_request: 'a private key; this is a certificate signing request: its private key is in another file',
  ssh_private: 'a private key in PKCS#8; this one is in a format of SSH: `ssh-keygen -p -m PKCS8` converts it',
  ssh_public: 'a private key; this is a public key of SSH',
  pgp: 'a private key in PKCS#8; this is of OpenPGP',
  pkcs12:
    'a private key in PKCS#8; this is PKCS#12 (.p12, .pfx): `openssl pkcs12 -nodes -nocerts` takes the key out of it',
  jwk_set: 'one private JWK; this is a JWK Set: take the key out of its "keys"',
  symmetric: 'a private key; this is a symmetric one',
  credential: 'a private key; this is a credential string: give it to createClient',
  several: 'one private key; there are several',
  cut: 'a whole private key; this one was cut: its first or its last line is missing',
  import: 'a private key that can be read; this one is damaged',
  passphrase_missing: 'a private key that is not encrypted, or the option "passphrase" must be set',
  passphrase_wrong: 'an encrypted private key of this "passphrase"; it is another one, or the key is damaged',
  encryption: 'a private key that is encrypted in a way this platform knows: `openssl pkcs8 -topk8` encrypts it anew',
  curve: 'a key on P-256, P-384, P-521 or Ed25519; this is on another curve, which has no JWS algorithm here',
  key_agreement: 'a key that signs; this one is for key agreement (X25519, X448, DH)',
  dsa: 'a key with a JWS algorithm; this is one of DSA',
  size: 'an RSA key of 2048 to 8192 bits',
  alg: 'a key for one JWS algorithm: an RSA key fits several, and the option "algorithm" or its "alg" must say which',
  usage: 'a key that may sign; the "use" or "key_ops" of this one says that it may not',
  mismatch: 'a private key with its own public key; this one has that of another',
} as const

/** What was found in the place of a private key: the `reason` of the error. */
export type KeyFault = keyof typeof EXPECTATIONS

/** The error for something that is no private key: `ERR_OPTION_INVALID` with parameter `key`. It has no cause, which might quote the key. */
export function keyFault(reason: KeyFault): CountersignError {
  const expected = EXPECTATIONS[reason]
  return new CountersignError('ERR_OPTION_INVALID', `"key" must be ${expected}`, { parameter: 'key', reason, expected })
}
