// A response with content that was verified: all else is that of the platform's.

const NULL_BODY = [101, 204, 205, 304]

/** Makes a response with other content, that looks as the original does. */
export function verifiedResponse(original: Response, body: BodyInit | null): Response {
  const { status, statusText, headers, url, redirected, type } = original
  return shown(new Response(NULL_BODY.includes(status) ? null : body, { status, statusText, headers }), {
    url,
    redirected,
    type,
  })
}

/** What no constructor takes. */
function shown(response: Response, members: Pick<Response, 'url' | 'redirected' | 'type'>): Response {
  const clone = () => shown(Response.prototype.clone.call(response), members)
  for (const [name, value] of Object.entries({ ...members, clone }))
    Object.defineProperty(response, name, { value, configurable: true })
  return response
}
