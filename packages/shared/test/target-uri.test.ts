// Target URIs of request envelopes: spec/request-envelope.md, "Target URI".

import { describe, expect, it } from 'vitest'
import { normalizeHtu } from '../src/htu.ts'
import { MAX_URI_LENGTH } from '../src/limits.ts'
import { normalizeTargetUri } from '../src/target-uri.ts'
import { expectRefusal } from './support.ts'

const code = 'ERR_HTU_INVALID'
const parameter = 'uri'

describe('normalizeTargetUri', () => {
  it.each([
    ['https://rs.example/a?x=1', 'https://rs.example/a?x=1'],
    ['HTTPS://RS.example:443/b/../%61?X=%7e', 'https://rs.example/a?X=%7e'],
    ['https://rs.example', 'https://rs.example/'],
    ['https://rs.example?', 'https://rs.example/?'],
    ['https://rs.example?x', 'https://rs.example/?x'],
    ['http://rs.example:80/??a/../b', 'http://rs.example/??a/../b'],
    ['https://rs.example/?u=HTTPS://U@V:443/%zz', 'https://rs.example/?u=HTTPS://U@V:443/%zz'],
    ['https://bücher.example/ü?ü', 'https://xn--bcher-kva.example/%C3%BC?ü'],
  ])('makes of %s %s', (uri, normal) => {
    expect(normalizeTargetUri(uri)).toBe(normal)
    expect(normalizeTargetUri(normal)).toBe(normal)
  })

  it('is normalizeHtu where there is no query', () => {
    for (const uri of ['https://rs.example/a', 'HTTP://[0::1]:80/%2e/', 'https://rs.example:08443//']) {
      expect(normalizeTargetUri(uri)).toBe(normalizeHtu(uri))
    }
  })

  it('tells an empty query from none', () => {
    expect(normalizeTargetUri('https://rs.example/?')).not.toBe(normalizeTargetUri('https://rs.example/'))
  })

  it.each(['https://rs.example/#', 'https://rs.example/?#', 'https://rs.example#a', 'https://rs.example/?a#b?c'])(
    'refuses the fragment of %s',
    (uri) => {
      expectRefusal(() => normalizeTargetUri(uri), { code, reason: 'fragment', parameter })
    },
  )

  it.each([
    ['a space', '/?a b'],
    ['a tab', '/?\t'],
    ['a line feed', '/?a\n'],
    ['a NUL', '/?\0'],
    ['a no-break space', '/?\u00a0'],
    ['an ogham space', '/?\u1680'],
    ['an em space', '/\u2003?a'],
    ['a line separator', '/?\u2028'],
    ['an ideographic space', '/?\u3000'],
    ['a backslash in the query', '/?\\'],
    ['a backslash in the path', '/\\?'],
    ['half of a surrogate pair', '/?\ud800'],
  ])('refuses %s', (_, rest) => {
    expectRefusal(() => normalizeTargetUri(`https://rs.example${rest}`), { code, reason: 'character', parameter })
  })

  it.each([
    ['relative', '/a?b'],
    ['scheme', 'ftp://rs.example/?b'],
    ['userinfo', 'https://u@rs.example/?b'],
    ['host', 'https://0x7f.1/?b'],
    ['port', 'https://rs.example:65536/?b'],
    ['encoding', 'https://rs.example/%?b'],
  ])('refuses as normalizeHtu does, for its %s, %s', (reason, uri) => {
    const error = expectRefusal(() => normalizeTargetUri(uri), { code, reason, parameter })
    expect(error.cause).toMatchObject({ code, parameter: 'htu', reason })
  })

  it('reads the longest URI, before and after normalisation, and none longer', () => {
    const padded = (start: string, length: number) => start + 'x'.repeat(length - start.length)
    const longest = padded('https://rs.example/?', MAX_URI_LENGTH)
    expect(normalizeTargetUri(longest)).toBe(longest)
    expectRefusal(() => normalizeTargetUri(`${longest}x`), { code, reason: 'size', parameter })
    // The one letter of the path becomes six characters.
    const growing = padded('https://rs.example/é?', MAX_URI_LENGTH - 5)
    expect(normalizeTargetUri(growing)).toHaveLength(MAX_URI_LENGTH)
    expectRefusal(() => normalizeTargetUri(`${growing}x`), { code, reason: 'size', parameter })
  })

  it('does not blame a fault of ours on the URI', () => {
    expect(() => normalizeTargetUri(undefined as unknown as string)).toThrow(TypeError)
  })
})
