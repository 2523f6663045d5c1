import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { type IndexEntry, LedgerIndex, mergeEntries, writeIndex } from "../../../pipelines/runtime/ledger-index.ts"
import { complaintOf } from "../complaint.ts"
import { random } from "../random-rows.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"

const segments = [{ name: "000001.log", bytes: 1_000 }]
const totals = { m: { calls: 3, input: 20, output: 10 } }

/** 16 bytes: eight from one number, eight from another. */
function keyOf(high: bigint, low = 0n): Buffer {
  const key = Buffer.alloc(16)
  key.writeBigUInt64BE(high, 0)
  key.writeBigUInt64BE(low, 8)
  return key
}

async function indexOf(keys: readonly Buffer[], name = "a.idx"): Promise<LedgerIndex> {
  const path = join(temporaryFolder(), name)
  const entries = keys.map((key, at): IndexEntry => ({ key, segment: 0, offset: at * 100, length: at + 1 }))
  await writeIndex(path, { segments, totals }, entries)
  return new LedgerIndex(path)
}

describe("find", () => {
  test.each([0, 1, 2, 127, 128, 129, 255, 256, 257, 4_095, 4_096, 4_097, 9_000])(
    "of %i keys each is found, no other",
    async (count) => {
      // Odd numbers stand in the index, even ones do not.
      const keys = Array.from({ length: count }, (_, at) => keyOf(BigInt(2 * at + 1)))
      const index = await indexOf(keys)
      expect(index.entries).toBe(count)
      expect(index.header).toEqual({ segments, totals })
      for (const [at, key] of keys.entries())
        expect(index.find(key)).toEqual({ segment: "000001.log", offset: at * 100, length: at + 1 })
      for (let at = 0; at <= count; at++) expect(index.find(keyOf(BigInt(2 * at)))).toBeNull()
      expect(index.find(keyOf(2n ** 64n - 1n, 5n))).toBeNull()
      expect([...index.scan()].map(({ key }) => key)).toEqual(keys)
      index.close()
    },
  )

  test("keys that share their first eight bytes over several blocks", async () => {
    const run = (high: bigint, length: number) => Array.from({ length }, (_, at) => keyOf(high, BigInt(2 * at + 1)))
    for (const before of [0, 1, 60, 127, 128, 129, 200]) {
      const keys = [
        ...Array.from({ length: before }, (_, at) => keyOf(BigInt(at))),
        ...run(1_000n, 400),
        ...run(1_001n, 1),
        ...run(2_000n, 129),
      ]
      const index = await indexOf(keys)
      for (const [at, key] of keys.entries()) expect(index.find(key)?.offset).toBe(at * 100)
      for (let low = 0n; low <= 802n; low += 2n) expect(index.find(keyOf(1_000n, low))).toBeNull()
      index.close()
    }
  })

  test("a prefix finds the first key that starts with it", async () => {
    const keys = ["00", "1020", "1021", "1022", "ffff"].map((start) => Buffer.from(start.padEnd(32, "0"), "hex"))
    const index = await indexOf(keys)
    expect(index.find(Buffer.from("10", "hex"))?.offset).toBe(100)
    expect(index.find(Buffer.from("1021", "hex"))?.offset).toBe(200)
    expect(index.find(Buffer.from("ffff", "hex"))?.offset).toBe(400)
    expect(index.find(Buffer.from("1023", "hex"))).toBeNull()
    index.close()
  })

  test("random keys against a map", async () => {
    const next = random(3)
    const known = new Map<string, number>()
    for (let at = 0; at < 3_000; at++)
      known.set(keyOf(BigInt(Math.floor(next() * 50)) << 40n, BigInt(Math.floor(next() * 2 ** 40))).toString("hex"), at)
    const sorted = [...known.keys()].sort()
    const index = await indexOf(sorted.map((hex) => Buffer.from(hex, "hex")))
    for (const [at, hex] of sorted.entries()) expect(index.find(Buffer.from(hex, "hex"))?.offset).toBe(at * 100)
    for (let at = 0; at < 2_000; at++) {
      const key = keyOf(BigInt(Math.floor(next() * 60)) << 40n, BigInt(Math.floor(next() * 2 ** 40)))
      if (!known.has(key.toString("hex"))) expect(index.find(key)).toBeNull()
    }
    index.close()
  })
})

describe("a damaged file does not open", () => {
  test("cut at any entry or within one", async () => {
    const index = await indexOf(Array.from({ length: 40 }, (_, at) => keyOf(BigInt(at))))
    index.close()
    const bytes = readFileSync(index.path)
    for (let end = bytes.length - 1; end >= 0; end -= end > 200 ? 16 : 1) {
      truncateSync(index.path, end)
      expect(() => new LedgerIndex(index.path), `${end} of ${bytes.length} bytes`).toThrow()
    }
  })

  test("another file, a header that is not JSON", async () => {
    const index = await indexOf([keyOf(1n)])
    index.close()
    const bytes = readFileSync(index.path)
    const other = Buffer.from(bytes)
    other.write("PAR1", 0, "latin1")
    writeFileSync(index.path, other)
    expect(() => new LedgerIndex(index.path)).toThrow("The ledger's index is damaged")
    const header = Buffer.from(bytes)
    header[12] = 0
    writeFileSync(index.path, header)
    expect(() => new LedgerIndex(index.path)).toThrow()
  })
})

test("a full disk leaves no index", async ({ skip }) => {
  const disk = smallDisk(16)
  if (disk === null) return skip("this process may not mount a file system")
  const path = join(disk, "a.idx")
  const entries = Array.from({ length: 1_000 }, (_, at) => ({
    key: keyOf(BigInt(at)),
    segment: 0,
    offset: at,
    length: 1,
  }))
  expect(await complaintOf(writeIndex(path, { segments, totals }, entries))).toMatch(/^exit 1\nThe disk is full\n/)
  expect(existsSync(path)).toBe(false)
})

test("a merge has every key once, in order, at the place that was written last", async () => {
  const folder = temporaryFolder()
  const write = async (name: string, keys: readonly bigint[]) => {
    const path = join(folder, `${name}.idx`)
    const entries = keys.map((key) => ({ key: keyOf(key), segment: 0, offset: Number(key), length: 1 }))
    await writeIndex(path, { segments: [{ name, bytes: 1 }], totals: {} }, entries)
    return new LedgerIndex(path)
  }
  const inputs = [
    await write("b", [1n, 3n, 5n]),
    await write("a", [1n, 2n, 5n]),
    await write("c", [2n, 9n]),
    await write("d", []),
  ]
  const merged = [...mergeEntries(inputs, ["a", "b", "c", "d"])]
  expect(merged.map(({ key, segment }) => [key.readBigUInt64BE(0), segment])).toEqual([
    [1n, 1],
    [2n, 2],
    [3n, 1],
    [5n, 1],
    [9n, 2],
  ])
  for (const index of inputs) index.close()
})
