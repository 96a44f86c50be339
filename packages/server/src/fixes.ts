// What to do about a refusal, in a sentence: the beginning, or the heart, of what docs/errors.md says under "Fix". A test compares them.

import type { ErrorCode } from '@countersign/shared'

const fixes: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_REQUEST_TARGET_INVALID:
    "The client's developer percent-encodes the path and removes dot segments, as `URL` does.",
  ERR_AUTHORIZATION_DUPLICATE: 'Whoever owns the second one removes it.',
  ERR_TOKEN_IN_QUERY: "The client's developer removes the parameter.",
  ERR_AUTHORIZATION_MALFORMED:
    "The client's developer sends `Authorization: DPoP <access token>`, the token exactly as it was issued.",
  ERR_DPOP_PROOF_DUPLICATE:
    "The client's developer leaves exactly one layer that signs, the innermost one, and sets the field with `set`.",
  ERR_CREDENTIALS_MISSING:
    "The client's developer calls through `api.fetch`. The server's developer opens a route with `config: { auth: false }` and registers the plugin after `@fastify/cors`.",
  ERR_SCHEME_NOT_ACCEPTED:
    "The client's developer signs the calls. While clients are being migrated, the server's developer may set `accept: ['dpop', 'bearer']`; `'bearer'` takes only tokens that are not bound to a key.",
  ERR_DPOP_PROOF_MISSING:
    "The client's developer calls through `api.fetch`. The operator adds `DPoP` to the fields that are let through.",
  ERR_DPOP_PROOF_TOO_LARGE: "The client's developer sends the members of RFC 9449 section 4.2 and no others.",
  ERR_DPOP_PROOF_MALFORMED: "The client's developer sends the proof exactly as the JWT library returns it.",
  ERR_DPOP_PROOF_TYP: "The client's developer sets `typ` to `dpop+jwt`, in lower case.",
  ERR_DPOP_PROOF_ALG:
    "The client's developer uses an algorithm of `algs`: in `createClient` the option `algorithm` (default `ES256`), or a `signer` with another key.",
  ERR_DPOP_PROOF_CRIT: "The client's developer leaves `crit` out.",
  ERR_DPOP_PROOF_JWK:
    "The client's developer exports the public key and sends only the members that enter its thumbprint (RFC 7638): for EC `kty`, `crv`, `x`, `y`.",
  ERR_DPOP_PROOF_CLAIM_MISSING:
    "The client's developer passes the access token to the library that makes the proof: `accessToken` of `createProof`.",
  ERR_DPOP_PROOF_CLAIM_INVALID: "The client's developer sends `iat` as a number of seconds and a UUID as `jti`.",
  ERR_DPOP_PROOF_HTM_MISMATCH: "The client's developer makes a proof for each request, with the method as it is sent.",
  ERR_DPOP_PROOF_HTU_MISMATCH:
    "The server's developer sets `resource` to the URL that clients call, `origins` to the further ones, and `basePath` to the prefix that the proxy strips, such as `'/v1'`.",
  ERR_DPOP_PROOF_EXPIRED:
    "Whoever owns the wrong clock synchronises it. The server's developer leaves `nonce` at its default, with which the clock of the client does not matter, or widens `maxProofAgeSeconds` (at most 300).",
  ERR_DPOP_PROOF_NOT_YET_VALID:
    "Whoever owns the wrong clock synchronises it. The server's developer leaves `nonce` at its default, or widens `clockToleranceSeconds` (at most 300).",
  ERR_DPOP_PROOF_ATH_MISMATCH: "The client's developer signs after the token is chosen.",
  ERR_DPOP_PROOF_SIGNATURE:
    "The client's developer corrects the `sign` function of the `signer`: it gets bytes, signs them as they are, and returns the signature as JWS asks for the algorithm (64 bytes for ES256).",
  ERR_DPOP_PROOF_REPLAYED: "The client's developer puts retries around `api.fetch`, not beneath it.",
  ERR_DPOP_NONCE_REQUIRED:
    'The client makes a new proof with `nonce` set to the value of `DPoP-Nonce`, and sends it once',
  ERR_DPOP_NONCE_INVALID:
    "The server's operator gives all processes the same `nonce: { secrets }` (base64url, at least 16 bytes each).",
  ERR_DPOP_NONCE_EXPIRED: 'Other clients: take `DPoP-Nonce` from every response, whatever its status.',
  ERR_ENVELOPE_DUPLICATE:
    "The client's developer leaves one layer that signs, the innermost one, and sets the field with `set`.",
  ERR_ENVELOPE_AMBIGUOUS:
    "The client's developer sends one proof: `Authorization: DPoP <access token>` and either an envelope or a `DPoP` field.",
  ERR_ENVELOPE_NOT_ACCEPTED:
    "The client's developer sends a DPoP proof to this route, or the server's developer lets the route accept envelopes.",
  ERR_ENVELOPE_REQUIRED: "The client's developer sends an envelope to this route.",
  ERR_ENVELOPE_CONTENT_ENCODING:
    "The client's developer, or the operator of the proxy, turns compression of requests off.",
  ERR_ENVELOPE_TOO_LARGE: "The client's developer sends the parameters of the specification and no others.",
  ERR_ENVELOPE_CONTENT_TOO_LARGE: "The client's developer uses the detached form, or splits the upload.",
  ERR_ENVELOPE_MALFORMED:
    "The client's developer sends the compact serialisation exactly as the JWS library returns it, with the digest as payload bytes.",
  ERR_ENVELOPE_SEAL_INVALID:
    "The client's developer signs, then encrypts the compact JWS as a whole, with the header of the specification.",
  ERR_ENVELOPE_SEAL_KEY_UNKNOWN: "Fetch the server's key set again, make a new envelope and send it once.",
  ERR_ENVELOPE_SEAL_UNOPENED:
    "The client's developer compares with the example of the specification; the operator looks for a proxy that changes content.",
  ERR_ENVELOPE_TYP: "The client's developer sets `typ` for the form that is sent. Case counts.",
  ERR_ENVELOPE_CRIT: "The client's developer encodes the payload and leaves both out.",
  ERR_ENVELOPE_ALG:
    "The client's developer uses an algorithm of `algs` in the challenge; the server's developer may add some with `proofAlgorithms`.",
  ERR_ENVELOPE_JWK: "The client's developer sends the members that enter the thumbprint (RFC 7638) and no others.",
  ERR_ENVELOPE_KID_MISMATCH:
    "The client's developer sets `kid` to the thumbprint of RFC 7638, which is also `cnf.jkt` of the token.",
  ERR_ENVELOPE_PARAMETER_MISSING: "The client's developer puts all parameters into the protected header.",
  ERR_ENVELOPE_PARAMETER_INVALID:
    "The client's developer writes the parameter as the table of the specification has it.",
  ERR_ENVELOPE_HTM_MISMATCH: "The client's developer signs the method as it is sent, and every redirect anew.",
  ERR_ENVELOPE_URI_MISMATCH:
    "The client's developer signs the URI as the HTTP client sends it. The server's developer sets `resource`, `origins` and `basePath`. The operator of the proxy leaves the query as it is.",
  ERR_ENVELOPE_CTY_MISMATCH:
    "The client's developer sets `Content-Type` before signing, and copies it into `cty` byte for byte.",
  ERR_ENVELOPE_EXPIRED:
    "Whoever owns the wrong clock synchronises it. The client's developer signs as the last step before sending, and splits large uploads.",
  ERR_ENVELOPE_NOT_YET_VALID: 'Whoever owns the wrong clock synchronises it.',
  ERR_ENVELOPE_ATH_MISMATCH: "The client's developer signs after the token is chosen.",
  ERR_ENVELOPE_SIGNATURE: "The client's developer signs the header and payload segments exactly as they are sent.",
  ERR_ENVELOPE_CONTENT_MISMATCH:
    "The client's developer serialises once, and signs and sends the same bytes; without content the payload is empty. The operator leaves the content as it is.",
  ERR_ENVELOPE_REPLAYED:
    "The client's developer puts retries around the layer that signs. Find out whether the first copy was executed before repeating the call.",
  ERR_TOKEN_TOO_LARGE: 'The administrator of the authorization server puts less into the token.',
  ERR_TOKEN_MALFORMED:
    "The administrator of the authorization server turns on JWT access tokens (RFC 9068) for this resource. The client's developer asks for the token with the `resource` parameter, as `clientCredentials` does.",
  ERR_TOKEN_TYP:
    'The administrator of the authorization server turns on RFC 9068 access tokens; some have a setting for it, by client or by resource.',
  ERR_TOKEN_ALG:
    "The administrator of the authorization server changes the signing algorithm, or the server's developer adds it to `tokenAlgorithms` or to `issuer: { algorithms }`.",
  ERR_TOKEN_CRIT: 'The administrator of the authorization server turns the extension off for this resource.',
  ERR_TOKEN_ISSUER:
    "The server's developer sets `issuer` to `iss` exactly as it stands in the token; if the key set is reached under another address, as `issuer: { issuer, jwksUri }`.",
  ERR_TOKEN_KEY_UNKNOWN:
    'Wait half a minute and call again. If it stays, the administrator of the authorization server compares `kid` of the token with the key set at `jwks_uri`, and publishes new keys well before they sign.',
  ERR_TOKEN_SIGNATURE:
    'The administrator of the authorization server gives every key a `kid` of its own and names it in every token.',
  ERR_TOKEN_CLAIM_MISSING:
    'The administrator of the authorization server turns on RFC 9068 access tokens, or adds the claim by a mapping.',
  ERR_TOKEN_CLAIM_INVALID: 'The administrator of the authorization server corrects the mapping of the claim.',
  ERR_TOKEN_AUDIENCE:
    "Client and server set `resource` to the same text, and the administrator registers that text at the authorization server. If the audience is another by design, the server's developer names it in `audience`.",
  ERR_TOKEN_EXPIRED:
    "The client's developer returns `expiresInSeconds` from a `token` function of their own, and a new token at every call of it.",
  ERR_TOKEN_NOT_YET_VALID: "Whoever owns the wrong clock synchronises it; the client's clock does not matter.",
  ERR_TOKEN_UNBOUND:
    "The administrator of the authorization server turns on DPoP for the client. The client's developer requests the token with `clientCredentials`, or in a `token` function with the `provingFetch` it is given.",
  ERR_TOKEN_BINDING_UNSUPPORTED:
    'The administrator of the authorization server turns certificate-bound tokens off for the client, and DPoP on.',
  ERR_TOKEN_BINDING_MISMATCH:
    "The client's developer keeps key and token together: one `createClient`, one token. Processes that share tokens share a `signer` too. `api.thumbprint()` is what `cnf.jkt` must be.",
  ERR_TOKEN_BOUND: "The client's developer makes all calls through `api.fetch`.",
  ERR_SCOPE_INSUFFICIENT:
    "The client's developer names the scope in `scope` of `clientCredentials`; the administrator of the authorization server allows it. The server's developer checks `auth.scope` (all of them) and `auth.anyScope` (one of them).",
  ERR_ROLE_MISSING: 'The administrator assigns the role, or maps it to a claim `roles` (RFC 9068 section 2.2.3.1).',
  ERR_GROUP_MISSING: 'The administrator adds the user to the group, or maps groups to a claim `groups`.',
  ERR_PERMISSION_MISSING: 'The administrator grants the permission, and turns on its claim in access tokens.',
  ERR_ENTITLEMENT_MISSING:
    'The administrator assigns the entitlement, or maps it to a claim `entitlements` (RFC 9068 section 2.2.3.1).',
  ERR_CLAIMS_REFUSED: "The server's developer reads the predicate; what it tests is known there only.",
  ERR_ACR_INSUFFICIENT:
    "The client's developer sends the user to the authorization server again, with `acr_values` (and `max_age`) of the challenge, and uses the new token.",
  ERR_AUTHENTICATION_TOO_OLD:
    "The client's developer sends the user to the authorization server again, with `max_age` of the challenge.",
  ERR_TOKEN_KIND: "The client's developer sends the member `access_token` of the token response, and no other.",
  ERR_TOKEN_CLIENT: "The server's developer adds the client to `issuer: { clients }`.",
  ERR_TOKEN_ENCRYPTION:
    'The administrator of the authorization server registers the public key of this resource and turns encryption on.',
  ERR_TOKEN_DECRYPTION:
    'The administrator of the authorization server encrypts to the current key of this resource, with its `kid` and the `alg` that `decryptionKeys` has for it.',
  ERR_TOKEN_INACTIVE: 'The client asks for a new token; ours does so by itself.',
  ERR_TOKEN_CERTIFICATE_MISMATCH:
    "The client's developer presents the certificate that the token was requested with, or requests a new token.",
  ERR_INTROSPECTION_UNAVAILABLE:
    "The server's operator reads `err` and makes the introspection endpoint reachable and this server known there.",
  ERR_ISSUER_UNAVAILABLE:
    "The server's operator reads `err` and makes the issuer reachable from this server. The server's developer sets `issuer` exactly as the metadata spells it, or names the key set with `issuer: { issuer, jwksUri }`.",
  ERR_REPLAY_STORE_UNAVAILABLE:
    "The server's operator restores the store. The server's developer makes `claim(key, expiresAt)` return whether the key was unclaimed.",
  ERR_REPLAY_STORE_FULL:
    "The server's operator raises `replay: { maxEntries }` (about 45 MB for a million), shortens the lifetimes, or spreads the load.",
  ERR_REPLAY_QUOTA_EXCEEDED:
    "The client's developer slows down and waits for `Retry-After`; processes with a heavy load use keys of their own.",
}

/** What to do about a refusal, if there is something. */
export function fixOf(code: ErrorCode): string | undefined {
  return fixes[code]
}
