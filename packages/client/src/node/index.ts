// @countersign/client/node: keys from files, environment variables and security modules, for clients on Node.

export type { CredentialOptions, NewCredential } from './create-credential.ts'
export { createCredential } from './create-credential.ts'
export type { ImportedKey, ImportPrivateKeyOptions } from './import-private-key.ts'
export { importPrivateKey } from './import-private-key.ts'
export type { JwkSet, RegisteredJwk, RegistrableKey } from './jwk-set.ts'
export { jwksOf } from './jwk-set.ts'
export type { Pkcs11KeyCreation, Pkcs11SignerOptions } from './pkcs11-options.ts'
export type { Pkcs11Signer } from './pkcs11-signer.ts'
export { createPkcs11Signer } from './pkcs11-signer.ts'
