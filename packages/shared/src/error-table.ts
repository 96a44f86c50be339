// One table from error code to its meaning on the wire: status, OAuth error, the one sentence a client is told.
// `docs/errors.md` has a heading for each; a test checks that the two agree.

/** The family of a code: who has to act, and whether trying again can help. */
export type ErrorFamily =
  /** An option or argument of this library is wrong: a programmer acts. */
  | 'argument'
  /** Bytes are not of the form the specification demands. */
  | 'malformed'
  /** Well-formed evidence that does not hold. */
  | 'verification'
  /** The caller is known and its request is understood, but not allowed. */
  | 'policy'
  /** A dependency of the server, or the network of the client, failed. */
  | 'transport'

/** What a code means on the wire. Codes without `status` never leave the process they arise in. */
export interface ErrorEntry {
  readonly family: ErrorFamily
  /** The fixed sentence for this code: printable ASCII without quotes and backslashes, safe in a challenge (RFC 6750 section 3). */
  readonly title: string
  /** HTTP status of a resource server's answer. */
  readonly status?: 400 | 401 | 403 | 413 | 415 | 429 | 501 | 503
  /** OAuth error code of the challenge; none when the request carried no usable credentials (RFC 6750 section 3.1). */
  readonly error?: OAuthError
}

/** OAuth error codes that a resource server puts into a challenge. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'

const argument = (title: string) => ({ family: 'argument', title }) as const
const malformed = (title: string) => ({ family: 'malformed', title }) as const
const local = (title: string) => ({ family: 'transport', title }) as const
const ambiguous = (title: string) => ({ family: 'malformed', title, status: 400, error: 'invalid_request' }) as const
const anonymous = (title: string) => ({ family: 'verification', title, status: 401 }) as const
const proof = (title: string) => ({ family: 'verification', title, status: 401, error: 'invalid_dpop_proof' }) as const
const nonce = (title: string) => ({ family: 'verification', title, status: 401, error: 'use_dpop_nonce' }) as const
const token = (title: string) => ({ family: 'verification', title, status: 401, error: 'invalid_token' }) as const
const scope = (title: string) => ({ family: 'policy', title, status: 403, error: 'insufficient_scope' }) as const
const stepUp = (title: string) =>
  ({ family: 'policy', title, status: 401, error: 'insufficient_user_authentication' }) as const
const unavailable = (title: string) => ({ family: 'transport', title, status: 503 }) as const

/** Every code of Countersign. */
export const errorTable = {
  // Options and arguments
  ERR_OPTION_INVALID: argument('An option has a value it cannot have'),
  ERR_OPTION_UNKNOWN: argument('An option of this name does not exist'),
  ERR_URL_INSECURE: argument('Only https URLs are allowed, and http to a loopback host'),
  ERR_ALREADY_REGISTERED: argument('This scope is already protected by another registration'),
  ERR_KEY_EXTRACTABLE: argument('The private key can be exported and is therefore refused'),

  // Encodings
  ERR_BASE64URL_INVALID: malformed('The text is not canonical base64url'),
  ERR_JSON_INVALID: malformed('The text is not strict JSON'),
  ERR_JWK_INVALID: malformed('The JWK is not an acceptable public key'),
  ERR_JWS_INVALID: malformed('The text is not a compact JWS with JSON header'),
  ERR_HTU_INVALID: malformed('The URI is not an absolute http or https URI that can be compared'),
  ERR_CHALLENGE_INVALID: malformed('The WWW-Authenticate field is malformed'),

  // Requests that cannot be read in exactly one way
  ERR_REQUEST_TARGET_INVALID: ambiguous('The request target is not one that this server answers'),
  ERR_AUTHORIZATION_DUPLICATE: ambiguous('More than one Authorization field was sent'),
  ERR_TOKEN_IN_QUERY: ambiguous('The access token was sent in the query too'),
  ERR_AUTHORIZATION_MALFORMED: ambiguous('The Authorization field is malformed'),
  ERR_DPOP_PROOF_DUPLICATE: ambiguous('More than one DPoP field was sent'),

  // Credentials that are absent or of a kind this route does not take
  ERR_CREDENTIALS_MISSING: anonymous('This resource needs an access token and a DPoP proof'),
  ERR_SCHEME_NOT_ACCEPTED: anonymous('This authentication scheme is not accepted here'),

  // DPoP proofs, RFC 9449 section 4.3
  ERR_DPOP_PROOF_MISSING: proof('The DPoP proof is missing'),
  ERR_DPOP_PROOF_TOO_LARGE: proof('The DPoP proof is too large'),
  ERR_DPOP_PROOF_MALFORMED: proof('The DPoP proof is not a well-formed JWT'),
  ERR_DPOP_PROOF_TYP: proof('The typ of the DPoP proof is not dpop+jwt'),
  ERR_DPOP_PROOF_ALG: proof('The alg of the DPoP proof is not accepted'),
  ERR_DPOP_PROOF_CRIT: proof('The DPoP proof names a critical header parameter that is not understood'),
  ERR_DPOP_PROOF_JWK: proof('The jwk of the DPoP proof is not an acceptable public key'),
  ERR_DPOP_PROOF_CLAIM_MISSING: proof('The DPoP proof lacks a required claim'),
  ERR_DPOP_PROOF_CLAIM_INVALID: proof('A claim of the DPoP proof has the wrong type or size'),
  ERR_DPOP_PROOF_HTM_MISMATCH: proof('The DPoP proof was made for another method'),
  ERR_DPOP_PROOF_HTU_MISMATCH: proof('The DPoP proof was made for another URI'),
  ERR_DPOP_PROOF_EXPIRED: proof('The DPoP proof is too old'),
  ERR_DPOP_PROOF_NOT_YET_VALID: proof('The DPoP proof was made in the future'),
  ERR_DPOP_PROOF_ATH_MISMATCH: proof('The DPoP proof was made for another access token'),
  ERR_DPOP_PROOF_SIGNATURE: proof('The signature of the DPoP proof does not verify'),
  ERR_DPOP_PROOF_REPLAYED: proof('The DPoP proof was used before'),
  ERR_DPOP_NONCE_REQUIRED: nonce('The DPoP proof needs a nonce of this server'),
  ERR_DPOP_NONCE_INVALID: nonce('The nonce of the DPoP proof was not issued by this server'),
  ERR_DPOP_NONCE_EXPIRED: nonce('The nonce of the DPoP proof is too old'),

  // Request envelopes, spec/request-envelope.md
  ERR_ENVELOPE_DUPLICATE: ambiguous('More than one Detached-JWS or Content-Type field was sent with an envelope'),
  ERR_ENVELOPE_AMBIGUOUS: ambiguous('An envelope was sent beside another proof, form or scheme'),
  ERR_ENVELOPE_NOT_ACCEPTED: proof('Request envelopes are not accepted here'),
  ERR_ENVELOPE_REQUIRED: proof('This resource needs a request envelope in the place of a DPoP proof'),
  ERR_ENVELOPE_CONTENT_ENCODING: {
    family: 'malformed',
    title: 'Content with a content coding cannot be accepted with this envelope',
    status: 415,
  },
  ERR_ENVELOPE_TOO_LARGE: proof('The request envelope or its JOSE header is too large'),
  ERR_ENVELOPE_CONTENT_TOO_LARGE: {
    family: 'malformed',
    title: 'The content that holds the request envelope is too large',
    status: 413,
  },
  ERR_ENVELOPE_MALFORMED: proof('The request envelope is not a well-formed compact JWS'),
  ERR_ENVELOPE_SEAL_INVALID: proof('The JOSE header or the plaintext of the sealed envelope is not acceptable'),
  ERR_ENVELOPE_SEAL_KEY_UNKNOWN: proof('The sealed envelope was not made for a current key of this server'),
  ERR_ENVELOPE_SEAL_UNOPENED: proof('The sealed envelope cannot be decrypted'),
  ERR_ENVELOPE_TYP: proof('The typ of the request envelope is wrong or does not fit the way it was sent'),
  ERR_ENVELOPE_CRIT: proof('The request envelope has a crit or b64 header parameter'),
  ERR_ENVELOPE_ALG: proof('The alg of the request envelope is not accepted'),
  ERR_ENVELOPE_JWK: proof('The jwk of the request envelope is not an acceptable public key'),
  ERR_ENVELOPE_KID_MISMATCH: proof('The kid of the request envelope is not that of its key'),
  ERR_ENVELOPE_PARAMETER_MISSING: proof('The request envelope lacks a required header parameter'),
  ERR_ENVELOPE_PARAMETER_INVALID: proof(
    'A header parameter of the request envelope has the wrong type, size or grammar',
  ),
  ERR_ENVELOPE_HTM_MISMATCH: proof('The request envelope was made for another method'),
  ERR_ENVELOPE_URI_MISMATCH: proof('The request envelope was made for another URI'),
  ERR_ENVELOPE_CTY_MISMATCH: proof('The cty of the request envelope is not the media type of the content'),
  ERR_ENVELOPE_EXPIRED: proof('The request envelope is too old or its content came too late'),
  ERR_ENVELOPE_NOT_YET_VALID: proof('The request envelope was made in the future'),
  ERR_ENVELOPE_ATH_MISMATCH: proof('The request envelope was made for another access token'),
  ERR_ENVELOPE_SIGNATURE: proof('The signature of the request envelope does not verify'),
  ERR_ENVELOPE_CONTENT_MISMATCH: proof('The request envelope was made for another content'),
  ERR_ENVELOPE_REPLAYED: proof('The request envelope was used before'),

  // Access tokens, RFC 9068 section 4
  ERR_TOKEN_TOO_LARGE: token('The access token is too large'),
  ERR_TOKEN_MALFORMED: token('The access token is not a well-formed JWT'),
  ERR_TOKEN_TYP: token('The typ of the access token is not at+jwt'),
  ERR_TOKEN_KIND: token('The token is not an access token'),
  ERR_TOKEN_ALG: token('The alg of the access token is not accepted'),
  ERR_TOKEN_CRIT: token('The access token names a critical header parameter that is not understood'),
  ERR_TOKEN_ISSUER: token('The issuer of the access token is not trusted here'),
  ERR_TOKEN_KEY_UNKNOWN: token('The key of the access token is not one of its issuer'),
  ERR_TOKEN_SIGNATURE: token('The signature of the access token does not verify'),
  ERR_TOKEN_CLAIM_MISSING: token('The access token lacks a required claim'),
  ERR_TOKEN_CLAIM_INVALID: token('A claim of the access token has the wrong type'),
  ERR_TOKEN_AUDIENCE: token('The access token was issued for another resource'),
  ERR_TOKEN_CLIENT: token('The access token was issued to a client that is not accepted here'),
  ERR_TOKEN_EXPIRED: token('The access token has expired'),
  ERR_TOKEN_NOT_YET_VALID: token('The access token is not valid yet'),
  ERR_TOKEN_ENCRYPTION: token('The access token was encrypted, or was not, against what was agreed upon'),
  ERR_TOKEN_DECRYPTION: token('The encrypted access token cannot be decrypted'),
  ERR_TOKEN_INACTIVE: token('The access token is not active'),
  ERR_TOKEN_UNBOUND: token('The access token is not bound to a key'),
  ERR_TOKEN_BINDING_UNSUPPORTED: token('The access token is bound in a way that cannot be checked here'),
  ERR_TOKEN_BINDING_MISMATCH: token('The access token is bound to another key'),
  ERR_TOKEN_CERTIFICATE_MISMATCH: token('The access token is bound to another client certificate'),
  ERR_TOKEN_BOUND: token('A bound access token must be sent with the DPoP scheme and a proof'),

  // Policy of a route
  ERR_SCOPE_INSUFFICIENT: scope('The access token lacks a scope this route needs'),
  ERR_ROLE_MISSING: scope('The access token lacks a role this route needs'),
  ERR_GROUP_MISSING: scope('The access token lacks a group this route needs'),
  ERR_PERMISSION_MISSING: scope('The access token lacks a permission this route needs'),
  ERR_ENTITLEMENT_MISSING: scope('The access token lacks an entitlement this route needs'),
  ERR_CLAIMS_REFUSED: scope('The claims of the access token do not satisfy this route'),
  ERR_ACR_INSUFFICIENT: stepUp('A stronger user authentication is required'),
  ERR_AUTHENTICATION_TOO_OLD: stepUp('A more recent user authentication is required'),

  // Our own dependencies
  ERR_ISSUER_UNAVAILABLE: unavailable('The keys of the token issuer cannot be fetched at the moment'),
  ERR_INTROSPECTION_UNAVAILABLE: unavailable('The token issuer cannot be asked about the token at the moment'),
  ERR_REPLAY_STORE_UNAVAILABLE: unavailable('The replay store does not answer at the moment'),
  ERR_REPLAY_STORE_FULL: unavailable('The replay store is full at the moment'),
  ERR_REPLAY_QUOTA_EXCEEDED: {
    family: 'policy',
    title: 'This key has made too many calls in a short time',
    status: 429,
  },

  // The client's own
  ERR_ORIGIN_NOT_ALLOWED: argument('The URL lies outside the origins that may see the access token'),
  ERR_CLIENT_CLOSED: argument('The client was closed'),
  ERR_CREDENTIAL_INVALID: argument('The credential string is missing or was mangled'),
  ERR_BODY_NOT_REPLAYABLE: local('The server asked for a nonce after a body was sent that cannot be sent twice'),
  ERR_REDIRECT_NOT_FOLLOWED: local('The redirect cannot be followed'),
  ERR_DISCOVERY_FAILED: local('The metadata of the resource or of its authorization server is not usable'),
  ERR_TOKEN_REQUEST_FAILED: local('The authorization server did not issue an access token'),
  ERR_TOKEN_NOT_BOUND: local('The authorization server issued an access token that is not bound to the key'),
  ERR_AUTHORIZATION_REQUIRED: local('A user has to log in'),
  ERR_AUTHORIZATION_FAILED: local('The login at the authorization server failed'),
  ERR_NONCE_NOT_ACCEPTED: local('The server asks for a nonce that cannot be had'),
  ERR_CALL_REFUSED: local('The server refused the call'),
  ERR_KEY_UNAVAILABLE: local('The key store or the security module cannot be used'),
  ERR_SERVER_KEY_MISSING: local('The server has no key for what is asked'),
  ERR_NOT_IMPLEMENTED: argument('This feature does not exist yet'),
  ERR_INTERCEPTOR_ORDER: argument('The interceptors of the dispatcher are composed in an order that cannot work'),
  ERR_SIGNING_FAILED: local('The signer did not return a usable signature'),
  ERR_EVIDENCE_INVALID: local('The evidence of a call does not hold'),
  ERR_ENVELOPE_ANSWER_MISSING: local('The response is not signed'),
  ERR_ENVELOPE_ANSWER_INVALID: local('The signed answer is malformed or not by a known key'),
  ERR_ENVELOPE_ANSWER_MISMATCH: local('The signed answer was made for another request or response'),
  ERR_ENVELOPE_ANSWER_SIGNATURE: local('The signature of the answer does not verify'),
} as const satisfies Record<string, ErrorEntry>

/** Every code that an error of Countersign can have. */
export type ErrorCode = keyof typeof errorTable

/** Codes of what a stranger can cause: those that a resource server answers with, and those of bytes that are malformed. */
export type RefusalCode = {
  [Code in ErrorCode]: (typeof errorTable)[Code] extends { readonly status: number } | { readonly family: 'malformed' }
    ? Code
    : never
}[ErrorCode]
