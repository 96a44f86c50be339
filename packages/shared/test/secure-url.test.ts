// Which URLs an option may name, and that none is accepted in a spelling that a reader would take for another.

import { describe, expect, it } from 'vitest'
import { secureUrl } from '../src/secure-url.ts'
import { expectRefusal } from './support.ts'

const read = (value: unknown) => secureUrl(value, 'resource')

describe('secureUrl', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com/'],
    ['HTTPS://API.example.com:443/a?b', 'https://api.example.com/a?b'],
    ['https://[2001:db8::1]:8443/', 'https://[2001:db8::1]:8443/'],
    ['https://api.example.com/@a', 'https://api.example.com/@a'],
    ['http://localhost:3000', 'http://localhost:3000/'],
    ['http://api.localhost', 'http://api.localhost/'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/'],
    ['http://127.255.1.2', 'http://127.255.1.2/'],
    ['http://[::1]:3000', 'http://[::1]:3000/'],
  ])('reads %s', (value, href) => {
    expect(read(value).href).toBe(href)
    expect(read(new URL(value)).href).toBe(href)
  })

  it('returns an object of its own', () => {
    const value = new URL('https://api.example.com')
    const url = read(value)
    value.protocol = 'http:'
    expect(url.href).toBe('https://api.example.com/')
  })

  it.each([
    'http://api.example.com',
    'http://localhost.example.com',
    'http://notlocalhost',
    'http://127.0.0.1.example.com',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://localhost.',
    'http://.localhost',
    'http://a..localhost',
  ])('refuses %s for its scheme', (value) => {
    const error = expectRefusal(() => read(value), { code: 'ERR_URL_INSECURE', parameter: 'resource' })
    expect(error.actual).toBe(new URL(value).origin)
    expectRefusal(() => read(new URL(value)), { code: 'ERR_URL_INSECURE', parameter: 'resource' })
  })

  it.each([
    ['no URL', 'api.example.com'],
    ['a path', '/a'],
    ['nothing', ''],
    ['no authority', 'https://'],
    ['an empty host', 'https://?a'],
    ['a host no parser reads', 'https://a%00b/'],
    ['another scheme', 'ftp://api.example.com'],
    ['a script', 'javascript:alert(1)//https://a'],
    ['one slash', 'https:/api.example.com'],
    ['three slashes', 'https:///api.example.com'],
    ['a backslash', 'https://api.example.com\\@evil.example'],
    ['a leading space', ' https://api.example.com'],
    ['a final newline', 'https://api.example.com\n'],
    ['an inner tab', 'https://api.exa\tmple.com'],
    ['a final control character', 'https://api.example.com/\x01'],
    ['a NUL', 'https://api.example.com/\0'],
    ['DEL', 'https://api.example.com/\x7f'],
    ['a no-break space', 'https://api.example.com/\u00a0'],
    ['a user', 'https://user@api.example.com'],
    ['a user and a password', 'https://user:secret@api.example.com'],
    ['empty user information', 'https://@api.example.com'],
    ['an empty password', 'https://:@api.example.com'],
    ['a fragment', 'https://api.example.com/#a'],
    ['an empty fragment', 'https://api.example.com/#'],
    ['a port out of range', 'https://api.example.com:65536'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['a list', ['https://api.example.com']],
    ['an object like a URL', { href: 'https://api.example.com', protocol: 'https:' }],
  ])('refuses %s', (_, value) => {
    expectRefusal(() => read(value), { code: 'ERR_OPTION_INVALID', parameter: 'resource' })
  })

  it.each(['https://user@a.example', 'https://:secret@a.example', 'https://a.example/#', 'ftp://a.example', 'data:,'])(
    'refuses the URL object of %s',
    (value) => {
      expectRefusal(() => read(new URL(value)), { code: 'ERR_OPTION_INVALID', parameter: 'resource' })
    },
  )

  it.each(['https://user:secret@api.example.com', 'https//user:secret@api', 'secret', 'ftp://a:secret@b'])(
    'keeps the value %j out of the error',
    (value) => {
      const error = expectRefusal(() => read(value), { code: 'ERR_OPTION_INVALID' })
      expect(`${error.message}${JSON.stringify(error)}`).not.toContain('secret')
    },
  )
})
