import { expect, test } from "vitest"
import { seccompFilter } from "../../../annotators/sandbox/seccomp.ts"

/** Runs a classic BPF program over the data that the kernel gives it: call, architecture, first argument. */
function outcome(filter: Buffer, call: number, audit: number, argument = 0): number {
  const data: Record<number, number> = { 0: call, 4: audit, 16: argument }
  let held = 0
  for (let at = 0; ; at++) {
    const code = filter.readUInt16LE(at * 8)
    const [yes, no] = [filter.readUInt8(at * 8 + 2), filter.readUInt8(at * 8 + 3)]
    const value = filter.readUInt32LE(at * 8 + 4)
    if (code === 0x20) held = data[value]!
    else if (code === 0x06) return value
    else {
      const holds = code === 0x15 ? held === value : code === 0x35 ? held >= value : (held & value) !== 0
      at += holds ? yes : no
    }
  }
}

const allow = 0x7fff_0000
const notPermitted = 0x0005_0001
const machines = {
  x64: { audit: 0xc000_003e, read: 0, ptrace: 101, unshare: 272, clone: 56, socket: 41 },
  arm64: { audit: 0xc000_00b7, read: 63, ptrace: 117, unshare: 97, clone: 220, socket: 198 },
} as const

for (const [arch, { audit, read, ptrace, unshare, clone, socket }] of Object.entries(machines))
  test(`the filter of ${arch}`, () => {
    const filter = seccompFilter(arch)!
    expect(filter.length % 8).toBe(0)
    expect(outcome(filter, read, audit)).toBe(allow)
    for (const call of [ptrace, unshare, 425, 438]) expect(outcome(filter, call, audit), `${call}`).toBe(notPermitted)
    expect(outcome(filter, 435, audit)).toBe(0x0005_0026)
    expect(outcome(filter, clone, audit, 0x0001_0f00)).toBe(allow)
    for (const flag of [0x0002_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000])
      expect(outcome(filter, clone, audit, flag | 17), flag.toString(16)).toBe(notPermitted)
    for (const family of [1, 2, 10]) expect(outcome(filter, socket, audit, family)).toBe(allow)
    for (const family of [0, 3, 16, 17, 38, 40, 44]) expect(outcome(filter, socket, audit, family)).toBe(notPermitted)
    // Calls of another architecture end the process.
    expect(outcome(filter, read, 0x4000_0003)).toBe(0x8000_0000)
    expect(outcome(filter, 0x4000_0000, audit)).toBe(notPermitted)
  })

test("an architecture that is not known has none", () => {
  expect(seccompFilter("s390x")).toBeNull()
})
