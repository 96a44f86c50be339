// The issuer's environment.

/** A client that may ask for tokens. */
export interface ClientSettings {
  readonly clientId: string
  /** Its public keys. */
  readonly jwks: { readonly keys: readonly object[] }
  /** Scopes it may have, separated by spaces. */
  readonly scope: string
  /** Claims that its access tokens get besides, such as `roles`. */
  readonly claims: Readonly<Record<string, unknown>>
}

export interface Settings {
  readonly host: string
  readonly port: number
  readonly issuer: string | undefined
  readonly clients: readonly ClientSettings[]
  /** Resource identifiers that tokens may be asked for. */
  readonly resources: ReadonlySet<string>
  /** Lifetime of access tokens. */
  readonly tokenTtlSeconds: number
}

/** Reads the settings; an unusable one is an error that names it. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  return {
    host: environment['HOST'] || '127.0.0.1',
    port: wholeNumber('PORT', environment['PORT'] || '0'),
    issuer: environment['ISSUER'] || undefined,
    clients: readClients(environment['CLIENTS'] || '[]'),
    resources: new Set((environment['RESOURCES'] || '').split(',').filter((resource) => resource !== '')),
    tokenTtlSeconds: wholeNumber('TOKEN_TTL_SECONDS', environment['TOKEN_TTL_SECONDS'] || '300'),
  }
}

function readClients(json: string): ClientSettings[] {
  let clients: Partial<ClientSettings>[]
  try {
    clients = JSON.parse(json)
  } catch {
    throw new Error('CLIENTS must be a JSON list of { "clientId", "jwks", "scope", "claims" }')
  }
  return clients.map(({ clientId, jwks, scope = '', claims = {} }) => {
    if (clientId === undefined || jwks === undefined) throw new Error('CLIENTS: each client has a clientId and jwks')
    return { clientId, jwks, scope, claims }
  })
}

function wholeNumber(name: string, value: string): number {
  if (!/^[0-9]+$/.test(value)) throw new Error(`${name} must be a whole number`)
  return Number(value)
}
