// Which fields of a response a signed answer may cover (spec/request-envelope.md, "Signed answer", `fields`): none that
// changes on the way.

/** A field name in lower case (RFC 9110, section 5.1). */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/** What the specification names, then what is made anew by each hop (RFC 9110, section 7.6.1), then what tracing adds. */
const EXCLUDED: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...['set-cookie', 'date', 'content-length', 'content-encoding', 'answer-jws'],
  ...[
    'connection',
    'proxy-connection',
    'keep-alive',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
  ],
  ...['proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info'],
  ...['traceparent', 'tracestate', 'traceresponse', 'baggage', 'request-id', 'x-request-id', 'correlation-id'],
  ...['x-correlation-id', 'x-trace-id', 'x-cloud-trace-context', 'x-amzn-trace-id', 'uber-trace-id', 'sentry-trace'],
  ...['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'],
  ...['x-datadog-trace-id', 'x-datadog-parent-id', 'x-datadog-sampling-priority', 'x-datadog-origin'],
])

/**
 * Tells whether a signed answer may cover a response field: its name is a field name in lower case, and neither one that
 * a server or proxy sets for the connection or for tracing, nor one that the answer covers by other means.
 */
export function isAnswerField(name: string): boolean {
  return FIELD_NAME.test(name) && !EXCLUDED.has(name)
}
