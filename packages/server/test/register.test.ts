// What would work at start and fail at the first request is refused at start.

import { describe, expect, test } from 'vitest'
import countersign from '../src/index.ts'
import { useSignedCalls } from './signed-calls.ts'
import { RESOURCE } from './support.ts'

const { create, options } = useSignedCalls()

test.each(['mediaType', 'getDecorator', 'setDecorator', 'getValidationFunction', 'validateInput', 'headers', 'server'])(
  'a property %s is one that a request has',
  async (decorator) => {
    const registered = create().register(countersign, options({ decorator }))
    await expect(registered).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'decorator' })
  },
)

test('a property that another plugin has decorated with is one too', async () => {
  const app = create()
  app.decorateRequest('session', null)
  await expect(app.register(countersign, options({ decorator: 'session' }))).rejects.toMatchObject({
    code: 'FST_ERR_DEC_ALREADY_PRESENT',
  })
})

describe('the metadata of a resource', () => {
  const served = ['/a:b', '/a%25b', '/a%252Fb', '/a%20b', '/caf%C3%A9', '/a(b)', '/a;b', '/a//b', '/~a', '/{x}']
  test.each(served)('%s is found', async (path) => {
    const app = create()
    await app.register(countersign, options({ resource: RESOURCE + path }))
    const { pathname } = new URL(app.countersign.metadata.url)
    expect((await app.inject(pathname)).json().resource).toBe(RESOURCE + path)
  })

  test.each(['/a%2Fb', '/a%3ab', '/a%40b', '/a*b', '/a%2Ab'])('%s could not be found by the router', async (path) => {
    const registered = create().register(countersign, options({ resource: RESOURCE + path }))
    await expect(registered).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', parameter: 'resource' })
  })
})
