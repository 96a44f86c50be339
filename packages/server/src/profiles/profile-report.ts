// What is said at start of the issuers whose tokens are accepted.

import type { IssuerConfig } from '../issuers/issuer-options.ts'
import { relaxationsOf } from './issuer-profile.ts'

/** By which profile the tokens of an issuer are judged. */
export interface IssuerProfileReport {
  readonly issuer: string
  /** The name of a built-in profile, or `custom`. */
  readonly profile: string
  /** Every way in which the profile accepts what RFC 9068 does not. */
  readonly relaxations: readonly string[]
}

/** The profiles of some issuers. */
export function reportProfiles(issuers: readonly IssuerConfig[]): readonly IssuerProfileReport[] {
  return issuers.map(({ issuer, profileName, profile }) => ({
    issuer,
    profile: profileName,
    relaxations: relaxationsOf(profile),
  }))
}
