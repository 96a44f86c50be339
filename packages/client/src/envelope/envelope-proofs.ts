// Request envelopes (spec/request-envelope.md): one JWS over method, whole URL, token, nonce, and every byte of the content. Its key is that of
// DPoP proofs, which it takes the place of. A call that is to be enveloped is never sent in any other way.

import type { EnvelopeHeader, Evidence, SealKey } from '@countersign/shared'
import {
  ATTACHED_ENVELOPE_TYP,
  CountersignError,
  DETACHED_ENVELOPE_TYP,
  ENVELOPE_MEDIA_TYPE,
  encodeBase64url,
  encodeEnvelopeHeader,
  thumbprint,
} from '@countersign/shared'
import { abortable } from '../fetch/abort.ts'
import type { Call } from '../fetch/call.ts'
import { readJson } from '../fetch/challenge.ts'
import { discard } from '../fetch/discard.ts'
import type { Signer } from '../keys/signer.ts'
import { checkSigner } from '../keys/signer.ts'
import { rememberAth } from '../proofs/latest-ath.ts'
import type { AttemptParts, CallProofs } from '../proofs/proof-kind.ts'
import type { EnvelopeSettings } from '../proofs/proof-option.ts'
import { contentOf, withBody, withContent } from './call-content.ts'
import { checkFields } from './check-fields.ts'
import { readContent } from './content.ts'
import type { ServerKeys } from './server-keys.ts'
import { sealKeyOf } from './server-keys.ts'
import { checkAnswerKeys, checkStreams, verifyAnswer } from './verify-answer.ts'

/** What envelopes are made with. */
export interface EnvelopeParts {
  readonly signer: Signer
  readonly keys: ServerKeys
  readonly onEvidence: ((evidence: Evidence) => void | Promise<void>) | undefined
}

/** Creates what begins the envelopes of a call. */
export async function createEnvelopes({
  signer: anySigner,
  keys,
  onEvidence,
}: EnvelopeParts): Promise<(call: Call, settings: EnvelopeSettings) => Promise<CallProofs>> {
  const signer = checkSigner(anySigner)
  const { algorithm: alg, publicJwk: jwk } = signer
  const kid = await thumbprint(jwk)
  const athOf = rememberAth()

  return async function beginEnvelopes(given, { envelope: form, seal, verifyResponse }) {
    if (verifyResponse === 'stream') checkStreams()
    const content = await readContent(given)
    const { headers } = contentOf(given)
    const hasContent = content.body !== undefined
    const isAttached = form === 'attached' && hasContent
    const type = hasContent ? content.type : (headers.get('content-type') ?? undefined)
    checkFields(headers, type, { hasContent, isAttached })
    const call = withContent(given, content.body, type)
    // What is attached is signed as it is: its digest stands in evidence only.
    const digest = isAttached && onEvidence === undefined ? '' : await content.digest()
    const wanted = verifyResponse === false ? {} : { 'want-answer-jws': '?1' }
    let sent: { readonly jws: string; readonly time: number } | undefined
    let mayRenewKeys = true
    let sealKey: SealKey | undefined

    return {
      call,
      isRequired: true,
      verifiesResponses: verifyResponse !== false,
      async prove(parts) {
        if (parts.isBearer) throw notBound()
        if (verifyResponse !== false) await checkAnswerKeys(keys)
        const payload = isAttached ? encodeBase64url(await content.bytes()) : digest
        const jws = await sign(call, parts, { form, payload, ...(hasContent && ctyOf(form, type)) })
        sent = { jws, time: parts.time }
        if (!isAttached) return { call, fields: { 'detached-jws': jws, ...wanted } }
        sealKey = seal ? (sealKey ?? sealKeyOf(await keys.current())) : undefined
        const body = sealKey === undefined ? jws : await sealed(jws, sealKey)
        return { call: withBody(call, body), fields: { ...wanted, 'content-type': ENVELOPE_MEDIA_TYPE } }
      },
      mend: (response) => abortable(mended(response), call.signal),
      async receive(response) {
        try {
          return await abortable(received(response), call.signal)
        } catch (error) {
          discard(response)
          throw error
        }
      },
    }

    /** Whether a server that does not know the key it was sealed to has another one by now. */
    async function mended(response: Response): Promise<boolean> {
      if (!mayRenewKeys || sealKey === undefined || response.status !== 401) return false
      if ((await readJson(response))?.['code'] !== 'ERR_ENVELOPE_SEAL_KEY_UNKNOWN') return false
      mayRenewKeys = false
      const refused = sealKey
      sealKey = sealKeyOf(await keys.renewed())
      // With the key that was refused, another attempt would be refused too.
      return JSON.stringify(sealKey) !== JSON.stringify(refused)
    }

    async function received(response: Response): Promise<Response> {
      const { jws, time } = sent as NonNullable<typeof sent>
      const evidence: Evidence = { request: jws, thumbprint: kid, time, content: digest }
      if (verifyResponse === false) {
        await onEvidence?.(evidence)
        return response
      }
      const { method } = call
      const verified = await verifyAnswer(response, {
        envelope: jws,
        keys,
        method,
        streams: verifyResponse === 'stream',
      })
      const answer = { jws: verified.jws, key: verified.key as unknown as NonNullable<Evidence['answer']>['key'] }
      await onEvidence?.({ ...evidence, answer })
      return verified.response
    }
  }

  /** Makes the envelope of one attempt. */
  async function sign(
    { method, url }: Call,
    { accessToken, nonce, time }: AttemptParts,
    { form, payload, cty }: { form: 'attached' | 'detached'; payload: string; cty?: string },
  ): Promise<string> {
    const header: EnvelopeHeader = {
      typ: form === 'attached' ? ATTACHED_ENVELOPE_TYP : DETACHED_ENVELOPE_TYP,
      alg,
      kid,
      jwk,
      htm: method,
      uri: url.href,
      created: time,
      ath: await athOf(accessToken),
      jti: crypto.randomUUID(),
      ...(nonce !== undefined && { nonce }),
      ...(cty !== undefined && { cty }),
    }
    const signingInput = `${encodeEnvelopeHeader(header)}.${payload}`
    const signature = await signer.sign(new TextEncoder().encode(signingInput))
    return `${signingInput}.${encodeBase64url(signature)}`
  }
}

function notBound(): CountersignError {
  const message = 'The access token is bound to no key, so a request envelope cannot be made with it'
  return new CountersignError('ERR_TOKEN_NOT_BOUND', message, { parameter: 'token_type', expected: 'DPoP' })
}

/** Attached content without a better description is bytes; beside an envelope, content without a type has none. */
function ctyOf(form: 'attached' | 'detached', type: string | undefined): { readonly cty?: string } {
  const cty = type ?? (form === 'attached' ? 'application/octet-stream' : undefined)
  return cty === undefined ? {} : { cty }
}

/** Encrypts an envelope to the server. */
async function sealed(jws: string, { kid, alg, jwk }: SealKey): Promise<string> {
  const { CompactEncrypt, importJWK } = await import('jose')
  const plaintext = new TextEncoder().encode(jws)
  const header = { alg, enc: 'A256GCM', cty: 'jose', kid }
  return new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(await importJWK({ ...jwk }, alg))
}
