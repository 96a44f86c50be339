// The machine that measured.

import { availableParallelism, cpus, totalmem } from 'node:os'

/** What a run was made on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGB: number
  readonly node: string
  readonly openssl: string
  readonly platform: string
}

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${process.arch}`,
  }
}

/** The machine, in a line. */
export function machineLine({ cpu, cores, memoryGB, node, openssl, platform }: Machine = describeMachine()): string {
  return `${cores} × ${cpu}, ${memoryGB} GB, ${platform}, Node ${node}, OpenSSL ${openssl}`
}
