// Other processes of a run, and questions to them: whatever must not share a processor or a heap with what is measured.

import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** What a worker can be asked. */
export type Handlers = Readonly<Record<string, (given: never) => unknown>>

/** A process that answers questions. */
export interface Worker {
  ask<Answer>(question: string, given?: unknown): Promise<Answer>
  stop(): Promise<void>
}

interface Reply {
  readonly id: number
  readonly answer?: unknown
  readonly error?: string
}

/** Whether processes can be kept to one processor here. */
export const canPin = spawnSync('taskset', ['--version']).status === 0

/**
 * Starts a worker.
 *
 * @param file - Relative to `bench/`.
 * @param core - The only processor that it may use, where processes can be kept to one. Default: all.
 */
export function startWorker(
  file: string,
  {
    args = [],
    core,
    flags = [],
  }: { args?: readonly string[]; core?: number | undefined; flags?: readonly string[] } = {},
): Worker {
  const command = [process.execPath, ...flags, path.resolve(import.meta.dirname, '..', file), ...args]
  const pinned = canPin && core !== undefined ? ['taskset', '-c', String(core), ...command] : command
  const child = spawn(pinned[0] as string, pinned.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>()
  let asked = 0
  child.on('message', ({ id, answer, error }: Reply) => {
    const question = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) question?.resolve(answer as never)
    else question?.reject(new Error(error))
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} has ended with ${code}`))
  })
  return {
    ask(question, given) {
      const id = asked++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        child.send({ id, question, given })
      })
    },
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** In the worker: answers questions until the process that asks is gone. */
export function answerQuestions(handlers: Handlers): void {
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ id, question, given }: { id: number; question: string; given: never }) => {
    try {
      process.send?.({ id, answer: await handlers[question]?.(given) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
}
