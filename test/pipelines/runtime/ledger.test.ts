import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { sha256 } from "../../../pipelines/runtime/fingerprint.ts"
import { effectKey, exchangeId, Ledger, type LedgerRecord } from "../../../pipelines/runtime/ledger.ts"
import { complaintOf } from "../complaint.ts"
import { random } from "../random-rows.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"

/** Sizes that make a few dozen records pass through sealing and merging. */
const tiny = { recordsPerSegment: 4, indexes: 2 }

const recordOf = (name: string | number, more: Partial<LedgerRecord> = {}): LedgerRecord => ({
  key: sha256(`${name}`),
  kind: "chat",
  identity: "model",
  sample: 0,
  request: { question: `${name}` },
  value: { answer: `answer to ${name}` },
  usage: { input: 3, output: 2 },
  at: "2026-01-01T00:00:00.000Z",
  ...more,
})

const names = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at)
const filesIn = (folder: string, ending: string) => readdirSync(folder).filter((name) => name.endsWith(ending))

async function filled(folder: string, count: number, from = 0, limits = tiny): Promise<void> {
  const ledger = await Ledger.open(folder, "exclusive", limits)
  for (const name of names(count, from)) await ledger.append(recordOf(name))
  await ledger.close()
}

function expectAll(ledger: Ledger, count: number): void {
  for (const name of names(count)) expect(ledger.get(sha256(`${name}`)), `${name}`).toEqual(recordOf(name))
  expect(ledger.get(sha256("never asked"))).toBeNull()
}

describe("keys", () => {
  test("say who is asked what and for the how-manieth time, and nothing else", () => {
    const effect = { kind: "chat", identity: "m", request: { a: 1, b: [2] }, sample: 0 }
    const key = effectKey(effect)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(exchangeId(key)).toBe(key.slice(0, 24))
    expect(effectKey({ ...effect, request: { b: [2], a: 1 } })).toBe(key)
    expect(effectKey({ ...effect, perform: () => {} } as never)).toBe(key)
    for (const other of [{ kind: "probe" }, { identity: "n" }, { request: { a: 1, b: [3] } }, { sample: 1 }])
      expect(effectKey({ ...effect, ...other })).not.toBe(key)
  })

  test("have not changed: a ledger of last month is still worth what was paid for it", () => {
    const effect = { kind: "chat", identity: "m", request: { messages: [{ role: "user", content: "é" }] }, sample: 3 }
    expect(effectKey(effect)).toBe(
      sha256('{"identity":"m","kind":"chat","request":{"messages":[{"content":"é","role":"user"}]},"sample":3}'),
    )
  })
})

describe("settled records", () => {
  test("are found at once, and after sealing, merging and opening again", async () => {
    const folder = join(temporaryFolder(), "ledger")
    const ledger = await Ledger.open(folder, "exclusive", tiny)
    for (const name of names(60)) {
      await ledger.append(recordOf(name))
      expectAll(ledger, name + 1)
    }
    const totals = ledger.totals()
    expect(totals).toEqual({ model: { calls: 60, input: 180, output: 120 } })
    await ledger.close()
    expect(filesIn(folder, ".log")).toHaveLength(15)
    expect(filesIn(folder, ".idx").length).toBeLessThanOrEqual(tiny.indexes)
    expect(filesIn(folder, ".tmp")).toEqual([])
    for (const access of ["read", "append", "exclusive"] as const) {
      const again = await Ledger.open(folder, access, tiny)
      expectAll(again, 60)
      expect(again.totals()).toEqual(totals)
      expect(again.damaged).toBe(0)
      await again.close()
    }
  })

  test("appended all at once", async () => {
    const folder = temporaryFolder()
    const ledger = await Ledger.open(folder, "exclusive", tiny)
    await Promise.all(names(200).map((name) => ledger.append(recordOf(name))))
    expectAll(ledger, 200)
    await ledger.close()
    const again = await Ledger.open(folder, "read")
    expectAll(again, 200)
    expect(again.totals().model?.calls).toBe(200)
    await again.close()
  })

  test("in many segments of many runs, without a file left open for each", async () => {
    const folder = temporaryFolder()
    for (let at = 0; at < 90; at++) await filled(folder, 1, at)
    const ledger = await Ledger.open(folder, "exclusive", tiny)
    expectAll(ledger, 90)
    const open = readdirSync("/proc/self/fd").length
    expectAll(ledger, 90)
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(open)
    await ledger.close()
  })

  test("keep hostile and large values exactly", async () => {
    const folder = temporaryFolder()
    const values = ["\ud800 lone", "\u0000\u001b[2J\r\n", { deep: [[[null]]] }, "x".repeat(3 << 20), "", null, 1e300]
    const ledger = await Ledger.open(folder, "append")
    await Promise.all(values.map((value, at) => ledger.append(recordOf(at, { value }))))
    await ledger.close()
    const again = await Ledger.open(folder, "read")
    expect(values.map((_, at) => again.get(sha256(`${at}`))?.value)).toEqual(values)
    await again.close()
  })

  test("only chats count as calls; each identity has its own totals", async () => {
    const ledger = await Ledger.open(temporaryFolder(), "append")
    await ledger.append(recordOf(1, { kind: "probe" }))
    await ledger.append(recordOf(2, { identity: "a" }))
    await ledger.append(recordOf(3, { identity: "b", usage: null }))
    expect(ledger.totals()).toEqual({ a: { calls: 1, input: 3, output: 2 }, b: { calls: 1, input: 0, output: 0 } })
    await ledger.close()
  })

  test("a folder that is missing reads as empty, and is made by who writes", async () => {
    const folder = join(temporaryFolder(), "deep", "ledger")
    const reader = await Ledger.open(folder, "read")
    expect(reader.get(sha256("1"))).toBeNull()
    await reader.close()
    await filled(folder, 3)
    const again = await Ledger.open(folder, "read")
    expectAll(again, 3)
    await again.close()
  })
})

describe("killed", () => {
  /** Appends without a close: what SIGKILL leaves. The file descriptors live on until the test's process ends. */
  async function abandoned(folder: string, count: number, from = 0): Promise<void> {
    const ledger = await Ledger.open(folder, "append")
    for (const name of names(count, from)) await ledger.append(recordOf(name))
    abandonedLedgers.push(ledger)
  }

  test("before any index: everything appended is there", async () => {
    const folder = temporaryFolder()
    await abandoned(folder, 10)
    await abandoned(folder, 10, 10)
    expect(filesIn(folder, ".idx")).toEqual([])
    for (const access of ["read", "append"] as const) {
      const ledger = await Ledger.open(folder, access, tiny)
      expectAll(ledger, 20)
      expect(ledger.totals()).toEqual({ model: { calls: 20, input: 60, output: 40 } })
      await ledger.close()
      expect(filesIn(folder, ".idx")).toEqual([])
    }
    const ledger = await Ledger.open(folder, "exclusive", tiny)
    expectAll(ledger, 20)
    expect(ledger.totals()).toEqual({ model: { calls: 20, input: 60, output: 40 } })
    await ledger.close()
    expect(filesIn(folder, ".idx")).toEqual(["000001.idx", "000002.idx"])
  })

  test("in the middle of a record: the others are there, and the next run writes beside it", async () => {
    const folder = temporaryFolder()
    await abandoned(folder, 10)
    const [log] = filesIn(folder, ".log")
    const path = join(folder, log!)
    truncateSync(path, readFileSync(path).length - 5)
    for (let round = 0; round < 2; round++) {
      const ledger = await Ledger.open(folder, "exclusive", tiny)
      expectAll(ledger, 9)
      expect(ledger.get(sha256("9"))).toBeNull()
      expect(ledger.totals().model?.calls).toBe(9)
      await ledger.close()
    }
    await filled(folder, 1, 9)
    const ledger = await Ledger.open(folder, "exclusive", tiny)
    expectAll(ledger, 10)
    await ledger.close()
  })

  test("between an index and the merge that replaces it: nothing counts twice", async () => {
    const folder = temporaryFolder()
    await filled(folder, 8)
    const before = filesIn(folder, ".idx").map((name) => [name, readFileSync(join(folder, name))] as const)
    await filled(folder, 8, 8)
    const merged = filesIn(folder, ".idx")
    expect(merged.some((name) => name.includes("merged"))).toBe(true)
    for (const [name, bytes] of before) writeFileSync(join(folder, name), bytes)
    for (const access of ["read", "exclusive", "read"] as const) {
      const ledger = await Ledger.open(folder, access, tiny)
      expectAll(ledger, 16)
      expect(ledger.totals().model?.calls).toBe(16)
      await ledger.close()
    }
  })
})

describe("damage", () => {
  test("an index that is cut, flipped or gone is made again from its segments", async () => {
    const folder = temporaryFolder()
    await filled(folder, 40)
    const spoil: ((path: string, bytes: Buffer) => void)[] = [
      (path) => rmSync(path),
      (path) => writeFileSync(path, ""),
      (path) => writeFileSync(path, "rubbish that is longer than a header would be"),
      (path, bytes) => truncateSync(path, bytes.length - 32),
      (path, bytes) => truncateSync(path, bytes.length - 1),
      (path) => truncateSync(path, 14),
      ...[3, 9, 20, 60, -1, -40].map((at) => (path: string, bytes: Buffer) => {
        bytes.writeInt8(~bytes.readInt8(at < 0 ? bytes.length + at : at), at < 0 ? bytes.length + at : at)
        writeFileSync(path, bytes)
      }),
    ]
    for (const harm of spoil)
      for (const access of ["read", "exclusive"] as const) {
        for (const name of filesIn(folder, ".idx")) harm(join(folder, name), readFileSync(join(folder, name)))
        const ledger = await Ledger.open(folder, access, tiny)
        expectAll(ledger, 40)
        expect(ledger.totals().model?.calls).toBe(40)
        await ledger.close()
      }
  })

  test("a damaged record is as good as none; settled again it stays found, whatever is sealed and merged", async () => {
    const folder = temporaryFolder()
    await filled(folder, 8)
    const path = join(folder, filesIn(folder, ".log")[0]!)
    const bytes = readFileSync(path)
    bytes[bytes.indexOf("answer to 2")]! ^= 1
    writeFileSync(path, bytes)
    const ledger = await Ledger.open(folder, "exclusive", tiny)
    expect(ledger.get(sha256("2"))).toBeNull()
    expect(ledger.get(sha256("1"))).toEqual(recordOf(1))
    await ledger.append(recordOf(2))
    expect(ledger.get(sha256("2"))).toEqual(recordOf(2))
    await ledger.close()
    await filled(folder, 40, 8)
    const again = await Ledger.open(folder, "exclusive", tiny)
    expectAll(again, 48)
    await again.close()
  })

  test("damaged lines are counted where they are read", async () => {
    const folder = temporaryFolder()
    await filled(folder, 2)
    rmSync(join(folder, filesIn(folder, ".idx")[0]!))
    appendFileSync(join(folder, filesIn(folder, ".log")[0]!), "rubbish\n\u0000\u0000\n")
    const ledger = await Ledger.open(folder, "read")
    expect(ledger.damaged).toBe(2)
    expectAll(ledger, 2)
    await ledger.close()
  })

  test("a full disk refuses what does not fit; what was settled before is kept", async ({ skip }) => {
    const disk = smallDisk(48)
    if (disk === null) return skip("this process may not mount a file system")
    const folder = join(disk, "ledger")
    const ledger = await Ledger.open(folder, "exclusive")
    await ledger.append(recordOf(0))
    const large = recordOf("large", { value: "x".repeat(100 << 10) })
    expect(await complaintOf(ledger.append(large))).toMatch(/^exit 1\nThe disk is full\n/)
    expect(ledger.get(large.key)).toBeNull()
    await ledger.append(recordOf(1))
    await ledger.close()
    const again = await Ledger.open(folder, "read")
    expectAll(again, 2)
    expect(again.get(large.key)).toBeNull()
    await again.close()
  })
})

describe("findExchange", () => {
  const keys = ["0123456789abcdef", "0123456789abcdff", "0123456789acffff", "fedcba9876543210"].map((start) =>
    start.padEnd(64, "7"),
  )

  test.each(["in memory", "in an index"])("finds the record of a prefix of 8 to 64 digits, %s", async (where) => {
    const folder = temporaryFolder()
    const ledger = await Ledger.open(folder, "append")
    for (const key of keys) await ledger.append(recordOf(key, { key }))
    if (where === "in an index") await ledger.close()
    const found = where === "in an index" ? await Ledger.open(folder, "read") : ledger
    for (const key of keys)
      for (let length = 16; length <= 64; length++) expect(found.findExchange(key.slice(0, length))?.key).toBe(key)
    for (let length = 8; length <= 64; length++)
      expect(found.findExchange(keys[3]!.slice(0, length))?.key).toBe(keys[3])
    expect(found.findExchange("0123456789abc")?.key).toBe(keys[0])
    expect(found.findExchange("0123456789abcdf")?.key).toBe(keys[1])
    expect(found.findExchange("0123456789ac")?.key).toBe(keys[2])
    for (const other of ["0123456789abd", "0123456789abcdee", "ffffffff", `${keys[0]!.slice(0, 40)}8`])
      expect(found.findExchange(other), other).toBeNull()
    await found.close()
  })

  test("takes nothing but 8 to 64 hex digits", async () => {
    const ledger = await Ledger.open(temporaryFolder(), "append")
    await ledger.append(recordOf(1, { key: keys[0]! }))
    for (const prefix of ["", "0123456", "0123456X", "../../etc", "0123456789ABCDEF", `${keys[0]}0`])
      expect(ledger.findExchange(prefix)).toBeNull()
    await ledger.close()
  })
})

describe("several at once", () => {
  test("two that append write segments of their own; a third reads both", async () => {
    const folder = temporaryFolder()
    const [first, second] = [await Ledger.open(folder, "append", tiny), await Ledger.open(folder, "append", tiny)]
    await Promise.all(names(40).map((name) => (name % 2 ? first : second).append(recordOf(name))))
    const reader = await Ledger.open(folder, "read")
    expectAll(reader, 40)
    expect(reader.totals().model?.calls).toBe(40)
    await reader.close()
    await Promise.all([first.close(), second.close()])
    const again = await Ledger.open(folder, "exclusive", tiny)
    expectAll(again, 40)
    expect(again.totals().model?.calls).toBe(40)
    await again.close()
  })

  test("whoever reads while another appends, seals and merges sees all that was settled when it opened", async () => {
    const folder = temporaryFolder()
    const writer = await Ledger.open(folder, "exclusive", tiny)
    let settled = 0
    const writing = (async () => {
      for (const name of names(150)) {
        await writer.append(recordOf(name))
        settled = name + 1
      }
    })()
    do {
      const known = settled
      const reader = await Ledger.open(folder, "read", tiny)
      expectAll(reader, known)
      expect(reader.totals().model?.calls ?? 0).toBeGreaterThanOrEqual(known)
      expect(reader.totals().model?.calls ?? 0).toBeLessThanOrEqual(150)
      await reader.close()
    } while (settled < 150)
    await writing
    await writer.close()
  })

  test("what others settle after it was opened is known after a refresh", async () => {
    const folder = temporaryFolder()
    await filled(folder, 5)
    const first = await Ledger.open(folder, "exclusive", tiny)
    const second = await Ledger.open(folder, "append", tiny)
    for (const name of names(3, 5)) await second.append(recordOf(name))
    expect(first.get(sha256("5"))).toBeNull()
    await first.refresh()
    expectAll(first, 8)
    // Sealed meanwhile, and gone on with in another segment; its own records are not read again.
    for (const name of names(7, 8)) await second.append(recordOf(name))
    for (const name of names(5, 15)) await first.append(recordOf(name))
    await first.refresh()
    await first.refresh()
    expectAll(first, 20)
    expect(first.totals().model?.calls).toBe(20)
    await Promise.all([first.close(), second.close()])
    const again = await Ledger.open(folder, "exclusive", tiny)
    expectAll(again, 20)
    expect(again.totals().model?.calls).toBe(20)
    await again.close()
  })

  test("a segment that a living worker still writes is read in full by the next who opens", async () => {
    const folder = temporaryFolder()
    const worker = await Ledger.open(folder, "append")
    for (const name of names(10)) await worker.append(recordOf(name))
    // A coordinator starts beside it, indexes what it finds of the worker's segment and merges.
    await filled(folder, 20, 20)
    for (const name of names(10, 10)) await worker.append(recordOf(name))
    await worker.close()
    for (const access of ["read", "exclusive"] as const) {
      const ledger = await Ledger.open(folder, access, tiny)
      expectAll(ledger, 40)
      expect(ledger.totals().model?.calls).toBe(40)
      await ledger.close()
    }
  })
})

/** Keeps the files of "killed" ledgers from being closed by the garbage collector, which warns. */
const abandonedLedgers: Ledger[] = []

test.each([1, 2, 3, 4])("random operations agree with a map (seed %i)", async (seed) => {
  const next = random(seed)
  const folder = temporaryFolder()
  const model = new Map<string, LedgerRecord>()
  let calls = 0
  const limits = () => ({ recordsPerSegment: 1 + Math.floor(next() * 6), indexes: 1 + Math.floor(next() * 4) })
  let ledger = await Ledger.open(folder, "exclusive", limits())
  for (let step = 0; step < 250; step++) {
    const choice = next()
    if (choice < 0.5) {
      const burst = Array.from({ length: 1 + Math.floor(next() * 5) }, () => recordOf(`k${Math.floor(next() * 120)}`))
      await Promise.all(burst.map((record) => ledger.append(record)))
      for (const record of burst) model.set(record.key, record)
      calls += burst.length
    } else if (choice < 0.9) {
      const key = sha256(`k${Math.floor(next() * 150)}`)
      expect(ledger.get(key)).toEqual(model.get(key) ?? null)
      const id = key.slice(0, 12 + Math.floor(next() * 20))
      expect(ledger.findExchange(id)).toEqual(model.get(key) ?? null)
    } else {
      // Now and then the process is killed instead of closed.
      if (next() < 0.7) await ledger.close()
      else abandonedLedgers.push(ledger)
      ledger = await Ledger.open(folder, next() < 0.7 ? "exclusive" : "append", limits())
      expect(ledger.totals().model?.calls ?? 0).toBe(calls)
    }
  }
  for (const [key, record] of model) expect(ledger.get(key)).toEqual(record)
  await ledger.close()
})
