// The replay store of one process against a plain Set: never forgets too early, never grows without bound.

import type { CountersignError } from '@countersign/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemoryReplayStore } from '../src/replay/replay-memory.ts'
import { createClock } from './support.ts'

const jkt = (name: string) => name.padEnd(43, 'x')

test('a key is claimed once, until it expires', () => {
  const clock = createClock(1_000_000)
  const store = createMemoryReplayStore({}, clock)
  expect(store.claim(`${jkt('a')}.1`, clock.now + 100)).toBe(true)
  expect(store.claim(`${jkt('a')}.1`, clock.now + 100)).toBe(false)
  expect(store.claim(`${jkt('b')}.1`, clock.now + 100)).toBe(true)
  clock.now += 100
  expect(store.claim(`${jkt('a')}.1`, clock.now + 100)).toBe(false)
  clock.now += 31
  expect(store.claim(`${jkt('a')}.1`, clock.now + 100)).toBe(true)
})

test('another expiry does not make it another key', () => {
  const clock = createClock(1_000_000)
  const store = createMemoryReplayStore({}, clock)
  expect(store.claim(`${jkt('a')}.1`, clock.now + 10)).toBe(true)
  expect(store.claim(`${jkt('a')}.1`, clock.now + 300)).toBe(false)
})

test('when the clock is set back, what was forgotten meanwhile is refused, not accepted', () => {
  const clock = createClock(1_000_000)
  const store = createMemoryReplayStore({}, clock)
  expect(store.claim(`${jkt('a')}.1`, clock.now + 60)).toBe(true)
  clock.now += 500
  expect(store.claim(`${jkt('a')}.2`, clock.now + 60)).toBe(true)
  clock.now -= 480
  expect(() => store.claim(`${jkt('a')}.1`, clock.now + 40)).toThrow(
    expect.objectContaining({ code: 'ERR_REPLAY_STORE_UNAVAILABLE' }),
  )
})

test('it agrees with a Set through growth and time', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(60), fc.nat(20)), { maxLength: 500 }), (steps) => {
      const clock = createClock(1_000_000)
      const store = createMemoryReplayStore({}, clock)
      const claimed = new Map<string, number>()
      for (const [id, life, pause] of steps) {
        clock.now += pause
        const key = `${jkt('a')}.${id}`
        const until = claimed.get(key)
        const isNew = store.claim(key, clock.now + life) as boolean
        // What has not expired must be remembered; for half a minute longer it may be.
        if (until !== undefined && clock.now <= until) expect(isNew).toBe(false)
        if (until === undefined || clock.now > until + 30) expect(isNew).toBe(true)
        if (isNew) claimed.set(key, clock.now + life)
      }
    }),
  )
})

test('a hundred thousand keys are all new, and then all known', () => {
  const clock = createClock(1_000_000)
  const store = createMemoryReplayStore({ maxEntriesPerKey: 1_000_000 }, clock)
  const keys = Array.from({ length: 100_000 }, (_, index) => `${jkt('a')}.${index}`)
  expect(keys.every((key) => store.claim(key, clock.now + 60) === true)).toBe(true)
  expect(keys.some((key) => store.claim(key, clock.now + 60) === true)).toBe(false)
})

describe('bounds', () => {
  const codeOf = (action: () => unknown) => {
    try {
      return action()
    } catch (error) {
      return (error as CountersignError).code
    }
  }

  test('when full it refuses, forgets nothing, and recovers when entries expire', () => {
    const clock = createClock(1_000_000)
    const store = createMemoryReplayStore({ maxEntries: 3, maxEntriesPerKey: 3 }, clock)
    for (const id of [1, 2, 3]) expect(store.claim(`${jkt('a')}.${id}`, clock.now + 60)).toBe(true)
    expect(codeOf(() => store.claim(`${jkt('b')}.4`, clock.now + 60))).toBe('ERR_REPLAY_STORE_FULL')
    for (const id of [1, 2, 3]) expect(store.claim(`${jkt('a')}.${id}`, clock.now + 60)).toBe(false)
    clock.now += 91
    expect(store.claim(`${jkt('b')}.4`, clock.now + 60)).toBe(true)
  })

  test('one key cannot fill the store', () => {
    const clock = createClock(1_000_000)
    const store = createMemoryReplayStore({ maxEntries: 8 }, clock)
    expect(store.claim(`${jkt('a')}.1`, clock.now + 60)).toBe(true)
    expect(store.claim(`${jkt('a')}.2`, clock.now + 90)).toBe(true)
    expect(codeOf(() => store.claim(`${jkt('a')}.3`, clock.now + 60))).toBe('ERR_REPLAY_QUOTA_EXCEEDED')
    expect(store.claim(`${jkt('b')}.1`, clock.now + 60)).toBe(true)
  })

  test.each([0, -1, 1.5, Number.NaN, '5'])('%s entries are not an option', (maxEntries) => {
    const create = () => createMemoryReplayStore({ maxEntries: maxEntries as number })
    expect(codeOf(create)).toBe('ERR_OPTION_INVALID')
  })
})
