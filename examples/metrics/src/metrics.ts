// Outcomes of verifications as OpenTelemetry metrics.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { VerificationOutcome } from '@countersign/server'
import { VERIFICATION_CHANNEL } from '@countersign/server'
import type { Meter } from '@opentelemetry/api'
import { metrics } from '@opentelemetry/api'

/**
 * Counts the verifications of this process.
 *
 * @returns Ends the counting.
 */
export function countVerifications(meter: Meter = metrics.getMeter('countersign')): () => void {
  const verifications = meter.createCounter('countersign.verifications', {
    description: 'Verified requests by outcome',
  })
  const time = meter.createHistogram('countersign.verification.time', { unit: 'ms' })

  const record = (message: unknown) => {
    const { outcome, scheme, issuer, clientId, durationMilliseconds } = message as VerificationOutcome
    verifications.add(1, {
      outcome,
      ...(scheme !== undefined && { scheme }),
      ...(issuer !== undefined && { issuer }),
      ...(clientId !== undefined && { client: clientId }),
    })
    time.record(durationMilliseconds, { outcome })
  }
  subscribe(VERIFICATION_CHANNEL, record)
  return () => void unsubscribe(VERIFICATION_CHANNEL, record)
}
