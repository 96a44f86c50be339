// Where a resource publishes its metadata: what everyone may ask it for (RFC 9728 section 3).

/** The path of the metadata document of a resource. */
export function metadataPathOf({ pathname }: URL): string {
  return `/.well-known/oauth-protected-resource${pathname.replace(/\/$/, '')}`
}
