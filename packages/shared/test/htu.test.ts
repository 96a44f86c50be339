// `htu` comparison, RFC 9449 section 4.3 with RFC 3986 sections 6.2.2 and 6.2.3.

import { describe, expect, it } from 'vitest'
import { normalizeHtu } from '../src/htu.ts'
import { MAX_HOST_LENGTH, MAX_URI_LENGTH } from '../src/limits.ts'
import { expectRefusal } from './support.ts'

const code = 'ERR_HTU_INVALID'

describe('normalizeHtu', () => {
  describe('takes for https://api.example.com/a/b', () => {
    it.each([
      'https://api.example.com/a/b',
      'https://api.example.com/a/b?q=2',
      'https://api.example.com/a/b#x',
      'https://api.example.com/a/b?',
      'https://api.example.com/a/b?/../c',
      'https://api.example.com/a/b?u=http://x@y',
      'HTTPS://API.example.COM:443/a/b',
      'https://api.example.com:/a/b',
      'https://api.example.com:0443/a/b',
      'https://api.example.com/a/./x/../b',
      'https://api.example.com/../a/b',
      'https://api.example.com/%61/b',
      'https://api.example.com/a/%2e/b',
      'https://api.example.com/a/x/%2E%2e/b',
      'https://api.example.com/a/x/.%2E/b',
      'https://ａｐｉ.example.com/a/b',
      'https://api。example.com/a/b',
      'https://a\u00adpi.example.com/a/b',
    ])('%s', (uri) => {
      expect(normalizeHtu(uri)).toBe('https://api.example.com/a/b')
    })
  })

  describe('tells from https://api.example.com/a/b', () => {
    it.each([
      'http://api.example.com/a/b',
      'https://api.example.com:8443/a/b',
      'https://api.example.com:80/a/b',
      'https://api.example.com./a/b',
      'https://api.example.com/a/b/',
      'https://api.example.com/a/b/.',
      'https://api.example.com/A/b',
      'https://api.example.com/a//b',
      'https://api.example.com//a/b',
      'https://api.example.com/a%2Fb',
      'https://api.example.com/a/b%3Fq',
      'https://api.example.com/a/b%20',
      'https://api.example.com/a/%2561/b',
      'https://api.example.com/a/b;v=1',
      'https://api.example.org/a/b',
    ])('%s', (uri) => {
      expect(normalizeHtu(uri)).not.toBe('https://api.example.com/a/b')
    })
  })

  it.each([
    ['https://rs.example', 'https://rs.example/'],
    ['https://rs.example?q', 'https://rs.example/'],
    ['https://rs.example#f', 'https://rs.example/'],
    ['http://rs.example:80', 'http://rs.example/'],
    ['http://rs.example:443/', 'http://rs.example:443/'],
    ['https://rs.example:0/', 'https://rs.example:0/'],
    ['https://rs.example:00065535/', 'https://rs.example:65535/'],
    ['https://rs.example/a/..', 'https://rs.example/'],
    ['https://rs.example/a/.', 'https://rs.example/a/'],
    ['https://rs.example/..', 'https://rs.example/'],
    ['https://rs.example/a/b/../../../c', 'https://rs.example/c'],
    ['https://rs.example/a//../b', 'https://rs.example/a/b'],
    ['https://rs.example/...', 'https://rs.example/...'],
    ['https://rs.example/.a/b..', 'https://rs.example/.a/b..'],
    ['https://rs.example/%7Euser%2f', 'https://rs.example/~user%2F'],
    ['https://rs.example/%252e', 'https://rs.example/%252e'],
    ['https://rs.example/é', 'https://rs.example/%C3%A9'],
    ['https://rs.example/%c3%a9', 'https://rs.example/%C3%A9'],
    ['https://rs.example/😀', 'https://rs.example/%F0%9F%98%80'],
    ['https://rs.example/"<>^`{|}[]', 'https://rs.example/%22%3C%3E%5E%60%7B%7C%7D%5B%5D'],
    ["https://rs.example/-._~!$&'()*+,;=:@", "https://rs.example/-._~!$&'()*+,;=:@"],
    ['https://rs.example/%ff%00', 'https://rs.example/%FF%00'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['https://XN--BCHER-KVA.example/', 'https://xn--bcher-kva.example/'],
    ['https://xn--bcher-kva.example/', 'https://xn--bcher-kva.example/'],
    ['https://straße.example/', 'https://xn--strae-oqa.example/'],
    ['https://\u212aelvin.example/', 'https://kelvin.example/'],
    ['https://a_b.example/', 'https://a_b.example/'],
    ['https://1a.example/', 'https://1a.example/'],
    ['https://rs.1x/', 'https://rs.1x/'],
    ['https://rs.0xg/', 'https://rs.0xg/'],
    ['https://127.0.0.1:8443/a', 'https://127.0.0.1:8443/a'],
    ['https://255.255.255.255/', 'https://255.255.255.255/'],
    ['https://[2001:DB8:0:0::1]/', 'https://[2001:db8::1]/'],
    ['https://[::ffff:127.0.0.1]:443/', 'https://[::ffff:7f00:1]/'],
    ['http://localhost:3000/', 'http://localhost:3000/'],
    ['https://rs.example/xn--a/', 'https://rs.example/xn--a/'],
  ])('makes of %s the URI %s, and leaves that as it is', (uri, normal) => {
    expect(normalizeHtu(uri)).toBe(normal)
    expect(normalizeHtu(normal)).toBe(normal)
    expect(normalizeHtu(new URL(uri).href)).toBe(normal)
  })

  it.each([
    [
      'relative',
      ['', '/a', 'api.example.com/a', '//api.example.com/a', 'https:/a.example', 'https:a.example', 'https'],
    ],
    ['relative', ['mailto:a@b.example', '1https://a.example/', ':https://a.example/']],
    ['scheme', ['ftp://a.example/', 'ws://a.example/', 'httpss://a.example/', 'h+t.t-p://a.example/']],
    [
      'userinfo',
      ['https://u:p@a.example/', 'https://u@a.example/', 'https://@a.example/', 'https://a.example@b.example'],
    ],
    ['character', ['https://a.example/a b', ' https://a.example/', 'https://a.example/\n', 'https://a.exa\tmple/']],
    [
      'character',
      ['https://a.example\\@b.example/', 'https://a.example/\\..', 'https://a.example/\0', 'https://a\x7f/'],
    ],
    [
      'character',
      ['https://a.example/\u00a0', 'https://a.example/\u2028', '\ufeffhttps://a.example/', 'https://a/?\x80'],
    ],
    ['character', ['https://a.example/\ud800', 'https://a.example/?\udc00', 'https://\udfff.example/']],
    ['host', ['https://', 'https:///a', 'https://?a', 'https://:443/', 'https://.', 'https://a..b/', 'https://.a/']],
    [
      'host',
      ['https://a%2eexample/', 'https://a[b/', 'https://[::1/', 'https://[::g]/', 'https://[]/', 'https://[::1]a/'],
    ],
    [
      'host',
      [
        'https://[1.2.3.4]/',
        'https://[v1.a]/',
        'https://[fe80::1%25eth0]/',
        "https://a'b/",
        'https://a,b/',
        'https://a"/',
      ],
    ],
    [
      'host',
      [
        'https://1.2.3/',
        'https://1/',
        'https://0x7f.1/',
        'https://0177.0.0.1/',
        'https://1.2.3.4./',
        'https://256.1.1.1/',
      ],
    ],
    [
      'host',
      [
        'https://1.2.3.08/',
        'https://a.1/',
        'https://a.0x1/',
        'https://１.2.3.4/',
        'https://1。2。3。4/',
        'https://0x/',
      ],
    ],
    ['host', ['https://a\u200db.example/', 'https://a\uff0fb/', 'https://a℀b/']],
    ['host', ['https://a.example:a/', 'https://a.example:+1/', 'https://a.example:1:2/', 'https://a.example:-1/']],
    ['port', ['https://a.example:65536/', 'https://a.example:99999999999999999999/', `https://a:${'9'.repeat(400)}/`]],
    [
      'encoding',
      [
        'https://a.example/%',
        'https://a.example/%4',
        'https://a.example/%4g',
        'https://a.example/%%41',
        'https://a/%u0041',
      ],
    ],
  ])('refuses for its %s each of %j', (reason, uris) => {
    for (const uri of uris) expectRefusal(() => normalizeHtu(uri), { code, reason, parameter: 'htu' })
  })

  it('does not look into query and fragment for broken encodings', () => {
    expect(normalizeHtu('https://a.example/?%')).toBe('https://a.example/')
    expect(normalizeHtu('https://a.example/#%4')).toBe('https://a.example/')
  })

  it('reads the longest URI allowed and none longer', () => {
    const longest = `https://a.example/${'a'.repeat(MAX_URI_LENGTH - 18)}`
    expect(normalizeHtu(longest)).toBe(longest)
    expectRefusal(() => normalizeHtu(`${longest}a`), { code, reason: 'size' })
    expectRefusal(() => normalizeHtu(`${longest}?`), { code, reason: 'size' })
  })

  it('returns nothing longer than what it reads', () => {
    const grown = (count: number) => `https://a.example/${'é'.repeat(count)}`
    const fitting = normalizeHtu(grown(Math.floor((MAX_URI_LENGTH - 18) / 6)))
    expect(normalizeHtu(fitting)).toBe(fitting)
    expectRefusal(() => normalizeHtu(grown(Math.floor((MAX_URI_LENGTH - 18) / 6) + 1)), { code, reason: 'size' })
  })

  it('hands no host to IDNA that is longer than a name can be', () => {
    const labels = (count: number, last: string) => `${'ü.'.repeat(count)}${last}`
    expect(normalizeHtu(`https://${labels(25, 'example')}/`)).toMatch(/^https:\/\/xn--/)
    expectRefusal(() => normalizeHtu(`https://${labels(50, 'example')}/`), { code, reason: 'host' })
    expectRefusal(() => normalizeHtu(`https://a${'\u00ad'.repeat(MAX_HOST_LENGTH)}b/`), { code, reason: 'host' })
    expectRefusal(() => normalizeHtu(`https://${'ü'.repeat(MAX_HOST_LENGTH + 1)}/`), { code, reason: 'host' })
    expectRefusal(() => normalizeHtu(`https://${'\u212a'.repeat(MAX_HOST_LENGTH + 1)}/`), { code, reason: 'host' })
    expectRefusal(() => normalizeHtu(`https://xn--${'a'.repeat(MAX_HOST_LENGTH)}/`), { code, reason: 'host' })
  })
})
