// A real authorization server, oidc-provider, for the grants: with nonces, rotating refresh tokens, pushed authorization requests, and a
// user who agrees to everything.

import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createKey } from '@countersign/testkit'
import type { ClientMetadata, Configuration, JWK } from 'oidc-provider'
import Provider from 'oidc-provider'

/** A running authorization server. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly provider: Provider
  /** Paths of the requests it got, with their bodies. */
  readonly requests: readonly { readonly path: string; readonly dpop: string | undefined }[]
  stop(): Promise<void>
}

/** What there may be asked for. */
export const SCOPE = 'accounts:read payments:write'
export const REDIRECT_URI = 'https://app.example.com/callback'

/** Starts it; with a certificate it speaks TLS, and asks clients for theirs. */
export async function startProvider(
  clients: readonly ClientMetadata[],
  resource: string,
  options: { readonly tls?: { readonly key: string; readonly cert: string }; readonly par?: boolean } = {},
): Promise<AuthorizationServer> {
  const { tls, par = false } = options
  const requests: { path: string; dpop: string | undefined }[] = []
  const server =
    tls === undefined ? createServer() : createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`
  const provider = new Provider(issuer, await configuration(clients, resource, par))
  provider.use(async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next()
    // The user logs in and agrees, without being asked.
    const details = await provider.interactionDetails(context.req, context.res)
    const { client_id: clientId } = details.params as { client_id: string }
    const grant = new provider.Grant({ accountId: 'user-1', clientId })
    grant.addOIDCScope(`openid offline_access ${SCOPE}`)
    grant.addResourceScope(resource, SCOPE)
    const result = { login: { accountId: 'user-1' }, consent: { grantId: await grant.save() } }
    await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false })
    context.respond = false
  })
  const handle = provider.callback()
  server.on('request', (request, response) => {
    const { dpop } = request.headers
    requests.push({ path: request.url ?? '', dpop: typeof dpop === 'string' ? dpop : undefined })
    void handle(request, response)
  })
  return {
    issuer,
    provider,
    requests,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function configuration(
  clients: readonly ClientMetadata[],
  resource: string,
  par: boolean,
): Promise<Configuration> {
  const { privateJwk } = await createKey()
  return {
    clients: clients.map((client) => ({
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      scope: `openid offline_access ${SCOPE}`,
      id_token_signed_response_alg: 'ES256',
      dpop_bound_access_tokens: true,
      ...client,
    })),
    clientAuthMethods: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
    ],
    jwks: { keys: [{ ...privateJwk, kid: 'k', alg: 'ES256', use: 'sig' } as JWK] },
    cookies: { keys: ['a secret of the tests'] },
    scopes: ['openid', 'offline_access', ...SCOPE.split(' ')],
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: {
      ClientCredentials: 300,
      AccessToken: 300,
      RefreshToken: 3600,
      Session: 300,
      Interaction: 300,
      Grant: 3600,
      IdToken: 300,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: par, requirePushedAuthorizationRequests: par },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: ({ socket }) => (socket as TLSSocket).getPeerX509Certificate(),
        certificateAuthorized: () => true,
        certificateSubjectMatches: ({ socket }, property, expected) =>
          property === 'tls_client_auth_subject_dn' &&
          (socket as TLSSocket).getPeerX509Certificate()?.subject === expected,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          audience: resource,
          scope: SCOPE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
        useGrantedResource: () => true,
      },
    },
  }
}

/** Goes where a user's browser would go, until it is sent back to the application. */
export async function followTo(start: URL, target: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = start
  for (let hops = 0; hops < 10; hops++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const field of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${response.status}: ${await response.text()}`)
    url = new URL(location, url)
    if (url.href.startsWith(target)) return url
  }
  throw new Error('The user was sent about for ever')
}
