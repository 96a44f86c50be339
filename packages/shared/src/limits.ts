// Every number of the protocol, with its unit, its reason and its source.
// Lengths are in characters of ASCII text, which are bytes on the wire.

/** Longest DPoP proof read, in characters. An ML-DSA-87 key and signature make about 11 000; RSA-4096 about 2 000. RFC 9449 sets none. */
export const MAX_PROOF_LENGTH = 12_288

/** Longest `Detached-JWS` read, in characters: what servers commonly accept of all fields. Holds an ML-DSA-87 envelope. */
export const MAX_DETACHED_JWS_LENGTH = 16_384

/** Longest encoded protected header of an attached envelope, in characters: the same header in another place. */
export const MAX_ENVELOPE_HEADER_LENGTH = 16_384

/** Most bytes of `application/jose` content, unless configured: it is held in memory before its signature is known. */
export const MAX_ENVELOPE_CONTENT_BYTES = 1_048_576

/** Most seconds from a detached envelope to its complete content, unless configured: bounds the life of a replay claim. */
export const MAX_ENVELOPE_CONTENT_SECONDS = 300

/** Largest `created`, in seconds since the epoch: the last second of the year 9999. A time in milliseconds is larger. */
export const MAX_CREATED_SECONDS = 253_402_300_799

/** Longest `cty`, in characters: longer media types do not occur. */
export const MAX_CTY_LENGTH = 256

/** Longest encoded protected header of a sealed envelope, in characters: five short parameters and one EC key. */
export const MAX_SEAL_HEADER_LENGTH = 2_048

/** Longest `Answer-JWS` read, in characters: half of what arrives by default. */
export const MAX_ANSWER_LENGTH = 8_192

/** Most bytes of content under a signed answer, unless configured: the server holds it, and so does the client. */
export const MAX_ANSWER_CONTENT_BYTES = 16_777_216

/** Longest access token read, in characters. Node refuses 16 KiB of headers by default; a longer token cannot arrive there. */
export const MAX_TOKEN_LENGTH = 16_384

/** Longest `htu` or request URI compared, in characters. RFC 9110 §4.1 asks for at least 8 000 octets of URI. */
export const MAX_URI_LENGTH = 8_192

/** Longest host that goes through IDNA, in characters before and after: a DNS name of 253 with a final dot (RFC 1035 §2.3.4). */
export const MAX_HOST_LENGTH = 254

/** Longest `jti` accepted, in characters. A replay key is a hash of it, but its transport and logs are not (RFC 9449 §11.1). */
export const MAX_JTI_LENGTH = 256

/** Longest nonce kept or compared, in characters. A server's nonce is opaque; 1 KiB leaves room for encrypted ones (RFC 9449 §8). */
export const MAX_NONCE_LENGTH = 1_024

/** Longest `WWW-Authenticate` field value parsed, in characters: half of what Node lets arrive. */
export const MAX_CHALLENGE_LENGTH = 8_192

/** Most bytes of a JSON document read, unless the caller names fewer. Holds the largest token payload. */
export const MAX_JSON_LENGTH = 65_536

/** Most bytes of a metadata document or key set: hundreds of keys with their certificates. */
export const MAX_DOCUMENT_LENGTH = 524_288

/** Deepest nesting of a JSON document read. Real token claims stay under 8; the parser's own stack is never at risk. */
export const MAX_JSON_DEPTH = 32

/** Smallest RSA modulus, in bits (RFC 7518 §3.3 and §3.5). */
export const MIN_RSA_MODULUS_BITS = 2_048

/** Largest RSA modulus, in bits. The cost of a verification grows with its square, and the caller chooses the key. */
export const MAX_RSA_MODULUS_BITS = 8_192

/** Largest RSA public exponent, in bytes: 65537 needs three. A long exponent buys an attacker slow verifications. */
export const MAX_RSA_EXPONENT_BYTES = 4
