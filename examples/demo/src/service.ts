// A service of the demo, as a process of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** A running service. */
export interface Service {
  /** The URL it said it listens on. */
  readonly url: string
  stop(): Promise<void>
}

/** Longest time a service may take to start. */
const START_TIMEOUT_MILLISECONDS = 15_000

/**
 * Starts an example by its folder name, and waits until it prints `listening <url>`.
 *
 * @param environment - Added to that of this process.
 */
export async function startService(name: string, environment: Readonly<Record<string, string>>): Promise<Service> {
  const main = path.resolve(import.meta.dirname, '../..', name, 'src/main.ts')
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // However this process ends, its services end with it.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  const timer = setTimeout(kill, START_TIMEOUT_MILLISECONDS)
  try {
    for await (const line of createInterface(child.stdout)) {
      const url = /^listening (\S+)$/.exec(line)?.[1]
      if (url !== undefined) return { url, stop }
    }
  } finally {
    clearTimeout(timer)
  }
  throw new Error(`${name} did not start: ${complaints}`)

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}
